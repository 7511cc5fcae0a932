use std::time::Duration;

use crate::workspace::{EngineChoice, Isolation, Strategy};

/// What becomes of tests' output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capture {
    /// It is kept and shown with failures.
    #[default]
    Fd,
    /// It is passed through.
    No,
}

/// How failures are shown, as pytest's `--tb`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TracebackStyle {
    /// The first and last entries in full, others short.
    #[default]
    Auto,
    /// Every entry in full.
    Long,
    /// A few lines an entry.
    Short,
    /// One line a failure.
    Line,
    /// As Python prints it.
    Native,
    /// Nothing.
    No,
}

impl TracebackStyle {
    /// The name, as `--tb` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Long => "long",
            Self::Short => "short",
            Self::Line => "line",
            Self::Native => "native",
            Self::No => "no",
        }
    }
}

/// How to run a plan. `RunOptions::default()` is what the command does without options.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RunOptions {
    /// The most processes that run tests at the same time; by default one a processor.
    pub workers: Option<usize>,
    /// Which engines may be used.
    pub engine: EngineChoice,
    /// How files are divided among processes.
    pub strategy: Strategy,
    /// What shares a process.
    pub isolation: Isolation,
    /// Whether a file with failures whose worker had run other files is run once more in a process of
    /// its own, to tell whether it depends on them; the outcomes stay what they are.
    pub check_order: bool,
    /// Stop after that many failures and errors; 0 means never.
    pub maxfail: usize,
    /// What becomes of tests' output.
    pub capture: Capture,
    /// How failures are shown.
    pub traceback: TracebackStyle,
    /// Whether tracebacks show local variables.
    pub showlocals: bool,
    /// pytest's verbosity, which decides how much of a long comparison is shown.
    pub verbosity: i32,
    /// The most seconds a test may take before its worker is killed.
    pub timeout: Option<Duration>,
    /// Python warning filters, as `-W` takes them.
    pub warnings: Vec<String>,
    /// pytest plugins to load or to rule out, as `-p` takes them.
    pub plugins: Vec<String>,
    /// Whether to record what the tests of each file load and read, each file in a process of its
    /// own; see [`Records`](crate::workspace::Records).
    pub record_inputs: bool,
    /// Whether what tests print past the capture goes to stderr, because stdout carries data.
    pub stdout_is_data: bool,
}

impl RunOptions {
    /// Whether each file has a process of its own.
    pub fn is_isolated(&self) -> bool {
        self.strategy == Strategy::Batch
            || self.isolation == Isolation::Module
            || self.record_inputs
    }
}
