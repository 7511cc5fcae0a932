//! Neither parser panics, and where neither sees a problem they give the same facts.

#![no_main]

use fastest_lib::syntax::{ParserKind, parse_with};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let scanned = parse_with(bytes, ParserKind::Scanner);
    let parsed = parse_with(bytes, ParserKind::TreeSitter);
    if scanned.problems.is_empty() && parsed.problems.is_empty() && !is_misread(bytes) {
        assert_eq!(scanned.bindings, parsed.bindings);
        assert_eq!(scanned.effects, parsed.effects);
        assert_eq!(scanned.imports, parsed.imports);
    }
});

/// What the grammar of tree-sitter-python takes for something else than CPython does, without an
/// error: a line that ends in a comma goes on with the next one; `type(x).y = z` is an alias.
fn is_misread(bytes: &[u8]) -> bool {
    let source = String::from_utf8_lossy(bytes);
    let after_comma = source.split(['\n', '\r']).any(|line| line.trim_end().ends_with(','));
    let mut types = source.split("type").skip(1);
    after_comma || types.any(|rest| rest.trim_start().starts_with(['(', '*', '-', '{', '"', '\'']))
}
