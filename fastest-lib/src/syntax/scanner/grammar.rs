//! Whether the tokens of an expression are in an order that the grammar allows, and where it ends.
//!
//! A pushdown automaton instead of recursion: brackets, fields of f-strings and lambdas are frames
//! on a stack of its own, so no nesting can exhaust the program's.

use super::lexer::Wrong;
use super::token::{Kind, Token};

/// What an expression may consist of at its outermost level.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    commas: bool,
    stars: bool,
    walrus: bool,
    yields: bool,
    /// Whether it ends before an `in`, as the targets of a `for` do.
    targets: bool,
    /// Whether `as` names may stand in it, as in a `case` or between the brackets of a `with`.
    names: bool,
    /// Whether it begins with the arguments of a call.
    arguments: bool,
}

impl Rule {
    /// One expression.
    pub(super) const SINGLE: Self = Self {
        commas: false,
        stars: false,
        walrus: false,
        yields: false,
        targets: false,
        names: false,
        arguments: false,
    };
    /// One expression or `name := expression`.
    pub(super) const NAMED: Self = Self {
        walrus: true,
        ..Self::SINGLE
    };
    /// Expressions with commas between them, starred ones too.
    pub(super) const LIST: Self = Self {
        commas: true,
        stars: true,
        ..Self::SINGLE
    };
    /// The same, or a `yield`.
    pub(super) const VALUE: Self = Self {
        yields: true,
        ..Self::LIST
    };
    /// What `match` is about.
    pub(super) const SUBJECT: Self = Self {
        walrus: true,
        ..Self::LIST
    };
    /// The targets of a `for`.
    pub(super) const TARGETS: Self = Self {
        targets: true,
        ..Self::LIST
    };
    /// The patterns of a `case`.
    pub(super) const PATTERNS: Self = Self {
        names: true,
        ..Self::LIST
    };
    /// An item of a `with`.
    pub(super) const ITEM: Self = Self {
        names: true,
        ..Self::SINGLE
    };
    /// The parentheses behind a class's name.
    pub(super) const ARGUMENTS: Self = Self {
        arguments: true,
        ..Self::SINGLE
    };
    /// A starred or plain annotation.
    pub(super) const STARRED: Self = Self {
        stars: true,
        ..Self::SINGLE
    };
}

impl Rule {
    /// Whether it is for patterns, in which dots make no attributes.
    pub(super) fn is_pattern(self) -> bool {
        self.names && self.commas
    }
}

/// An expression that was found to be in order.
#[derive(Clone, Copy)]
pub(super) struct Checked {
    /// The first token after it.
    pub(super) end: usize,
    /// Whether something can be assigned to it.
    pub(super) is_target: bool,
    /// Whether commas make it several.
    pub(super) has_comma: bool,
}

/// What may come next: after an operand (0), or an operand, by how much of one.
type Want = u8;
const AFTER: Want = 0;
/// An operand that an `await` waits for.
const PRIMARY: Want = 1;
/// An operand of an arithmetic operator or comparison.
const ARITHMETIC: Want = 2;
/// An operand of `and`, `or`, `not`, or the condition of an `if`.
const DISJUNCTION: Want = 3;
/// Any expression.
const EXPRESSION: Want = 4;
/// The start of an element: an expression, starred one, `name :=`, or nothing after a comma.
const ELEMENT: Want = 5;
/// The text of an f-string or format spec.
const TEXT: Want = 6;

#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Top,
    Paren,
    Call,
    List,
    Subscript,
    Brace,
    Field,
    Spec,
    Format,
    Parameters,
    Lambda,
}

#[derive(Clone, Copy)]
struct Frame {
    within: In,
    comma: bool,
    /// A comprehension has begun.
    comprehension: bool,
    /// Between the `for` and the `in` of a comprehension.
    targets: bool,
    /// An `if` waits for its `else`.
    ternary: bool,
    /// The colons of the element.
    colons: u8,
    /// The element is starred.
    star: bool,
    double_star: bool,
    /// Any element so far is starred.
    starred: bool,
    /// Any element so far has an `as`.
    renamed: bool,
    dict: bool,
    set: bool,
    /// Something in it cannot be assigned to.
    fixed: bool,
    /// `name=` or a field's `=` was read.
    assign: bool,
    /// Nothing may follow but the end of the field.
    converted: bool,
}

impl Frame {
    const fn new(within: In) -> Self {
        Self {
            within,
            comma: false,
            comprehension: false,
            targets: false,
            ternary: false,
            colons: 0,
            star: false,
            double_star: false,
            starred: false,
            renamed: false,
            dict: false,
            set: false,
            fixed: false,
            assign: false,
            converted: false,
        }
    }

    /// Notes that an element ends.
    fn next_element(&mut self) {
        self.colons = 0;
        self.star = false;
        self.double_star = false;
        self.assign = false;
    }

    /// Whether what stands between braces so far is all items or all pairs, with this element.
    fn element_fits(&mut self) -> bool {
        let is_pair = self.colons > 0 || self.double_star;
        if is_pair {
            self.dict = true;
        } else {
            self.set = true;
        }
        self.dict != self.set
    }
}

const INVALID: &str = "invalid syntax";

/// The automaton; its stack is kept from one expression to the next.
#[derive(Default)]
pub(super) struct Grammar {
    stack: Vec<Frame>,
    lambdas: u32,
    /// Whether a `yield` outside of lambdas was met since this was last taken.
    pub(super) yielded: bool,
}

/// One expression being read.
struct Reading<'g, 't> {
    grammar: &'g mut Grammar,
    line: &'t [Token],
    rule: Rule,
    at: usize,
    want: Want,
    frame: Frame,
    /// Whether the operand just read can be assigned to.
    is_target: bool,
    /// Whether that operand is a name that begins an element.
    is_bare_name: bool,
}

pub(super) fn kind(line: &[Token], at: usize) -> Kind {
    line.get(at).map_or(Kind::Newline, |token| token.kind)
}

pub(super) fn wrong(line: &[Token], at: usize, message: &'static str) -> Wrong {
    let token = line.get(at).or(line.last());
    Wrong {
        line: token.map_or(0, |token| token.line),
        message,
    }
}

impl Grammar {
    /// Reads the expression that begins at a token.
    pub(super) fn expression(
        &mut self,
        line: &[Token],
        at: usize,
        rule: Rule,
    ) -> Result<Checked, Wrong> {
        self.stack.clear();
        self.lambdas = 0;
        let mut reading = Reading {
            grammar: self,
            line,
            rule,
            at,
            want: if rule.arguments { AFTER } else { ELEMENT },
            frame: Frame::new(In::Top),
            is_target: false,
            is_bare_name: false,
        };
        match reading.run() {
            Some(checked) => Ok(checked),
            None => Err(wrong(line, reading.at, INVALID)),
        }
    }
}

impl Reading<'_, '_> {
    fn run(&mut self) -> Option<Checked> {
        loop {
            let ends = match self.want {
                AFTER => self.after()?,
                TEXT => self.text()?,
                _ => self.operand()?,
            };
            if ends {
                return Some(Checked {
                    end: self.at,
                    is_target: self.is_target && !self.frame.fixed,
                    has_comma: self.frame.comma,
                });
            }
        }
    }

    fn kind(&self, ahead: usize) -> Kind {
        kind(self.line, self.at + ahead)
    }

    fn step(&mut self, tokens: usize, want: Want) -> Option<bool> {
        self.at += tokens;
        self.want = want;
        Some(false)
    }

    fn push(&mut self, within: In, want: Want) -> Option<bool> {
        self.grammar.stack.push(self.frame);
        self.frame = Frame::new(within);
        self.step(1, want)
    }

    fn pop(&mut self) -> Option<()> {
        self.frame = self.grammar.stack.pop()?;
        Some(())
    }

    /// An atom is read.
    fn atom(&mut self, is_target: bool) -> Option<bool> {
        self.is_target = is_target;
        self.is_bare_name = false;
        self.step(1, AFTER)
    }

    /// Where an operand is to come.
    fn operand(&mut self) -> Option<bool> {
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

    /// After an operand.
    fn after(&mut self) -> Option<bool> {
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
        if !in_group || self.frame.ternary || self.frame.comprehension {
            return None;
        }
        self.frame.fixed = true;
        self.frame.renamed = true;
        self.step(1, ARITHMETIC)
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
        if self.frame.ternary {
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

    fn comma(&mut self) -> Option<bool> {
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

    fn colon(&mut self) -> Option<bool> {
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

    fn assign(&mut self) -> Option<bool> {
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

    fn begins_comprehension(&mut self, tokens: usize) -> Option<bool> {
        let frame = &mut self.frame;
        if frame.comma || frame.star || frame.double_star || frame.assign || frame.targets {
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

    fn ends_targets(&mut self) -> Option<bool> {
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
    fn ends_bracket(&mut self, token: Kind) -> Option<bool> {
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
    fn close(&mut self, is_target: bool) -> Option<bool> {
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

    /// In the text of an f-string, where only fields are tokens.
    fn text(&mut self) -> Option<bool> {
        match (self.frame.within, self.kind(0)) {
            (_, Kind::FieldOpen) => self.push(In::Field, ELEMENT),
            (In::Format, Kind::FormatEnd) | (In::Spec, Kind::FieldClose) => self.close(false),
            _ => None,
        }
    }

    /// The parameters of a lambda, up to a default value or the body.
    fn parameters(&mut self) -> Option<bool> {
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
