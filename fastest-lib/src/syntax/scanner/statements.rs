//! Statements without blocks.

use super::grammar::{Checked, Rule, kind, wrong};
use super::lexer::Wrong;
use super::suite::{Mode, Scanner};
use super::token::{Kind, Token};
use crate::syntax::facts::{BindingKind, EffectKind, Expr, Import, ImportedName};

impl Scanner<'_> {
    pub(super) fn mode(&self) -> Mode {
        self.blocks.last().map_or(Mode::Walk, |block| block.mode)
    }

    pub(super) fn is_outlined(&self) -> bool {
        self.mode() == Mode::Outline
    }

    /// Checks an expression, and notes what it may hold at any depth.
    pub(super) fn check(
        &mut self,
        line: &[Token],
        at: usize,
        rule: Rule,
    ) -> Result<Checked, Wrong> {
        let checked = self.grammar.expression(line, at, rule)?;
        if std::mem::take(&mut self.grammar.yielded)
            && let Some(function) = self.functions.last_mut()
        {
            function.is_generator = true;
        }
        if self.attributes.is_some() && !rule.is_pattern() {
            self.note_attributes(line, at, checked.end);
        }
        Ok(checked)
    }

    fn note_attributes(&mut self, line: &[Token], at: usize, end: usize) {
        let reader = self.reader(line);
        if let Some(attributes) = &mut self.attributes {
            for at in at..end {
                if kind(line, at) == Kind::Dot && kind(line, at + 1) == Kind::Name {
                    attributes.push(reader.text(at + 1));
                }
            }
        }
    }

    /// The statements from `at` to the end of the line, with semicolons between them.
    pub(super) fn simple_statements(&mut self, line: &[Token], mut at: usize) -> Result<(), Wrong> {
        loop {
            at = self.simple_statement(line, at)?;
            match kind(line, at) {
                Kind::Newline => return Ok(()),
                Kind::Semicolon if kind(line, at + 1) == Kind::Newline => return Ok(()),
                Kind::Semicolon => at += 1,
                _ => return Err(wrong(line, at, "invalid syntax")),
            }
        }
    }

    fn simple_statement(&mut self, line: &[Token], at: usize) -> Result<usize, Wrong> {
        match kind(line, at) {
            Kind::Pass | Kind::Break | Kind::Continue => Ok(at + 1),
            Kind::Return => self.returns(line, at),
            Kind::Import => self.import(line, at),
            Kind::From => self.import_from(line, at),
            Kind::Raise => self.raise(line, at),
            Kind::Del => self.delete(line, at),
            Kind::Assert => {
                let condition = self.check(line, at + 1, Rule::SINGLE)?;
                if kind(line, condition.end) == Kind::Comma {
                    return Ok(self.check(line, condition.end + 1, Rule::SINGLE)?.end);
                }
                Ok(condition.end)
            }
            Kind::Global | Kind::Nonlocal => names(line, at + 1),
            Kind::Name
                if kind(line, at + 1) == Kind::Name && self.reader(line).text(at) == "type" =>
            {
                self.type_alias(line, at)
            }
            _ => self.expression_statement(line, at),
        }
    }

    fn returns(&mut self, line: &[Token], at: usize) -> Result<usize, Wrong> {
        let has_value = !matches!(kind(line, at + 1), Kind::Newline | Kind::Semicolon);
        let end = if has_value {
            self.check(line, at + 1, Rule::LIST)?.end
        } else {
            at + 1
        };
        if self.mode() == Mode::Returns {
            let reader = self.reader(line);
            if let Some(function) = self.functions.last_mut()
                && let Some(outcome) = &mut function.outcome
            {
                function.returns_value |= has_value;
                outcome.returns.push(if has_value {
                    reader.value(at + 1, end)
                } else {
                    Expr::None
                });
            }
        }
        Ok(end)
    }

    fn raise(&mut self, line: &[Token], at: usize) -> Result<usize, Wrong> {
        let mut end = at + 1;
        if !matches!(kind(line, end), Kind::Newline | Kind::Semicolon) {
            end = self.check(line, end, Rule::SINGLE)?.end;
            if kind(line, end) == Kind::From {
                end = self.check(line, end + 1, Rule::SINGLE)?.end;
            }
        }
        if self.is_outlined() {
            let number = line.get(at).map_or(0, |token| token.line);
            self.effect(number, EffectKind::Raise);
        }
        Ok(end)
    }

    fn delete(&mut self, line: &[Token], at: usize) -> Result<usize, Wrong> {
        let targets = self.check(line, at + 1, Rule::LIST)?;
        if !targets.is_target || self.has_star(line, at + 1, targets.end) {
            return Err(wrong(line, at, "this cannot be deleted"));
        }
        if self.is_outlined() {
            let position = self.position(line, at);
            self.unfollowed(line, at + 1, targets.end, position, &BindingKind::Deleted);
        }
        Ok(targets.end)
    }

    /// Whether one of the targets is starred, in tuples and lists too.
    fn has_star(&self, line: &[Token], mut at: usize, end: usize) -> bool {
        let reader = self.reader(line);
        while at < end {
            let stop = reader.operand_end(at, end);
            at = match kind(line, at) {
                Kind::Star => return true,
                Kind::Comma | Kind::RightParen | Kind::RightBracket => at + 1,
                Kind::LeftParen | Kind::LeftBracket if stop == reader.partner(at) + 1 => at + 1,
                _ => stop,
            };
        }
        false
    }

    /// `type name = …`
    fn type_alias(&mut self, line: &[Token], at: usize) -> Result<usize, Wrong> {
        let mut equals = at + 2;
        if kind(line, equals) == Kind::LeftBracket {
            equals = self.type_parameters(line, equals)?;
        }
        if kind(line, equals) != Kind::Assign {
            return Err(wrong(line, at, "invalid syntax"));
        }
        let value = self.check(line, equals + 1, Rule::SINGLE)?;
        if self.is_outlined() {
            let position = self.position(line, at);
            let name = self.reader(line).text(at + 1);
            self.bind(name, position, BindingKind::Changed);
        }
        Ok(value.end)
    }

    fn expression_statement(&mut self, line: &[Token], at: usize) -> Result<usize, Wrong> {
        let first = self.check(line, at, Rule::VALUE)?;
        let is_outlined = self.is_outlined();
        match kind(line, first.end) {
            Kind::Assign => self.assignments(line, at, first, is_outlined),
            Kind::Colon => {
                if !first.is_target || first.has_comma {
                    return Err(wrong(line, at, "this cannot be annotated"));
                }
                let annotation = self.check(line, first.end + 1, Rule::SINGLE)?;
                if kind(line, annotation.end) != Kind::Assign {
                    return Ok(annotation.end);
                }
                let value = self.check(line, annotation.end + 1, Rule::VALUE)?;
                self.note_assigned(line, at, first.end);
                if is_outlined {
                    let from = annotation.end + 1;
                    self.assignment(line, at, &[(at, first.end)], (from, value.end));
                }
                Ok(value.end)
            }
            Kind::Augment => {
                if !first.is_target || first.has_comma {
                    return Err(wrong(line, at, "this cannot be assigned to"));
                }
                let value = self.check(line, first.end + 1, Rule::VALUE)?;
                self.note_assigned(line, at, first.end);
                if is_outlined {
                    let position = self.position(line, at);
                    self.unfollowed(line, at, first.end, position, &BindingKind::Changed);
                }
                Ok(value.end)
            }
            _ => {
                if is_outlined && kind(line, at) != Kind::Yield {
                    self.expressions(line, at, first.end);
                }
                Ok(first.end)
            }
        }
    }

    /// `first = … = value`
    fn assignments(
        &mut self,
        line: &[Token],
        start: usize,
        first: Checked,
        is_outlined: bool,
    ) -> Result<usize, Wrong> {
        let mut targets = Vec::new();
        let mut at = start;
        let mut last = first;
        while kind(line, last.end) == Kind::Assign {
            if !last.is_target {
                return Err(wrong(line, at, "this cannot be assigned to"));
            }
            self.note_assigned(line, at, last.end);
            if is_outlined {
                targets.push((at, last.end));
            }
            at = last.end + 1;
            last = self.check(line, at, Rule::VALUE)?;
        }
        if is_outlined {
            self.assignment(line, start, &targets, (at, last.end));
        }
        Ok(last.end)
    }

    fn import(&mut self, line: &[Token], start: usize) -> Result<usize, Wrong> {
        let mut at = start + 1;
        loop {
            let mut module = String::new();
            at = self.dotted_name(line, at, &mut module)?;
            let alias = self.alias(line, &mut at)?;
            self.imported(line, start, module, None, alias);
            if kind(line, at) != Kind::Comma {
                return Ok(at);
            }
            at += 1;
        }
    }

    fn import_from(&mut self, line: &[Token], start: usize) -> Result<usize, Wrong> {
        let mut module = String::new();
        let mut at = start + 1;
        loop {
            match kind(line, at) {
                Kind::Dot => module.push('.'),
                Kind::Ellipsis => module.push_str("..."),
                _ => break,
            }
            at += 1;
        }
        if module.is_empty() || kind(line, at) == Kind::Name {
            at = self.dotted_name(line, at, &mut module)?;
        }
        if kind(line, at) != Kind::Import {
            return Err(wrong(line, at, "invalid import"));
        }
        at += 1;
        if kind(line, at) == Kind::Star {
            self.imported(line, start, module, Some("*".to_owned()), None);
            return Ok(at + 1);
        }
        let in_brackets = kind(line, at) == Kind::LeftParen;
        at += usize::from(in_brackets);
        loop {
            if kind(line, at) != Kind::Name {
                return Err(wrong(line, at, "invalid import"));
            }
            let name = self.reader(line).text(at).to_owned();
            at += 1;
            let alias = self.alias(line, &mut at)?;
            self.imported(line, start, module.clone(), Some(name), alias);
            if kind(line, at) == Kind::Comma {
                at += 1;
                if !(in_brackets && kind(line, at) == Kind::RightParen) {
                    continue;
                }
            }
            return match kind(line, at) {
                Kind::RightParen if in_brackets => Ok(at + 1),
                _ if !in_brackets => Ok(at),
                _ => Err(wrong(line, at, "invalid import")),
            };
        }
    }

    fn dotted_name(
        &self,
        line: &[Token],
        mut at: usize,
        name: &mut String,
    ) -> Result<usize, Wrong> {
        let reader = self.reader(line);
        loop {
            if kind(line, at) != Kind::Name {
                return Err(wrong(line, at, "invalid import"));
            }
            name.push_str(reader.text(at));
            if kind(line, at + 1) != Kind::Dot {
                return Ok(at + 1);
            }
            name.push('.');
            at += 2;
        }
    }

    fn alias(&self, line: &[Token], at: &mut usize) -> Result<Option<String>, Wrong> {
        if kind(line, *at) != Kind::As {
            return Ok(None);
        }
        if kind(line, *at + 1) != Kind::Name {
            return Err(wrong(line, *at, "invalid import"));
        }
        let name = self.reader(line).text(*at + 1).to_owned();
        *at += 2;
        Ok(Some(name))
    }

    /// One name of an import statement.
    fn imported(
        &mut self,
        line: &[Token],
        start: usize,
        module: String,
        name: Option<String>,
        alias: Option<String>,
    ) {
        self.imports.push(Import {
            line: line.get(start).map_or(0, |token| token.line),
            module: module.clone(),
            name: name.clone(),
            alias: alias.clone(),
            in_function: !self.functions.is_empty(),
        });
        let is_future = name.is_some() && module == "__future__";
        if !self.is_outlined() || is_future {
            return;
        }
        let position = self.position(line, start);
        let (bound, kind) = ImportedName::bound(module, name, alias);
        self.bind(&bound, position, kind);
    }
}

/// Names with commas between them.
fn names(line: &[Token], mut at: usize) -> Result<usize, Wrong> {
    loop {
        if kind(line, at) != Kind::Name {
            return Err(wrong(line, at, "invalid syntax"));
        }
        if kind(line, at + 1) != Kind::Comma {
            return Ok(at + 1);
        }
        at += 2;
    }
}
