//! The walk over a file.

use memchr::memchr;
use rustc_hash::FxHashMap;

use super::super::decode::decode;
use super::super::scanner::token::WORD;
use super::blocks::{Block, Context, Header};
use super::facts::{References, StringReference};
use super::literals::Joined;
use super::sites::Pending;
use super::tokens::word_end;
use super::values::Value;
use crate::{Problem, ProblemKind};

/// How deep f-strings are followed into each other; deeper ones are text.
pub(super) const DEEPEST: u32 = 40;

/// What a Python source file refers to: what it imports, what its strings may name, and where it
/// loads, lists or starts something.
///
/// Never fails: of a file that is no valid Python it gives what can be read, and says what is wrong in
/// [`References::problems`] as far as it notices, for it checks no grammar.
pub fn references(bytes: &[u8]) -> References {
    let (source, problem) = decode(bytes);
    let mut scanner = Scanner::new(&source);
    scanner.found.problems.extend(problem);
    scanner.file();
    scanner.finish()
}

/// An open bracket, or the statement itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// Where it stands.
    pub(super) at: usize,
    /// Where its current item begins.
    pub(super) item: usize,
    /// How many commas stand before that.
    pub(super) commas: u32,
    /// Whether the last string in it was `-m`.
    pub(super) is_after_m: bool,
    /// The byte that opened it; a space for the statement.
    pub(super) byte: u8,
}

impl Open {
    fn new(at: usize, byte: u8) -> Self {
        Self {
            at,
            item: at + 1,
            commas: 0,
            is_after_m: false,
            byte,
        }
    }
}

/// Where the walk stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// At the end of the logical line, or where a broken one is given up.
    Line,
    /// Behind a semicolon between statements.
    Semicolon,
    /// At a colon outside of brackets.
    Colon,
    /// At the brace that closes a field.
    Brace,
}

/// What a byte does to the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    Nothing,
    Newline,
    Quote,
    Comment,
    Open,
    Close,
    Comma,
    Semicolon,
    Colon,
    Backslash,
}

/// Within statements and brackets.
static CLASSES: [Class; 256] = classes(Class::Nothing);

/// Where a colon counts: in headers and in the fields of f-strings.
static CLASSES_WITH_COLON: [Class; 256] = classes(Class::Colon);

const fn classes(colon: Class) -> [Class; 256] {
    let mut table = [Class::Nothing; 256];
    table[b'\n' as usize] = Class::Newline;
    table[b'"' as usize] = Class::Quote;
    table[b'\'' as usize] = Class::Quote;
    table[b'#' as usize] = Class::Comment;
    table[b'(' as usize] = Class::Open;
    table[b'[' as usize] = Class::Open;
    table[b'{' as usize] = Class::Open;
    table[b')' as usize] = Class::Close;
    table[b']' as usize] = Class::Close;
    table[b'}' as usize] = Class::Close;
    table[b',' as usize] = Class::Comma;
    table[b';' as usize] = Class::Semicolon;
    table[b':' as usize] = colon;
    table[b'\\' as usize] = Class::Backslash;
    table
}

pub(super) struct Scanner<'s> {
    pub(super) text: &'s str,
    pub(super) bytes: &'s [u8],
    pub(super) at: usize,
    pub(super) line: u32,
    /// The statement, and the brackets that are open in it.
    pub(super) open: Vec<Open>,
    /// How many f-strings are around.
    pub(super) depth: u32,
    /// The blocks around the statement.
    pub(super) blocks: Vec<Block>,
    /// The block before this line, if the line goes on with it.
    pub(super) before: Option<Block>,
    /// The compound statement whose colon was not seen yet.
    pub(super) header: Option<Header>,
    /// Where the statement and its logical line begin.
    pub(super) statement: usize,
    pub(super) logical: usize,
    pub(super) logical_line: u32,
    /// The last comment, with those right before it.
    pub(super) comment: (usize, usize),
    /// Where words stand for which a logical line is read again, in order; those ahead.
    pub(super) marks: Vec<usize>,
    pub(super) next_mark: usize,
    /// Whether this logical line is read again in any case.
    pub(super) is_marked: bool,
    /// Whether the file has the words at all; the first is looked for when it matters.
    pub(super) mentions_subprocess: Option<bool>,
    pub(super) mentions_type_checking: bool,
    /// The names that were given a folder above the file, and how far above.
    pub(super) heres: Vec<(String, u32)>,
    /// The name that this statement assigns to, as far as it was looked for.
    pub(super) target: Option<Option<(&'s str, usize)>>,
    /// What of a path was read that the next literal goes on with.
    pub(super) joined: Option<Joined<'s>>,
    /// Where strings are found again.
    pub(super) seen: FxHashMap<u64, u32>,
    /// For each string whether it is the key of a dict.
    pub(super) is_key: Vec<bool>,
    /// The imports that run never, and where they would stand else.
    pub(super) type_checking: Vec<(usize, Context)>,
    pub(super) assigns_type_checking: bool,
    pub(super) pending: Pending<'s>,
    pub(super) scratch: Value,
    pub(super) is_broken: bool,
    pub(super) found: References,
}

impl<'s> Scanner<'s> {
    fn new(text: &'s str) -> Self {
        let bytes = text.as_bytes();
        let mut scanner = Self {
            text,
            bytes,
            at: 0,
            line: 1,
            open: Vec::new(),
            depth: 0,
            blocks: Vec::new(),
            before: None,
            header: None,
            statement: 0,
            logical: 0,
            logical_line: 1,
            comment: (0, 0),
            marks: Vec::new(),
            next_mark: 0,
            is_marked: false,
            mentions_subprocess: None,
            mentions_type_checking: false,
            heres: Vec::new(),
            target: None,
            joined: None,
            seen: FxHashMap::default(),
            is_key: Vec::new(),
            type_checking: Vec::new(),
            assigns_type_checking: false,
            pending: Pending::default(),
            scratch: Value::default(),
            is_broken: false,
            found: References::default(),
        };
        scanner.mark();
        scanner
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Notes the first thing that is wrong with the file's syntax.
    #[cold]
    pub(super) fn refuse(&mut self, line: u32, message: &str) {
        if !self.is_broken {
            self.is_broken = true;
            let mut problem = Problem::new(ProblemKind::Syntax, message);
            problem.line = Some(line);
            self.found.problems.push(problem);
        }
    }

    fn file(&mut self) {
        while let Some(indent) = self.next_line() {
            self.logical_line(indent);
        }
    }

    /// Goes to the first statement of the next logical line, and gives its indentation.
    fn next_line(&mut self) -> Option<usize> {
        let mut indent = 0;
        // The indentation before a backslash, which counts for the lines that it joins.
        let mut joined = None;
        loop {
            let rest = self.bytes.get(self.at..)?;
            let blanks = rest.iter().position(|&byte| byte != b' ')?;
            self.at += blanks;
            indent += blanks;
            match rest[blanks] {
                b'\t' => indent = (indent / 8 + 1) * 8,
                0x0c => indent = 0,
                b'\r' => {}
                b'\n' => {
                    indent = 0;
                    joined = None;
                    self.line += 1;
                }
                b'#' => {
                    self.skip_comment();
                    continue;
                }
                b'\\' if self.continuation() > 0 => {
                    if indent > 0 {
                        joined = joined.or(Some(indent));
                    }
                    indent = 0;
                    self.at += self.continuation();
                    self.line += 1;
                    continue;
                }
                _ => return Some(joined.unwrap_or(indent)),
            }
            self.at += 1;
        }
    }

    /// The length of the backslash and line end that stand here; 0 for another backslash.
    fn continuation(&self) -> usize {
        match (self.byte(self.at + 1), self.byte(self.at + 2)) {
            (b'\n', _) => 2,
            (b'\r', b'\n') => 3,
            _ => 0,
        }
    }

    #[inline(never)]
    fn skip_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = self.at + memchr(b'\n', rest).unwrap_or(rest.len());
        let mut before = self.at;
        while before > self.comment.1 && self.bytes[before - 1].is_ascii_whitespace() {
            before -= 1;
        }
        if before > self.comment.1 || self.comment.1 == 0 {
            self.comment.0 = self.at;
        }
        self.comment.1 = end;
        self.at = end;
    }

    fn logical_line(&mut self, indent: usize) {
        self.logical = self.at;
        self.logical_line = self.line;
        self.close_blocks(indent);
        self.header = None;
        let mut is_line = true;
        loop {
            self.begin_statement();
            self.statement_word(is_line, indent);
            let mut stop = None;
            is_line = false;
            while stop.is_none() {
                match self.walk(1, self.header.is_some()) {
                    Stop::Colon => {
                        if self.end_header() {
                            self.at += 1;
                            break;
                        }
                        self.at += 1;
                    }
                    other => stop = Some(other),
                }
            }
            match stop {
                None => self.skip_blanks(),
                Some(Stop::Semicolon) => {
                    self.header = None;
                    self.skip_blanks();
                }
                Some(_) => break,
            }
        }
        self.end_soft_header(indent);
        if self.next_mark < self.marks.len() || self.is_marked {
            self.end_marked_line();
        }
    }

    fn begin_statement(&mut self) {
        self.statement = self.at;
        self.target = None;
        self.open.clear();
        self.open.push(Open::new(self.at, b' '));
    }

    /// Skips what may stand between the statements of one line.
    fn skip_blanks(&mut self) {
        loop {
            match self.byte(self.at) {
                b' ' | b'\t' | 0x0c => self.at += 1,
                b'\\' if self.continuation() > 0 => {
                    self.at += self.continuation();
                    self.line += 1;
                }
                _ => return,
            }
        }
    }

    /// Walks on until something ends for which the brackets from `floor` on are not open.
    pub(super) fn walk(&mut self, floor: usize, stops_at_colon: bool) -> Stop {
        let classes = if stops_at_colon {
            &CLASSES_WITH_COLON
        } else {
            &CLASSES
        };
        let bytes = self.bytes;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(len) = rest
                .iter()
                .position(|&byte| classes[usize::from(byte)] != Class::Nothing)
            else {
                self.at = bytes.len();
                return self.end_of_file();
            };
            let at = self.at + len;
            self.at = at;
            match classes[usize::from(rest[len])] {
                Class::Nothing => {}
                Class::Newline => {
                    if self.open.len() == 1 {
                        return Stop::Line;
                    }
                    if self.is_statement_at(at + 1) {
                        let line = self.line_of(self.innermost());
                        self.refuse(line, "a bracket is never closed");
                        return Stop::Line;
                    }
                    self.line += 1;
                    self.at = at + 1;
                }
                Class::Quote => {
                    if self.literal(at).is_some() {
                        return Stop::Line;
                    }
                }
                Class::Comment => self.skip_comment(),
                Class::Open => {
                    let byte = bytes[at];
                    if byte == b'(' {
                        self.call(at);
                    }
                    self.open.push(Open::new(at, byte));
                    self.at = at + 1;
                }
                Class::Close => {
                    if self.open.len() > floor {
                        self.open.pop();
                    } else if floor > 1 && bytes[at] == b'}' {
                        return Stop::Brace;
                    }
                    self.at = at + 1;
                }
                Class::Comma => {
                    self.at = at + 1;
                    if let Some(open) = self.open.last_mut() {
                        open.commas += 1;
                        open.item = at + 1;
                    }
                }
                Class::Semicolon => {
                    self.at = at + 1;
                    if self.open.len() == 1 {
                        return Stop::Semicolon;
                    }
                }
                Class::Colon => {
                    let is_walrus = floor == 1 && self.byte(at + 1) == b'=';
                    if self.open.len() == floor && !is_walrus {
                        return Stop::Colon;
                    }
                    self.at = at + 1;
                }
                Class::Backslash => {
                    let joined = self.continuation();
                    self.line += u32::from(joined > 0);
                    self.at = at + joined.max(1);
                }
            }
        }
    }

    /// Notes that a bracket is open from a place on.
    pub(super) fn push_bracket(&mut self, at: usize) {
        self.open.push(Open::new(at, self.byte(at)));
    }

    #[cold]
    fn end_of_file(&mut self) -> Stop {
        if self.open.len() > 1 {
            let line = self.line_of(self.innermost());
            self.refuse(line, "a bracket is never closed");
        }
        Stop::Line
    }

    fn innermost(&self) -> usize {
        self.open.last().map_or(0, |open| open.at)
    }

    fn line_of(&self, at: usize) -> u32 {
        let lines = memchr::memchr_iter(b'\n', &self.bytes[..at]).count();
        u32::try_from(lines + 1).unwrap_or(u32::MAX)
    }

    /// Whether a line begins with what can only be a statement, and no expression in brackets.
    #[inline]
    pub(super) fn is_statement_at(&self, at: usize) -> bool {
        match self.byte(at) {
            b'd' | b'c' | b'i' | b'f' | b'a' => {
                let rest = &self.bytes[at..];
                let words: [&[u8]; 5] = [b"def ", b"class ", b"import ", b"from ", b"async def "];
                words.iter().any(|word| rest.starts_with(word))
            }
            b'@' => {
                let next = self.byte(at + 1);
                WORD[usize::from(next)] && !next.is_ascii_digit()
            }
            _ => false,
        }
    }

    /// The first significant byte from a place on, and how many lines lie before it.
    pub(super) fn significant_from(&self, at: usize) -> (usize, u32) {
        let is_in_brackets = self.open.len() > 1;
        let (mut at, mut lines) = (at, 0);
        loop {
            match self.byte(at) {
                b' ' | b'\t' | 0x0c | b'\r' => at += 1,
                b'\n' if is_in_brackets => {
                    if self.is_statement_at(at + 1) {
                        return (at, lines);
                    }
                    lines += 1;
                    at += 1;
                }
                b'#' if is_in_brackets => {
                    let rest = &self.bytes[at..];
                    at += memchr(b'\n', rest).unwrap_or(rest.len());
                }
                b'\\' if self.byte(at + 1) == b'\n' => {
                    lines += 1;
                    at += 2;
                }
                b'\\' if self.bytes[at..].starts_with(b"\\\r\n") => {
                    lines += 1;
                    at += 3;
                }
                _ => return (at, lines),
            }
        }
    }

    /// The significant byte before a place in this statement.
    pub(super) fn significant_before(&self, at: usize) -> Option<usize> {
        let mut at = at;
        while at > self.statement {
            if at == self.comment.1 && at > self.comment.0 {
                at = self.comment.0;
                continue;
            }
            if !matches!(
                self.bytes[at - 1],
                b' ' | b'\t' | 0x0c | b'\r' | b'\n' | b'\\'
            ) {
                return Some(at - 1);
            }
            at -= 1;
        }
        None
    }

    /// The word that stands at a place, if one does.
    pub(super) fn word_at(&self, at: usize) -> &'s str {
        let end = word_end(self.bytes, at);
        self.text.get(at..end).unwrap_or_default()
    }

    /// Where the word begins that ends before `end`.
    pub(super) fn word_start(&self, end: usize) -> usize {
        let mut start = end;
        while start > 0 && WORD[usize::from(self.bytes[start - 1])] {
            start -= 1;
        }
        start
    }

    fn finish(mut self) -> References {
        if self.assigns_type_checking {
            for (index, context) in &self.type_checking {
                self.found.imports[*index].context = context.when;
            }
        }
        self.settle_sites();
        self.settle_keys();
        self.found
    }

    /// Keeps the keys of dicts only where a module is loaded by a name that may be one of them.
    fn settle_keys(&mut self) {
        if !self.is_key.contains(&true) {
            return;
        }
        let loads = self.loads_by_name();
        let mut is_key = self.is_key.iter();
        let mut kept: Vec<StringReference> = Vec::with_capacity(self.found.strings.len());
        let mut others: rustc_hash::FxHashSet<StringReference> = rustc_hash::FxHashSet::default();
        for string in self.found.strings.drain(..) {
            let is_key = is_key.next() == Some(&true);
            if is_key && !loads {
                continue;
            }
            // The same string may stand elsewhere in the same place, and not as a key.
            if loads {
                let mut anywhere = string.clone();
                anywhere.line = 0;
                if !others.insert(anywhere) {
                    continue;
                }
            }
            kept.push(string);
        }
        self.found.strings = kept;
    }
}
