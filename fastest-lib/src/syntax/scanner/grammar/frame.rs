//! What is known of the brackets that are open.

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum In {
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
pub(super) struct Frame {
    pub(super) within: In,
    pub(super) comma: bool,
    /// A comprehension has begun.
    pub(super) comprehension: bool,
    /// Between the `for` and the `in` of a comprehension.
    pub(super) targets: bool,
    /// An `if` waits for its `else`.
    pub(super) ternary: bool,
    /// The colons of the element.
    pub(super) colons: u8,
    /// The element is starred.
    pub(super) star: bool,
    pub(super) double_star: bool,
    /// Any element so far is starred.
    pub(super) starred: bool,
    /// In the element, what comes is the target behind an `as`.
    pub(super) alias: bool,
    /// Any element so far has an `as`.
    pub(super) renamed: bool,
    pub(super) dict: bool,
    pub(super) set: bool,
    /// Something in it cannot be assigned to.
    pub(super) fixed: bool,
    /// `name=` or a field's `=` was read.
    pub(super) assign: bool,
    /// Nothing may follow but the end of the field.
    pub(super) converted: bool,
}

impl Frame {
    pub(super) const fn new(within: In) -> Self {
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
            alias: false,
            renamed: false,
            dict: false,
            set: false,
            fixed: false,
            assign: false,
            converted: false,
        }
    }

    /// Notes that an element ends.
    pub(super) fn next_element(&mut self) {
        self.colons = 0;
        self.star = false;
        self.double_star = false;
        self.assign = false;
        self.alias = false;
    }

    /// Whether what stands between braces so far is all items or all pairs, with this element.
    pub(super) fn element_fits(&mut self) -> bool {
        let is_pair = self.colons > 0 || self.double_star;
        if is_pair {
            self.dict = true;
        } else {
            self.set = true;
        }
        self.dict != self.set
    }
}
