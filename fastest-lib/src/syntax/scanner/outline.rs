//! What the statements of a module's or class's body bind and do.

use super::expression::Reader;
use super::grammar::kind;
use super::suite::{Mode, Scanner};
use super::token::{Kind, Token};
use crate::syntax::facts::{
    Binding, BindingKind, Class, Effect, EffectKind, Expr, Function, Outcome,
};
use crate::syntax::statements::root_name;

/// A body being read: the module's, or that of a class.
#[derive(Default)]
pub(super) struct Body {
    /// The class with all but its body; none for the module.
    pub(super) class: Option<(Class, (u32, u32))>,
    pub(super) bindings: Vec<Binding>,
    pub(super) effects: Vec<Effect>,
}

/// A function whose body is being read.
#[derive(Default)]
pub(super) struct Definition {
    /// Whether its own body yields.
    pub(super) is_generator: bool,
    /// The function, when it is noted anywhere, and where its statement begins.
    pub(super) function: Option<(Box<Function>, (u32, u32))>,
    /// What it returns, when that is kept.
    pub(super) outcome: Option<Box<Outcome>>,
    /// Whether one of its `return`s has a value.
    pub(super) returns_value: bool,
    /// Whether it is one of the functions of the outcome of the function around it.
    pub(super) is_inner: bool,
}

/// Tells columns, of positions that come in order.
#[derive(Default)]
pub(super) struct Columns {
    /// A position that was asked for, and the start of its line.
    at: usize,
    line_start: usize,
}

impl Columns {
    /// The column of a position, counted from 1.
    fn of(&mut self, at: u32, source: &str) -> u32 {
        let at = at as usize;
        if at < self.at {
            *self = Self::default();
        }
        let between = source.as_bytes().get(self.at..at).unwrap_or_default();
        if let Some(newline) = memchr::memrchr(b'\n', between) {
            self.line_start = self.at + newline + 1;
        }
        self.at = at;
        (at - self.line_start + 1) as u32
    }
}

impl<'s> Scanner<'s> {
    pub(super) fn reader<'t>(&self, line: &'t [Token]) -> Reader<'s, 't> {
        Reader {
            source: self.source,
            line,
        }
    }

    /// The line and column of a token.
    pub(super) fn position(&mut self, line: &[Token], at: usize) -> (u32, u32) {
        match line.get(at) {
            Some(token) => (token.line, self.columns.of(token.start, self.source)),
            None => (0, 0),
        }
    }

    pub(super) fn body(&mut self) -> &mut Body {
        // The module's body is there until the end.
        let last = self.bodies.len() - 1;
        &mut self.bodies[last]
    }

    pub(super) fn bind(&mut self, name: &str, at: (u32, u32), kind: BindingKind) {
        let conditional = self.block().conditional;
        self.body().bindings.push(Binding {
            name: name.to_owned(),
            line: at.0,
            column: at.1,
            conditional,
            kind,
        });
    }

    pub(super) fn effect(&mut self, line: u32, kind: EffectKind) {
        self.body().effects.push(Effect { line, kind });
    }

    /// The names and places that the targets from `at` to before `end` bind, without following
    /// them; names are bound as `kind`.
    pub(super) fn unfollowed(
        &mut self,
        line: &[Token],
        at: usize,
        end: usize,
        position: (u32, u32),
        kind_of_names: &BindingKind,
    ) {
        let reader = self.reader(line);
        reader.each_target(at, end, |at, stop| {
            if stop == at + 1 && kind(line, at) == Kind::Name {
                self.bind(reader.text(at), position, kind_of_names.clone());
            } else {
                self.store(reader.read(at, stop, 0), position);
            }
        });
    }

    /// Notes what the targets from `at` to before `end` assign to, where an outcome is kept.
    pub(super) fn note_assigned(&mut self, line: &[Token], at: usize, end: usize) {
        if self.mode() != Mode::Returns {
            return;
        }
        let reader = self.reader(line);
        let Some(outcome) = self.functions.last_mut().and_then(|f| f.outcome.as_mut()) else {
            return;
        };
        reader.each_target(at, end, |at, stop| {
            let target = reader.read(at, stop, 0);
            if let Some(root) = root_name(&target)
                && !outcome.assigned.iter().any(|known| known == root)
            {
                outcome.assigned.push(root.to_owned());
            }
        });
    }

    pub(super) fn store(&mut self, target: Expr, position: (u32, u32)) {
        if !matches!(target, Expr::Attribute(..) | Expr::Subscript(_)) {
            return;
        }
        if let Some(root) = root_name(&target) {
            self.bind(root, position, BindingKind::Mutated);
        }
        self.effect(position.0, EffectKind::Store(target));
    }

    /// The expressions of an expression statement: calls are effects, and may change what a name
    /// holds.
    pub(super) fn expressions(&mut self, line: &[Token], at: usize, end: usize) {
        let reader = self.reader(line);
        reader.each(at, end, |from, to| {
            if kind(line, to - 1) == Kind::RightParen && !is_parenthesized(&reader, from, to) {
                let expr = reader.read(from, to, 0);
                self.call(line, from, expr);
            }
        });
    }

    fn call(&mut self, line: &[Token], at: usize, expr: Expr) {
        let Expr::Call(call) = &expr else { return };
        if let Expr::Attribute(object, _) = &call.function
            && let Some(root) = root_name(object)
        {
            // `NAMES.append(…)` changes what NAMES holds.
            let position = self.position(line, at);
            self.bind(root, position, BindingKind::Mutated);
        }
        self.effect(call.line, EffectKind::Call(expr));
    }

    /// `targets = … = value`.
    pub(super) fn assignment(
        &mut self,
        line: &[Token],
        start: usize,
        targets: &[(usize, usize)],
        value: (usize, usize),
    ) {
        let reader = self.reader(line);
        let position = self.position(line, start);
        let value = reader.value(value.0, value.1);
        let mut value = Some(value);
        for (index, &(at, end)) in targets.iter().enumerate() {
            let mut take = || {
                let is_last = index + 1 == targets.len();
                let taken = if is_last { value.take() } else { value.clone() };
                taken.unwrap_or(Expr::Unknown)
            };
            if end == at + 1 && kind(line, at) == Kind::Name {
                self.bind(reader.text(at), position, BindingKind::Value(take()));
            } else if reader.operand_end(at, end) == end
                && kind(line, end - 1) == Kind::Name
                && end > at + 1
            {
                match reader.read(at, end, 0) {
                    Expr::Attribute(object, attribute) if matches!(*object, Expr::Name(_)) => {
                        let name = root_name(&object).unwrap_or_default();
                        let kind = BindingKind::Attribute(attribute, take());
                        self.bind(name, position, kind);
                    }
                    other => self.store(other, position),
                }
            } else {
                self.unfollowed(line, at, end, position, &BindingKind::Changed);
            }
        }
    }

    pub(super) fn end_class(&mut self) {
        let Some(body) = self.bodies.pop() else {
            return;
        };
        let Some((mut class, position)) = body.class else {
            return;
        };
        class.bindings = body.bindings;
        class.effects = body.effects;
        let name = class.name.clone();
        self.bind(&name, position, BindingKind::Class(class));
    }

    pub(super) fn end_function(&mut self) {
        let Some(definition) = self.functions.pop() else {
            return;
        };
        let Some((mut function, position)) = definition.function else {
            return;
        };
        function.is_generator = definition.is_generator;
        function.outcome = definition.outcome.filter(|_| definition.returns_value);
        if definition.is_inner {
            let around = self.functions.last_mut();
            if let Some(outcome) = around.and_then(|around| around.outcome.as_mut()) {
                outcome.functions.push(*function);
            }
            return;
        }
        if function.name.starts_with("pytest_") {
            let mut attributes = self.attributes.take().unwrap_or_default();
            attributes.sort_unstable();
            attributes.dedup();
            function.attributes = attributes.into_iter().map(str::to_owned).collect();
        }
        let name = function.name.clone();
        self.bind(&name, position, BindingKind::Function(*function));
    }
}

fn is_parenthesized(reader: &Reader<'_, '_>, at: usize, end: usize) -> bool {
    kind(reader.line, at) == Kind::LeftParen && reader.partner(at) + 1 == end
}
