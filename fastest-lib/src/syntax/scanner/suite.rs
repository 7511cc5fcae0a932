//! Blocks: what indentation opens and closes, and what their ends complete.

use super::grammar::{Grammar, kind};
use super::lexer::{Indent, Lexer, Wrong};
use super::outline::{Body, Columns, Definition};
use super::token::{Kind, Token};
use crate::syntax::facts::{Decorator, Import};
use crate::syntax::parse::Outline;
use crate::{Problem, ProblemKind};

/// More syntax errors than this in one file say nothing new.
const MAX_ERRORS: usize = 5;

/// CPython refuses deeper indentation than this.
const MAX_INDENTS: usize = 100;

/// How far to read a file that is not in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Errors {
    /// To the first error: another parser will read the file.
    First,
    /// On after an error, for what can be had in spite of it.
    All,
}

/// The facts of a file.
pub(in super::super) fn scan(source: &str, errors: Errors) -> Outline {
    if u32::try_from(source.len()).is_err() {
        let message = "the file is larger than four gigabytes";
        return Outline {
            problems: vec![Problem::new(ProblemKind::Syntax, message)],
            ..Outline::default()
        };
    }
    let mut scanner = Scanner::new(source, errors);
    scanner.run();
    let body = scanner.bodies.pop().unwrap_or_default();
    Outline {
        bindings: body.bindings,
        effects: body.effects,
        imports: scanner.imports,
        problems: scanner.problems,
    }
}

/// What is wanted of the statements of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// What they bind and do.
    Outline,
    /// What they return, and the functions among them.
    Returns,
    /// Only what may stand at any depth.
    Walk,
}

/// What ends with a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Statement,
    Class,
    /// A class whose body is not outlined.
    WalkedClass,
    Function,
    Match,
}

/// Which clauses may follow the last statement of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    None,
    /// `elif`, `else`; whether the branch before is never taken and stands alone.
    If {
        never: bool,
    },
    /// `else`.
    Loop,
    /// `except` or `finally`, one of which must follow.
    Try,
    /// `except`, `else`, `finally`.
    Except,
    /// `finally`.
    TryElse,
}

#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) indent: Indent,
    pub(super) mode: Mode,
    /// Whether its statements may not run.
    pub(super) conditional: bool,
    pub(super) owner: Owner,
    pub(super) chain: Chain,
}

pub(super) struct Scanner<'s> {
    pub(super) source: &'s str,
    lexer: Lexer<'s>,
    pub(super) grammar: Grammar,
    errors: Errors,
    pub(super) blocks: Vec<Block>,
    /// Whether the last block waits for its first line.
    expects_block: bool,
    /// The bodies that are outlined: the module's, and those of the classes around.
    pub(super) bodies: Vec<Body>,
    /// The functions around.
    pub(super) functions: Vec<Definition>,
    /// The decorators above the next definition.
    pub(super) decorators: Vec<Decorator>,
    /// Where the first of them stands.
    pub(super) decorated: Option<(u32, u32)>,
    /// The attributes that the body of a `pytest_*` function mentions.
    pub(super) attributes: Option<Vec<&'s str>>,
    pub(super) imports: Vec<Import>,
    pub(super) columns: Columns,
    problems: Vec<Problem>,
}

impl<'s> Scanner<'s> {
    fn new(source: &'s str, errors: Errors) -> Self {
        Self {
            source,
            lexer: Lexer::new(source),
            grammar: Grammar::default(),
            errors,
            blocks: vec![Block {
                indent: Indent::default(),
                mode: Mode::Outline,
                conditional: false,
                owner: Owner::Statement,
                chain: Chain::None,
            }],
            expects_block: false,
            bodies: vec![Body::default()],
            functions: Vec::new(),
            decorators: Vec::new(),
            decorated: None,
            attributes: None,
            imports: Vec::new(),
            columns: Columns::default(),
            problems: Vec::new(),
        }
    }

    fn run(&mut self) {
        let mut line = Vec::new();
        loop {
            let indent = match self.lexer.next_line() {
                Ok(Some(indent)) => indent,
                Ok(None) => break,
                Err(wrong) => {
                    self.lexer.give_up_line();
                    if self.refuse(wrong) {
                        break;
                    }
                    continue;
                }
            };
            let (at, number) = (self.lexer.at, self.lexer.line);
            if let Err(wrong) = self.settle(indent)
                && self.refuse(wrong)
            {
                break;
            }
            let read = self.lexer.tokens(&mut line);
            let read = match read {
                Ok(()) => self.line(&line),
                Err(wrong) => {
                    // What was taken for the rest of this line may be lines of their own.
                    self.lexer.at = at;
                    self.lexer.line = number;
                    self.lexer.give_up_line();
                    Err(wrong)
                }
            };
            if let Err(wrong) = read
                && self.refuse(wrong)
            {
                break;
            }
        }
        if self.expects_block {
            let wrong = self.lexer.wrong("a block is missing at the end");
            self.refuse(wrong);
        }
        if self.decorated.is_some() {
            let wrong = self.lexer.wrong("a decorator stands above nothing");
            self.refuse(wrong);
        }
        while self.blocks.len() > 1 {
            if let Err(wrong) = self.pop() {
                self.refuse(wrong);
            }
        }
        if let Err(wrong) = self.end_chain() {
            self.refuse(wrong);
        }
    }

    /// Notes a problem; whether it is one too many to go on.
    fn refuse(&mut self, wrong: Wrong) -> bool {
        if self.problems.len() < MAX_ERRORS {
            let mut problem = Problem::new(ProblemKind::Syntax, wrong.message);
            problem.line = Some(wrong.line);
            self.problems.push(problem);
        }
        self.errors == Errors::First || self.problems.len() >= MAX_ERRORS
    }

    pub(super) fn block(&mut self) -> &mut Block {
        // The module's block is never popped.
        let last = self.blocks.len() - 1;
        &mut self.blocks[last]
    }

    /// Opens the block below a header.
    pub(super) fn open(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// The block that was opened last begins on the next line.
    pub(super) fn expect_block(&mut self) {
        self.expects_block = true;
    }

    /// Closes the last block and completes what ends with it.
    pub(super) fn pop(&mut self) -> Result<(), Wrong> {
        let ended = self.end_chain();
        if let Some(block) = self.blocks.pop() {
            match block.owner {
                Owner::Class => self.end_class(),
                Owner::Function => self.end_function(),
                Owner::Statement | Owner::WalkedClass | Owner::Match => {}
            }
        }
        ended
    }

    /// Notes that a statement begins which is no clause of the one before.
    pub(super) fn end_chain(&mut self) -> Result<(), Wrong> {
        let chain = std::mem::replace(&mut self.block().chain, Chain::None);
        if chain == Chain::Try {
            return Err(self
                .lexer
                .wrong("`try` is followed by neither `except` nor `finally`"));
        }
        Ok(())
    }

    /// Finds the block that a line belongs to, by its indentation.
    fn settle(&mut self, indent: Indent) -> Result<(), Wrong> {
        let mut ended = Ok(());
        if std::mem::take(&mut self.expects_block) {
            let around = self.blocks[self.blocks.len() - 2].indent;
            if indent.column > around.column {
                if indent.characters <= around.characters {
                    ended = Err(self.lexer.wrong("tabs and spaces are mixed"));
                }
                self.block().indent = indent;
                if self.blocks.len() > MAX_INDENTS {
                    ended = Err(self.lexer.wrong("too many levels of indentation"));
                }
                return ended;
            }
            ended = Err(self.lexer.wrong("a block is missing"));
            // What is missing ends no statement that could be wrong in turn.
            let _ = self.pop();
        }
        while indent.column < self.block().indent.column {
            let popped = self.pop();
            ended = ended.and(popped);
        }
        let around = self.block().indent;
        if indent == around {
            return ended;
        }
        let message = if indent.column == around.column {
            "tabs and spaces are mixed"
        } else if ended.is_ok() {
            "the indentation matches no block"
        } else {
            "unexpected indentation"
        };
        // The lines that follow are indented like this one.
        let block = *self.block();
        self.open(Block {
            indent,
            owner: Owner::Statement,
            chain: Chain::None,
            ..block
        });
        ended.and(Err(self.lexer.wrong(message)))
    }

    /// A line's statements.
    fn line(&mut self, line: &[Token]) -> Result<(), Wrong> {
        if self.block().owner == Owner::Match {
            return self.case(line);
        }
        match kind(line, 0) {
            Kind::If => self.if_statement(line),
            Kind::Elif | Kind::Else | Kind::Except | Kind::Finally => self.clause(line),
            Kind::For => self.for_statement(line, 0),
            Kind::While => self.while_statement(line),
            Kind::With => self.with_statement(line, 0),
            Kind::Try => self.try_statement(line),
            Kind::Def => self.function(line, 0),
            Kind::Class => self.class(line),
            Kind::Async => self.async_statement(line),
            Kind::At => self.decorator(line),
            Kind::Name if self.is_match(line) => self.match_statement(line),
            _ => {
                self.begin()?;
                self.simple_statements(line, 0)
            }
        }
    }

    /// A statement begins that is no clause and no definition.
    pub(super) fn begin(&mut self) -> Result<(), Wrong> {
        self.end_chain()?;
        if self.decorated.take().is_some() {
            self.decorators.clear();
            return Err(self.lexer.wrong("a decorator stands above no definition"));
        }
        Ok(())
    }
}
