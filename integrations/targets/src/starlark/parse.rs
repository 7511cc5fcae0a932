//! From tokens to statements.

use std::ops::Range;

use super::SyntaxError;
use super::file::{Argument, Call, Glob, Item, Load, Statement, StatementKind, Value};
use super::lexer::{Kind, Token, lex, value};

type Result<T> = std::result::Result<T, SyntaxError>;

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

/// Words that stand between operands.
const OPERATORS: &[&str] = &[
    "and", "or", "in", "not", "if", "else", "for", "lambda", "return",
];

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self> {
        let tokens = lex(text)?;
        let parser = Self {
            text,
            tokens,
            at: 0,
        };
        parser.check_brackets()?;
        Ok(parser)
    }

    fn source(&self, token: &Token) -> &'t str {
        &self.text[token.at.clone()]
    }

    /// The next token, as it is written; empty at the end.
    fn peek(&self) -> &'t str {
        self.tokens
            .get(self.at)
            .map_or("", |token| self.source(token))
    }

    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn is_mark(&self, mark: &str) -> bool {
        self.kind() == Some(Kind::Mark) && self.peek() == mark
    }

    /// Where the last token that was taken ends.
    fn end(&self) -> usize {
        let last = self.at.checked_sub(1).map(|at| &self.tokens[at]);
        last.map_or(0, |token| token.at.end)
    }

    fn start(&self) -> usize {
        let next = self.tokens.get(self.at);
        next.map_or(self.text.len(), |token| token.at.start)
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, self.start(), message)
    }

    fn check_brackets(&self) -> Result<()> {
        let mut open: Vec<(&str, usize)> = Vec::new();
        for token in &self.tokens {
            if token.kind != Kind::Mark {
                continue;
            }
            let mark = self.source(token);
            let at = |at, message: String| Err(SyntaxError::at(self.text, at, message));
            match mark {
                "(" | "[" | "{" => open.push((mark, token.at.start)),
                ")" | "]" | "}" => match (open.pop(), mark) {
                    (Some(("(", _)), ")") | (Some(("[", _)), "]") | (Some(("{", _)), "}") => {}
                    (Some((before, _)), _) => {
                        let message = format!("`{mark}` does not close `{before}`");
                        return at(token.at.start, message);
                    }
                    (None, _) => return at(token.at.start, format!("`{mark}` closes nothing")),
                },
                _ => {}
            }
        }
        match open.last() {
            Some((mark, at)) => {
                let message = format!("`{mark}` is not closed");
                Err(SyntaxError::at(self.text, *at, message))
            }
            None => Ok(()),
        }
    }

    pub(super) fn statements(mut self) -> Result<Vec<Statement>> {
        let mut statements = Vec::new();
        let mut above: Vec<String> = Vec::new();
        let mut blank = true;
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Newline => {
                    if blank {
                        above.clear();
                    }
                    blank = true;
                    self.at += 1;
                }
                Kind::Comment => {
                    above.push(self.peek().to_owned());
                    blank = false;
                    self.at += 1;
                }
                _ => {
                    let above = std::mem::take(&mut above);
                    statements.push(self.statement(above)?);
                    blank = false;
                }
            }
        }
        Ok(statements)
    }

    fn statement(&mut self, above: Vec<String>) -> Result<Statement> {
        let first = self.at;
        let from = self.start();
        let kind = match self.call()? {
            Some(kind) if matches!(self.kind(), None | Some(Kind::Newline | Kind::Comment)) => kind,
            _ => {
                self.at = first;
                self.skip_block()?;
                StatementKind::Other
            }
        };
        let at = from..self.end();
        let behind = self.comment_behind();
        Ok(Statement {
            at,
            above,
            behind,
            kind,
        })
    }

    fn comment_behind(&mut self) -> Option<String> {
        if self.kind() != Some(Kind::Comment) {
            return None;
        }
        let comment = self.peek().to_owned();
        self.at += 1;
        Some(comment)
    }

    /// Passes over a statement that is not understood, and over all lines that are indented below it.
    fn skip_block(&mut self) -> Result<()> {
        let from = self.at;
        let mut last = self.at;
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            let begins_line = token.at.start == 0 || self.text[..token.at.start].ends_with('\n');
            let is_blank = matches!(token.kind, Kind::Newline | Kind::Comment);
            if self.at > from && depth == 0 && begins_line && !is_blank {
                break;
            }
            match (token.kind, self.source(token)) {
                (Kind::Mark, "(" | "[" | "{") => depth += 1,
                (Kind::Mark, ")" | "]" | "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if !is_blank {
                last = self.at;
            }
        }
        self.at = last;
        self.check_operands(from..last, 0)
    }

    /// A call, or a load; nothing where there is none.
    fn call(&mut self) -> Result<Option<StatementKind>> {
        let from = self.at;
        while self.kind() == Some(Kind::Name) {
            self.at += 1;
            if !self.is_mark(".") {
                break;
            }
            self.at += 1;
        }
        let is_keyword =
            self.at == from + 1 && OPERATORS.contains(&self.source(&self.tokens[from]));
        if self.at == from || !self.is_mark("(") || is_keyword {
            return Ok(None);
        }
        let function = self.text[self.tokens[from].at.start..self.end()].to_owned();
        self.at += 1;
        let (arguments, tail) = self.arguments()?;
        let call = Call {
            function,
            arguments,
            tail,
        };
        Ok(Some(match load(&call) {
            Some(load) => StatementKind::Load(load),
            None => StatementKind::Call(call),
        }))
    }

    /// Comments and ends of lines.
    fn trivia(&mut self) -> Vec<String> {
        let mut comments = Vec::new();
        while let Some(kind @ (Kind::Newline | Kind::Comment)) = self.kind() {
            if kind == Kind::Comment {
                comments.push(self.peek().to_owned());
            }
            self.at += 1;
        }
        comments
    }

    /// A comma and the comment behind it; comments before the comma come first.
    fn separator(&mut self, closing: &str) -> Result<Option<String>> {
        let mut comments = Vec::new();
        let before = self.at;
        comments.extend(self.comment_behind());
        let early = self.trivia();
        if self.is_mark(",") {
            self.at += 1;
            comments.extend(early);
            comments.extend(self.comment_behind());
        } else if self.is_mark(closing) {
            // What stands below is the tail.
            self.at = before;
            comments.clear();
            comments.extend(self.comment_behind());
        } else {
            let message = format!("a comma or `{closing}` is missing before `{}`", self.peek());
            return Err(self.error(message));
        }
        Ok((!comments.is_empty()).then(|| comments.join("  ")))
    }

    /// What stands between parentheses, of which the first is taken already.
    fn arguments(&mut self) -> Result<(Vec<Argument>, Vec<String>)> {
        let mut arguments = Vec::new();
        loop {
            let above = self.trivia();
            if self.is_mark(")") {
                self.at += 1;
                return Ok((arguments, above));
            }
            let first = self.at;
            let from = self.start();
            let mut name = None;
            if self.kind() == Some(Kind::Name) {
                let word = self.peek().to_owned();
                self.at += 1;
                if self.is_mark("=") {
                    self.at += 1;
                    self.trivia();
                    name = Some(word);
                } else {
                    self.at = first;
                }
            }
            let value = self.value()?;
            let at = from..self.end();
            let strings = self.strings(first..self.at);
            let behind = self.separator(")")?;
            arguments.push(Argument {
                name,
                value,
                at,
                above,
                behind,
                strings,
            });
        }
    }

    fn strings(&self, tokens: Range<usize>) -> Vec<String> {
        let tokens = self.tokens[tokens].iter();
        let texts = tokens.filter(|token| token.kind == Kind::Text);
        texts.map(|token| value(self.source(token))).collect()
    }

    fn value(&mut self) -> Result<Value> {
        let first = self.at;
        let mut values = Vec::new();
        loop {
            values.extend(self.operand()?);
            let after = self.at;
            self.trivia();
            if !self.is_mark("+") {
                self.at = after;
                break;
            }
            self.at += 1;
            self.trivia();
        }
        let ends = || {
            let mut rest = self.tokens[self.at..].iter();
            let next = rest.find(|token| !matches!(token.kind, Kind::Newline | Kind::Comment));
            next.is_none_or(|token| matches!(self.source(token), "," | ")" | "]" | "}"))
        };
        if values.is_empty() || !ends() {
            self.at = first;
            self.skip_expression()?;
            return Ok(Value::Other);
        }
        Ok(match values.len() {
            1 => values.swap_remove(0),
            _ => Value::Sum(values),
        })
    }

    /// One operand of a sum; nothing where none is understood, and then nothing is taken.
    fn operand(&mut self) -> Result<Option<Value>> {
        match self.kind() {
            Some(Kind::Text) => {
                let text = value(self.peek());
                self.at += 1;
                Ok(Some(Value::Text(text)))
            }
            Some(Kind::Mark) if self.peek() == "[" => self.list().map(Some),
            Some(Kind::Name) => {
                let first = self.at;
                let is_glob = self.peek() == "glob";
                match self.call()? {
                    Some(StatementKind::Call(call)) if is_glob => Ok(Some(glob(&call))),
                    Some(_) => Ok(Some(Value::Other)),
                    None => {
                        self.at = first + 1;
                        Ok(Some(Value::Other))
                    }
                }
            }
            _ => Ok(None),
        }
    }

    fn list(&mut self) -> Result<Value> {
        let first = self.at;
        let from = self.start();
        self.at += 1;
        let mut items = Vec::new();
        loop {
            let above = self.trivia();
            if self.is_mark("]") {
                self.at += 1;
                return Ok(Value::List {
                    items,
                    tail: above,
                    at: from..self.end(),
                });
            }
            let start = self.at;
            let from = self.start();
            let is_text = self.kind() == Some(Kind::Text);
            self.skip_expression()?;
            let text = self.text[from..self.end()].to_owned();
            let mut tokens = self.tokens[start..self.at].iter();
            if tokens.any(|token| self.source(token) == "for" && token.kind == Kind::Name) {
                // A comprehension.
                self.at = first;
                self.skip_expression()?;
                return Ok(Value::Other);
            }
            let item_value = (is_text && self.at == start + 1).then(|| value(&text));
            let behind = self.separator("]")?;
            items.push(Item {
                value: item_value,
                text,
                above,
                behind,
            });
        }
    }

    /// Passes over everything up to a comma or a bracket that closes.
    fn skip_expression(&mut self) -> Result<()> {
        let first = self.at;
        let mut last = self.at;
        let mut depth = 0_usize;
        while let Some(kind) = self.kind() {
            match (kind, self.peek()) {
                (Kind::Mark, "(" | "[" | "{") => depth += 1,
                (Kind::Mark, ")" | "]" | "}") if depth == 0 => break,
                (Kind::Mark, ")" | "]" | "}") => depth -= 1,
                (Kind::Mark, ",") if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
            if !matches!(kind, Kind::Newline | Kind::Comment) {
                last = self.at;
            }
        }
        if last == first {
            return Err(self.error(format!("`{}` has no place here", self.peek())));
        }
        self.at = last;
        self.check_operands(first..last, 1)
    }

    /// Two operands with nothing between them are a comma that was forgotten. Within brackets, of which
    /// there are `depth`, the end of a line is nothing.
    fn check_operands(&self, tokens: Range<usize>, mut depth: usize) -> Result<()> {
        let mut before: Option<&Token> = None;
        for token in &self.tokens[tokens] {
            let source = self.source(token);
            match token.kind {
                Kind::Comment => continue,
                Kind::Newline if depth > 0 => continue,
                Kind::Newline => before = None,
                Kind::Mark => {
                    match source {
                        "(" | "[" | "{" => depth += 1,
                        ")" | "]" | "}" => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    before = None;
                }
                _ => {
                    let is_operand =
                        |token: &Token| token.kind != Kind::Name || !is_keyword(self.source(token));
                    if before.is_some_and(is_operand) && is_operand(token) {
                        let message =
                            format!("a comma or an operator is missing before `{source}`");
                        return Err(SyntaxError::at(self.text, token.at.start, message));
                    }
                    before = Some(token);
                }
            }
        }
        Ok(())
    }
}

fn is_keyword(word: &str) -> bool {
    OPERATORS.contains(&word)
        || matches!(
            word,
            "def" | "elif" | "pass" | "break" | "continue" | "while" | "assert" | "del" | "is"
        )
}

fn load(call: &Call) -> Option<Load> {
    if call.function != "load" {
        return None;
    }
    let mut arguments = call.arguments.iter();
    let text = |argument: &Argument| match &argument.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let label = text(arguments.next()?)?;
    let names = arguments.filter_map(|argument| {
        let there = text(argument)?;
        Some((
            argument.name.clone().unwrap_or_else(|| there.clone()),
            there,
        ))
    });
    Some(Load {
        label,
        names: names.collect(),
    })
}

fn glob(call: &Call) -> Value {
    let mut glob = Glob::default();
    for argument in &call.arguments {
        let target = match argument.name.as_deref() {
            None | Some("include") => &mut glob.include,
            Some("exclude") => &mut glob.exclude,
            _ => continue,
        };
        match &argument.value {
            Value::List { items, .. } if items.iter().all(|item| item.value.is_some()) => {
                let values = items.iter().filter_map(|item| item.value.clone());
                target.extend(values);
            }
            _ => return Value::Other,
        }
    }
    Value::Glob(glob)
}
