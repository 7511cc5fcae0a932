//! Any bytes, and programs made by rule.

use fastest_lib::syntax::{ImportContext, References, references};
use proptest::prelude::*;
use proptest::sample::Index;

/// Pieces of Python lines.
const PIECES: &[&str] = &[
    "def ",
    "class ",
    "import ",
    "from ",
    "if ",
    "else:",
    "match ",
    "case ",
    "TYPE_CHECKING",
    "a",
    "a.b",
    "é",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "f'",
    "f\"{",
    "f'''",
    "rb'",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    "\\\n",
    "\\N{",
    "\n",
    "\n    ",
    "\n\t",
    "\r",
    "\r\n",
    ":",
    ":=",
    "=",
    "==",
    ",",
    ";",
    "#",
    ".",
    "..",
    "*",
    "/",
    "+",
    "%s",
    "%(a)s",
    "{x}",
    "{{",
    "-m",
    "'-m'",
    "lambda ",
    "as ",
    "in ",
    "import_module",
    "import_module(",
    "__file__",
    "__path__",
    "sys.path",
    "patch(",
    "entry_points(",
    "group=",
    " ",
    "\0",
    "\x0c",
    "@",
    "1",
    "!r",
];

/// A statement that imports nothing.
const FILLERS: &[&str] = &[
    "x = 1",
    "f('a.b', x=['c/d'], y={'e': \"f\"})",
    "'''doc\n  import no\n'''",
    "x = f'a.{y}' + 'b'",
    "sys.path.insert(0, Path(__file__).parent / 'a')",
    "import_module(f'a.{x}')",
    "x = [\n    'a.b',\n    lambda: 1,\n]",
    "match = x[1:2]",
    "@a\nclass B: x: int = 1",
    "return 'x', \\\n  y",
];

#[derive(Clone, Debug)]
enum Statement {
    Import,
    Filler(Index),
    Block(Index, bool, Vec<Statement>),
}

/// The headers of blocks, and the context of what is in them.
const HEADERS: &[(&str, Option<ImportContext>)] = &[
    ("if x:", Some(ImportContext::Conditional)),
    ("if TYPE_CHECKING:", Some(ImportContext::TypeChecking)),
    (
        "while f(lambda: 1, {1: 2}):",
        Some(ImportContext::Conditional),
    ),
    (
        "def f(x: int = 1, *, y=':') -> 'a.b':",
        Some(ImportContext::Function),
    ),
    ("async def f():", Some(ImportContext::Function)),
    ("class A(B, metaclass=C):", None),
    ("with open(x[1:2]) as f:", None),
];

fn statements() -> impl Strategy<Value = Vec<Statement>> {
    let leaf = prop_oneof![
        Just(Statement::Import),
        any::<Index>().prop_map(Statement::Filler),
    ];
    let statement = leaf.prop_recursive(4, 40, 4, |inner| {
        let body = prop::collection::vec(inner, 1..4);
        (any::<Index>(), any::<bool>(), body)
            .prop_map(|(header, is_short, body)| Statement::Block(header, is_short, body))
    });
    prop::collection::vec(statement, 0..6)
}

/// A program, and the modules that it imports with their contexts.
#[derive(Default)]
struct Program {
    /// Each logical line, without what could stand between them.
    lines: Vec<String>,
    imports: Vec<(String, ImportContext)>,
}

impl Program {
    fn of(statements: &[Statement]) -> Self {
        let mut program = Self::default();
        program.write(statements, 0, ImportContext::Module);
        program
    }

    fn import(&mut self, context: ImportContext) -> String {
        let module = format!("m{}", self.imports.len());
        self.imports.push((module.clone(), context));
        match self.imports.len() % 3 {
            0 => format!("import {module} as x"),
            1 => format!("from {module} import (a,\n b)"),
            _ => format!("y = 1; from {module} import *"),
        }
    }

    fn write(&mut self, statements: &[Statement], depth: usize, context: ImportContext) {
        let indent = "    ".repeat(depth);
        for statement in statements {
            match statement {
                Statement::Import => {
                    let import = self.import(context);
                    self.lines.push(format!("{indent}{import}"));
                }
                Statement::Filler(index) => {
                    let filler = FILLERS[index.index(FILLERS.len())];
                    self.lines.push(
                        format!("{indent}{filler}").replace("\nclass", &format!("\n{indent}class")),
                    );
                }
                Statement::Block(index, is_short, body) => {
                    let (header, own) = HEADERS[index.index(HEADERS.len())];
                    let inner = match (context, own) {
                        (ImportContext::TypeChecking, _) | (_, None) => context,
                        (_, Some(ImportContext::TypeChecking)) => ImportContext::TypeChecking,
                        (ImportContext::Function, _) => context,
                        (_, Some(own)) => own,
                    };
                    if *is_short {
                        let import = self.import(inner);
                        self.lines.push(format!("{indent}{header} {import}"));
                    } else {
                        self.lines.push(format!("{indent}{header}"));
                        self.write(body, depth + 1, inner);
                    }
                }
            }
        }
    }
}

/// What is found, without the lines.
fn without_lines(mut found: References) -> References {
    found.imports.iter_mut().for_each(|import| import.line = 0);
    found.strings.iter_mut().for_each(|string| string.line = 0);
    found.sites.iter_mut().for_each(|site| site.line = 0);
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        references(&bytes);
    }

    #[test]
    fn any_pieces_are_read(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        references(pieces.concat().as_bytes());
    }

    #[test]
    fn no_import_of_a_program_is_missed(statements in statements()) {
        let program = Program::of(&statements);
        let source = program.lines.join("\n");
        let found = references(source.as_bytes());
        let imports: Vec<_> = found
            .imports
            .iter()
            .map(|import| (import.module.clone(), import.context))
            .collect();
        prop_assert_eq!(imports, program.imports, "{}", source);
        prop_assert!(found.problems.is_empty(), "{}: {:?}", source, found.problems);
    }

    #[test]
    fn blank_lines_and_comments_change_nothing(
        statements in statements(),
        between in prop::collection::vec((any::<Index>(), 0..5usize), 1..8),
    ) {
        let mut lines = Program::of(&statements).lines;
        let plain = references(lines.join("\n").as_bytes());
        for (at, what) in between {
            let at = at.index(lines.len() + 1);
            let line = ["", "   ", "# 'a.b' (", "\t# import c", "    # it's"][what];
            lines.insert(at, line.to_owned());
        }
        let source = lines.join("\n");
        let found = references(source.as_bytes());
        prop_assert_eq!(without_lines(found), without_lines(plain), "{}", source);
    }
}
