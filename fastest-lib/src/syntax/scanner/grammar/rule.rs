//! What may stand in an expression at its outermost level.

/// What an expression may consist of at its outermost level.
#[derive(Clone, Copy)]
pub(in super::super) struct Rule {
    pub(super) commas: bool,
    pub(super) stars: bool,
    pub(super) walrus: bool,
    pub(super) yields: bool,
    /// Whether it ends before an `in`, as the targets of a `for` do.
    pub(super) targets: bool,
    /// Whether `as` names may stand in it, as in a `case` or between the brackets of a `with`.
    pub(super) names: bool,
    /// Whether it begins with the arguments of a call.
    pub(super) arguments: bool,
}

impl Rule {
    /// One expression.
    pub(in super::super) const SINGLE: Self = Self {
        commas: false,
        stars: false,
        walrus: false,
        yields: false,
        targets: false,
        names: false,
        arguments: false,
    };
    /// One expression or `name := expression`.
    pub(in super::super) const NAMED: Self = Self {
        walrus: true,
        ..Self::SINGLE
    };
    /// Expressions with commas between them, starred ones too.
    pub(in super::super) const LIST: Self = Self {
        commas: true,
        stars: true,
        ..Self::SINGLE
    };
    /// The same, or a `yield`.
    pub(in super::super) const VALUE: Self = Self {
        yields: true,
        ..Self::LIST
    };
    /// What `match` is about.
    pub(in super::super) const SUBJECT: Self = Self {
        walrus: true,
        ..Self::LIST
    };
    /// The targets of a `for`.
    pub(in super::super) const TARGETS: Self = Self {
        targets: true,
        ..Self::LIST
    };
    /// The patterns of a `case`.
    pub(in super::super) const PATTERNS: Self = Self {
        names: true,
        ..Self::LIST
    };
    /// An item of a `with`.
    pub(in super::super) const ITEM: Self = Self {
        names: true,
        ..Self::SINGLE
    };
    /// The parentheses behind a class's name.
    pub(in super::super) const ARGUMENTS: Self = Self {
        arguments: true,
        ..Self::SINGLE
    };
    /// A starred or plain annotation.
    pub(in super::super) const STARRED: Self = Self {
        stars: true,
        ..Self::SINGLE
    };
}

impl Rule {
    /// Whether it is for patterns, in which dots make no attributes.
    pub(in super::super) fn is_pattern(self) -> bool {
        self.names && self.commas
    }
}
