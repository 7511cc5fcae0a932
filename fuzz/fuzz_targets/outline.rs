//! Neither parser panics, and where neither sees a problem they give the same facts, about the source
//! or about what it is rewritten to.

#![no_main]

#[path = "../../fastest-lib/tests/scanner/misread.rs"]
mod misread;

use fastest_lib::syntax::{ParserKind, parse_with};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if !is_agreed(bytes) {
        let text = String::from_utf8_lossy(bytes);
        let rewritten = misread::rewritten(&text);
        assert!(
            rewritten != text && is_agreed(rewritten.as_bytes()),
            "{text}"
        );
    }
});

fn is_agreed(bytes: &[u8]) -> bool {
    let scanned = parse_with(bytes, ParserKind::Scanner);
    let parsed = parse_with(bytes, ParserKind::TreeSitter);
    !scanned.problems.is_empty()
        || !parsed.problems.is_empty()
        || misread::are_equal(&scanned, &parsed)
}
