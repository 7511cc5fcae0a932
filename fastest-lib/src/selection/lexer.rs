//! The tokens of `-k` and `-m` expressions.

use super::expression::ExpressionError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    LeftParenthesis,
    RightParenthesis,
    Or,
    And,
    Not,
    Identifier(String),
    End,
    Equal,
    Text(String),
    Comma,
}

impl TokenKind {
    /// What pytest's messages call it.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::LeftParenthesis => "left parenthesis",
            Self::RightParenthesis => "right parenthesis",
            Self::Or => "or",
            Self::And => "and",
            Self::Not => "not",
            Self::Identifier(_) => "identifier",
            Self::End => "end of input",
            Self::Equal => "=",
            Self::Text(_) => "string literal",
            Self::Comma => ",",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Counted from 1, in characters.
    pub(super) column: usize,
}

/// Reads one token after the other, so that the first error in reading order is the one reported.
pub(super) struct Lexer {
    input: Vec<char>,
    at: usize,
}

impl Lexer {
    pub(super) fn new(input: &str) -> Self {
        Self {
            input: input.chars().collect(),
            at: 0,
        }
    }

    pub(super) fn next(&mut self) -> Result<Token, ExpressionError> {
        while matches!(self.input.get(self.at), Some(' ' | '\t')) {
            self.at += 1;
        }
        let column = self.at + 1;
        let token = |kind| Ok(Token { kind, column });
        let Some(&c) = self.input.get(self.at) else {
            return token(TokenKind::End);
        };
        let single = match c {
            '(' => Some(TokenKind::LeftParenthesis),
            ')' => Some(TokenKind::RightParenthesis),
            '=' => Some(TokenKind::Equal),
            ',' => Some(TokenKind::Comma),
            _ => None,
        };
        if let Some(kind) = single {
            self.at += 1;
            return token(kind);
        }
        if matches!(c, '\'' | '"') {
            return self.text(c).and_then(|text| token(TokenKind::Text(text)));
        }
        let rest = &self.input[self.at..];
        let word: String = rest.iter().take_while(|c| is_word(**c)).collect();
        self.at += word.chars().count();
        match word.as_str() {
            "" => Err(ExpressionError::new(
                column,
                format!("unexpected character \"{c}\""),
            )),
            "or" => token(TokenKind::Or),
            "and" => token(TokenKind::And),
            "not" => token(TokenKind::Not),
            _ => token(TokenKind::Identifier(word)),
        }
    }

    fn text(&mut self, quote: char) -> Result<String, ExpressionError> {
        let start = self.at + 1;
        let end = self.input[start..].iter().position(|c| *c == quote);
        let Some(length) = end else {
            let message = format!("closing quote \"{quote}\" is missing");
            return Err(ExpressionError::new(start, message));
        };
        let text: String = self.input[start..start + length].iter().collect();
        if let Some(at) = text.chars().position(|c| c == '\\') {
            let message = "escaping with \"\\\" not supported in marker expression";
            return Err(ExpressionError::new(start + at + 1, message));
        }
        self.at = start + length + 1;
        Ok(text)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '+' | '-' | '.' | '[' | ']' | '\\' | '/')
}
