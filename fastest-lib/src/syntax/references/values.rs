//! The values of string literals: what of them is computed, and which may name something.

use super::super::literal::unescape;

/// What a text looks like that may name something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Dotted,
    Path,
    /// One name, maybe with hyphens.
    Single,
    /// A command line with `-m`.
    Command,
}

/// Longer texts name nothing.
pub(super) const LONGEST: usize = 255;

// What bytes a text has.
const WORD: u16 = 1;
const DOT: u16 = 1 << 1;
const SLASH: u16 = 1 << 2;
const GLOB: u16 = 1 << 3;
const BLANK: u16 = 1 << 4;
const HYPHEN: u16 = 1 << 5;
const COLON: u16 = 1 << 6;
const NEWLINE: u16 = 1 << 7;
const OTHER: u16 = 1 << 8;
/// What may begin something computed.
const FIELD: u16 = 1 << 9;
const BACKSLASH: u16 = 1 << 10;

static CLASSES: [u16; 256] = classes();

const fn classes() -> [u16; 256] {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80.. => WORD,
            b'.' => DOT,
            b'/' => SLASH,
            b'\\' => GLOB | BACKSLASH,
            b'*' | b'?' => GLOB,
            b' ' | b'\t' => BLANK,
            b'-' => HYPHEN,
            b':' => COLON,
            b'\n' | b'\r' => NEWLINE,
            b'%' | b'{' => OTHER | FIELD,
            _ => OTHER,
        };
        byte += 1;
    }
    table
}

/// Which classes of bytes a text has.
fn classes_of(text: &str) -> u16 {
    text.bytes()
        .fold(0, |seen, byte| seen | CLASSES[usize::from(byte)])
}

/// What a literal's body says about its value before that is made.
pub(super) enum Body {
    /// It is the value.
    Plain,
    /// Its value names nothing.
    Nothing,
    /// It has escapes, or something in it is computed.
    Composed,
}

/// What is to be done with the body of a literal that stands alone.
pub(super) fn look_at(body: &str, is_raw: bool) -> Body {
    if body.len() <= LONGEST {
        let seen = classes_of(body);
        if seen & FIELD != 0 || (seen & BACKSLASH != 0 && !is_raw) {
            Body::Composed
        } else if seen & NEWLINE != 0 || seen & (WORD | SLASH | GLOB) == 0 {
            Body::Nothing
        } else {
            Body::Plain
        }
    } else if memchr::memchr3(b'%', b'{', b'\\', body.as_bytes()).is_some() {
        Body::Composed
    } else {
        Body::Nothing
    }
}

/// What a text looks like; `is_prefix` if something computed follows.
pub(super) fn shape(text: &str, is_prefix: bool) -> Option<Shape> {
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let seen = classes_of(text);
    let has = |class: u16| seen & class != 0;
    let has_only = |classes: u16| seen & !classes == 0;
    if has(NEWLINE) || has(COLON) && has(SLASH) && text.contains("://") {
        return None;
    }
    if has_only(WORD | DOT | COLON) && is_dotted(text, is_prefix) {
        let is_single = has_only(WORD) && !is_prefix;
        return Some(if is_single {
            Shape::Single
        } else {
            Shape::Dotted
        });
    }
    if has(SLASH) || has(GLOB) && !has(BLANK) {
        return Some(Shape::Path);
    }
    if has(BLANK) && has(HYPHEN) && text.contains("-m ") {
        return Some(Shape::Command);
    }
    // A file's name may have blanks; a sentence has other marks besides, as a rule.
    if has(DOT) && (!has(BLANK) || has_only(WORD | DOT | HYPHEN | BLANK)) && has_extension(text) {
        return Some(Shape::Path);
    }
    if has_only(WORD | HYPHEN) && !text.starts_with('-') && text.bytes().any(|b| !is_digit(b)) {
        return Some(Shape::Single);
    }
    None
}

/// Whether a text of this shape looks like a path; `name.ext` is dotted besides.
pub(super) fn is_path(shape: Shape, text: &str) -> bool {
    shape == Shape::Path || shape == Shape::Dotted && has_extension(text)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'-'
}

/// Whether a text of word bytes, dots and colons is dotted names with at most one colon between.
fn is_dotted(text: &str, is_prefix: bool) -> bool {
    let names = text.trim_start_matches('.');
    let names = match names.strip_suffix(['.', ':']) {
        Some(names) if is_prefix => names,
        _ => names,
    };
    let mut colons = 0;
    let mut starts_name = true;
    for byte in names.bytes() {
        if matches!(byte, b'.' | b':') {
            colons += u32::from(byte == b':');
            if starts_name {
                return false;
            }
            starts_name = true;
        } else {
            if starts_name && byte.is_ascii_digit() {
                return false;
            }
            starts_name = false;
        }
    }
    !starts_name && colons <= 1
}

/// Whether the last component of a path ends in `.` and one to eight word characters.
fn has_extension(text: &str) -> bool {
    let Some((_, extension)) = text.rsplit_once('.') else {
        return false;
    };
    let is_word = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '_';
    (1..=8).contains(&extension.chars().count()) && extension.chars().all(is_word)
}

/// A value in the making: its text, and where something computed stands in it.
#[derive(Debug, Default)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) breaks: Vec<usize>,
}

impl Value {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.breaks.clear();
    }

    /// Something computed follows.
    pub(super) fn push_computed(&mut self) {
        self.breaks.push(self.text.len());
    }

    /// The body of a literal without an `f`.
    pub(super) fn push_body(&mut self, body: &str, is_raw: bool) {
        self.resolve(body, is_raw, Self::push_template);
    }

    /// The same, if nothing is done with it that makes `%s` or `{}` stand for something else.
    pub(super) fn push_plain(&mut self, body: &str, is_raw: bool) {
        self.resolve(body, is_raw, |value, text| value.text.push_str(text));
    }

    /// A stretch of an f-string's text.
    pub(super) fn push_format(&mut self, body: &str, is_raw: bool) {
        self.resolve(body, is_raw, |value, text| {
            value
                .text
                .push_str(&text.replace("{{", "{").replace("}}", "}"));
        });
    }

    fn resolve(&mut self, body: &str, is_raw: bool, push: impl Fn(&mut Self, &str)) {
        if is_raw || !body.contains('\\') {
            return push(self, body);
        }
        if let Some(text) = unescape(body) {
            return push(self, &text);
        }
        // An escape by name, or of what is no character: only the text before it is known.
        let bytes = body.as_bytes();
        let mut at = 0;
        while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
            at += found;
            if matches!(bytes.get(at + 1), Some(b'N' | b'u' | b'U' | b'x')) {
                break;
            }
            at = (at + 2).min(bytes.len());
        }
        let known = body.get(..at).unwrap_or_default();
        if let Some(text) = unescape(known) {
            push(self, &text);
        }
        self.push_computed();
    }

    /// Text in which `%s` and `{}` stand for something computed.
    pub(super) fn push_template(&mut self, text: &str) {
        let mut rest = text;
        let mut at = 0;
        while let Some(found) = memchr::memchr2(b'%', b'{', &rest.as_bytes()[at..]) {
            at += found;
            let after = &rest.as_bytes()[at..];
            // What is computed is short, which keeps a text of many open braces cheap.
            let after = &after[..after.len().min(2 * LONGEST)];
            let len = if after[0] == b'%' {
                conversion(after)
            } else {
                braces(after)
            };
            match len {
                Some(len) => {
                    self.text.push_str(&rest[..at]);
                    if after.starts_with(b"%%") {
                        self.text.push('%');
                    } else {
                        self.push_computed();
                    }
                    rest = rest.get(at + len..).unwrap_or_default();
                    at = 0;
                }
                None => at += 1,
            }
        }
        self.text.push_str(rest);
    }

    /// The stretches of text between what is computed, each with whether something computed follows.
    pub(super) fn segments(&self) -> impl Iterator<Item = (&str, bool)> {
        let last = self.text.len();
        let starts = std::iter::once(0).chain(self.breaks.iter().copied());
        let ends = self.breaks.iter().map(|&at| (at, true));
        starts
            .zip(ends.chain(std::iter::once((last, false))))
            .map(|(start, (end, goes_on))| (&self.text[start..end], goes_on))
    }
}

/// The length of the `%` conversion that bytes begin with.
fn conversion(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    if bytes.get(at) == Some(&b'%') {
        return Some(2);
    }
    if bytes.get(at) == Some(&b'(') {
        at += memchr::memchr(b')', &bytes[at..])? + 1;
    }
    while matches!(
        bytes.get(at),
        Some(b'#' | b'0'..=b'9' | b'-' | b' ' | b'+' | b'.' | b'*')
    ) {
        at += 1;
    }
    while matches!(bytes.get(at), Some(b'h' | b'l' | b'L')) {
        at += 1;
    }
    let is_type = bytes
        .get(at)
        .is_some_and(|byte| b"diouxXeEfFgGcrsa".contains(byte));
    is_type.then_some(at + 1)
}

/// The length of the braces that bytes begin with, and what is in them.
fn braces(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0;
    for at in memchr::memchr2_iter(b'{', b'}', bytes) {
        if bytes[at] == b'{' {
            depth += 1;
        } else {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    None
}
