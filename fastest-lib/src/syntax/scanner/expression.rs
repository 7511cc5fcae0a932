//! From the tokens of an expression to [`Expr`].
//!
//! The grammar has already been checked, and brackets know their partners; so what is not wanted
//! is stepped over, and each level of nesting looks at its own tokens only.

use super::grammar::kind;
use super::token::{Kind, Token};
use crate::syntax::expression::MAX_DEPTH;
use crate::syntax::facts::{Argument, Call, Expr};
use crate::syntax::literal;

/// Reads expressions out of a logical line.
#[derive(Clone, Copy)]
pub(super) struct Reader<'s, 't> {
    pub(super) source: &'s str,
    pub(super) line: &'t [Token],
}

/// A part of an arithmetic expression: an operand by its tokens, or an operator over parts.
enum Part {
    Operand(usize, usize),
    Unary(usize, usize),
    Binary(usize, usize, usize),
}

impl<'s> Reader<'s, '_> {
    fn kind(&self, at: usize) -> Kind {
        kind(self.line, at)
    }

    /// The text of a token.
    pub(super) fn text(&self, at: usize) -> &'s str {
        self.line
            .get(at)
            .and_then(|token| self.source.get(token.start as usize..token.end as usize))
            .unwrap_or_default()
    }

    /// The token that closes what the token at `at` opens.
    pub(super) fn partner(&self, at: usize) -> usize {
        // Never backwards, so that no loop stands still.
        let partner = self.line.get(at).map_or(0, |token| token.partner as usize);
        partner.max(at)
    }

    /// The first token from `at` on that separates expressions: a comma, `for`, `=` or `:`, except
    /// those of lambdas; `end` if there is none.
    pub(super) fn separator(&self, mut at: usize, end: usize) -> usize {
        let mut lambdas = 0u32;
        while at < end {
            match self.kind(at) {
                Kind::LeftParen | Kind::LeftBracket | Kind::LeftBrace | Kind::FormatStart => {
                    at = self.partner(at);
                }
                Kind::Lambda => lambdas += 1,
                Kind::Colon if lambdas > 0 => lambdas -= 1,
                Kind::Comma | Kind::Assign if lambdas > 0 => {}
                Kind::Comma | Kind::Colon | Kind::For | Kind::Assign => return at,
                Kind::Async if self.kind(at + 1) == Kind::For => return at,
                _ => {}
            }
            at += 1;
        }
        end
    }

    /// Calls `found` with the bounds of each target from `at` to before `end`, those within tuples
    /// and lists by themselves.
    pub(super) fn each_target(
        &self,
        mut at: usize,
        end: usize,
        mut found: impl FnMut(usize, usize),
    ) {
        while at < end {
            match self.kind(at) {
                Kind::Comma | Kind::Star | Kind::RightParen | Kind::RightBracket => at += 1,
                Kind::LeftParen | Kind::LeftBracket
                    if self.operand_end(at, end) == self.partner(at) + 1 =>
                {
                    at += 1;
                }
                _ => {
                    let stop = self.operand_end(at, end);
                    found(at, stop);
                    at = stop.max(at + 1);
                }
            }
        }
    }

    /// Calls `found` for each of the parts between commas.
    pub(super) fn each(&self, mut at: usize, end: usize, mut found: impl FnMut(usize, usize)) {
        while at < end {
            let mut stop = self.separator(at, end);
            while stop < end && self.kind(stop) != Kind::Comma {
                stop = self.separator(stop + 1, end);
            }
            found(at, stop);
            at = stop + 1;
        }
    }

    /// One expression, or several with commas between them, which make a tuple.
    pub(super) fn value(&self, at: usize, end: usize) -> Expr {
        if self.kind(at) == Kind::Yield {
            return Expr::Unknown;
        }
        if self.separator(at, end) < end {
            return Expr::Tuple(self.items(at, end, 0));
        }
        self.read(at, end, 0)
    }

    fn items(&self, at: usize, end: usize, depth: usize) -> Vec<Expr> {
        let mut items = Vec::new();
        self.each(at, end, |from, to| {
            items.push(self.read(from, to, depth + 1));
        });
        items
    }

    /// The one expression that the tokens from `at` to before `end` are.
    pub(super) fn read(&self, at: usize, end: usize, depth: usize) -> Expr {
        if depth > MAX_DEPTH || at >= end {
            return Expr::Unknown;
        }
        match self.kind(at) {
            Kind::Lambda => return Expr::Lambda,
            Kind::Not | Kind::Yield => return Expr::Unknown,
            Kind::Star | Kind::DoubleStar => {
                return Expr::Star(Box::new(self.read(at + 1, end, depth + 1)));
            }
            _ => {}
        }
        let first = self.operand_end(at, end);
        if first == end && !self.is_prefix(at) {
            return self.primary(at, end, depth);
        }
        self.arithmetic(at, end, depth)
    }

    fn is_prefix(&self, at: usize) -> bool {
        matches!(
            self.kind(at),
            Kind::Minus | Kind::Plus | Kind::Tilde | Kind::Await
        )
    }

    /// Where the operand at `at` ends, with what follows its atom: attributes, calls, subscripts.
    pub(super) fn operand_end(&self, mut at: usize, end: usize) -> usize {
        at = self.atom_end(at, end);
        while at < end {
            at = match self.kind(at) {
                Kind::Dot => at + 2,
                Kind::LeftParen | Kind::LeftBracket => self.partner(at) + 1,
                _ => break,
            };
        }
        at.min(end)
    }

    fn atom_end(&self, at: usize, end: usize) -> usize {
        match self.kind(at) {
            Kind::LeftParen | Kind::LeftBracket | Kind::LeftBrace => self.partner(at) + 1,
            Kind::Str | Kind::Bytes | Kind::FormatStart => {
                let mut at = at;
                while at < end {
                    at = match self.kind(at) {
                        Kind::Str | Kind::Bytes => at + 1,
                        Kind::FormatStart => self.partner(at) + 1,
                        _ => break,
                    };
                }
                at
            }
            _ => at + 1,
        }
    }

    /// Operands with operators; `Unknown` when other operators than the arithmetic ones are among
    /// them.
    fn arithmetic(&self, mut at: usize, end: usize, depth: usize) -> Expr {
        let mut parts: Vec<Part> = Vec::new();
        let mut operands: Vec<usize> = Vec::new();
        // Operators whose right side is being read, by token and precedence.
        let mut operators: Vec<(usize, u8)> = Vec::new();
        loop {
            while self.is_prefix(at) {
                operators.push((at, UNARY));
                at += 1;
            }
            let stop = self.operand_end(at, end);
            operands.push(parts.len());
            parts.push(Part::Operand(at, stop));
            at = stop;
            if at >= end {
                break;
            }
            let Some(precedence) = self.precedence(at) else {
                return Expr::Unknown;
            };
            // `**` takes what is on its right first.
            let weakest = precedence + u8::from(precedence == POWER);
            self.reduce(&mut parts, &mut operands, &mut operators, weakest);
            operators.push((at, precedence));
            at += 1;
        }
        self.reduce(&mut parts, &mut operands, &mut operators, 0);
        match operands.pop() {
            Some(root) => self.build(&parts, root, depth),
            None => Expr::Unknown,
        }
    }

    /// Applies the operators that bind at least as strongly as `weakest`.
    fn reduce(
        &self,
        parts: &mut Vec<Part>,
        operands: &mut Vec<usize>,
        operators: &mut Vec<(usize, u8)>,
        weakest: u8,
    ) {
        while let Some((operator, _)) = operators.pop_if(|(_, precedence)| *precedence >= weakest) {
            let Some(right) = operands.pop() else { return };
            let part = if self.is_prefix(operator) && !self.follows_operand(operator) {
                Part::Unary(operator, right)
            } else {
                let Some(left) = operands.pop() else { return };
                Part::Binary(left, operator, right)
            };
            operands.push(parts.len());
            parts.push(part);
        }
    }

    /// Whether an operator has an operand on its left, and so is no prefix.
    fn follows_operand(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| {
            let kind = self.kind(before);
            kind.closes()
                || matches!(
                    kind,
                    Kind::Name
                        | Kind::Int
                        | Kind::Float
                        | Kind::Str
                        | Kind::Bytes
                        | Kind::None
                        | Kind::True
                        | Kind::False
                        | Kind::Ellipsis
                )
        })
    }

    fn precedence(&self, at: usize) -> Option<u8> {
        Some(match self.kind(at) {
            Kind::Plus | Kind::Minus => 5,
            Kind::Star | Kind::Slash | Kind::At => 6,
            Kind::DoubleStar => POWER,
            Kind::Binary => match self.text(at) {
                "|" => 1,
                "^" => 2,
                "&" => 3,
                "<<" | ">>" => 4,
                _ => 6,
            },
            _ => return None,
        })
    }

    fn build(&self, parts: &[Part], root: usize, depth: usize) -> Expr {
        if depth > MAX_DEPTH {
            return Expr::Unknown;
        }
        match parts[root] {
            Part::Operand(at, end) => self.primary(at, end, depth),
            Part::Unary(operator, operand) => match self.text(operator).chars().next() {
                Some(sign @ ('-' | '+' | '~')) => {
                    Expr::Unary(sign, Box::new(self.build(parts, operand, depth + 1)))
                }
                _ => Expr::Unknown,
            },
            Part::Binary(left, operator, right) => Expr::Binary(
                Box::new(self.build(parts, left, depth + 1)),
                self.text(operator).to_owned(),
                Box::new(self.build(parts, right, depth + 1)),
            ),
        }
    }

    /// An atom with the attributes, calls and subscripts after it. Each of those is one level above
    /// what it follows, so the last of many counts first.
    fn primary(&self, start: usize, end: usize, depth: usize) -> Expr {
        let atom_end = self.atom_end(start, end);
        let mut trailers = 0;
        let mut at = atom_end;
        while at < end {
            at = self.trailer_end(at);
            trailers += 1;
        }
        if depth > MAX_DEPTH {
            return Expr::Unknown;
        }
        let mut expr = if depth + trailers > MAX_DEPTH {
            Expr::Unknown
        } else {
            self.atom(start, atom_end, depth + trailers)
        };
        let mut at = atom_end;
        while at < end {
            trailers -= 1;
            let depth = depth + trailers;
            let stop = self.trailer_end(at);
            if depth <= MAX_DEPTH {
                expr = match self.kind(at) {
                    Kind::Dot => Expr::Attribute(Box::new(expr), self.text(at + 1).to_owned()),
                    Kind::LeftBracket => Expr::Subscript(Box::new(expr)),
                    _ => Expr::Call(Box::new(Call {
                        line: self.line.get(start).map_or(0, |token| token.line),
                        function: expr,
                        arguments: self.arguments(at, depth),
                    })),
                };
            }
            at = stop;
        }
        expr
    }

    fn trailer_end(&self, at: usize) -> usize {
        match self.kind(at) {
            Kind::LeftParen | Kind::LeftBracket => self.partner(at) + 1,
            _ => at + 2,
        }
    }

    fn atom(&self, at: usize, end: usize, depth: usize) -> Expr {
        match self.kind(at) {
            Kind::Name => Expr::Name(self.text(at).to_owned()),
            Kind::None => Expr::None,
            Kind::True => Expr::Bool(true),
            Kind::False => Expr::Bool(false),
            Kind::Ellipsis => Expr::Ellipsis,
            Kind::Int => literal::integer(self.text(at)),
            Kind::Float => literal::float(self.text(at)),
            Kind::Str | Kind::Bytes | Kind::FormatStart => self.strings(at, end),
            Kind::LeftParen => self.group(at, depth),
            Kind::LeftBracket => {
                let close = self.partner(at);
                if self.is_comprehension(at + 1, close) {
                    Expr::Container
                } else {
                    Expr::List(self.items(at + 1, close, depth))
                }
            }
            Kind::LeftBrace => self.braces(at, depth),
            _ => Expr::Unknown,
        }
    }

    fn is_comprehension(&self, at: usize, end: usize) -> bool {
        let separator = self.separator(at, end);
        separator < end && matches!(self.kind(separator), Kind::For | Kind::Async)
    }

    /// Adjacent literals are one: all text or all bytes.
    fn strings(&self, at: usize, end: usize) -> Expr {
        if self.line[at..end]
            .iter()
            .any(|token| token.kind == Kind::FormatStart)
        {
            return Expr::Unknown;
        }
        let mut joined = literal::string(self.text(at));
        for next in at + 1..end {
            joined = match (joined, literal::string(self.text(next))) {
                (Expr::Str(a), Expr::Str(b)) => Expr::Str(a + &b),
                (Expr::Bytes(mut a), Expr::Bytes(b)) => {
                    a.extend(b);
                    Expr::Bytes(a)
                }
                _ => return Expr::Unknown,
            };
        }
        joined
    }

    /// What stands between parentheses: a tuple, a generator, or one expression.
    fn group(&self, at: usize, depth: usize) -> Expr {
        let close = self.partner(at);
        let separator = self.separator(at + 1, close);
        if at + 1 == close {
            Expr::Tuple(Vec::new())
        } else if self.kind(at + 1) == Kind::Yield {
            Expr::Unknown
        } else if separator == close {
            self.read(at + 1, close, depth + 1)
        } else if self.kind(separator) == Kind::Comma {
            Expr::Tuple(self.items(at + 1, close, depth))
        } else {
            Expr::Unknown
        }
    }

    fn braces(&self, at: usize, depth: usize) -> Expr {
        let close = self.partner(at);
        let mut at = at + 1;
        let mut items = Vec::new();
        while at < close {
            let colon = self.separator(at, close);
            let (key, from) = if self.kind(at) == Kind::DoubleStar {
                (None, at + 1)
            } else if colon < close && self.kind(colon) == Kind::Colon {
                (Some(self.read(at, colon, depth + 1)), colon + 1)
            } else {
                return Expr::Container;
            };
            let stop = self.separator(from, close);
            if stop < close && self.kind(stop) != Kind::Comma {
                // A comprehension.
                return Expr::Container;
            }
            items.push((key, self.read(from, stop, depth + 1)));
            at = stop + 1;
        }
        Expr::Dict(items)
    }

    /// The arguments between the parentheses at `at` of a call that stands at `depth`.
    pub(super) fn arguments(&self, at: usize, depth: usize) -> Vec<Argument> {
        let close = self.partner(at);
        if self.is_comprehension(at + 1, close) {
            // `f(x for x in y)`: one argument, a generator.
            return vec![Argument {
                name: None,
                value: Expr::Unknown,
            }];
        }
        let mut arguments = Vec::new();
        self.each(at + 1, close, |from, to| {
            let is_named = self.kind(from) == Kind::Name && self.kind(from + 1) == Kind::Assign;
            let (name, from) = if is_named {
                (Some(self.text(from).to_owned()), from + 2)
            } else {
                (None, from)
            };
            let value = self.read(from, to, depth + 1);
            arguments.push(Argument { name, value });
        });
        arguments
    }
}

/// The precedence of signs and of `await`.
const UNARY: u8 = 7;
const POWER: u8 = 8;
