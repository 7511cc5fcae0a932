//! All tokens of a stretch of source, for the few places that need them.

use super::super::scanner::token::WORD;
use memchr::memchr;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    /// A literal without its quotes, or a stretch of an f-string's text.
    Text(Prefix),
    /// The quotes that begin or end an f-string, and the braces of its fields.
    FormatStart,
    FormatEnd,
    FieldOpen,
    FieldClose,
    Operator,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What the letters before a quote say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) is_raw: bool,
    pub(super) is_bytes: bool,
    pub(super) is_format: bool,
}

impl Prefix {
    /// None where the letters are no prefix.
    pub(super) fn of(letters: &[u8]) -> Option<Self> {
        let mut prefix = Self::default();
        if letters.len() > 2 {
            return None;
        }
        for letter in letters {
            match letter.to_ascii_lowercase() {
                b'r' => prefix.is_raw = true,
                b'b' => prefix.is_bytes = true,
                b'f' | b't' => prefix.is_format = true,
                b'u' => {}
                _ => return None,
            }
        }
        Some(prefix)
    }
}

/// How a literal ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotes {
    pub(super) quote: u8,
    pub(super) is_triple: bool,
}

impl Quotes {
    /// The quotes that stand at a place, and where what they enclose begins.
    pub(super) fn at(bytes: &[u8], at: usize) -> (Self, usize) {
        let quote = bytes[at];
        let is_triple = bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
        let quotes = Self { quote, is_triple };
        (quotes, at + quotes.len())
    }

    pub(super) fn len(self) -> usize {
        if self.is_triple { 3 } else { 1 }
    }

    /// Whether they stand at a place and end the literal.
    pub(super) fn end_at(self, bytes: &[u8], at: usize) -> bool {
        let is = |at: usize| bytes.get(at) == Some(&self.quote);
        is(at) && (!self.is_triple || is(at + 1) && is(at + 2))
    }

    /// Where the text of a literal without fields ends, and whether quotes end it.
    pub(super) fn text_end(self, bytes: &[u8], body: usize) -> (usize, bool) {
        let mut at = body;
        while let Some(&byte) = bytes.get(at) {
            if byte == b'\\' {
                at += 1 + usize::from(bytes[at + 1..].starts_with(b"\r\n"));
            } else if self.end_at(bytes, at) {
                return (at, true);
            } else if byte == b'\n' && !self.is_triple {
                return (at, false);
            }
            at += 1;
        }
        (bytes.len(), false)
    }
}

/// Where the word that begins at a place ends.
pub(super) fn word_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while bytes.get(end).is_some_and(|&byte| WORD[usize::from(byte)]) {
        end += 1;
    }
    end
}

/// What is read at the moment.
enum Mode {
    /// The expression of a field, with the brackets that are open in it.
    Field {
        depth: u32,
        quotes: Quotes,
        is_raw: bool,
    },
    /// The text of an f-string.
    Format { quotes: Quotes, is_raw: bool },
    /// The format spec of a field.
    Spec { quotes: Quotes, is_raw: bool },
}

/// The tokens of a stretch of source; newlines, comments and blanks between them are left out.
pub(super) struct Tokens<'s> {
    /// Up to where it goes.
    bytes: &'s [u8],
    at: usize,
    modes: Vec<Mode>,
}

impl<'s> Tokens<'s> {
    pub(super) fn new(bytes: &'s [u8], start: usize, end: usize) -> Self {
        Self {
            bytes: &bytes[..end],
            at: start,
            modes: Vec::new(),
        }
    }

    fn token(&mut self, kind: Kind, len: usize) -> Token {
        let start = self.at;
        self.at = (start + len).min(self.bytes.len());
        Token {
            kind,
            start,
            end: self.at,
        }
    }

    /// The next token of an f-string's text.
    fn format(&mut self, quotes: Quotes, is_raw: bool, in_spec: bool) -> Option<Token> {
        let start = self.at;
        let mut at = start;
        let text = Kind::Text(Prefix {
            is_raw,
            is_bytes: false,
            is_format: true,
        });
        loop {
            let byte = self.bytes.get(at).copied();
            let is_doubled = !in_spec && self.bytes.get(at + 1).copied() == byte;
            match byte {
                Some(b'{' | b'}') if is_doubled => at += 2,
                Some(b'\\') if !matches!(self.bytes.get(at + 1), Some(b'{' | b'}')) => at += 2,
                Some(b'{' | b'}') | None => break,
                Some(b'\n') if !quotes.is_triple => break,
                Some(_) if quotes.end_at(self.bytes, at) => break,
                Some(_) => at += 1,
            }
        }
        let at = at.min(self.bytes.len());
        if at > start {
            return Some(self.token(text, at - start));
        }
        match self.bytes.get(at)? {
            b'{' => {
                self.modes.push(Mode::Field {
                    depth: 0,
                    quotes,
                    is_raw,
                });
                Some(self.token(Kind::FieldOpen, 1))
            }
            b'}' if in_spec => {
                self.modes.pop();
                Some(self.token(Kind::FieldClose, 1))
            }
            b'}' => Some(self.token(text, 1)),
            b'\n' => {
                self.modes.clear();
                Some(self.token(Kind::FormatEnd, 1))
            }
            _ => {
                while let Some(mode) = self.modes.pop() {
                    if matches!(mode, Mode::Format { .. }) {
                        break;
                    }
                }
                Some(self.token(Kind::FormatEnd, quotes.len()))
            }
        }
    }

    fn literal(&mut self, quote_at: usize, prefix: Prefix) -> Token {
        let (quotes, body) = Quotes::at(self.bytes, quote_at);
        if prefix.is_format {
            let is_raw = prefix.is_raw;
            self.modes.push(Mode::Format { quotes, is_raw });
            return self.token(Kind::FormatStart, body - self.at);
        }
        let (end, is_closed) = quotes.text_end(self.bytes, body);
        self.at = if is_closed { end + quotes.len() } else { end };
        Token {
            kind: Kind::Text(prefix),
            start: body,
            end,
        }
    }

    /// What a field's expression ends with, if it ends here.
    fn field_end(&mut self, byte: u8) -> Option<Token> {
        let Some(Mode::Field {
            depth,
            quotes,
            is_raw,
        }) = self.modes.last_mut()
        else {
            return None;
        };
        match byte {
            b'(' | b'[' | b'{' => *depth += 1,
            b'}' if *depth == 0 => {
                self.modes.pop();
                return Some(self.token(Kind::FieldClose, 1));
            }
            b')' | b']' | b'}' => *depth = depth.saturating_sub(1),
            b':' if *depth == 0 => {
                let (quotes, is_raw) = (*quotes, *is_raw);
                self.modes.pop();
                self.modes.push(Mode::Spec { quotes, is_raw });
                return Some(self.token(Kind::Operator, 1));
            }
            _ => {}
        }
        None
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        match self.modes.last() {
            Some(&Mode::Format { quotes, is_raw }) => return self.format(quotes, is_raw, false),
            Some(&Mode::Spec { quotes, is_raw }) => return self.format(quotes, is_raw, true),
            _ => {}
        }
        loop {
            let byte = *self.bytes.get(self.at)?;
            match byte {
                b' ' | b'\t' | 0x0c | b'\r' | b'\n' | b'\\' => self.at += 1,
                b'#' => {
                    let rest = &self.bytes[self.at..];
                    self.at += memchr(b'\n', rest).unwrap_or(rest.len());
                }
                b'"' | b'\'' => return Some(self.literal(self.at, Prefix::default())),
                _ if WORD[usize::from(byte)] => {
                    let end = word_end(self.bytes, self.at);
                    if matches!(self.bytes.get(end), Some(b'"' | b'\''))
                        && let Some(prefix) = Prefix::of(&self.bytes[self.at..end])
                    {
                        return Some(self.literal(end, prefix));
                    }
                    let kind = if byte.is_ascii_digit() {
                        Kind::Number
                    } else {
                        Kind::Word
                    };
                    return Some(self.token(kind, end - self.at));
                }
                _ => {
                    if let Some(token) = self.field_end(byte) {
                        return Some(token);
                    }
                    let len = operator_len(&self.bytes[self.at..]);
                    return Some(self.token(Kind::Operator, len));
                }
            }
        }
    }
}

/// The length of the operator that bytes begin with.
fn operator_len(bytes: &[u8]) -> usize {
    match bytes {
        [b'*', b'*', b'=', ..] | [b'/', b'/', b'=', ..] | [b'<', b'<', b'=', ..] => 3,
        [b'>', b'>', b'=', ..] | [b'.', b'.', b'.', ..] => 3,
        [b'*', b'*', ..] | [b'/', b'/', ..] | [b'<', b'<', ..] | [b'>', b'>', ..] => 2,
        [b'-', b'>', ..] => 2,
        [
            b'=' | b'!' | b'<' | b'>' | b':' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|'
            | b'^' | b'@',
            b'=',
            ..,
        ] => 2,
        _ => 1,
    }
}

/// Whether an operator assigns.
pub(super) fn assigns(operator: &[u8]) -> bool {
    match operator {
        b"=" => true,
        b"==" | b"!=" | b"<=" | b">=" => false,
        _ => operator.len() > 1 && operator.ends_with(b"="),
    }
}
