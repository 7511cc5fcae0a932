//! From tests and filters to the tests that are to run.
//!
//! [`select`] applies node ids, `-k`, `-m` and `--deselect` to a
//! [`Discovery`](crate::discovery::Discovery). A test or file whose verdict depends on something
//! that only running Python shows stays selected, marked as such, and is decided at run time.
//!
//! [`Rerun`] is what the [`History`](crate::workspace::History) of earlier runs has to say: what
//! failed runs alone, or first. [`Shard`] is one of several parts that machines run side by side.
//!
//! [`audit`] holds what a run recorded of a test file against what is said of it without running.
//!
//! [`Expression`] is pytest's language of `-k` and `-m`.
//!
//! [`Changes`] are the files that are not what they were, from git or from a list, and
//! [`what_it_is`], [`changed_distributions`], [`config_change`] and [`top_levels`] tell what a
//! change of a file that is no module can reach. [`affected`] joins them with the import graph.

mod affected;
mod audit;
mod candidates;
mod changes;
mod closest;
mod expression;
mod grouped;
mod inputs;
mod lexer;
mod matching;
mod narrow;
mod nearest;
mod part;
mod rerun;
mod select;
mod shard;

pub use affected::{AffectedReason, AffectedSet, AffectedTest, affected, affected_units};
pub use audit::{Audit, audit};
pub use changes::{
    Change, ChangeKind, Changes, ConfigChange, Distributions, FileRole, HARMLESS, KnownFile,
    TopLevels, changed_distributions, config_change, distribution_name, distributions_of,
    top_levels, what_it_is,
};
pub(crate) use closest::closest_first;
pub use expression::{Argument, Expression, ExpressionError, Verdict};
pub use grouped::test_roots;
pub(crate) use inputs::{CONFIG_FILES, InputsFinder, known};
pub use inputs::{Inputs, inputs, inputs_of_many};
pub use part::{Part, Silent};
pub use rerun::Rerun;
pub(crate) use rerun::{is_undecided, rerun};
pub use select::{Filters, Reason, SelectedFile, SelectedTest, Selection, select};
pub(crate) use shard::shard;
pub use shard::{Shard, ShardBy};
