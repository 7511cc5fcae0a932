//! Where an operand is to come: in front of expressions and elements, and within f-strings.

use super::frame::In;
use super::{AFTER, ARITHMETIC, DISJUNCTION, ELEMENT, EXPRESSION, PRIMARY, Reading, TEXT};
use crate::syntax::scanner::token::Kind;

impl Reading<'_, '_> {
    /// Where an operand is to come.
    pub(super) fn operand(&mut self) -> Option<bool> {
        let want = self.want;
        match self.kind(0) {
            Kind::Name => {
                self.is_target = true;
                self.is_bare_name = want == ELEMENT;
                self.step(1, AFTER)
            }
            Kind::Int
            | Kind::Float
            | Kind::Str
            | Kind::Bytes
            | Kind::None
            | Kind::True
            | Kind::False
            | Kind::Ellipsis => self.atom(false),
            Kind::FormatStart => self.push(In::Format, TEXT),
            Kind::LeftParen => self.push(In::Paren, ELEMENT),
            Kind::LeftBracket => self.push(In::List, ELEMENT),
            Kind::LeftBrace => self.push(In::Brace, ELEMENT),
            Kind::Minus | Kind::Plus | Kind::Tilde if want != PRIMARY => {
                self.frame.fixed = true;
                self.step(1, ARITHMETIC)
            }
            Kind::Not if want >= DISJUNCTION => {
                self.frame.fixed = true;
                self.step(1, DISJUNCTION)
            }
            Kind::Await if want != PRIMARY => {
                self.frame.fixed = true;
                self.step(1, PRIMARY)
            }
            Kind::Lambda if want >= EXPRESSION => {
                self.grammar.lambdas += 1;
                self.push(In::Parameters, AFTER)?;
                self.parameters()
            }
            Kind::Star if want == ELEMENT && self.may_star() => {
                self.frame.star = true;
                self.frame.starred = true;
                let is_call = self.frame.within == In::Call;
                self.step(1, if is_call { EXPRESSION } else { ARITHMETIC })
            }
            Kind::DoubleStar if want == ELEMENT && self.may_double_star() => {
                self.frame.double_star = true;
                let is_call = self.frame.within == In::Call;
                self.step(1, if is_call { EXPRESSION } else { ARITHMETIC })
            }
            Kind::Yield if want == ELEMENT && self.may_yield() => self.yields(),
            _ if want == ELEMENT => self.nothing(),
            _ => None,
        }
    }

    fn may_star(&self) -> bool {
        match self.frame.within {
            In::Top => self.rule.stars,
            In::Subscript => self.frame.colons == 0,
            In::Paren | In::Call | In::List | In::Field => true,
            In::Brace => !self.frame.dict || self.frame.targets,
            _ => false,
        }
    }

    fn may_double_star(&self) -> bool {
        match self.frame.within {
            In::Call => true,
            In::Brace => !self.frame.set && !self.frame.targets,
            _ => false,
        }
    }

    fn may_yield(&self) -> bool {
        let is_first = !self.frame.comma && !self.frame.comprehension;
        match self.frame.within {
            In::Top => self.rule.yields && is_first,
            In::Paren | In::Field => is_first,
            _ => false,
        }
    }

    fn yields(&mut self) -> Option<bool> {
        self.frame.fixed = true;
        if self.grammar.lambdas == 0 {
            self.grammar.yielded = true;
        }
        self.is_target = false;
        self.is_bare_name = false;
        match self.kind(1) {
            Kind::From => self.step(2, EXPRESSION),
            Kind::Newline
            | Kind::Semicolon
            | Kind::Assign
            | Kind::RightParen
            | Kind::FieldClose
            | Kind::Conversion
            | Kind::SpecOpen => self.step(1, AFTER),
            _ => {
                // `(yield a, b)` is one operand.
                self.step(1, ELEMENT)
            }
        }
    }

    /// Where an element may begin and none does.
    fn nothing(&mut self) -> Option<bool> {
        let token = self.kind(0);
        let frame = &self.frame;
        if frame.targets {
            if token != Kind::In || !frame.comma {
                return None;
            }
            return self.ends_targets();
        }
        match (frame.within, token) {
            // After a comma; the empty tuple and list are targets, and so is what they hold.
            (In::Top, _) if frame.comma => {
                self.is_target = true;
                Some(true)
            }
            (In::Paren, Kind::RightParen) => self.close(true),
            (In::List, Kind::RightBracket) => self.close(true),
            (In::Call, Kind::RightParen) | (In::Brace, Kind::RightBrace) => self.close(false),
            (In::Subscript, Kind::RightBracket) if frame.comma || frame.colons > 0 => {
                self.close(true)
            }
            (In::Subscript, Kind::Comma) if frame.colons > 0 => self.comma(),
            (In::Subscript, Kind::Colon) => self.colon(),
            (In::Field, Kind::FieldClose | Kind::Conversion | Kind::SpecOpen | Kind::Assign)
                if frame.comma =>
            {
                self.want = AFTER;
                Some(false)
            }
            _ => None,
        }
    }

    /// In the text of an f-string, where only fields are tokens.
    pub(super) fn text(&mut self) -> Option<bool> {
        match (self.frame.within, self.kind(0)) {
            (_, Kind::FieldOpen) => self.push(In::Field, ELEMENT),
            (In::Format, Kind::FormatEnd) | (In::Spec, Kind::FieldClose) => self.close(false),
            _ => None,
        }
    }

    /// The parameters of a lambda, up to a default value or the body.
    pub(super) fn parameters(&mut self) -> Option<bool> {
        loop {
            let len = match (self.kind(0), self.kind(1)) {
                (Kind::Colon, _) => return self.colon(),
                (Kind::Star | Kind::DoubleStar, Kind::Name) => 2,
                (Kind::Star, Kind::Comma) | (Kind::Slash, _) | (Kind::Name, _) => 1,
                _ => return None,
            };
            self.at += len;
            match self.kind(0) {
                Kind::Comma => self.at += 1,
                Kind::Colon => return self.colon(),
                Kind::Assign => return self.step(1, EXPRESSION),
                _ => return None,
            }
        }
    }
}
