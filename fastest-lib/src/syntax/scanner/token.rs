//! The tokens of a logical line, and the tables that tell bytes and words apart.

/// What a token is. Soft keywords (`match`, `case`, `type`, `_`) are names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// The end of the logical line; also what is read past it.
    Newline,
    Name,
    /// An integer, imaginary ones included.
    Int,
    Float,
    /// A text literal without replacement fields.
    Str,
    /// A bytes literal.
    Bytes,
    /// The opening quotes of an f-string or t-string.
    FormatStart,
    FormatEnd,
    FieldOpen,
    FieldClose,
    /// The `!r` of a replacement field.
    Conversion,
    /// The `:` of a replacement field; what follows up to its end is text and nested fields.
    SpecOpen,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Colon,
    Semicolon,
    Dot,
    Ellipsis,
    Assign,
    /// `+=` and its kin.
    Augment,
    Walrus,
    Arrow,
    Star,
    DoubleStar,
    Plus,
    Minus,
    Tilde,
    At,
    /// `/`, which also ends parameters that are passed by position only.
    Slash,
    /// The arithmetic operators that have no other meaning: `//`, `%`, `|`, `&`, `^`, `<<`, `>>`.
    Binary,
    /// `==` and its kin, without the words.
    Compare,
    False,
    None,
    True,
    And,
    As,
    Assert,
    Async,
    Await,
    Break,
    Class,
    Continue,
    Def,
    Del,
    Elif,
    Else,
    Except,
    Finally,
    For,
    From,
    Global,
    If,
    Import,
    In,
    Is,
    Lambda,
    Nonlocal,
    Not,
    Or,
    Pass,
    Raise,
    Return,
    Try,
    While,
    With,
    Yield,
}

impl Kind {
    /// Whether a token of this kind closes a bracket, a replacement field or an f-string.
    pub(super) fn closes(self) -> bool {
        matches!(
            self,
            Self::RightParen
                | Self::RightBracket
                | Self::RightBrace
                | Self::FieldClose
                | Self::FormatEnd
        )
    }
}

/// A token: where it lies in the source and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The line on which it starts, counted from 1.
    pub(super) line: u32,
    /// For what opens a bracket, field or f-string: the index of the token that closes it.
    pub(super) partner: u32,
    pub(super) kind: Kind,
}

/// What a byte can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Bad,
    Space,
    Newline,
    Word,
    Digit,
    Quote,
    Comment,
    Backslash,
    Open,
    Close,
    Dot,
    Operator,
}

pub(super) static CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Bad; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' | 0x0c | b'\r' => Class::Space,
            b'\n' => Class::Newline,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b'"' | b'\'' => Class::Quote,
            b'#' => Class::Comment,
            b'\\' => Class::Backslash,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            b'.' => Class::Dot,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>'
            | b'=' | b'!' | b':' | b';' | b',' => Class::Operator,
            _ => Class::Bad,
        };
        byte += 1;
    }
    table
}

/// Whether a byte can stand within a word. Has no branches, which lets loops over it be vectorized.
pub(in super::super) const fn is_word_byte(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit = byte.wrapping_sub(b'0') < 10;
    is_letter | is_digit | (byte == b'_') | (byte >= 0x80)
}

/// The same, as a table.
pub(in super::super) static WORD: [bool; 256] = word_bytes();

const fn word_bytes() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_word_byte(byte as u8);
        byte += 1;
    }
    table
}

const KEYWORDS: [(&str, Kind); 35] = [
    ("False", Kind::False),
    ("None", Kind::None),
    ("True", Kind::True),
    ("and", Kind::And),
    ("as", Kind::As),
    ("assert", Kind::Assert),
    ("async", Kind::Async),
    ("await", Kind::Await),
    ("break", Kind::Break),
    ("class", Kind::Class),
    ("continue", Kind::Continue),
    ("def", Kind::Def),
    ("del", Kind::Del),
    ("elif", Kind::Elif),
    ("else", Kind::Else),
    ("except", Kind::Except),
    ("finally", Kind::Finally),
    ("for", Kind::For),
    ("from", Kind::From),
    ("global", Kind::Global),
    ("if", Kind::If),
    ("import", Kind::Import),
    ("in", Kind::In),
    ("is", Kind::Is),
    ("lambda", Kind::Lambda),
    ("nonlocal", Kind::Nonlocal),
    ("not", Kind::Not),
    ("or", Kind::Or),
    ("pass", Kind::Pass),
    ("raise", Kind::Raise),
    ("return", Kind::Return),
    ("try", Kind::Try),
    ("while", Kind::While),
    ("with", Kind::With),
    ("yield", Kind::Yield),
];

/// The keywords by [`slot`], which no two of them share.
static SLOTS: [(&[u8], Kind); 128] = slots();

const fn slots() -> [(&'static [u8], Kind); 128] {
    let mut table: [(&[u8], Kind); 128] = [(b"", Kind::Name); 128];
    let mut index = 0;
    while index < KEYWORDS.len() {
        let (word, kind) = KEYWORDS[index];
        let slot = slot(word.as_bytes());
        assert!(table[slot].0.is_empty(), "two keywords share a slot");
        table[slot] = (word.as_bytes(), kind);
        index += 1;
    }
    table
}

const fn slot(word: &[u8]) -> usize {
    let len = word.len();
    (len * 15 + word[0] as usize + word[1] as usize + word[len - 1] as usize) % 128
}

/// The keyword that a word is, or a name.
pub(super) fn keyword(word: &[u8]) -> Kind {
    if word.len() < 2 || word.len() > 8 {
        return Kind::Name;
    }
    let (keyword, kind) = SLOTS[slot(word)];
    if keyword == word { kind } else { Kind::Name }
}

/// The kind and length of the operator that `bytes` begin with. `!` is none by itself.
pub(super) fn operator(bytes: &[u8]) -> Option<(Kind, usize)> {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let (first, second) = (at(0), at(1));
    let or_augmented = |kind: Kind, len: usize| {
        if at(len) == b'=' {
            (Kind::Augment, len + 1)
        } else {
            (kind, len)
        }
    };
    Some(match (first, second) {
        (b'=', b'=') | (b'!', b'=') => (Kind::Compare, 2),
        (b'=', _) => (Kind::Assign, 1),
        (b'!', _) => return None,
        (b':', b'=') => (Kind::Walrus, 2),
        (b':', _) => (Kind::Colon, 1),
        (b',', _) => (Kind::Comma, 1),
        (b';', _) => (Kind::Semicolon, 1),
        (b'-', b'>') => (Kind::Arrow, 2),
        (b'*', b'*') => or_augmented(Kind::DoubleStar, 2),
        (b'/', b'/') | (b'<', b'<') | (b'>', b'>') => or_augmented(Kind::Binary, 2),
        (b'<' | b'>', b'=') => (Kind::Compare, 2),
        (b'<' | b'>', _) => (Kind::Compare, 1),
        (b'+', _) => or_augmented(Kind::Plus, 1),
        (b'-', _) => or_augmented(Kind::Minus, 1),
        (b'*', _) => or_augmented(Kind::Star, 1),
        (b'@', _) => or_augmented(Kind::At, 1),
        (b'~', _) => (Kind::Tilde, 1),
        (b'/', _) => or_augmented(Kind::Slash, 1),
        _ => or_augmented(Kind::Binary, 1),
    })
}
