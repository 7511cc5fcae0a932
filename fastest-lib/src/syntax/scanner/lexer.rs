//! From bytes to the tokens of one logical line at a time.

use memchr::memchr;

use super::token::{CLASSES, Class, Kind, Token, WORD, keyword, operator};

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) line: u32,
    pub(super) message: &'static str,
}

/// How far a line is indented: by tabs to multiples of eight, and by tabs as one.
///
/// CPython compares both, so that no two readers can take the same lines for different blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Indent {
    pub(super) column: u32,
    pub(super) characters: u32,
}

/// What is open around the bytes that are read.
#[derive(Clone, Copy)]
pub(super) struct Open {
    /// The token that opened it.
    pub(super) token: u32,
    pub(super) what: Opened,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// A bracket, by the kind of token that closes it.
    Bracket(Kind),
    /// A replacement field; whether its format spec has begun, and the string around it.
    Field { in_spec: bool, quotes: Quotes },
    /// An f-string.
    Format(Quotes),
}

/// How a string literal ends, and what its backslashes mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Quotes {
    pub(super) quote: u8,
    pub(super) is_triple: bool,
    pub(super) is_raw: bool,
}

pub(super) struct Lexer<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) at: usize,
    pub(super) line: u32,
    pub(super) open: Vec<Open>,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            bytes: source.as_bytes(),
            at: 0,
            line: 1,
            open: Vec::new(),
        }
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    pub(super) fn wrong(&self, message: &'static str) -> Wrong {
        Wrong {
            line: self.line,
            message,
        }
    }

    /// Goes to the first token of the next logical line; `None` at the end of the file.
    pub(super) fn next_line(&mut self) -> Result<Option<Indent>, Wrong> {
        let mut indent = Indent::default();
        // The indentation before a backslash, which counts for the lines that it joins.
        let mut joined: Option<Indent> = None;
        loop {
            match self.byte(self.at) {
                b' ' => {
                    indent.column += 1;
                    indent.characters += 1;
                    self.at += 1;
                }
                b'\t' => {
                    indent.column = (indent.column / 8 + 1) * 8;
                    indent.characters += 1;
                    self.at += 1;
                }
                0x0c => {
                    indent = Indent::default();
                    self.at += 1;
                }
                b'\n' => {
                    indent = Indent::default();
                    joined = None;
                    self.at += 1;
                    self.line += 1;
                }
                b'\r' => self.at += 1,
                b'#' => self.comment(),
                b'\\' => {
                    if indent.column > 0 {
                        joined = joined.or(Some(indent));
                    }
                    indent = Indent::default();
                    self.continuation()?;
                }
                0 if self.at >= self.bytes.len() => return Ok(None),
                _ => return Ok(Some(joined.unwrap_or(indent))),
            }
        }
    }

    /// The tokens up to the end of the logical line, [`Kind::Newline`] last.
    pub(super) fn tokens(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        tokens.clear();
        self.open.clear();
        loop {
            let mut byte = self.byte(self.at);
            if byte == b' ' {
                // Most tokens follow one space: this is better foretold than the jump below.
                self.at += 1;
                byte = self.byte(self.at);
            }
            match CLASSES[usize::from(byte)] {
                Class::Space => self.at += 1,
                Class::Word => self.word(tokens)?,
                Class::Digit => self.number(tokens)?,
                Class::Quote => self.string(tokens, self.at)?,
                Class::Newline => {
                    if self.open.is_empty() {
                        self.push(tokens, Kind::Newline, 1);
                        self.line += 1;
                        return Ok(());
                    }
                    self.at += 1;
                    self.line += 1;
                }
                Class::Comment => self.comment(),
                Class::Backslash => self.continuation()?,
                Class::Open => {
                    let (kind, close) = match byte {
                        b'(' => (Kind::LeftParen, Kind::RightParen),
                        b'[' => (Kind::LeftBracket, Kind::RightBracket),
                        _ => (Kind::LeftBrace, Kind::RightBrace),
                    };
                    self.enter(tokens, Opened::Bracket(close));
                    self.push(tokens, kind, 1);
                }
                Class::Close => self.close(tokens, byte)?,
                Class::Dot => self.dot(tokens)?,
                Class::Operator => self.operator(tokens)?,
                Class::Bad => {
                    if self.at < self.bytes.len() {
                        return Err(self.wrong("invalid character"));
                    }
                    return self.end(tokens);
                }
            }
        }
    }

    /// Goes to the end of the line, for what follows is not understood.
    pub(super) fn give_up_line(&mut self) {
        self.open.clear();
        self.comment();
    }

    pub(super) fn push(&mut self, tokens: &mut Vec<Token>, kind: Kind, len: usize) {
        let start = self.at as u32;
        self.at += len;
        tokens.push(Token {
            start,
            end: self.at as u32,
            line: self.line,
            partner: 0,
            kind,
        });
    }

    /// Notes that the token pushed next opens something.
    pub(super) fn enter(&mut self, tokens: &[Token], what: Opened) {
        let token = tokens.len() as u32;
        self.open.push(Open { token, what });
    }

    /// Pushes the token that closes what was opened last.
    pub(super) fn leave(&mut self, tokens: &mut Vec<Token>, kind: Kind, len: usize) {
        if let Some(open) = self.open.pop() {
            let partner = tokens.len() as u32;
            if let Some(token) = tokens.get_mut(open.token as usize) {
                token.partner = partner;
            }
        }
        self.push(tokens, kind, len);
    }

    fn end(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        if let Some(open) = self.open.last() {
            let line = tokens
                .get(open.token as usize)
                .map_or(0, |token| token.line);
            let message = "a bracket is never closed";
            return Err(Wrong { line, message });
        }
        self.push(tokens, Kind::Newline, 0);
        Ok(())
    }

    fn comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// A backslash, which joins lines.
    fn continuation(&mut self) -> Result<(), Wrong> {
        let mut at = self.at + 1;
        if self.byte(at) == b'\r' {
            at += 1;
        }
        if self.byte(at) != b'\n' {
            return Err(self.wrong("a backslash stands within a line"));
        }
        if at + 1 >= self.bytes.len() {
            return Err(self.wrong("a backslash ends the file"));
        }
        self.at = at + 1;
        self.line += 1;
        Ok(())
    }

    fn word(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        let start = self.at;
        let rest = &self.bytes[start..];
        let mut seen = 0;
        let mut len = 0;
        while let Some(&byte) = rest.get(len)
            && WORD[usize::from(byte)]
        {
            seen |= byte;
            len += 1;
        }
        if len <= 2 && matches!(self.byte(start + len), b'"' | b'\'') && seen < 0x80 {
            return self.string(tokens, start + len);
        }
        let word = &rest[..len];
        if seen >= 0x80 && !is_identifier(word) {
            return Err(self.wrong("invalid character"));
        }
        self.push(tokens, keyword(word), len);
        Ok(())
    }

    fn dot(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        match (self.byte(self.at + 1), self.byte(self.at + 2)) {
            (b'0'..=b'9', _) => return self.number(tokens),
            (b'.', b'.') => self.push(tokens, Kind::Ellipsis, 3),
            _ => self.push(tokens, Kind::Dot, 1),
        }
        Ok(())
    }

    fn operator(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        let rest = &self.bytes[self.at..];
        let in_field = matches!(
            self.open.last(),
            Some(Open {
                what: Opened::Field { .. },
                ..
            })
        );
        if in_field && rest[0] == b':' {
            self.push(tokens, Kind::SpecOpen, 1);
            return self.format_spec(tokens);
        }
        match operator(rest) {
            Some((Kind::Semicolon, _)) if !self.open.is_empty() => {
                Err(self.wrong("a semicolon stands within brackets"))
            }
            Some((kind, len)) => {
                self.push(tokens, kind, len);
                Ok(())
            }
            None if in_field && matches!(rest.get(1), Some(b'r' | b's' | b'a')) => {
                self.push(tokens, Kind::Conversion, 2);
                Ok(())
            }
            None => Err(self.wrong("invalid character")),
        }
    }

    fn close(&mut self, tokens: &mut Vec<Token>, byte: u8) -> Result<(), Wrong> {
        let kind = match byte {
            b')' => Kind::RightParen,
            b']' => Kind::RightBracket,
            _ => Kind::RightBrace,
        };
        match self.open.last().map(|open| open.what) {
            Some(Opened::Bracket(wanted)) if wanted == kind => {
                self.leave(tokens, kind, 1);
                Ok(())
            }
            Some(Opened::Field { .. }) if byte == b'}' => {
                self.leave(tokens, Kind::FieldClose, 1);
                self.format_text(tokens)
            }
            _ => Err(self.wrong("a closing bracket does not match")),
        }
    }

    fn number(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        let rest = &self.bytes[self.at..];
        let Some((kind, len)) = number(rest) else {
            return Err(self.wrong("invalid number"));
        };
        // `1if x else y` is a number before a keyword; any other letter makes it no number.
        let after = &rest[len..];
        if after.first().is_some_and(|&byte| WORD[usize::from(byte)]) {
            let end = after.iter().position(|&byte| !WORD[usize::from(byte)]);
            let word = &after[..end.unwrap_or(after.len())];
            if !["and", "else", "for", "if", "in", "is", "or", "not"]
                .iter()
                .any(|keyword| word.starts_with(keyword.as_bytes()))
            {
                return Err(self.wrong("invalid number"));
            }
        }
        self.push(tokens, kind, len);
        Ok(())
    }
}

/// Whether a word with other than ASCII characters is an identifier.
fn is_identifier(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else {
        return false;
    };
    let mut chars = word.chars();
    let first = chars.next();
    first.is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first))
        && chars.all(unicode_ident::is_xid_continue)
}

/// The kind and length of the number that `bytes` begin with.
fn number(bytes: &[u8]) -> Option<(Kind, usize)> {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    if at(0) == b'0' {
        let is_digit: fn(u8) -> bool = match at(1).to_ascii_lowercase() {
            b'x' => |byte| byte.is_ascii_hexdigit(),
            b'o' => |byte| matches!(byte, b'0'..=b'7'),
            b'b' => |byte| matches!(byte, b'0' | b'1'),
            _ => |_| false,
        };
        if at(1).is_ascii_alphabetic() && matches!(at(1).to_ascii_lowercase(), b'x' | b'o' | b'b') {
            let first = if at(2) == b'_' { 3 } else { 2 };
            let len = digits(bytes, first, is_digit)?;
            return (!at(len).is_ascii_digit()).then_some((Kind::Int, len));
        }
    }
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let mut len = 0;
    let mut kind = Kind::Int;
    if at(0) != b'.' {
        len = digits(bytes, 0, is_digit)?;
    }
    let whole = len;
    if at(len) == b'.' {
        kind = Kind::Float;
        len += 1;
        if at(len).is_ascii_digit() {
            len = digits(bytes, len, is_digit)?;
        }
    }
    if matches!(at(len), b'e' | b'E') {
        let sign = usize::from(matches!(at(len + 1), b'+' | b'-'));
        if at(len + 1 + sign).is_ascii_digit() {
            kind = Kind::Float;
            len = digits(bytes, len + 1 + sign, is_digit)?;
        }
    }
    if matches!(at(len), b'j' | b'J') {
        return Some((kind, len + 1));
    }
    // `007` is no integer, `000` is.
    let is_octal = kind == Kind::Int
        && at(0) == b'0'
        && bytes[..whole]
            .iter()
            .any(|byte| matches!(byte, b'1'..=b'9'));
    (!is_octal).then_some((kind, len))
}

/// Where digits with single underscores between them end, if there is one at all.
fn digits(bytes: &[u8], start: usize, is_digit: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = start;
    loop {
        let from = at;
        while bytes.get(at).is_some_and(|&byte| is_digit(byte)) {
            at += 1;
        }
        if at == from {
            return None;
        }
        if bytes.get(at) != Some(&b'_') {
            return Some(at);
        }
        at += 1;
    }
}
