//! The headers of statements with blocks.

use super::grammar::{Rule, kind, wrong};
use super::lexer::{Indent, Wrong};
use super::outline::{Body, Definition};
use super::suite::{Block, Chain, Mode, Owner, Scanner};
use super::token::{Kind, Token};
use crate::syntax::facts::{
    BindingKind, Class, Decorator, EffectKind, Expr, Function, Outcome, Parameter, ParameterKind,
};

const INVALID: &str = "invalid syntax";

impl<'s> Scanner<'s> {
    /// A block like the one around, whose statements may not run.
    fn conditional_block(&mut self) -> Block {
        Block {
            indent: Indent::default(),
            conditional: true,
            owner: Owner::Statement,
            chain: Chain::None,
            ..*self.block()
        }
    }

    /// What follows a header: statements on its line, or a block below it.
    fn suite(&mut self, line: &[Token], at: usize) -> Result<(), Wrong> {
        if kind(line, at) == Kind::Newline {
            self.expect_block();
            return Ok(());
        }
        let read = self.simple_statements(line, at);
        let ended = self.pop();
        read.and(ended)
    }

    /// The token after the colon that has to be at `at`.
    fn colon(&self, line: &[Token], at: usize) -> Result<usize, Wrong> {
        if kind(line, at) == Kind::Colon {
            Ok(at + 1)
        } else {
            Err(wrong(line, at, INVALID))
        }
    }

    pub(super) fn if_statement(&mut self, line: &[Token]) -> Result<(), Wrong> {
        self.begin()?;
        let condition = self.check(line, 1, Rule::NAMED)?;
        let at = self.colon(line, condition.end)?;
        let never = self.never_true(line, 1, condition.end);
        self.block().chain = Chain::If { never };
        let mut block = self.conditional_block();
        if never && block.mode == Mode::Outline {
            block.mode = Mode::Walk;
        }
        self.open(block);
        self.suite(line, at)
    }

    /// Conditions that do not hold when a test module is imported for its tests.
    fn never_true(&self, line: &[Token], at: usize, end: usize) -> bool {
        if !self.is_outlined() {
            return false;
        }
        let reader = self.reader(line);
        let last = end - 1;
        match kind(line, last) {
            Kind::Name if reader.text(last) == "TYPE_CHECKING" => {
                // `name.TYPE_CHECKING`, of which nothing separates the dot.
                let is_attribute = last > at
                    && kind(line, last - 1) == Kind::Dot
                    && line[last - 1].end == line[last].start
                    && matches!(reader.read(at, end, 0), Expr::Attribute(..));
                last == at || is_attribute
            }
            Kind::False => last == at,
            Kind::Str if end == at + 3 && kind(line, at + 1) == Kind::Compare => {
                reader.text(at) == "__name__"
                    && reader.text(at + 1) == "=="
                    && matches!(reader.text(last), "\"__main__\"" | "'__main__'")
            }
            _ => false,
        }
    }

    /// `elif`, `else`, `except`, `finally`.
    pub(super) fn clause(&mut self, line: &[Token]) -> Result<(), Wrong> {
        let chain = self.block().chain;
        if self.decorated.is_some() {
            self.begin()?;
        }
        let mut block = self.conditional_block();
        let (next, at) = match (kind(line, 0), chain) {
            (Kind::Elif, Chain::If { .. }) => {
                let condition = self.check(line, 1, Rule::NAMED)?;
                (Chain::If { never: false }, condition.end)
            }
            (Kind::Else, Chain::If { never }) => {
                if never {
                    // The `else` of a branch that is never taken always runs.
                    block.conditional = self.block().conditional;
                }
                (Chain::None, 1)
            }
            (Kind::Else, Chain::Loop) => (Chain::None, 1),
            (Kind::Else, Chain::Except) => (Chain::TryElse, 1),
            (Kind::Except, Chain::Try | Chain::Except) => {
                return self.except(line, block);
            }
            (Kind::Finally, Chain::Try | Chain::Except | Chain::TryElse) => (Chain::None, 1),
            _ => return Err(wrong(line, 0, "a clause follows no statement that has it")),
        };
        let at = self.colon(line, at)?;
        self.block().chain = next;
        self.open(block);
        self.suite(line, at)
    }

    fn except(&mut self, line: &[Token], block: Block) -> Result<(), Wrong> {
        let mut at = 1 + usize::from(kind(line, 1) == Kind::Star);
        let start = at;
        let mut name = None;
        if kind(line, at) != Kind::Colon || at > 1 {
            let types = self.check(line, at, Rule::LIST)?;
            at = types.end;
            if kind(line, at) == Kind::As && kind(line, at + 1) == Kind::Name && !types.has_comma {
                name = Some(at + 1);
                at += 2;
            }
        }
        at = self.colon(line, at)?;
        self.block().chain = Chain::Except;
        self.open(block);
        if let Some(name) = name
            && self.is_outlined()
        {
            let position = self.position(line, start);
            let name = self.reader(line).text(name);
            self.bind(name, position, BindingKind::Changed);
        }
        self.suite(line, at)
    }

    pub(super) fn try_statement(&mut self, line: &[Token]) -> Result<(), Wrong> {
        self.begin()?;
        let at = self.colon(line, 1)?;
        self.block().chain = Chain::Try;
        let block = self.conditional_block();
        self.open(block);
        self.suite(line, at)
    }

    pub(super) fn while_statement(&mut self, line: &[Token]) -> Result<(), Wrong> {
        self.begin()?;
        let condition = self.check(line, 1, Rule::NAMED)?;
        let at = self.colon(line, condition.end)?;
        self.block().chain = Chain::Loop;
        let block = self.conditional_block();
        self.open(block);
        self.suite(line, at)
    }

    /// `for`, whose keyword is at `at`.
    pub(super) fn for_statement(&mut self, line: &[Token], at: usize) -> Result<(), Wrong> {
        self.begin()?;
        let targets = self.check(line, at + 1, Rule::TARGETS)?;
        if kind(line, targets.end) != Kind::In || !targets.is_target {
            return Err(wrong(line, at, INVALID));
        }
        let values = self.check(line, targets.end + 1, Rule::LIST)?;
        let body = self.colon(line, values.end)?;
        if self.is_outlined() {
            let position = self.position(line, 0);
            self.unfollowed(line, at + 1, targets.end, position, &BindingKind::Changed);
        }
        self.block().chain = Chain::Loop;
        let block = self.conditional_block();
        self.open(block);
        self.suite(line, body)
    }

    /// `with`, whose keyword is at `at`.
    pub(super) fn with_statement(&mut self, line: &[Token], at: usize) -> Result<(), Wrong> {
        self.begin()?;
        let first = at + 1;
        let close = self.reader(line).partner(first);
        let mut end = first;
        loop {
            end = self.check(line, end, Rule::ITEM)?.end;
            if kind(line, end) == Kind::As {
                let target = self.check(line, end + 1, Rule::SINGLE)?;
                if !target.is_target {
                    return Err(wrong(line, end, "this cannot be assigned to"));
                }
                end = target.end;
            }
            if kind(line, end) != Kind::Comma {
                break;
            }
            end += 1;
        }
        let body = self.colon(line, end)?;
        if self.is_outlined() {
            let is_group = kind(line, first) == Kind::LeftParen && close + 1 == end;
            if is_group && self.holds_items(line, first + 1, close) {
                self.items(line, first + 1, close);
            } else {
                self.items(line, first, end);
            }
        }
        let conditional = self.block().conditional;
        let block = Block {
            conditional,
            ..self.conditional_block()
        };
        self.open(block);
        self.suite(line, body)
    }

    /// Whether the parentheses of a `with` hold its items, and are not an expression themselves.
    fn holds_items(&self, line: &[Token], at: usize, close: usize) -> bool {
        let separator = self.reader(line).separator(at, close);
        !matches!(kind(line, at), Kind::Yield)
            && at < close
            && !(separator < close && kind(line, separator) != Kind::Comma)
    }

    /// The items of a `with`: their targets, and calls.
    fn items(&mut self, line: &[Token], at: usize, end: usize) {
        let reader = self.reader(line);
        let mut items = Vec::new();
        reader.each(at, end, |from, to| items.push((from, to)));
        for (from, to) in items {
            let value_end = (reader.operand_end(from, to)..to)
                .find(|&at| kind(line, at) == Kind::As)
                .unwrap_or(to);
            if value_end < to {
                let position = self.position(line, from);
                self.unfollowed(line, value_end + 1, to, position, &BindingKind::Changed);
            }
            let is_group =
                kind(line, from) == Kind::LeftParen && reader.partner(from) + 1 == value_end;
            if kind(line, value_end - 1) == Kind::RightParen
                && !is_group
                && let call @ Expr::Call(_) = reader.read(from, value_end, 0)
            {
                let number = line.get(from).map_or(0, |token| token.line);
                self.effect(number, EffectKind::Call(call));
            }
        }
    }

    /// Whether a line that begins with a name is a `match` statement.
    pub(super) fn is_match(&self, line: &[Token]) -> bool {
        let last = line.len().wrapping_sub(2);
        if kind(line, last) != Kind::Colon || self.reader(line).text(0) != "match" {
            return false;
        }
        matches!(
            kind(line, 1),
            Kind::Name
                | Kind::Int
                | Kind::Float
                | Kind::Str
                | Kind::Bytes
                | Kind::FormatStart
                | Kind::None
                | Kind::True
                | Kind::False
                | Kind::Ellipsis
                | Kind::LeftParen
                | Kind::LeftBracket
                | Kind::LeftBrace
                | Kind::Minus
                | Kind::Plus
                | Kind::Tilde
                | Kind::Star
                | Kind::Not
                | Kind::Await
                | Kind::Lambda
        )
    }

    pub(super) fn match_statement(&mut self, line: &[Token]) -> Result<(), Wrong> {
        self.begin()?;
        let subject = self.check(line, 1, Rule::SUBJECT)?;
        let at = self.colon(line, subject.end)?;
        if kind(line, at) != Kind::Newline {
            return Err(wrong(line, at, INVALID));
        }
        let block = Block {
            owner: Owner::Match,
            ..self.conditional_block()
        };
        self.open(block);
        self.expect_block();
        Ok(())
    }

    /// A line of a `match` statement's block.
    pub(super) fn case(&mut self, line: &[Token]) -> Result<(), Wrong> {
        if kind(line, 0) != Kind::Name || self.reader(line).text(0) != "case" {
            return Err(wrong(line, 0, "only `case` stands below `match`"));
        }
        let mut end = self.check(line, 1, Rule::PATTERNS)?.end;
        if kind(line, end) == Kind::If {
            end = self.check(line, end + 1, Rule::NAMED)?.end;
        }
        let at = self.colon(line, end)?;
        let block = self.conditional_block();
        self.open(block);
        self.suite(line, at)
    }

    pub(super) fn async_statement(&mut self, line: &[Token]) -> Result<(), Wrong> {
        match kind(line, 1) {
            Kind::Def => self.function(line, 1),
            Kind::For => self.for_statement(line, 1),
            Kind::With => self.with_statement(line, 1),
            _ => Err(wrong(line, 0, INVALID)),
        }
    }

    pub(super) fn decorator(&mut self, line: &[Token]) -> Result<(), Wrong> {
        self.end_chain()?;
        let expr = self.check(line, 1, Rule::NAMED)?;
        if kind(line, expr.end) != Kind::Newline {
            return Err(wrong(line, expr.end, INVALID));
        }
        if self.mode() == Mode::Walk {
            self.decorated = Some((0, 0));
            return Ok(());
        }
        let position = self.position(line, 0);
        self.decorated.get_or_insert(position);
        let expr = self.reader(line).read(1, expr.end, 0);
        self.decorators.push(Decorator {
            line: position.0,
            expr,
        });
        Ok(())
    }

    /// `def`, whose keyword is at `at`.
    pub(super) fn function(&mut self, line: &[Token], at: usize) -> Result<(), Wrong> {
        self.end_chain()?;
        // What the header yields, its function yields.
        self.functions.push(Definition::default());
        let header = self.function_header(line, at);
        let (body, name, parameters) = match header {
            Ok(header) => header,
            Err(wrong) => {
                self.functions.pop();
                self.decorators.clear();
                self.decorated = None;
                return Err(wrong);
            }
        };
        let decorated = self.decorated.take();
        let decorators = std::mem::take(&mut self.decorators);
        let mode = self.mode();
        let mut body_mode = Mode::Walk;
        let mut definition = self.functions.pop().unwrap_or_default();
        if mode != Mode::Walk {
            let position = self.position(line, 0);
            let is_kept = mode == Mode::Outline
                && self.bodies.len() == 1
                && !name.starts_with("pytest_")
                && !name.starts_with("test");
            if is_kept {
                body_mode = Mode::Returns;
                definition.outcome = Some(Box::new(Outcome::default()));
            }
            if mode == Mode::Outline && name.starts_with("pytest_") {
                self.attributes = Some(Vec::new());
            }
            definition.is_inner = mode == Mode::Returns;
            let function = Function {
                name: name.to_owned(),
                line: position.0,
                column: position.1,
                is_async: at > 0,
                is_generator: false,
                parameters,
                decorators,
                attributes: Vec::new(),
                outcome: None,
            };
            definition.function = Some((Box::new(function), decorated.unwrap_or(position)));
        }
        self.functions.push(definition);
        self.open(Block {
            indent: Indent::default(),
            mode: body_mode,
            conditional: false,
            owner: Owner::Function,
            chain: Chain::None,
        });
        self.suite(line, body)
    }

    /// Where the body begins, the name and the parameters.
    fn function_header(
        &mut self,
        line: &[Token],
        at: usize,
    ) -> Result<(usize, &'s str, Vec<Parameter>), Wrong> {
        if kind(line, at + 1) != Kind::Name {
            return Err(wrong(line, at, INVALID));
        }
        let name = self.reader(line).text(at + 1);
        let mut open = at + 2;
        if kind(line, open) == Kind::LeftBracket {
            open = self.type_parameters(line, open)?;
        }
        if kind(line, open) != Kind::LeftParen {
            return Err(wrong(line, open, INVALID));
        }
        let (parameters, mut end) = self.parameters(line, open)?;
        if kind(line, end) == Kind::Arrow {
            end = self.check(line, end + 1, Rule::SINGLE)?.end;
        }
        Ok((self.colon(line, end)?, name, parameters))
    }

    /// The parameters between the parentheses at `open`, and the token after those.
    fn parameters(
        &mut self,
        line: &[Token],
        open: usize,
    ) -> Result<(Vec<Parameter>, usize), Wrong> {
        let reader = self.reader(line);
        let close = reader.partner(open);
        let is_noted = self.mode() != Mode::Walk;
        let mut found: Vec<Parameter> = Vec::new();
        let mut plain = ParameterKind::Plain;
        let mut at = open + 1;
        while at < close {
            let (name, this) = match (kind(line, at), kind(line, at + 1)) {
                (Kind::Slash, _) if at > open + 1 => {
                    for parameter in &mut found {
                        parameter.kind = ParameterKind::Positional;
                    }
                    (None, plain)
                }
                (Kind::Star, Kind::Comma) => {
                    plain = ParameterKind::Keyword;
                    (None, plain)
                }
                (Kind::Star, Kind::Name) => {
                    plain = ParameterKind::Keyword;
                    (Some(at + 1), ParameterKind::Variadic)
                }
                (Kind::DoubleStar, Kind::Name) => (Some(at + 1), ParameterKind::Variadic),
                (Kind::Name, _) => (Some(at), plain),
                _ => return Err(wrong(line, at, INVALID)),
            };
            at += 1;
            if let Some(name) = name {
                at = name + 1;
                if kind(line, at) == Kind::Colon {
                    at = self.check(line, at + 1, Rule::STARRED)?.end;
                }
                let has_default = kind(line, at) == Kind::Assign;
                if has_default {
                    if this == ParameterKind::Variadic {
                        return Err(wrong(line, at, INVALID));
                    }
                    at = self.check(line, at + 1, Rule::SINGLE)?.end;
                }
                if is_noted {
                    found.push(Parameter {
                        name: reader.text(name).to_owned(),
                        kind: this,
                        has_default,
                    });
                }
            }
            match kind(line, at) {
                Kind::Comma => at += 1,
                _ if at == close => {}
                _ => return Err(wrong(line, at, INVALID)),
            }
        }
        Ok((found, close + 1))
    }

    /// Checks the type parameters between the brackets at `open`; gives the token after those.
    pub(super) fn type_parameters(&mut self, line: &[Token], open: usize) -> Result<usize, Wrong> {
        let close = self.reader(line).partner(open);
        let mut at = open + 1;
        while at < close || at == open + 1 {
            at += usize::from(matches!(kind(line, at), Kind::Star | Kind::DoubleStar));
            if kind(line, at) != Kind::Name {
                return Err(wrong(line, at, INVALID));
            }
            at += 1;
            if kind(line, at) == Kind::Colon {
                at = self.check(line, at + 1, Rule::SINGLE)?.end;
            }
            if kind(line, at) == Kind::Assign {
                at = self.check(line, at + 1, Rule::STARRED)?.end;
            }
            match kind(line, at) {
                Kind::Comma => at += 1,
                _ if at == close => {}
                _ => return Err(wrong(line, at, INVALID)),
            }
        }
        Ok(close + 1)
    }

    pub(super) fn class(&mut self, line: &[Token]) -> Result<(), Wrong> {
        self.end_chain()?;
        let decorated = self.decorated.take();
        let decorators = std::mem::take(&mut self.decorators);
        if kind(line, 1) != Kind::Name {
            return Err(wrong(line, 1, INVALID));
        }
        let mut end = 2;
        if kind(line, end) == Kind::LeftBracket {
            end = self.type_parameters(line, end)?;
        }
        let open = end;
        if kind(line, open) == Kind::LeftParen {
            end = self.reader(line).partner(open) + 1;
            if self.check(line, open, Rule::ARGUMENTS)?.end != end {
                return Err(wrong(line, end, INVALID));
            }
        }
        let body = self.colon(line, end)?;
        let mut block = Block {
            indent: Indent::default(),
            mode: Mode::Walk,
            conditional: false,
            owner: Owner::WalkedClass,
            chain: Chain::None,
        };
        if self.is_outlined() {
            let position = self.position(line, 0);
            let reader = self.reader(line);
            let mut bases = Vec::new();
            let mut keywords = Vec::new();
            if open < end {
                for argument in reader.arguments(open, 0) {
                    match argument.name {
                        Some(name) => keywords.push((name, argument.value)),
                        None => bases.push(argument.value),
                    }
                }
            }
            let class = Class {
                name: reader.text(1).to_owned(),
                line: position.0,
                column: position.1,
                bases,
                keywords,
                decorators,
                bindings: Vec::new(),
                effects: Vec::new(),
            };
            self.bodies.push(Body {
                class: Some((class, decorated.unwrap_or(position))),
                ..Body::default()
            });
            block.mode = Mode::Outline;
            block.owner = Owner::Class;
        }
        self.open(block);
        self.suite(line, body)
    }
}
