use tree_sitter::Parser;

use super::decode::decode;
use super::facts::FileFacts;
use super::parser::ParserKind;
use super::statements::Body;
use super::survey::survey;
use crate::{Problem, ProblemKind};

/// The facts of a Python source file.
///
/// Never fails: what is wrong with the bytes is in [`FileFacts::problems`], and what could be read
/// in spite of it is in the rest. The problems carry lines and no path.
pub fn parse(bytes: &[u8]) -> FileFacts {
    parse_with(bytes, ParserKind::default())
}

/// The facts of a Python source file, read by the parser of that kind; see [`parse`].
pub fn parse_with(bytes: &[u8], kind: ParserKind) -> FileFacts {
    let _ = kind;
    let digest = blake3::hash(bytes);
    let (source, problem) = decode(bytes);
    let mut facts = FileFacts {
        digest,
        bindings: Vec::new(),
        effects: Vec::new(),
        imports: Vec::new(),
        problems: problem.into_iter().collect(),
    };
    if memchr::memchr(0, source.as_bytes()).is_some() {
        let message = "the file holds null bytes, so Python refuses it";
        facts
            .problems
            .push(Problem::new(ProblemKind::Syntax, message));
    }
    let mut parser = Parser::new();
    let language = tree_sitter_python::LANGUAGE.into();
    let tree = match parser.set_language(&language) {
        Ok(()) => parser.parse(source.as_bytes(), None),
        Err(_) => None,
    };
    let Some(tree) = tree else {
        let message = "the parser gave no tree for the file";
        facts
            .problems
            .push(Problem::new(ProblemKind::Syntax, message));
        return facts;
    };
    let survey = survey(tree.root_node(), &source);
    let mut body = Body::of_module(&source, &survey.generators);
    body.read(tree.root_node());
    facts.problems.extend(body.problems);
    facts.bindings = body.bindings;
    facts.effects = body.effects;
    facts.imports = survey.imports;
    facts.problems.extend(survey.problems);
    facts
}
