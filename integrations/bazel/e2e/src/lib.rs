//! A real Bazel in a workspace of its own, for tests: found, started, asked, and ended.
//!
//! `cargo xtask test` installs what these tests need and names it in the environment. Where a program is
//! not named and not installed, a test that needs it says so and is passed over; one that is named has
//! to work.

mod bazel;
mod events;
mod programs;
mod remote;

pub use bazel::{Answer, Bazel};
pub use events::{Events, TestResult};
pub use programs::{Program, fastest, python, repository, runner};
pub use remote::Remote;
