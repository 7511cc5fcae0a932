//! String literals of every form.

use memchr::{memchr_iter, memchr2, memchr3};

use super::lexer::{Lexer, Open, Opened, Quotes, Wrong};
use super::token::{Kind, Token};

const UNTERMINATED: &str = "a string is never closed";

impl Lexer<'_> {
    /// The string literal whose quotes are at `quote_at`, and whose prefix begins here.
    pub(super) fn string(&mut self, tokens: &mut Vec<Token>, quote_at: usize) -> Result<(), Wrong> {
        let quote = self.byte(quote_at);
        let mut lower = [0; 2];
        let prefix = &self.bytes[self.at..quote_at];
        for (to, from) in lower.iter_mut().zip(prefix) {
            *to = from.to_ascii_lowercase();
        }
        let (is_format, is_bytes, is_raw) = match &lower[..prefix.len().min(2)] {
            b"" | b"u" => (false, false, false),
            b"r" => (false, false, true),
            b"b" => (false, true, false),
            b"br" | b"rb" => (false, true, true),
            b"f" | b"t" => (true, false, false),
            b"fr" | b"rf" | b"tr" | b"rt" => (true, false, true),
            _ => return Err(self.wrong("invalid string prefix")),
        };
        let is_triple = self.byte(quote_at + 1) == quote && self.byte(quote_at + 2) == quote;
        let quotes = Quotes {
            quote,
            is_triple,
            is_raw,
        };
        let body = quote_at + if is_triple { 3 } else { 1 };
        if is_format {
            self.enter(tokens, Opened::Format(quotes));
            self.push(tokens, Kind::FormatStart, body - self.at);
            return self.format_text(tokens);
        }
        let (end, lines) = if is_triple {
            self.triple_end(body, quote)?
        } else {
            self.single_end(body, quote)?
        };
        let kind = if is_bytes { Kind::Bytes } else { Kind::Str };
        if is_bytes && !self.bytes[body..end].is_ascii() {
            return Err(self.wrong("a bytes literal holds other than ASCII characters"));
        }
        self.push(tokens, kind, end - self.at);
        self.line += lines;
        Ok(())
    }

    /// The end of a triple-quoted string, and the lines within.
    fn triple_end(&self, body: usize, quote: u8) -> Result<(usize, u32), Wrong> {
        let mut at = body;
        while let Some(found) = memchr2(quote, b'\\', self.bytes.get(at..).unwrap_or_default()) {
            at += found;
            if self.bytes[at] == b'\\' {
                at += 2;
            } else if self.byte(at + 1) == quote && self.byte(at + 2) == quote {
                let lines = memchr_iter(b'\n', &self.bytes[body..at]).count();
                return Ok((at + 3, lines as u32));
            } else {
                at += 1;
            }
        }
        Err(self.wrong(UNTERMINATED))
    }

    /// The end of a string on one line, and the lines that backslashes join to it.
    fn single_end(&self, body: usize, quote: u8) -> Result<(usize, u32), Wrong> {
        let mut at = body;
        let mut lines = 0;
        while let Some(found) = memchr3(
            quote,
            b'\\',
            b'\n',
            self.bytes.get(at..).unwrap_or_default(),
        ) {
            at += found;
            match self.bytes[at] {
                b'\\' => {
                    at += 1;
                    if self.byte(at) == b'\r' && self.byte(at + 1) == b'\n' {
                        at += 1;
                    }
                    lines += u32::from(self.byte(at) == b'\n');
                    at += 1;
                }
                b'\n' => break,
                _ => return Ok((at + 1, lines)),
            }
        }
        Err(self.wrong(UNTERMINATED))
    }

    /// The text of an f-string or of a format spec, up to where an expression goes on or the string
    /// ends. In a format spec each brace opens or closes a field; in text two of them stand for one.
    pub(super) fn format_text(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        while let Some((in_spec, quotes)) = self.text_around() {
            let byte = self.byte(self.at);
            let doubled = !in_spec && self.byte(self.at + 1) == byte;
            match byte {
                b'{' | b'}' if doubled => self.at += 2,
                b'{' => self.enter_field(tokens, quotes),
                b'}' if in_spec => self.leave(tokens, Kind::FieldClose, 1),
                b'}' => return Err(self.wrong("a single `}` stands in an f-string")),
                b'\\' => self.escape(quotes),
                b'\n' if quotes.is_triple => {
                    self.at += 1;
                    self.line += 1;
                }
                b'\n' => return Err(self.wrong(UNTERMINATED)),
                0 if self.at >= self.bytes.len() => return Err(self.wrong(UNTERMINATED)),
                _ if byte == quotes.quote => {
                    let is_tripled =
                        self.byte(self.at + 1) == byte && self.byte(self.at + 2) == byte;
                    if quotes.is_triple && !is_tripled {
                        self.at += 1;
                    } else if in_spec {
                        return Err(self.wrong("a replacement field is never closed"));
                    } else {
                        let len = if quotes.is_triple { 3 } else { 1 };
                        self.leave(tokens, Kind::FormatEnd, len);
                        return Ok(());
                    }
                }
                _ => self.plain_text(),
            }
        }
        Ok(())
    }

    /// Whether a format spec (or else an f-string's own text) is what is read, and its quotes.
    fn text_around(&self) -> Option<(bool, Quotes)> {
        match self.open.last()?.what {
            Opened::Format(quotes) => Some((false, quotes)),
            Opened::Field { in_spec, quotes } if in_spec => Some((true, quotes)),
            _ => None,
        }
    }

    fn plain_text(&mut self) {
        self.at += 1;
        while !matches!(
            self.byte(self.at),
            b'{' | b'}' | b'\\' | b'\n' | b'"' | b'\'' | 0
        ) {
            self.at += 1;
        }
    }

    /// What follows the `:` of a replacement field.
    pub(super) fn format_spec(&mut self, tokens: &mut Vec<Token>) -> Result<(), Wrong> {
        if let Some(Open {
            what: Opened::Field { in_spec, .. },
            ..
        }) = self.open.last_mut()
        {
            *in_spec = true;
        }
        self.format_text(tokens)
    }

    fn enter_field(&mut self, tokens: &mut Vec<Token>, quotes: Quotes) {
        let what = Opened::Field {
            in_spec: false,
            quotes,
        };
        self.enter(tokens, what);
        self.push(tokens, Kind::FieldOpen, 1);
    }

    /// A backslash and what it takes with it: a quote, a line end, a name in braces; never a brace.
    fn escape(&mut self, quotes: Quotes) {
        self.at += 1;
        match self.byte(self.at) {
            b'{' | b'}' => {}
            b'N' if !quotes.is_raw && self.byte(self.at + 1) == b'{' => {
                self.at += 2;
                while matches!(self.byte(self.at), b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b' ' | b'-')
                {
                    self.at += 1;
                }
                if self.byte(self.at) == b'}' {
                    self.at += 1;
                }
            }
            b'\r' if self.byte(self.at + 1) == b'\n' => {
                self.at += 2;
                self.line += 1;
            }
            b'\n' => {
                self.at += 1;
                self.line += 1;
            }
            0 if self.at >= self.bytes.len() => {}
            _ => self.at += 1,
        }
    }
}
