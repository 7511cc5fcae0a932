//! What the grammar of tree-sitter-python silently takes for something else than CPython does.
//!
//! The scanner is right about both of these, so there the parsers differ:
//!
//! - A statement of nothing but expressions that ends in a comma: `a,` and in the next line `b = 1`
//!   are read as one assignment to `a, b`.
//! - A target that begins with a call or subscript of the name `type`: `type(x).y = z` is read as an
//!   alias of types, as if it were `type x = z`.
//!
//! The fuzz target has this file, too.

use fastest_lib::syntax::{FileFacts, ParserKind, parse_with};

/// The same source without these: the comma is followed by a semicolon, and the name is another one.
/// Where the parsers differ about a source, they have to agree about this one.
pub(crate) fn rewritten(source: &str) -> String {
    let mut text = source.to_owned();
    for (at, _) in source.rmatch_indices("type") {
        let is_word = !source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let after = source[at + 4..].trim_start_matches([' ', '\t', '\x0c', '\\', '\r', '\n']);
        if is_word && after.starts_with(['(', '[']) {
            text.replace_range(at..at + 4, "typo");
        }
    }
    let scan = |text: &str| parse_with(text.as_bytes(), ParserKind::Scanner);
    let facts = scan(&text);
    for (at, _) in source.rmatch_indices(',') {
        let after = source[at + 1..].trim_start_matches([' ', '\t', '\x0c']);
        if !after.is_empty() && !after.starts_with(['#', '\\', '\r', '\n']) {
            continue;
        }
        let mut ended = text.clone();
        ended.insert(at + 1, ';');
        // Within brackets or a text, the comma ends no statement.
        let found = scan(&ended);
        if found.problems.is_empty() && are_equal(&found, &facts) {
            text = ended;
        }
    }
    text
}

pub(crate) fn are_equal(left: &FileFacts, right: &FileFacts) -> bool {
    left.bindings == right.bindings
        && left.effects == right.effects
        && left.imports == right.imports
}
