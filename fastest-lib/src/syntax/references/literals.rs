//! String literals: where they end, and what their values are.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memchr2};

use super::super::scanner::token::WORD;
use super::kept::Around;
use super::places::PlaceIn;
use super::scan::{DEEPEST, Scanner, Stop};
use super::tokens::{Prefix, Quotes, word_end};
use super::values::{Body, LONGEST, Value, look_at, shape};

static IMPORT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("import "));

/// Whether a text may have an import statement.
#[inline]
fn has_import(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr(b' ', bytes).is_some() && IMPORT.find(bytes).is_some()
}

const UNTERMINATED: &str = "a string is never closed";

/// The beginning of a path that is made of literals.
#[derive(Debug)]
pub(super) struct Joined<'s> {
    /// Where the operator or comma stands after which the path goes on.
    joint: usize,
    line: u32,
    text: String,
    place: PlaceIn<'s>,
}

impl<'s> Scanner<'s> {
    /// A literal whose quotes stand at a place, and those that follow it. Says so if the logical line
    /// is given up within it.
    #[inline(never)]
    pub(super) fn literal(&mut self, quote_at: usize) -> Option<Stop> {
        let line = self.line;
        let start = self.prefix_start(quote_at);
        let prefix = Prefix::of(&self.bytes[start..quote_at]).unwrap_or_default();
        let joined = self.joined.take();
        if prefix.is_format {
            self.end_joined(joined);
            return self.composed(start, line);
        }
        let (body, end) = self.skip_plain(quote_at);
        let (next, _) = self.significant_from(self.at);
        if self.begins_literal(next) {
            self.end_joined(joined);
            (self.at, self.line) = (start, line);
            return self.composed(start, line);
        }
        if self.is_statement(start, next) {
            self.end_joined(joined);
            let text = self.text.get(body..end).unwrap_or_default();
            if has_import(text) && text.contains(">>>") {
                self.imports_of(text, line, true);
            }
            return None;
        }
        let text = self.text.get(body..end).unwrap_or_default();
        if has_import(text) {
            self.code(text, prefix.is_raw, line);
        }
        let is_after_m = self.after_m(text == "-m");
        match look_at(text, prefix.is_raw) {
            Body::Nothing => self.end_joined(joined),
            Body::Plain => {
                let around = self.around(start, next, line, prefix.is_bytes, is_after_m);
                self.plain(text, joined, around);
            }
            Body::Composed => {
                self.end_joined(joined);
                let mut value = std::mem::take(&mut self.scratch);
                value.clear();
                value.push_body(text, prefix.is_raw);
                let around = self.around(start, next, line, prefix.is_bytes, is_after_m);
                self.segments(&value, around);
                self.scratch = value;
            }
        }
        None
    }

    /// A text of which nothing is computed: by itself, or a part of a path that is made of several.
    #[inline]
    fn plain(&mut self, text: &str, joined: Option<Joined<'s>>, around: Around) {
        let joint = self.joint(around.before, around.next);
        if joined.is_none() && joint.is_none() {
            return self.segment(text, true, false, around);
        }
        self.part(text, joined, joint, around);
    }

    #[inline(never)]
    fn part(
        &mut self,
        text: &str,
        joined: Option<Joined<'s>>,
        joint: Option<usize>,
        around: Around,
    ) {
        let goes_on = |joined: &Joined<'s>| {
            around.before == Some(joined.joint)
                && !text.starts_with('/')
                && joined.text.len() + text.len() < LONGEST
        };
        let joined = match joined {
            Some(joined) if goes_on(&joined) => Some(joined),
            other => {
                self.end_joined(other);
                None
            }
        };
        if joined.is_none() && joint.is_none() {
            return self.segment(text, true, false, around);
        }
        let part = Around {
            is_joined: true,
            ..around
        };
        self.segment(text, true, false, part);
        let (line, whole) = match joined {
            Some(joined) => {
                let slash = if joined.text.ends_with('/') { "" } else { "/" };
                (joined.line, format!("{}{slash}{text}", joined.text))
            }
            None => (around.line, text.to_owned()),
        };
        let place = self.place(around.before, around.next, around.is_after_m);
        match joint {
            Some(joint) => {
                self.joined = Some(Joined {
                    joint,
                    line,
                    text: whole,
                    place,
                });
            }
            None => self.intern(line, &whole, around.is_added_to, place, false),
        }
    }

    /// The path ends with what was read of it.
    fn end_joined(&mut self, joined: Option<Joined<'s>>) {
        if let Some(joined) = joined
            && shape(&joined.text, false).is_some()
        {
            self.intern(joined.line, &joined.text, false, joined.place, false);
        }
    }

    /// Literals side by side, or one with fields.
    #[inline(never)]
    fn composed(&mut self, start: usize, line: u32) -> Option<Stop> {
        // Those within its fields have a value of their own.
        let mut value = std::mem::take(&mut self.scratch);
        value.clear();
        self.at = start;
        let mut is_bytes = false;
        let next = loop {
            let quote_at = word_end(self.bytes, self.at);
            let prefix = Prefix::of(&self.bytes[self.at..quote_at]).unwrap_or_default();
            is_bytes |= prefix.is_bytes;
            if prefix.is_format {
                if let Some(stop) = self.format(quote_at, prefix.is_raw, &mut value) {
                    return Some(stop);
                }
            } else {
                let (body, end) = self.skip_plain(quote_at);
                let text = self.text.get(body..end).unwrap_or_default();
                value.push_body(text, prefix.is_raw);
            }
            let (next, lines) = self.significant_from(self.at);
            if !self.begins_literal(next) {
                break next;
            }
            self.at = next;
            self.line += lines;
        };
        if !self.is_statement(start, next) {
            let is_after_m = self.after_m(value.breaks.is_empty() && value.text == "-m");
            let around = self.around(start, next, line, is_bytes, is_after_m);
            self.segments(&value, around);
            if has_import(&value.text) {
                self.imports_of(&value.text, line, false);
            }
        }
        self.scratch = value;
        None
    }

    /// Import statements in the body of a literal.
    #[cold]
    fn code(&mut self, body: &str, is_raw: bool, line: u32) {
        let mut value = Value::default();
        value.push_plain(body, is_raw);
        self.imports_of(&value.text, line, false);
    }

    /// Keeps what the import statements of a text take, as it may be run; of a docstring's, the examples.
    #[cold]
    fn imports_of(&mut self, text: &str, line: u32, is_docstring: bool) {
        let place = match is_docstring {
            true => PlaceIn::Doctest,
            false => PlaceIn::Code,
        };
        for statement in text.split(['\n', ';']) {
            if is_docstring && !statement.trim_start().starts_with(">>>") {
                continue;
            }
            let statement = statement.trim_start_matches([' ', '\t', '>', '.']);
            if !statement.starts_with("import ") && !statement.starts_with("from ") {
                continue;
            }
            // One that does not end on its line takes at least its module.
            let found = super::references(statement.as_bytes());
            for import in found.imports.iter().filter(|import| import.level == 0) {
                self.intern(line, &import.module, false, place.clone(), false);
                for name in import.names.iter().filter(|name| *name != "*") {
                    let whole = format!("{}.{name}", import.module);
                    self.intern(line, &whole, false, place.clone(), false);
                }
            }
        }
    }

    /// Where the prefix begins of the literal whose quotes stand at a place.
    fn prefix_start(&self, quote_at: usize) -> usize {
        let mut start = quote_at;
        while start > self.statement && WORD[usize::from(self.bytes[start - 1])] {
            start -= 1;
            if quote_at - start > 2 {
                return quote_at;
            }
        }
        match Prefix::of(&self.bytes[start..quote_at]) {
            Some(_) => start,
            None => quote_at,
        }
    }

    /// Whether a literal begins at a place.
    pub(super) fn begins_literal(&self, at: usize) -> bool {
        match self.byte(at) {
            b'"' | b'\'' => true,
            b'r' | b'R' | b'b' | b'B' | b'u' | b'U' | b'f' | b'F' | b't' | b'T' => {
                let end = word_end(self.bytes, at);
                matches!(self.byte(end), b'"' | b'\'') && Prefix::of(&self.bytes[at..end]).is_some()
            }
            _ => false,
        }
    }

    /// Whether what begins at a place is a statement by itself, if `next` follows it.
    fn is_statement(&self, start: usize, next: usize) -> bool {
        start == self.statement
            && self.open.len() == 1
            && matches!(self.bytes.get(next), None | Some(b'\n' | b';' | b'#'))
    }

    /// Notes whether a string is `-m`, and says whether the one before it in these brackets was.
    fn after_m(&mut self, is_m: bool) -> bool {
        match self.open.last_mut() {
            Some(open) => std::mem::replace(&mut open.is_after_m, is_m),
            None => false,
        }
    }

    /// Goes behind a literal without fields, and gives where its text begins and ends.
    fn skip_plain(&mut self, quote_at: usize) -> (usize, usize) {
        let (quotes, body) = Quotes::at(self.bytes, quote_at);
        if quotes.is_triple {
            return self.skip_triple(quotes, body);
        }
        let mut at = body;
        loop {
            match self.bytes.get(at) {
                Some(&byte) if byte == quotes.quote => {
                    self.at = at + 1;
                    return (body, at);
                }
                Some(b'\\') => {
                    at += 1 + usize::from(self.bytes[at + 1..].starts_with(b"\r\n"));
                    self.line += u32::from(self.byte(at) == b'\n');
                    at += 1;
                }
                Some(b'\n') | None => {
                    let at = at.min(self.bytes.len());
                    self.refuse(self.line, UNTERMINATED);
                    self.at = at;
                    return (body, at);
                }
                Some(_) => at += 1,
            }
        }
    }

    fn skip_triple(&mut self, quotes: Quotes, body: usize) -> (usize, usize) {
        let mut at = body;
        let rest = |at: usize| self.bytes.get(at..).unwrap_or_default();
        let end = loop {
            let Some(found) = memchr2(quotes.quote, b'\\', rest(at)) else {
                break None;
            };
            at += found;
            if self.bytes[at] == b'\\' {
                at += 2;
            } else if quotes.end_at(self.bytes, at) {
                break Some(at);
            } else {
                at += 1;
            }
        };
        let text_end = end.unwrap_or(self.bytes.len());
        let lines = memchr_iter(b'\n', &self.bytes[body..text_end]).count();
        if end.is_none() {
            self.refuse(self.line, UNTERMINATED);
        }
        self.line += u32::try_from(lines).unwrap_or_default();
        self.at = end.map_or(text_end, |end| end + quotes.len());
        (body, text_end)
    }

    /// An f-string: its text goes to the value, its fields are walked through.
    fn format(&mut self, quote_at: usize, is_raw: bool, value: &mut Value) -> Option<Stop> {
        let (quotes, body) = Quotes::at(self.bytes, quote_at);
        self.at = body;
        let mut text = body;
        loop {
            let byte = self.byte(self.at);
            let is_doubled = self.byte(self.at + 1) == byte;
            match byte {
                b'{' | b'}' if is_doubled => self.at += 2,
                b'{' if self.depth < DEEPEST => {
                    value.push_format(self.text.get(text..self.at).unwrap_or_default(), is_raw);
                    value.push_computed();
                    match self.field(quotes) {
                        Some(Stop::Brace) => {}
                        Some(stop) => return Some(stop),
                        // Cut off within the format spec.
                        None => return None,
                    }
                    text = self.at;
                }
                b'\\' => self.skip_escape(),
                b'\n' if quotes.is_triple => {
                    self.line += 1;
                    self.at += 1;
                }
                b'\n' => break self.refuse(self.line, UNTERMINATED),
                0 if self.at >= self.bytes.len() => break self.refuse(self.line, UNTERMINATED),
                _ if byte == quotes.quote && quotes.end_at(self.bytes, self.at) => {
                    value.push_format(self.text.get(text..self.at).unwrap_or_default(), is_raw);
                    self.at += quotes.len();
                    return None;
                }
                _ => self.at += 1,
            }
        }
        value.push_format(self.text.get(text..self.at).unwrap_or_default(), is_raw);
        None
    }

    /// A backslash in an f-string, and what it takes with it: never a brace.
    fn skip_escape(&mut self) {
        self.at += 1;
        match self.byte(self.at) {
            b'{' | b'}' => {}
            b'N' if self.byte(self.at + 1) == b'{' => {
                let rest = &self.bytes[self.at..];
                let name = rest.iter().skip(2).position(|byte| {
                    !(byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-'))
                });
                match name {
                    Some(len) if rest[len + 2] == b'}' => self.at += len + 3,
                    _ => self.at += 1,
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
            _ => self.at = (self.at + 1).min(self.bytes.len()),
        }
    }

    /// A field of an f-string, from its brace on: [`Stop::Brace`] if it is closed, none if the string
    /// ends before, else the logical line is given up.
    fn field(&mut self, quotes: Quotes) -> Option<Stop> {
        self.depth += 1;
        self.push_bracket(self.at);
        self.at += 1;
        let floor = self.open.len();
        let stop = match self.walk(floor, true) {
            Stop::Colon => {
                self.at += 1;
                self.format_spec(quotes)
            }
            stop => Some(stop),
        };
        self.depth -= 1;
        if stop == Some(Stop::Brace) {
            self.at += 1;
        }
        if stop != Some(Stop::Line) {
            self.open.truncate(floor - 1);
        }
        stop
    }

    /// The format spec of a field, up to the brace that closes it.
    fn format_spec(&mut self, quotes: Quotes) -> Option<Stop> {
        loop {
            match self.byte(self.at) {
                b'}' => return Some(Stop::Brace),
                b'{' if self.depth < DEEPEST => match self.field(quotes) {
                    Some(Stop::Brace) => {}
                    other => return other,
                },
                b'\\' => self.skip_escape(),
                b'\n' if quotes.is_triple => {
                    self.line += 1;
                    self.at += 1;
                }
                b'\n' => break,
                0 if self.at >= self.bytes.len() => break,
                _ if quotes.end_at(self.bytes, self.at) => {
                    self.refuse(self.line, UNTERMINATED);
                    self.at += quotes.len();
                    return None;
                }
                _ => self.at += 1,
            }
        }
        self.refuse(self.line, UNTERMINATED);
        None
    }

    fn around(
        &self,
        start: usize,
        next: usize,
        line: u32,
        is_bytes: bool,
        is_after_m: bool,
    ) -> Around {
        let before = self.significant_before(start);
        Around {
            line,
            before,
            next,
            is_bytes,
            is_added: before.is_some_and(|at| self.bytes[at] == b'+'),
            is_added_to: self.byte(next) == b'+' && self.byte(next + 1) != b'=',
            is_after_m,
            is_joined: false,
        }
    }
}
