//! Find, select and run Python tests.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

mod error;
mod id;
mod problem;
mod session;

pub mod discovery;
pub mod execution;
pub mod plan;
pub mod report;
pub mod selection;
pub mod syntax;
pub mod workspace;

pub use error::{Error, ErrorKind, Result};
pub use id::NodeId;
pub use problem::{Problem, ProblemKind};
pub use session::Session;
