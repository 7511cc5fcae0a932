//! Where a string stands, as told by what is before and after it.

use std::borrow::Cow;

use super::super::scanner::token::WORD;
use super::facts::Place;
use super::scan::{Open, Scanner};
use super::tokens::{Kind, Tokens, assigns};

/// A [`Place`] whose texts are the source's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum PlaceIn<'s> {
    Path,
    Joined,
    Module,
    Code,
    Doctest,
    Argument {
        callee: Cow<'s, str>,
        position: u32,
        keyword: Option<&'s str>,
    },
    Assigned(&'s str),
    Other,
}

impl PlaceIn<'_> {
    pub(super) fn is_argument(&self) -> bool {
        matches!(self, Self::Argument { .. })
    }

    pub(super) fn is(&self, place: &Place) -> bool {
        match (self, place) {
            (Self::Path, Place::Path)
            | (Self::Joined, Place::Joined)
            | (Self::Code, Place::Code)
            | (Self::Doctest, Place::Doctest)
            | (Self::Module, Place::Module)
            | (Self::Other, Place::Other) => true,
            (Self::Assigned(name), Place::Assigned(other)) => name == other,
            (
                Self::Argument {
                    callee,
                    position,
                    keyword,
                },
                Place::Argument {
                    callee: other,
                    position: other_position,
                    keyword: other_keyword,
                },
            ) => {
                position == other_position
                    && callee == other
                    && *keyword == other_keyword.as_deref()
            }
            _ => false,
        }
    }

    pub(super) fn into_place(self) -> Place {
        match self {
            Self::Path => Place::Path,
            Self::Joined => Place::Joined,
            Self::Code => Place::Code,
            Self::Doctest => Place::Doctest,
            Self::Module => Place::Module,
            Self::Argument {
                callee,
                position,
                keyword,
            } => Place::Argument {
                callee: callee.into_owned(),
                position,
                keyword: keyword.map(str::to_owned),
            },
            Self::Assigned(name) => Place::Assigned(name.to_owned()),
            Self::Other => Place::Other,
        }
    }
}

/// What a bracket encloses.
enum Bracketed<'s> {
    /// The arguments of a call of this.
    Arguments(Cow<'s, str>),
    /// The parameters of a function or the bases of a class.
    Header,
    /// Anything else.
    Display,
}

/// How far the `=` is looked for that follows an annotation.
const LONGEST_ANNOTATION: usize = 1000;

/// How many brackets a call may be away from its argument.
const DEEPEST_ARGUMENT: usize = 64;

/// The functions that join their arguments to a path.
const JOINERS: &[&str] = &[
    "Path",
    "PosixPath",
    "PurePath",
    "PurePosixPath",
    "join",
    "joinpath",
];

/// The words after which a parenthesis encloses an expression.
const BEFORE_EXPRESSION: &[&str] = &[
    "and", "as", "assert", "async", "await", "case", "class", "def", "del", "elif", "else",
    "except", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
    "or", "raise", "return", "while", "with", "yield",
];

impl<'s> Scanner<'s> {
    /// The place of a string after which `next` is the next significant byte.
    pub(super) fn place(
        &mut self,
        before: Option<usize>,
        next: usize,
        is_after_m: bool,
    ) -> PlaceIn<'s> {
        if self.joins_paths(before, next) {
            return PlaceIn::Path;
        }
        if is_after_m {
            return PlaceIn::Module;
        }
        for index in (1..self.open.len()).rev().take(DEEPEST_ARGUMENT) {
            let open = self.open[index];
            if open.byte != b'(' {
                continue;
            }
            match self.bracketed(open.at) {
                Bracketed::Arguments(callee) => {
                    return PlaceIn::Argument {
                        callee,
                        position: open.commas,
                        keyword: self.keyword(open),
                    };
                }
                Bracketed::Header => return PlaceIn::Other,
                Bracketed::Display => {}
            }
        }
        match self.target() {
            // The name's own annotation is no value of it.
            Some((name, from)) if before.is_some_and(|before| before >= from) => {
                PlaceIn::Assigned(name)
            }
            _ => PlaceIn::Other,
        }
    }

    /// Whether the bracket at a place takes an item of what is before it.
    pub(super) fn is_subscripted(&self, at: usize) -> bool {
        let Some(before) = self.significant_before(at) else {
            return false;
        };
        match self.bytes[before] {
            b')' | b']' | b'}' | b'"' | b'\'' => true,
            last if WORD[usize::from(last)] => {
                let start = self.word_start(before + 1);
                let word = self.text.get(start..=before).unwrap_or_default();
                BEFORE_EXPRESSION.binary_search(&word).is_err()
            }
            _ => false,
        }
    }

    fn joins_paths(&self, before: Option<usize>, next: usize) -> bool {
        let is_before = before.is_some_and(|at| match self.bytes[at] {
            b'/' => at == 0 || self.bytes[at - 1] != b'/',
            b'=' => self.bytes[..at].ends_with(b"/") && !self.bytes[..at].ends_with(b"//"),
            _ => false,
        });
        is_before || self.byte(next) == b'/' && !matches!(self.byte(next + 1), b'/' | b'=')
    }

    /// Where the operator or comma stands that joins the literal between these two to another one.
    pub(super) fn joint(&self, before: Option<usize>, next: usize) -> Option<usize> {
        let is_slash =
            |at: usize| self.byte(at) == b'/' && !matches!(self.byte(at + 1), b'/' | b'=');
        let joint = match self.byte(next) {
            _ if is_slash(next) => next,
            byte @ (b',' | b')') => {
                let open = self.open.last().filter(|open| open.byte == b'(')?;
                let is_argument = matches!(self.bytes[before?], b'(' | b',');
                let end = self.significant_before(open.at)? + 1;
                let start = self.word_start(end);
                let callee = self.text.get(start..end).unwrap_or_default();
                if !is_argument || !JOINERS.contains(&callee) {
                    return None;
                }
                match byte {
                    b',' => next,
                    // `Path("a") / "b"`
                    _ if before == Some(open.at) && callee.ends_with("Path") => {
                        let (after, _) = self.significant_from(next + 1);
                        is_slash(after).then_some(after)?
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let (after, _) = self.significant_from(joint + 1);
        self.begins_literal(after).then_some(joint)
    }

    /// What the parenthesis at a place encloses.
    fn bracketed(&self, at: usize) -> Bracketed<'s> {
        let Some(before) = self.significant_before(at) else {
            return Bracketed::Display;
        };
        let last = self.bytes[before];
        if !WORD[usize::from(last)] {
            // `f(x)(y)`, `x[0](y)`.
            return if matches!(last, b')' | b']') {
                Bracketed::Arguments(Cow::Borrowed(""))
            } else {
                Bracketed::Display
            };
        }
        let start = self.word_start(before + 1);
        let word = self.text.get(start..=before).unwrap_or_default();
        let before_word = self.significant_before(start);
        let is_attribute = before_word.is_some_and(|at| self.bytes[at] == b'.');
        if is_attribute {
            return Bracketed::Arguments(self.dotted_before(start, before + 1));
        }
        if BEFORE_EXPRESSION.binary_search(&word).is_ok() {
            return Bracketed::Display;
        }
        if let Some(at) = before_word
            && matches!(self.bytes[at], b'f' | b's')
        {
            let start = self.word_start(at + 1);
            if matches!(self.text.get(start..=at), Some("def" | "class")) {
                return Bracketed::Header;
            }
        }
        Bracketed::Arguments(Cow::Borrowed(word))
    }

    /// The dotted name whose last word stands at a place; with a leading dot if it is an attribute of
    /// something that is no name, after `''` if that is a literal.
    pub(super) fn dotted_before(&self, start: usize, end: usize) -> Cow<'s, str> {
        let text = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        // Where each part begins and ends, the last first.
        let mut from = start;
        let mut spaced: Option<Vec<&'s str>> = None;
        while let Some(dot) = self
            .significant_before(from)
            .filter(|&dot| self.bytes[dot] == b'.')
        {
            let name_end = self.significant_before(dot).map_or(dot, |at| at + 1);
            let name = self.word_start(name_end);
            let is_tight = dot + 1 == from && (name_end == dot || name == name_end);
            if !is_tight && spaced.is_none() {
                spaced = Some(vec![text(from, end)]);
            }
            let is_name = name < name_end && name >= self.statement;
            if let Some(parts) = &mut spaced {
                parts.push(".");
                if is_name {
                    parts.push(text(name, name_end));
                }
            }
            from = if is_name { name } else { dot };
            if !is_name {
                break;
            }
        }
        let is_of_literal = self.byte(from) == b'.'
            && self
                .significant_before(from)
                .is_some_and(|at| matches!(self.bytes[at], b'"' | b'\''));
        let literal = if is_of_literal { "''" } else { "" };
        match spaced {
            None if is_of_literal => Cow::Owned(format!("''{}", text(from, end))),
            None => Cow::Borrowed(text(from, end)),
            Some(parts) => Cow::Owned(
                [literal]
                    .into_iter()
                    .chain(parts.into_iter().rev())
                    .collect(),
            ),
        }
    }

    /// The keyword that the current argument of a call is passed by.
    fn keyword(&self, open: Open) -> Option<&'s str> {
        let (start, _) = self.significant_from(open.item);
        let word = self.word_at(start);
        if word.is_empty() {
            return None;
        }
        let (at, _) = self.significant_from(start + word.len());
        (self.byte(at) == b'=' && self.byte(at + 1) != b'=').then_some(word)
    }

    /// The name that the statement assigns to, and where its value begins.
    fn target(&mut self) -> Option<(&'s str, usize)> {
        if let Some(target) = self.target {
            return target;
        }
        let name = self.word_at(self.statement);
        let after = self.statement + name.len();
        let (at, _) = self.significant_from(after);
        let end = (at + 3).min(self.bytes.len());
        let operator = Tokens::new(self.bytes, at, end).next();
        let operator = operator.map_or(&b""[..], |token| &self.bytes[token.start..token.end]);
        let target = if name.is_empty() || self.header.is_some() {
            None
        } else if operator == b":" {
            // Not settled: the string may stand in the annotation.
            return self.annotated_target(at + 1).map(|from| (name, from));
        } else {
            assigns(operator).then_some((name, at))
        };
        self.target = Some(target);
        target
    }

    /// Where the `=` stands that follows a name's annotation.
    fn annotated_target(&self, annotation: usize) -> Option<usize> {
        let end = self.at.min(annotation + LONGEST_ANNOTATION).max(annotation);
        let mut depth = 0;
        for token in Tokens::new(self.bytes, annotation, end) {
            match (token.kind, &self.bytes[token.start..token.end]) {
                (Kind::Operator, b"(" | b"[" | b"{") => depth += 1,
                (Kind::Operator, b")" | b"]" | b"}") => depth -= 1,
                (Kind::Operator, b"=") if depth == 0 => return Some(token.start),
                _ => {}
            }
        }
        None
    }
}
