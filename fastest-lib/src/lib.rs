//! Find, select and run Python tests, with pytest's node ids, outcomes and exit codes.
//!
//! A [`Session`] takes a project through the stages, each of which can be used by itself:
//!
//! ```no_run
//! use fastest_lib::plan::RunOptions;
//! use fastest_lib::selection::Filters;
//! use fastest_lib::Session;
//!
//! # fn main() -> fastest_lib::Result<()> {
//! let session = Session::new("path/to/project")?;
//! let discovery = session.discover()?;
//! let selection = session.select(&discovery, &Filters::default())?;
//! let plan = session.plan(&discovery, &selection, &RunOptions::default());
//! let report = session.run(&plan, &RunOptions::default(), |event| eprintln!("{event:?}"))?;
//! println!("{}", report.last_line());
//! # Ok(())
//! # }
//! ```
//!
//! | stage | gives |
//! |---|---|
//! | [`workspace`] | the rootdir, the configuration, the test files, the interpreter |
//! | [`syntax`] | the facts of a Python file |
//! | [`discovery`] | tests with pytest's node ids, found without running Python |
//! | [`graph`] | which files can load or read which others |
//! | [`selection`] | the tests that filters leave, or that changes concern, each with its reason |
//! | [`plan`] | which engine runs which file |
//! | [`execution`] | the events of a run |
//! | [`report`] | counts, exit code, JUnit XML |
//!
//! What is installed beside an interpreter is found by a stage of its own, `environment`, which is
//! private; [`discovery`] and [`graph`] do not know of each other.
//!
//! The library prints nothing, never ends the process and holds no global state. Broken input is
//! data: it comes back as [`Problem`]s beside the rest of the answer. An [`Error`] says that there
//! is no answer.

// What workers are told is one JSON value of many keys.
#![recursion_limit = "256"]
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

mod environment;
mod error;
mod id;
mod problem;
mod session;

pub mod discovery;
pub mod execution;
pub mod graph;
pub mod plan;
pub mod report;
pub mod selection;
pub mod syntax;
pub mod workspace;

pub use error::{Error, ErrorKind, Result};
pub use id::NodeId;
pub use problem::{Problem, ProblemKind};
pub use session::Session;
