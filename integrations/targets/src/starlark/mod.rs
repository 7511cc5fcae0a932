//! Build files: read without loss, changed where they are changed, and nowhere else.
//!
//! Of Starlark only that is understood which build files are made of: calls at the top level, their named
//! arguments, strings, and lists of strings. Everything else is text between them, which stays.

mod edit;
mod file;
mod lexer;
mod order;
mod parse;
mod render;

use std::fmt;

pub(crate) use edit::Edits;
pub use file::{Argument, BuildFile, Call, Glob, Item, Load, Statement, StatementKind, Value};
pub(crate) use lexer::quoted;
pub(crate) use order::sort_labels;
pub(crate) use render::{NewCall, Rendered, list};

/// Where a file is no Starlark, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong there.
    pub message: String,
}

impl SyntaxError {
    fn at(text: &str, at: usize, message: impl Into<String>) -> Self {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        Self {
            line: u32::try_from(lines + 1).unwrap_or(u32::MAX),
            message: message.into(),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// A text without comments and white space, to be compared.
pub(crate) fn normal(text: &str) -> String {
    let Ok(tokens) = lexer::lex(text) else {
        return text.to_owned();
    };
    let is_said =
        |token: &&lexer::Token| !matches!(token.kind, lexer::Kind::Newline | lexer::Kind::Comment);
    let mut words: Vec<&str> = Vec::new();
    for token in tokens.iter().filter(is_said) {
        let word = &text[token.at.clone()];
        if matches!(word, ")" | "]" | "}") && words.last() == Some(&",") {
            words.pop();
        }
        words.push(word);
    }
    words.join(" ")
}
