//! Which strings are kept, and in which parts.

use super::calls::starts_program;
use super::places::PlaceIn;
use super::scan::Scanner;
use super::tokens::word_end;
use super::values::{LONGEST, Shape, Value, is_path, shape};

/// A value, adjacent literals together, and what is around it.
#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) line: u32,
    /// The significant bytes before and after it.
    pub(super) before: Option<usize>,
    pub(super) next: usize,
    pub(super) is_bytes: bool,
    /// Whether a `+` joins it to what is before or after.
    pub(super) is_added: bool,
    pub(super) is_added_to: bool,
    /// Whether the string before it in the same brackets is `-m`.
    pub(super) is_after_m: bool,
    /// Whether it is a part of a path that is made of literals.
    pub(super) is_joined: bool,
}

impl Scanner<'_> {
    pub(super) fn segments(&mut self, value: &Value, around: Around) {
        for (index, (text, goes_on)) in value.segments().enumerate() {
            self.segment(text, index == 0, goes_on, around);
        }
    }

    /// Keeps a stretch of a value if it may name something.
    pub(super) fn segment(&mut self, text: &str, is_first: bool, goes_on: bool, around: Around) {
        let is_prefix = goes_on || around.is_added_to;
        let is_later = !is_first || around.is_added;
        let (text, shape) = if is_later {
            let rest = text.strip_prefix('/').unwrap_or(text);
            match shape(rest, is_prefix) {
                Some(kept) if kept == Shape::Command || is_path(kept, rest) => (rest, kept),
                _ if text.starts_with('.') => match shape(text, is_prefix) {
                    Some(kept) => (text, kept),
                    None => return,
                },
                _ => return,
            }
        } else {
            match shape(text, is_prefix).map(|kept| (text, kept)) {
                Some(kept) => kept,
                None => match self.of_call(text) {
                    Some(kept) => kept,
                    None => return,
                },
            }
        };
        let mut is_key = false;
        if shape == Shape::Single && !is_prefix {
            if self.is_compared(around) || self.is_subscript(around) {
                return;
            }
            is_key = self.byte(around.next) == b':'
                && self.open.last().is_some_and(|open| open.byte == b'{');
        }
        let place = match around.is_joined {
            true => PlaceIn::Joined,
            false => self.place(around.before, around.next, around.is_after_m),
        };
        if around.is_bytes && !(is_path(shape, text) && place.is_argument()) {
            return;
        }
        self.intern(around.line, text, is_prefix, place, is_key);
    }

    /// What of a text names something because of the function that it is given to: a command line, the
    /// category of a warning.
    fn of_call<'t>(&self, text: &'t str) -> Option<(&'t str, Shape)> {
        if text.is_empty() || text.len() > LONGEST || text.contains('\n') {
            return None;
        }
        let opens = self.open.iter().rev().take(3);
        let open = opens
            .take_while(|open| open.byte != b'{')
            .find(|open| open.byte == b'(')?;
        let end = self.significant_before(open.at)? + 1;
        let callee = self.text.get(self.word_start(end)..end)?;
        if callee == "filterwarnings" {
            let category = text.split(':').nth(2)?.trim();
            return Some((category, shape(category, false)?)).filter(|_| category.contains('.'));
        }
        let starts = text.contains(' ') && starts_program(callee);
        starts.then_some((text, Shape::Command))
    }

    /// Whether a comparison stands before or after the value.
    fn is_compared(&self, around: Around) -> bool {
        let next = &self.bytes[around.next.min(self.bytes.len())..];
        let is_next = match next {
            [b'=' | b'!', b'=', ..] | [b'<' | b'>', ..] => true,
            [b'i', ..] | [b'n', ..] => {
                let end = word_end(next, 0);
                matches!(&next[..end], b"in" | b"is" | b"not")
            }
            _ => false,
        };
        let Some(before) = around.before else {
            return is_next;
        };
        let last = self.bytes[before];
        is_next
            || match last {
                b'=' => before > 0 && matches!(self.bytes[before - 1], b'=' | b'!' | b'<' | b'>'),
                b'<' => true,
                b'>' => before > 0 && self.bytes[before - 1] != b'-',
                b'n' | b's' | b't' => {
                    let start = self.word_start(before + 1);
                    match &self.bytes[start..=before] {
                        b"in" => !self.is_of_loop(start),
                        b"is" => true,
                        b"not" => self
                            .significant_before(start)
                            .is_some_and(|at| self.bytes[..=at].ends_with(b"is")),
                        _ => false,
                    }
                }
                _ => false,
            }
    }

    /// Whether an `in` is that of `for x in`, which compares nothing.
    fn is_of_loop(&self, at: usize) -> bool {
        self.word_at(self.statement) == "for" && self.open.len() == 1 && at > self.statement
    }

    /// Whether the value is all that a subscript holds.
    fn is_subscript(&self, around: Around) -> bool {
        let Some(open) = self.open.last().filter(|open| open.byte == b'[') else {
            return false;
        };
        self.byte(around.next) == b']'
            && around.before == Some(open.at)
            && self.is_subscripted(open.at)
    }
}
