//! From text to tokens. Nothing is lost: what lies between two tokens is white space.

use std::ops::Range;

use super::SyntaxError;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Newline,
    Comment,
    Name,
    Number,
    Text,
    /// Punctuation; of several characters only where that makes a difference here.
    Mark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

/// The tokens of a text.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let from = at;
        let kind = match byte {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => {
                at += 1 + usize::from(bytes[at + 1] == b'\r') + 1;
                continue;
            }
            b'\n' => {
                at += 1;
                Kind::Newline
            }
            b'#' => {
                at += text[at..].find('\n').unwrap_or(text.len() - at);
                Kind::Comment
            }
            b'"' | b'\'' => {
                at = end_of_text(text, at)?;
                Kind::Text
            }
            b'0'..=b'9' => {
                at = end_of_word(text, at);
                Kind::Number
            }
            _ if is_word(text, at) => {
                at = end_of_word(text, at);
                let is_prefix = matches!(&text[from..at], "r" | "b" | "rb" | "br");
                match bytes.get(at) {
                    Some(b'"' | b'\'') if is_prefix => {
                        at = end_of_text(text, at)?;
                        Kind::Text
                    }
                    _ => Kind::Name,
                }
            }
            _ if b"()[]{},:;=+-*/%.<>!&|^~@".contains(&byte) => {
                at += mark(&text[at..]);
                Kind::Mark
            }
            _ => {
                let character = text[at..].chars().next().unwrap_or_default();
                let message = format!("`{character}` has no place here");
                return Err(SyntaxError::at(text, at, message));
            }
        };
        tokens.push(Token { kind, at: from..at });
    }
    Ok(tokens)
}

fn is_word(text: &str, at: usize) -> bool {
    let first = text[at..].chars().next();
    first.is_some_and(|c| c == '_' || c.is_alphanumeric())
}

fn end_of_word(text: &str, from: usize) -> usize {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    from + text[from..]
        .find(|c| !is_word(c))
        .unwrap_or(text.len() - from)
}

fn mark(text: &str) -> usize {
    let marks = ["**", "==", "!=", "<=", ">=", "//", "+=", "-=", "*=", "->"];
    if marks.iter().any(|mark| text.starts_with(mark)) {
        2
    } else {
        1
    }
}

/// Where the text that begins with the quote at `from` ends.
fn end_of_text(text: &str, from: usize) -> Result<usize, SyntaxError> {
    let quote = &text[from..=from];
    let triple = quote.repeat(3);
    let is_triple = text[from..].starts_with(&triple);
    let end = if is_triple { triple.as_str() } else { quote };
    let mut at = from + end.len();
    loop {
        let rest = &text[at..];
        let Some(next) = rest.chars().next() else {
            break;
        };
        if rest.starts_with(end) {
            return Ok(at + end.len());
        }
        if next == '\n' && !is_triple {
            break;
        }
        at += next.len_utf8();
        if next == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    Err(SyntaxError::at(text, from, "the string is not closed"))
}

/// What a string literal stands for; escapes that stand for no single character are left.
pub(super) fn value(literal: &str) -> String {
    let quote = literal.find(['"', '\'']).unwrap_or(0);
    let (prefix, quoted) = literal.split_at(quote);
    let triple = quoted.len() >= 6 && (quoted.starts_with("\"\"\"") || quoted.starts_with("'''"));
    let marks = if triple { 3 } else { 1 };
    let inner = quoted.get(marks..quoted.len() - marks).unwrap_or_default();
    if prefix.contains('r') || !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut value = String::new();
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('\n') => {}
            Some(c @ ('\\' | '"' | '\'')) => value.push(c),
            Some(c) => value.extend(['\\', c]),
            None => value.push('\\'),
        }
    }
    value
}

/// A text as a literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}
