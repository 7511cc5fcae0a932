use serde::{Deserialize, Serialize};

/// What reads the source of a Python file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ParserKind {
    /// The scanner, and tree-sitter for files in which the scanner finds something wrong.
    #[default]
    Auto,
    /// The scanner: one pass over the bytes.
    Scanner,
    /// tree-sitter, for the whole file.
    TreeSitter,
}
