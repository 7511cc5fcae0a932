//! From tests and filters to the tests that are to run.
//!
//! [`select`] applies node ids, `-k`, `-m` and `--deselect` to a
//! [`Discovery`](crate::discovery::Discovery). A test or file whose verdict depends on something
//! that only running Python shows stays selected, marked as such, and is decided at run time.
//!
//! [`Expression`] is pytest's language of `-k` and `-m`.

mod expression;
mod inputs;
mod lexer;
mod matching;
mod nearest;
mod select;

pub use expression::{Argument, Expression, ExpressionError, Verdict};
pub(crate) use inputs::known;
pub use inputs::{Inputs, inputs};
pub use select::{Filters, Reason, SelectedFile, SelectedTest, Selection, select};
