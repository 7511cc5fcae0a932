//! Whether the tokens of an expression are in an order that the grammar allows, and where it ends.
//!
//! A pushdown automaton instead of recursion: brackets, fields of f-strings and lambdas are frames
//! on a stack of its own, so no nesting can exhaust the program's.
//!
//! Here are its states and what moves it; [`frame`] is what the stack holds and [`rule`] what is
//! allowed outside of brackets. The moves themselves: [`operand`] where an operand is to come, [`after`]
//! what may follow one, and [`element`] what separates and ends the elements of a bracket.

mod after;
mod element;
mod frame;
mod operand;
mod rule;

use self::frame::{Frame, In};
pub(super) use self::rule::Rule;
use super::lexer::Wrong;
use super::token::{Kind, Token};

/// An expression that was found to be in order.
#[derive(Clone, Copy)]
pub(super) struct Checked {
    /// The first token after it.
    pub(super) end: usize,
    /// Whether something can be assigned to it.
    pub(super) is_target: bool,
    /// Whether commas make it several.
    pub(super) has_comma: bool,
}
/// What may come next: after an operand (0), or an operand, by how much of one.
type Want = u8;
const AFTER: Want = 0;
/// An operand that an `await` waits for.
const PRIMARY: Want = 1;
/// An operand of an arithmetic operator or comparison.
const ARITHMETIC: Want = 2;
/// An operand of `and`, `or`, `not`, or the condition of an `if`.
const DISJUNCTION: Want = 3;
/// Any expression.
const EXPRESSION: Want = 4;
/// The start of an element: an expression, starred one, `name :=`, or nothing after a comma.
const ELEMENT: Want = 5;
/// The text of an f-string or format spec.
const TEXT: Want = 6;
const INVALID: &str = "invalid syntax";

/// The automaton; its stack is kept from one expression to the next.
#[derive(Default)]
pub(super) struct Grammar {
    stack: Vec<Frame>,
    lambdas: u32,
    /// Whether a `yield` outside of lambdas was met since this was last taken.
    pub(super) yielded: bool,
}

/// One expression being read.
struct Reading<'g, 't> {
    grammar: &'g mut Grammar,
    line: &'t [Token],
    rule: Rule,
    at: usize,
    want: Want,
    frame: Frame,
    /// Whether the operand just read can be assigned to.
    is_target: bool,
    /// Whether that operand is a name that begins an element.
    is_bare_name: bool,
}

pub(super) fn kind(line: &[Token], at: usize) -> Kind {
    line.get(at).map_or(Kind::Newline, |token| token.kind)
}

pub(super) fn wrong(line: &[Token], at: usize, message: &'static str) -> Wrong {
    let token = line.get(at).or(line.last());
    Wrong {
        line: token.map_or(0, |token| token.line),
        message,
    }
}

impl Grammar {
    /// Reads the expression that begins at a token.
    pub(super) fn expression(
        &mut self,
        line: &[Token],
        at: usize,
        rule: Rule,
    ) -> Result<Checked, Wrong> {
        self.stack.clear();
        self.lambdas = 0;
        let mut reading = Reading {
            grammar: self,
            line,
            rule,
            at,
            want: if rule.arguments { AFTER } else { ELEMENT },
            frame: Frame::new(In::Top),
            is_target: false,
            is_bare_name: false,
        };
        match reading.run() {
            Some(checked) => Ok(checked),
            None => Err(wrong(line, reading.at, INVALID)),
        }
    }
}
impl Reading<'_, '_> {
    fn run(&mut self) -> Option<Checked> {
        loop {
            let ends = match self.want {
                AFTER => self.after()?,
                TEXT => self.text()?,
                _ => self.operand()?,
            };
            if ends {
                return Some(Checked {
                    end: self.at,
                    is_target: self.is_target && !self.frame.fixed,
                    has_comma: self.frame.comma,
                });
            }
        }
    }

    fn kind(&self, ahead: usize) -> Kind {
        kind(self.line, self.at + ahead)
    }

    fn step(&mut self, tokens: usize, want: Want) -> Option<bool> {
        self.at += tokens;
        self.want = want;
        Some(false)
    }

    fn push(&mut self, within: In, want: Want) -> Option<bool> {
        self.grammar.stack.push(self.frame);
        self.frame = Frame::new(within);
        self.step(1, want)
    }

    fn pop(&mut self) -> Option<()> {
        self.frame = self.grammar.stack.pop()?;
        Some(())
    }

    /// An atom is read.
    fn atom(&mut self, is_target: bool) -> Option<bool> {
        self.is_target = is_target;
        self.is_bare_name = false;
        self.step(1, AFTER)
    }
}
