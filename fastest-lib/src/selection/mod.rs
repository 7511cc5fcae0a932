//! From tests and filters to the tests that are to run.
//!
//! [`select`] applies node ids, `-k`, `-m` and `--deselect` to a
//! [`Discovery`](crate::discovery::Discovery). A test or file whose verdict depends on something
//! that only running Python shows stays selected, marked as such, and is decided at run time.
//!
//! [`audit`] holds what a run recorded of a test file against what is said of it without running.
//!
//! [`Expression`] is pytest's language of `-k` and `-m`.

mod audit;
mod expression;
mod lexer;
mod matching;
mod nearest;
mod select;

pub use audit::{Audit, audit};
pub use expression::{Argument, Expression, ExpressionError, Verdict};
pub use select::{Filters, Reason, SelectedFile, SelectedTest, Selection, select};
