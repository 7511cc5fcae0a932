use serde::{Deserialize, Serialize};

/// How the files of a run are divided among processes.
///
/// Outcomes are the same under all of them, but for tests that depend on what other files leave
/// behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Strategy {
    /// One process, in pytest's order. If a file needs the pytest engine, all run under it.
    Simple,
    /// A process for each file, in the plan's order, several at a time; a process imports only its
    /// own file and the conftests of that.
    Batch,
    /// As many processes as there are workers, which take files in the plan's order.
    Parallel,
    /// As [`Parallel`](Self::Parallel), the files that take longest first, and files that share
    /// fixtures of session or package scope, or a conftest, on the same worker as far as that keeps no
    /// other one waiting.
    #[default]
    Optimized,
}

impl Strategy {
    /// The name, as `--optimizer` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Batch => "batch",
            Self::Parallel => "parallel",
            Self::Optimized => "optimized",
        }
    }
}

/// What shares a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Isolation {
    /// All files that a worker is given.
    #[default]
    Worker,
    /// The tests of one file.
    Module,
    /// Nothing: each test has a process, in which the fixtures of every scope are set up and torn
    /// down for it alone. The file is imported once for all of its tests.
    Test,
}
