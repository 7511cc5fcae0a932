//! Python's rules for the encoding of a source file.

use std::borrow::Cow;

use crate::{Problem, ProblemKind};

/// The text of a source file, and what is wrong with its bytes. In the text a carriage return stands
/// only before a newline: alone it ends a line in Python, so it is made a newline.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<Problem>) {
    match with_newlines(bytes) {
        None => decode_lines(bytes),
        Some(bytes) => {
            let (text, problem) = decode_lines(&bytes);
            (Cow::Owned(text.into_owned()), problem)
        }
    }
}

/// The bytes with newlines for the carriage returns that stand alone, if there are such.
fn with_newlines(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_alone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    let first = memchr::memchr_iter(b'\r', bytes).find(is_alone)?;
    let mut changed = bytes.to_vec();
    for at in memchr::memchr_iter(b'\r', &bytes[first..]) {
        let at = first + at;
        if is_alone(&at) {
            changed[at] = b'\n';
        }
    }
    Some(changed)
}

fn decode_lines(bytes: &[u8]) -> (Cow<'_, str>, Option<Problem>) {
    let (bytes, has_bom) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let declared = cookie(bytes);
    let text = match declared.as_deref().map(normalize) {
        None | Some(Encoding::Utf8) => return utf8(bytes),
        Some(_) if has_bom => {
            let (text, _) = utf8(bytes);
            let message = "the coding cookie contradicts the byte order mark";
            return (text, Some(Problem::new(ProblemKind::Encoding, message)));
        }
        Some(Encoding::Latin1) => bytes.iter().map(|&byte| char::from(byte)).collect(),
        Some(Encoding::Ascii) => {
            let (text, problem) = utf8(bytes);
            let problem = problem.or_else(|| {
                let at = bytes.iter().position(|byte| !byte.is_ascii())?;
                Some(undecodable("ascii", bytes, at))
            });
            return (text, problem);
        }
        Some(Encoding::Other) => {
            let (text, problem) = utf8(bytes);
            if bytes.is_ascii() {
                return (text, problem);
            }
            let name = declared.unwrap_or_default();
            let message = format!("the encoding `{name}` is not one that is read here");
            return (text, Some(Problem::new(ProblemKind::Encoding, message)));
        }
    };
    (Cow::Owned(text), None)
}

enum Encoding {
    Utf8,
    Ascii,
    Latin1,
    Other,
}

fn normalize(name: &str) -> Encoding {
    let name = name.to_ascii_lowercase().replace('_', "-");
    match name.as_str() {
        "utf-8" | "utf8" | "u8" | "utf-8-sig" => Encoding::Utf8,
        "ascii" | "us-ascii" | "646" => Encoding::Ascii,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "iso-latin-1" | "l1" => {
            Encoding::Latin1
        }
        _ if name.starts_with("utf-8-") => Encoding::Utf8,
        _ => Encoding::Other,
    }
}

fn utf8(bytes: &[u8]) -> (Cow<'_, str>, Option<Problem>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let problem = undecodable("utf-8", bytes, error.valid_up_to());
            (String::from_utf8_lossy(bytes), Some(problem))
        }
    }
}

fn undecodable(encoding: &str, bytes: &[u8], at: usize) -> Problem {
    let line = 1 + memchr::memchr_iter(b'\n', &bytes[..at]).count();
    let byte = bytes[at];
    let mut problem = Problem::new(
        ProblemKind::Encoding,
        format!("byte 0x{byte:02x} is not valid {encoding}, so Python refuses the file"),
    );
    problem.line = u32::try_from(line).ok();
    problem
}

/// The encoding named by a comment in one of the first two lines (PEP 263); the second counts only
/// when the first is blank or a comment.
fn cookie(bytes: &[u8]) -> Option<String> {
    for line in bytes.splitn(3, |&byte| byte == b'\n').take(2) {
        let line = line.trim_ascii();
        if line.first() == Some(&b'#') {
            if let Some(name) = cookie_in(line) {
                return Some(name);
            }
        } else if !line.is_empty() {
            return None;
        }
    }
    None
}

fn cookie_in(comment: &[u8]) -> Option<String> {
    memchr::memmem::find_iter(comment, b"coding").find_map(|at| {
        let rest = &comment[at + b"coding".len()..];
        let rest = rest
            .strip_prefix(b":")
            .or_else(|| rest.strip_prefix(b"="))?
            .trim_ascii_start();
        let end = rest
            .iter()
            .position(|&b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')))
            .unwrap_or(rest.len());
        (end > 0).then(|| String::from_utf8_lossy(&rest[..end]).into_owned())
    })
}
