//! The blocks that statements stand in.

use super::facts::{ImportContext, SiteKind};
use super::scan::Scanner;
use super::tokens::{Kind, Tokens, word_end};

/// When what stands in a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// Without regard to `TYPE_CHECKING`.
    pub(super) when: ImportContext,
    /// Whether it never runs.
    pub(super) is_type_checking: bool,
    /// Whether it stands in a function or class.
    pub(super) is_nested: bool,
}

impl Context {
    const MODULE: Self = Self {
        when: ImportContext::Module,
        is_type_checking: false,
        is_nested: false,
    };

    fn conditional(mut self) -> Self {
        if self.when == ImportContext::Module {
            self.when = ImportContext::Conditional;
        }
        self
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// The indentation of its header.
    indent: usize,
    header: Header,
    context: Context,
}

/// What a block is headed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    If,
    /// `if TYPE_CHECKING:`
    IfTypeChecking,
    /// `if not TYPE_CHECKING:`
    IfNotTypeChecking,
    Else,
    /// `elif`, `try`, `for`, …
    Conditional,
    Def,
    Class,
    With,
    /// A line that begins with `match`, which is a name unless the line ends in a colon.
    Match,
}

impl Scanner<'_> {
    pub(super) fn context(&self) -> Context {
        self.blocks
            .last()
            .map_or(Context::MODULE, |block| block.context)
    }

    /// Closes the blocks that a line with this indentation is not in.
    pub(super) fn close_blocks(&mut self, indent: usize) {
        self.before = None;
        while let Some(block) = self.blocks.pop_if(|block| block.indent >= indent) {
            self.before = Some(block).filter(|block| block.indent == indent);
        }
    }

    /// Looks at the first word of a statement: opens the block of a header, and reads an import.
    pub(super) fn statement_word(&mut self, is_line: bool, indent: usize) {
        let start = self.at;
        let end = word_end(self.bytes, start);
        let word = &self.bytes[start..end];
        if !(2..=11).contains(&word.len()) {
            return;
        }
        let header = match word {
            b"import" => return self.import_statement(),
            b"from" => return self.import_from_statement(),
            b"__getattr__" if !self.context().is_nested => {
                self.site(self.line, SiteKind::LazyModule);
                return;
            }
            _ if !is_line => return,
            b"if" => Header::If,
            b"else" => Header::Else,
            b"elif" | b"for" | b"while" | b"try" | b"except" | b"finally" => Header::Conditional,
            b"with" => Header::With,
            b"class" => Header::Class,
            b"def" => Header::Def,
            b"async" => {
                let (next, _) = self.significant_from(end);
                match self.word_at(next) {
                    "def" => Header::Def,
                    "with" => Header::With,
                    "for" => Header::Conditional,
                    _ => return,
                }
            }
            b"match" => Header::Match,
            b"case" if self.is_in_match() => Header::Conditional,
            _ => return,
        };
        if header == Header::Match {
            // Its colon is looked for at the end of the line.
            self.header = None;
            self.open_block(indent, Header::Match);
            return;
        }
        if header == Header::Def {
            self.definition(end);
        }
        self.header = Some(header);
        self.open_block(indent, header);
    }

    fn is_in_match(&self) -> bool {
        self.blocks
            .last()
            .is_some_and(|block| block.header == Header::Match)
    }

    /// A function whose name comes next.
    fn definition(&mut self, at: usize) {
        let (mut at, _) = self.significant_from(at);
        if self.word_at(at) == "def" {
            (at, _) = self.significant_from(at + 3);
        }
        if self.word_at(at) == "__getattr__" && !self.context().is_nested {
            self.site(self.line, SiteKind::LazyModule);
        }
    }

    /// Opens the block of a header. It is open while the header is read, which holds no statements.
    fn open_block(&mut self, indent: usize, header: Header) {
        let outer = self.context();
        let mut context = match header {
            Header::With | Header::Match => outer,
            _ => outer.conditional(),
        };
        match header {
            Header::Def => {
                context.when = ImportContext::Function;
                context.is_nested = true;
            }
            Header::Class => {
                context = outer;
                context.is_nested = true;
            }
            Header::Else => {
                let before = self.before.map(|block| block.header);
                context.is_type_checking |= before == Some(Header::IfNotTypeChecking);
            }
            _ => {}
        }
        self.blocks.push(Block {
            indent,
            header,
            context,
        });
    }

    /// Whether the colon that stands here ends the header.
    pub(super) fn end_header(&mut self) -> bool {
        if self.is_colon_of_lambda() {
            return false;
        }
        let header = self.header.take();
        if header == Some(Header::If) && self.mentions_type_checking {
            let header = self.test(self.statement + 2, self.at);
            if let Some(block) = self.blocks.last_mut() {
                block.header = header;
                block.context.is_type_checking |= header == Header::IfTypeChecking;
            }
        }
        true
    }

    /// Takes a line that began with `match` for a statement of another kind, unless a colon ends it.
    pub(super) fn end_soft_header(&mut self, indent: usize) {
        let is_soft = |block: &Block| block.header == Header::Match && block.indent == indent;
        if !self.blocks.last().is_some_and(is_soft) || !self.word_is_match() {
            return;
        }
        if self.significant_before(self.at).map(|at| self.bytes[at]) != Some(b':') {
            self.blocks.pop();
        }
    }

    fn word_is_match(&self) -> bool {
        self.word_at(self.logical) == "match"
    }

    fn is_colon_of_lambda(&self) -> bool {
        let header = &self.bytes[self.statement..self.at];
        let mut letters = memchr::memchr_iter(b'l', header);
        if !letters.any(|at| header[at..].starts_with(b"lambda")) {
            return false;
        }
        let mut depth = 0;
        let mut lambdas = 0;
        for token in Tokens::new(self.bytes, self.statement, self.at) {
            match (token.kind, &self.bytes[token.start..token.end]) {
                (Kind::Operator, b"(" | b"[" | b"{") | (Kind::FieldOpen, _) => depth += 1,
                (Kind::Operator, b")" | b"]" | b"}") | (Kind::FieldClose, _) => depth -= 1,
                (Kind::Operator, b":") if depth == 0 => lambdas -= 1,
                (Kind::Word, b"lambda") if depth == 0 => lambdas += 1,
                _ => {}
            }
        }
        lambdas > 0
    }

    /// What the test between two places says of `TYPE_CHECKING`.
    fn test(&self, start: usize, end: usize) -> Header {
        let mut is_negated = false;
        let mut last: &[u8] = b"";
        for token in Tokens::new(self.bytes, start, end) {
            let text = &self.bytes[token.start..token.end];
            match (token.kind, text) {
                (Kind::Operator, b"(") if last.is_empty() => continue,
                (Kind::Operator, b")") => continue,
                (Kind::Word, b"not") if last.is_empty() && !is_negated => {
                    is_negated = true;
                    continue;
                }
                // Names and dots take turns.
                (Kind::Word, _) if matches!(last, b"" | b".") => {}
                (Kind::Operator, b".") if !matches!(last, b"" | b".") => {}
                _ => return Header::If,
            }
            last = text;
        }
        match (last, is_negated) {
            (b"TYPE_CHECKING", false) => Header::IfTypeChecking,
            (b"TYPE_CHECKING", true) => Header::IfNotTypeChecking,
            _ => Header::If,
        }
    }
}
