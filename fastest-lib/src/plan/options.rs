use std::time::Duration;

use crate::plan::HermeticOptions;
use crate::workspace::{CoverageOptions, EngineChoice, Isolation, Strategy};

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
    /// Whether tests that failed as they were expected to have a
    /// [`longrepr`](crate::execution::Phase::longrepr) too. To make one takes longer than most tests;
    /// tests that the pytest engine runs have it in any case.
    pub explain_xfailed: bool,
    /// pytest's verbosity, which decides how much of a long comparison is shown.
    pub verbosity: i32,
    /// How long a test, or the import of a file, may take before its worker is killed; zero is any
    /// time. Without it tests are held to [`Workspace::test_timeout`]. A mark wins over both.
    ///
    /// [`Workspace::test_timeout`]: crate::workspace::Workspace::test_timeout
    pub timeout: Option<Duration>,
    /// How many bytes a worker may hold when it asks for another file; one that holds more is replaced.
    /// Only Linux tells how many it holds.
    pub max_worker_memory: Option<u64>,
    /// Python warning filters, as `-W` takes them.
    pub warnings: Vec<String>,
    /// pytest plugins to load or to rule out, as `-p` takes them.
    pub plugins: Vec<String>,
    /// Whether to record what the tests of each file load and read, each file in a process of its
    /// own; see [`Records`](crate::workspace::Records).
    pub record_inputs: bool,
    /// Whether and how each test file is run as a closed unit.
    pub hermetic: Option<HermeticOptions>,
    /// Whether files whose outcomes are known do not run: everything that they depend on is as it was when
    /// none of their tests failed. Only outcomes of hermetic runs are kept, so that it has no effect
    /// without [`hermetic`](Self::hermetic).
    pub incremental: bool,
    /// `junit_family` of the JUnit report that will be made; without one, workers do not tell what
    /// only such a report says.
    pub junit_family: Option<String>,
    /// Whether and how coverage is measured.
    pub coverage: CoverageOptions,
    /// Whether a test that enters a debugger gets the terminal of this process; without it the
    /// debugger finds standard input empty, and ends the run.
    pub debugger_terminal: bool,
    /// Whether what tests print past the capture goes to stderr, because stdout carries data.
    pub stdout_is_data: bool,
}

impl RunOptions {
    /// Whether each file has a process of its own.
    pub fn is_isolated(&self) -> bool {
        self.strategy == Strategy::Batch
            || self.isolation != Isolation::Worker
            || self.hermetic.is_some()
            || self.record_inputs
    }
}
