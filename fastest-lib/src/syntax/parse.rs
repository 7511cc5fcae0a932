use tree_sitter::Parser;

use super::decode::decode;
use super::facts::{Binding, Effect, FileFacts, Import};
use super::parser::ParserKind;
use super::scanner::{Errors, scan};
use super::statements::Body;
use super::survey::survey;
use super::words::mark_used;
use crate::{Problem, ProblemKind};

/// What either parser gives for a file.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) bindings: Vec<Binding>,
    pub(super) effects: Vec<Effect>,
    pub(super) imports: Vec<Import>,
    pub(super) problems: Vec<Problem>,
}

/// The facts of a Python source file.
///
/// Never fails: what is wrong with the bytes is in [`FileFacts::problems`], and what could be read
/// in spite of it is in the rest. The problems carry lines and no path.
pub fn parse(bytes: &[u8]) -> FileFacts {
    parse_with(bytes, ParserKind::default())
}

/// The facts of a Python source file, read by the parser of that kind; see [`parse`].
///
/// Where the parsers report no problem they give the same facts. They do not see the same problems:
/// tree-sitter does not know all of Python's grammar and takes some of what Python refuses, and the
/// scanner looks at little more than one line at a time. So [`ParserKind::Auto`] believes the scanner
/// when it finds nothing wrong, and else tree-sitter.
pub fn parse_with(bytes: &[u8], kind: ParserKind) -> FileFacts {
    let digest = blake3::hash(bytes);
    let (source, problem) = decode(bytes);
    let mut problems: Vec<Problem> = problem.into_iter().collect();
    if memchr::memchr(0, source.as_bytes()).is_some() {
        let message = "the file holds null bytes, so Python refuses it";
        problems.push(Problem::new(ProblemKind::Syntax, message));
    }
    let mut outline = match kind {
        ParserKind::TreeSitter => parse_tree(&source),
        ParserKind::Scanner => scan(&source, Errors::All),
        ParserKind::Auto => {
            let scanned = scan(&source, Errors::First);
            if scanned.problems.is_empty() {
                scanned
            } else {
                parse_tree(&source)
            }
        }
    };
    mark_used(&source, &mut outline.bindings);
    problems.append(&mut outline.problems);
    FileFacts {
        digest,
        bindings: outline.bindings,
        effects: outline.effects,
        imports: outline.imports,
        problems,
    }
}

/// The whole file by tree-sitter.
fn parse_tree(source: &str) -> Outline {
    let mut parser = Parser::new();
    let language = tree_sitter_python::LANGUAGE.into();
    let tree = match parser.set_language(&language) {
        Ok(()) => parser.parse(source.as_bytes(), None),
        Err(_) => None,
    };
    let Some(tree) = tree else {
        let message = "the parser gave no tree for the file";
        return Outline {
            problems: vec![Problem::new(ProblemKind::Syntax, message)],
            ..Outline::default()
        };
    };
    let mut survey = survey(tree.root_node(), source);
    let mut body = Body::of_module(source, &survey.generators);
    body.read(tree.root_node());
    body.problems.append(&mut survey.problems);
    Outline {
        bindings: body.bindings,
        effects: body.effects,
        imports: survey.imports,
        problems: body.problems,
    }
}
