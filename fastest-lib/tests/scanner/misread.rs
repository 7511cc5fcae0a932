//! What the grammar of tree-sitter-python silently takes for something else than CPython does.
//!
//! The scanner is right about these, so there the parsers differ:
//!
//! - A statement of nothing but expressions that ends in a comma: `a,` and in the next line `b = 1`
//!   are read as one assignment to `a, b`.
//! - A target that begins with a call or subscript of the name `type`: `type(x).y = z` is read as an
//!   alias of types, as if it were `type x = z`.
//! - An import from a module below `__future__`: it counts as relative.
//! - A tab behind spaces in an indentation: it counts as eight columns, and not up to the next multiple
//!   of eight.
//!
//! The fuzz target has this file, too.

use fastest_lib::syntax::{FileFacts, ParserKind, parse_with};

/// The same source without these: the comma is followed by a semicolon, the names are others, and
/// spaces indent.
/// Where the parsers differ about a source, they have to agree about this one.
pub(crate) fn rewritten(source: &str) -> String {
    let source = without_tabs(source);
    let mut text = source.clone();
    for (at, _) in source.rmatch_indices("type") {
        let is_word = !source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let after = source[at + 4..].trim_start_matches([' ', '\t', '\x0c', '\\', '\r', '\n']);
        if is_word && after.starts_with(['(', '[']) {
            text.replace_range(at..at + 4, "typo");
        }
    }
    for (at, name) in source.rmatch_indices("__future__") {
        if source[at + name.len()..].trim_start().starts_with('.') {
            text.replace_range(at..at + name.len(), "__former__");
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

fn without_tabs(source: &str) -> String {
    let mut text = String::new();
    for line in source.split_inclusive(['\n', '\r']) {
        let rest = line.trim_start_matches([' ', '\t', '\x0c']);
        let mut column = 0;
        for indent in line[..line.len() - rest.len()].chars() {
            column = match indent {
                ' ' => column + 1,
                '\t' => column / 8 * 8 + 8,
                _ => 0,
            };
        }
        text.push_str(&" ".repeat(column));
        text.push_str(rest);
    }
    text
}

pub(crate) fn are_equal(left: &FileFacts, right: &FileFacts) -> bool {
    left.bindings == right.bindings
        && left.effects == right.effects
        && left.imports == right.imports
}
