use std::fmt;

use super::lexer::{Lexer, Token, TokenKind};

/// What is known about whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Only running Python decides.
    Maybe,
}

impl Verdict {
    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
        }
    }
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// The value of a keyword argument in an expression: `mark(name=value)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    /// A quoted text.
    Text(String),
    /// An integer; `None` when it is too large to compare.
    Int(Option<i128>),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
}

/// A match expression of `-k` or `-m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    root: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    /// The empty expression, which never holds.
    Empty,
    Or(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Name(String, Vec<(String, Argument)>),
}

/// Where and why a text is no match expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ExpressionError {
    column: usize,
    message: String,
}

impl ExpressionError {
    pub(super) fn new(column: usize, message: impl Into<String>) -> Self {
        Self {
            column,
            message: message.into(),
        }
    }

    /// The column, counted from 1 in characters.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong there, in pytest's words.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at column {}: {}", self.column, self.message)
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// When `text` is not one; column and message are pytest's.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut lexer = Lexer::new(text);
        let current = lexer.next()?;
        let mut parser = Parser {
            lexer,
            current,
            depth: 0,
        };
        if parser.accept(&TokenKind::End)? {
            return Ok(Self { root: Node::Empty });
        }
        let root = parser.or()?;
        parser.expect(&TokenKind::End)?;
        Ok(Self { root })
    }

    /// Evaluates the expression. `matcher` says whether a name, with its keyword arguments, holds;
    /// it is not asked where the rest of the expression decides.
    ///
    /// # Errors
    ///
    /// Those of `matcher`.
    pub fn evaluate<E>(
        &self,
        matcher: &mut impl FnMut(&str, &[(String, Argument)]) -> Result<Verdict, E>,
    ) -> Result<Verdict, E> {
        self.root.evaluate(matcher)
    }
}

impl Node {
    fn evaluate<E>(
        &self,
        matcher: &mut impl FnMut(&str, &[(String, Argument)]) -> Result<Verdict, E>,
    ) -> Result<Verdict, E> {
        Ok(match self {
            Self::Empty => Verdict::No,
            Self::Name(name, arguments) => matcher(name, arguments)?,
            Self::Not(inner) => inner.evaluate(matcher)?.not(),
            Self::Or(left, right) => match left.evaluate(matcher)? {
                Verdict::Yes => Verdict::Yes,
                Verdict::No => right.evaluate(matcher)?,
                Verdict::Maybe => match right.evaluate(matcher)? {
                    Verdict::Yes => Verdict::Yes,
                    _ => Verdict::Maybe,
                },
            },
            Self::And(left, right) => match left.evaluate(matcher)? {
                Verdict::No => Verdict::No,
                Verdict::Yes => right.evaluate(matcher)?,
                Verdict::Maybe => match right.evaluate(matcher)? {
                    Verdict::No => Verdict::No,
                    _ => Verdict::Maybe,
                },
            },
        })
    }
}

/// Nothing that a person writes is nested, or chained, deeper.
const MAX_DEPTH: usize = 200;

struct Parser {
    lexer: Lexer,
    current: Token,
    depth: usize,
}

impl Parser {
    fn advance(&mut self) -> Result<Token, ExpressionError> {
        if self.current.kind == TokenKind::End {
            return Ok(self.current.clone());
        }
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.current, next))
    }

    fn accept(&mut self, kind: &TokenKind) -> Result<bool, ExpressionError> {
        let found = self.current.kind == *kind;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, kind: &TokenKind) -> Result<(), ExpressionError> {
        if self.accept(kind)? {
            return Ok(());
        }
        Err(self.unexpected(kind.describe()))
    }

    fn unexpected(&self, expected: &str) -> ExpressionError {
        let found = self.current.kind.describe();
        let message = format!("expected {expected}; got {found}");
        ExpressionError::new(self.current.column, message)
    }

    fn identifier(&mut self) -> Result<(String, usize), ExpressionError> {
        match self.current.kind.clone() {
            TokenKind::Identifier(name) => Ok((name, self.advance()?.column)),
            _ => Err(self.unexpected("identifier")),
        }
    }

    fn deeper(&mut self) -> Result<(), ExpressionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = "the expression is nested too deep";
            return Err(ExpressionError::new(self.current.column, message));
        }
        Ok(())
    }

    fn or(&mut self) -> Result<Node, ExpressionError> {
        let mut left = self.and()?;
        while self.accept(&TokenKind::Or)? {
            self.deeper()?;
            left = Node::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, ExpressionError> {
        let mut left = self.not()?;
        while self.accept(&TokenKind::And)? {
            self.deeper()?;
            left = Node::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node, ExpressionError> {
        if self.accept(&TokenKind::Not)? {
            self.deeper()?;
            return Ok(Node::Not(Box::new(self.not()?)));
        }
        if self.accept(&TokenKind::LeftParenthesis)? {
            self.deeper()?;
            let inner = self.or()?;
            self.expect(&TokenKind::RightParenthesis)?;
            return Ok(inner);
        }
        if !matches!(self.current.kind, TokenKind::Identifier(_)) {
            return Err(self.unexpected("not OR left parenthesis OR identifier"));
        }
        let (name, _) = self.identifier()?;
        let mut arguments = Vec::new();
        if self.accept(&TokenKind::LeftParenthesis)? {
            arguments.push(self.argument()?);
            while self.accept(&TokenKind::Comma)? {
                arguments.push(self.argument()?);
            }
            self.expect(&TokenKind::RightParenthesis)?;
        }
        Ok(Node::Name(name, arguments))
    }

    fn argument(&mut self) -> Result<(String, Argument), ExpressionError> {
        let (name, column) = self.identifier()?;
        if !is_python_identifier(&name) {
            let message = format!("not a valid python identifier {name}");
            return Err(ExpressionError::new(column, message));
        }
        if PYTHON_KEYWORDS.contains(&name.as_str()) {
            let message = format!("unexpected reserved python keyword `{name}`");
            return Err(ExpressionError::new(column, message));
        }
        self.expect(&TokenKind::Equal)?;
        if let TokenKind::Text(text) = self.current.kind.clone() {
            self.advance()?;
            return Ok((name, Argument::Text(text)));
        }
        let (text, column) = self.identifier()?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let value = match text.as_str() {
            "True" => Argument::Bool(true),
            "False" => Argument::Bool(false),
            "None" => Argument::None,
            _ if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                Argument::Int(text.parse().ok())
            }
            _ => {
                let message = format!("unexpected character/s \"{text}\"");
                return Err(ExpressionError::new(column, message));
            }
        };
        Ok((name, value))
    }
}

fn is_python_identifier(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_numeric())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

const PYTHON_KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];
