//! Commas, colons and closing brackets: what separates the elements of a bracket and ends it.

use super::frame::In;
use super::{AFTER, DISJUNCTION, ELEMENT, EXPRESSION, Reading, TEXT};
use crate::syntax::scanner::token::Kind;

impl Reading<'_, '_> {
    pub(super) fn comma(&mut self) -> Option<bool> {
        if !self.is_target && self.frame.within != In::Subscript {
            self.frame.fixed = true;
        }
        if self.frame.targets {
            self.frame.comma = true;
            return self.step(1, ELEMENT);
        }
        if self.frame.comprehension {
            return None;
        }
        match self.frame.within {
            In::Top | In::Paren | In::Call | In::List | In::Subscript => {}
            In::Field if !self.frame.assign && !self.frame.converted => {}
            In::Brace => {
                if !self.frame.element_fits() {
                    return None;
                }
            }
            In::Parameters => {
                self.at += 1;
                return self.parameters();
            }
            _ => return None,
        }
        self.frame.comma = true;
        self.frame.next_element();
        self.step(1, ELEMENT)
    }

    pub(super) fn colon(&mut self) -> Option<bool> {
        match self.frame.within {
            In::Top => Some(true),
            In::Subscript if self.frame.colons < 2 && !self.frame.star => {
                self.frame.colons += 1;
                self.is_bare_name = false;
                self.step(1, ELEMENT)
            }
            In::Brace
                if self.frame.colons == 0
                    && !self.frame.set
                    && !self.frame.star
                    && !self.frame.double_star
                    && !self.frame.comprehension =>
            {
                self.frame.colons = 1;
                self.frame.dict = true;
                self.step(1, EXPRESSION)
            }
            In::Parameters => {
                self.frame.within = In::Lambda;
                self.step(1, EXPRESSION)
            }
            _ => None,
        }
    }

    pub(super) fn assign(&mut self) -> Option<bool> {
        match self.frame.within {
            In::Top => Some(true),
            In::Call if self.is_bare_name && !self.frame.comprehension => {
                self.frame.assign = true;
                self.is_bare_name = false;
                self.step(1, EXPRESSION)
            }
            In::Field if !self.frame.assign => {
                self.frame.assign = true;
                match self.kind(1) {
                    Kind::Conversion | Kind::SpecOpen | Kind::FieldClose => self.step(1, AFTER),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(super) fn begins_comprehension(&mut self, tokens: usize) -> Option<bool> {
        let frame = &mut self.frame;
        let is_plain = !frame.star && !frame.double_star && !frame.assign && !frame.alias;
        if !is_plain || frame.comma || frame.targets {
            return None;
        }
        match frame.within {
            In::Paren | In::Call | In::List => {}
            In::Brace if frame.colons > 0 || !frame.dict => {}
            _ => return None,
        }
        frame.comprehension = true;
        frame.targets = true;
        frame.fixed = false;
        self.step(tokens, ELEMENT)
    }

    pub(super) fn ends_targets(&mut self) -> Option<bool> {
        if self.frame.fixed || !(self.is_target || self.want == ELEMENT) {
            return None;
        }
        self.frame.targets = false;
        self.frame.comma = false;
        self.frame.star = false;
        self.frame.fixed = true;
        self.is_bare_name = false;
        self.step(1, DISJUNCTION)
    }

    /// A closing bracket after an operand.
    pub(super) fn ends_bracket(&mut self, token: Kind) -> Option<bool> {
        let frame = &mut self.frame;
        if frame.targets {
            return None;
        }
        let fits = match (frame.within, token) {
            // `(*a)` is none, `(*a,)` is a tuple.
            (In::Paren, Kind::RightParen) => !frame.star || frame.comma,
            (In::Call, Kind::RightParen)
            | (In::List | In::Subscript, Kind::RightBracket)
            | (In::Field, Kind::FieldClose) => true,
            (In::Brace, Kind::RightBrace) => frame.comprehension || frame.element_fits(),
            _ => false,
        };
        if !fits {
            return None;
        }
        let is_target = self.is_target && !self.frame.fixed && !self.frame.comprehension;
        self.close(is_target)
    }

    /// Leaves a bracket; `is_target` tells whether what it holds can be assigned to.
    pub(super) fn close(&mut self, is_target: bool) -> Option<bool> {
        let within = self.frame.within;
        if self.frame.starred && self.frame.renamed {
            // The items of a `with` are not starred.
            return None;
        }
        let is_target = match within {
            In::Paren | In::List => is_target && !self.frame.fixed,
            In::Subscript => true,
            _ => false,
        };
        self.pop()?;
        if within == In::Field || within == In::Spec {
            return self.step(1, TEXT);
        }
        self.atom(is_target)
    }
}
