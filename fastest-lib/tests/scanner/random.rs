//! The same property on whatever can be made of bytes, of pieces and of real statements.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::{AGREED, both, difference, misread};

/// Neither parser panics, and where neither sees a problem they give the same facts, about the source
/// or about what it is [rewritten](misread::rewritten) to.
fn hold(source: &[u8]) -> Result<(), TestCaseError> {
    let Some(difference) = disputed(source) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(source);
    let rewritten = misread::rewritten(&text);
    let is_settled = rewritten != text && disputed(rewritten.as_bytes()).is_none();
    prop_assert!(is_settled, "{difference}\n{text}");
    Ok(())
}

/// What the parsers tell differently of a source in which neither sees a problem.
fn disputed(source: &[u8]) -> Option<String> {
    let (scanned, parsed) = both(source);
    if scanned.problems.is_empty() && parsed.problems.is_empty() {
        difference(&scanned, &parsed)
    } else {
        None
    }
}

/// Pieces of Python lines.
const PIECES: &[&str] = &[
    "def ",
    "class ",
    "async ",
    "await ",
    "f",
    "x",
    "a.b",
    "(",
    ")",
    "()",
    ":",
    "\n",
    "\n    ",
    "\n        ",
    "    ",
    "@",
    "if ",
    "elif ",
    "else",
    "try",
    "except ",
    "finally",
    "=",
    " = ",
    "+=",
    "[",
    "]",
    "'",
    "\"",
    "'s'",
    "\\\n",
    "import ",
    "from ",
    ".",
    "*",
    "**",
    ",",
    ", ",
    "yield ",
    "lambda ",
    "b'",
    "é",
    "\r",
    "\t",
    "{",
    "}",
    "f'",
    "f'{x}'",
    "1",
    "1e",
    "0x",
    "del ",
    "with ",
    "as ",
    "for ",
    "in ",
    "is ",
    "not ",
    "and ",
    "or ",
    "while ",
    "match ",
    "case ",
    "type ",
    "_",
    "return ",
    "raise ",
    "pass",
    "global ",
    ";",
    "#",
    "-",
    "+",
    "~",
    "|",
    "&",
    "^",
    "<<",
    "<",
    ":=",
    "->",
    "/",
    "%",
    "!",
    "!r",
    "...",
    "None",
    "True",
    "TYPE_CHECKING",
    "__name__",
    "pytest_x",
    "\x0c",
    "'''",
    "\r\n",
    "$",
    "?",
    "print ",
    "exec ",
];

/// The words, spaces and marks of a text.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let len = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(len);
        found.push(token);
        rest = after;
    }
    found
}

fn changed<'s>(mut source: Vec<&'s str>, changes: &[(Index, u8, Index)]) -> Vec<&'s str> {
    for (at, change, other) in changes {
        let at = at.index(source.len().max(1));
        let piece = PIECES[other.index(PIECES.len())];
        match change {
            _ if source.is_empty() => source.push(piece),
            0 => {
                source.remove(at);
            }
            1 => source.insert(at, piece),
            2 => source[at] = piece,
            _ => {
                let other = other.index(source.len());
                source.swap(at, other);
            }
        }
    }
    source
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_alike(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        hold(&bytes)?;
    }

    #[test]
    fn any_pieces_are_read_alike(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30),
    ) {
        hold(pieces.concat().as_bytes())?;
    }

    #[test]
    fn changed_statements_are_read_alike(
        from in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), 0..4u8, any::<Index>()), 1..4),
    ) {
        let sources: Vec<&str> = AGREED.split("#---\n").collect();
        let source = tokens(sources[from.index(sources.len())]);
        hold(changed(source, &changes).concat().as_bytes())?;
    }

    #[test]
    fn changed_lines_are_read_alike(
        from in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), 0..4u8, any::<Index>()), 1..3),
    ) {
        let sources: Vec<&str> = AGREED.lines().collect();
        let source = tokens(sources[from.index(sources.len())]);
        hold(changed(source, &changes).concat().as_bytes())?;
    }

    #[test]
    fn statements_in_any_order_are_read_alike(
        picks in prop::collection::vec((any::<Index>(), 0..4usize), 1..12),
    ) {
        let lines: Vec<&str> = AGREED.lines().collect();
        let lines = picks
            .iter()
            .map(|(at, depth)| format!("{}{}\n", "    ".repeat(*depth), lines[at.index(lines.len())]));
        hold(lines.collect::<String>().as_bytes())?;
    }
}
