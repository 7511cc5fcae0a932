//! Build files from the import graph, and the labels of affected tests.
//!
//! What Bazel and Buck2 have in common: [`Targets`] makes targets out of the groups of the import graph and
//! finds them in the build files that exist; [`Owners`] reads these files as the build system does, to
//! tell which tests changes concern. A [`System`] says whose files they are; the crates
//! `fastest-bazel` and `fastest-buck2` find one for a workspace.
//!
//! Build files are changed where the graph says so and nowhere else: [`starlark`] reads and writes them.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

mod changes;
mod closure;
mod links;
mod matching;
mod merge;
mod names;
mod note;
mod options;
mod owned;
mod owners;
mod packages;
mod system;
mod targets;
mod unit;
mod units;

pub mod starlark;

pub use changes::{Cause, Concerned, FileChange, TestTarget};
pub use note::Note;
pub use options::TargetsOptions;
pub use owners::Owners;
pub use system::{Kind, Label, System, root_with};
pub use targets::{Change, Targets};
