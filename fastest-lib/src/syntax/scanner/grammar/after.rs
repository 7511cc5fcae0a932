//! After an operand: what continues it, the operators, or the boundary that ends it.

use super::frame::In;
use super::{
    AFTER, ARITHMETIC, DISJUNCTION, ELEMENT, EXPRESSION, PRIMARY, Reading, TEXT, Want, kind,
};
use crate::syntax::scanner::token::Kind;

impl Reading<'_, '_> {
    /// After an operand.
    pub(super) fn after(&mut self) -> Option<bool> {
        match self.kind(0) {
            Kind::Dot if self.kind(1) == Kind::Name => {
                self.is_target = true;
                self.is_bare_name = false;
                self.step(2, AFTER)
            }
            Kind::LeftParen => self.push(In::Call, ELEMENT),
            Kind::LeftBracket => self.push(In::Subscript, ELEMENT),
            Kind::Plus
            | Kind::Minus
            | Kind::Star
            | Kind::DoubleStar
            | Kind::At
            | Kind::Slash
            | Kind::Binary
            | Kind::Compare => self.operator(1, ARITHMETIC),
            Kind::In if self.frame.targets => self.ends_targets(),
            Kind::In if self.frame.within == In::Top && self.rule.targets => Some(true),
            Kind::In => self.operator(1, ARITHMETIC),
            Kind::Is => {
                let words = if self.kind(1) == Kind::Not { 2 } else { 1 };
                self.operator(words, ARITHMETIC)
            }
            Kind::Not if self.kind(1) == Kind::In => self.operator(2, ARITHMETIC),
            Kind::And | Kind::Or => self.operator(1, DISJUNCTION),
            Kind::If => {
                if self.frame.targets {
                    return None;
                }
                if self.frame.within == In::Top && self.rule.names && self.rule.commas {
                    // The guard of a `case`.
                    return Some(true);
                }
                if !self.frame.comprehension {
                    if self.frame.ternary {
                        return None;
                    }
                    self.frame.ternary = true;
                }
                self.operator(1, DISJUNCTION)
            }
            Kind::Else if self.frame.ternary => {
                self.frame.ternary = false;
                self.operator(1, EXPRESSION)
            }
            Kind::Str | Kind::Bytes | Kind::FormatStart => self.next_literal(),
            Kind::Walrus if self.is_bare_name && self.may_walrus() => self.operator(1, EXPRESSION),
            Kind::As if self.rule.names && self.frame.within != In::Lambda => self.renamed(),
            _ => self.boundary(),
        }
    }

    fn operator(&mut self, tokens: usize, want: Want) -> Option<bool> {
        if self.frame.alias {
            return None;
        }
        self.frame.fixed = true;
        self.is_target = false;
        self.is_bare_name = false;
        self.step(tokens, want)
    }

    fn may_walrus(&self) -> bool {
        if self.frame.comprehension || self.frame.star || self.frame.colons > 0 {
            return false;
        }
        match self.frame.within {
            In::Top => self.rule.walrus,
            In::Brace => !self.frame.dict,
            In::Paren | In::Call | In::List | In::Subscript => true,
            _ => false,
        }
    }

    /// A literal beside another one is part of it.
    fn next_literal(&mut self) -> Option<bool> {
        let before = kind(self.line, self.at.checked_sub(1)?);
        match (before, self.kind(0)) {
            (Kind::Str | Kind::FormatEnd, Kind::Str) | (Kind::Bytes, Kind::Bytes) => {
                self.step(1, AFTER)
            }
            (Kind::Str | Kind::FormatEnd, Kind::FormatStart) => self.push(In::Format, TEXT),
            _ => None,
        }
    }

    /// `as name`, or in a `with` any target.
    fn renamed(&mut self) -> Option<bool> {
        let in_group = self.frame.within == In::Paren && self.grammar.stack.len() == 1;
        if self.rule.commas {
            if self.kind(1) != Kind::Name {
                return None;
            }
            self.frame.fixed = true;
            return self.step(2, AFTER);
        }
        if self.frame.within == In::Top {
            return Some(true);
        }
        let is_whole = !self.frame.ternary && !self.frame.comprehension && !self.frame.alias;
        if !in_group || !is_whole {
            return None;
        }
        self.frame.fixed = true;
        self.frame.renamed = true;
        self.frame.alias = true;
        self.step(1, PRIMARY)
    }

    /// Where an operand ends and no operator follows.
    fn boundary(&mut self) -> Option<bool> {
        let token = self.kind(0);
        if self.frame.within == In::Lambda {
            // Its body ends where what is around it goes on.
            if self.frame.ternary {
                return None;
            }
            self.pop()?;
            self.grammar.lambdas -= 1;
            self.frame.fixed = true;
            self.is_target = false;
            self.is_bare_name = false;
            return Some(false);
        }
        if self.frame.ternary || (self.frame.alias && !self.is_target) {
            return None;
        }
        match token {
            Kind::Comma => {
                if self.frame.within == In::Top && !self.rule.commas {
                    return Some(true);
                }
                self.comma()
            }
            Kind::For => self.begins_comprehension(1),
            Kind::Async if self.kind(1) == Kind::For => self.begins_comprehension(2),
            Kind::Colon => self.colon(),
            Kind::Assign => self.assign(),
            Kind::RightParen | Kind::RightBracket | Kind::RightBrace | Kind::FieldClose
                if self.frame.within != In::Top =>
            {
                self.ends_bracket(token)
            }
            Kind::Conversion if self.frame.within == In::Field && !self.frame.converted => {
                self.frame.converted = true;
                match self.kind(1) {
                    Kind::SpecOpen | Kind::FieldClose => self.step(1, AFTER),
                    _ => None,
                }
            }
            Kind::SpecOpen if self.frame.within == In::Field => {
                self.frame.within = In::Spec;
                self.step(1, TEXT)
            }
            _ if self.frame.within == In::Top => Some(true),
            _ => None,
        }
    }
}
