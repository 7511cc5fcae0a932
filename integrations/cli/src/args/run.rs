//! The arguments of a run.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::{EngineArg, OutputArg, TracebackArg, WorkspaceArgs};

#[derive(Args, Debug, Default)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgs,
    /// The most processes that run tests at the same time, or `auto` for one a processor.
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) workers: Option<String>,
    /// Stop at the first failure.
    #[arg(short = 'x', long = "exitfirst")]
    pub(crate) exitfirst: bool,
    /// Stop after that many failures.
    #[arg(long, value_name = "N")]
    pub(crate) maxfail: Option<usize>,
    /// Do not capture output.
    #[arg(short = 's')]
    pub(crate) no_capture: bool,
    /// Show less.
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// Show more.
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Show the N slowest phases (0: all).
    #[arg(long, value_name = "N")]
    pub(crate) durations: Option<usize>,
    #[command(flatten)]
    pub(crate) order: OrderArgs,
    /// Kill a test that takes longer (0: never).
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) timeout: Option<f64>,
    /// Replace a worker that holds more memory after a file, such as 512M or 2G.
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_worker_memory: Option<String>,
    /// What runs the tests.
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineArg>,
    /// What is printed to stdout.
    #[arg(long, value_enum)]
    pub(crate) output: Option<OutputArg>,
    /// Write a JUnit XML report.
    #[arg(long, value_name = "FILE", alias = "junitxml")]
    pub(crate) junit_xml: Option<PathBuf>,
    /// Put this before the class names of the JUnit report.
    #[arg(long, value_name = "TEXT", alias = "junitprefix")]
    pub(crate) junit_prefix: Option<String>,
    /// Record what the tests of each file load and read, for `fastest audit`.
    #[arg(long)]
    pub(crate) record_inputs: bool,
    /// Run each file as a closed unit: only declared inputs, a fixed environment, no network.
    #[arg(long)]
    pub(crate) hermetic: bool,
    /// Leave out test files of which nothing has changed since their tests passed; implies --hermetic.
    #[arg(long, overrides_with = "no_incremental")]
    pub(crate) incremental: bool,
    /// Run every test file, whatever `[tool.fastest]` says.
    #[arg(long, overrides_with = "incremental")]
    pub(crate) no_incremental: bool,
    /// Debug failures, in one process under pytest.
    #[arg(long)]
    pub(crate) pdb: bool,
    /// Debug each test from its start, in one process under pytest.
    #[arg(long)]
    pub(crate) trace: bool,
    /// The debugger to use.
    #[arg(long, value_name = "MODULE:CLASS")]
    pub(crate) pdbcls: Option<String>,
    /// The Python interpreter.
    #[arg(long, value_name = "EXE")]
    pub(crate) python: Option<PathBuf>,
    /// How failures are shown.
    #[arg(long, value_enum, value_name = "STYLE")]
    pub(crate) tb: Option<TracebackArg>,
    /// Show local variables in tracebacks.
    #[arg(short = 'l', long)]
    pub(crate) showlocals: bool,
    /// Set a warning filter, as Python's -W.
    #[arg(short = 'W', long = "pythonwarnings", value_name = "FILTER")]
    pub(crate) warnings: Vec<String>,
    /// Load a pytest plugin, or rule one out with `no:NAME`.
    #[arg(short = 'p', value_name = "NAME")]
    pub(crate) plugins: Vec<String>,
    #[command(flatten)]
    pub(crate) display: DisplayArgs,
    #[command(flatten)]
    pub(crate) coverage: CoverageArgs,
}

/// What is shown, with pytest's names.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Display")]
pub(crate) struct DisplayArgs {
    /// What the summary lists: (f)ailed, (E)rror, (s)kipped, (x)failed, (X)passed, (p)assed,
    /// (P)assed with output, (a)ll but passed, (A)ll, (N)othing.
    #[arg(short = 'r', long, value_name = "CHARS")]
    pub(crate) report_chars: Option<String>,
    /// Which captured output failures show: no, stdout, stderr, log, all.
    #[arg(long, value_name = "WHICH")]
    pub(crate) show_capture: Option<String>,
    /// Whether to use colours: yes, no, auto.
    #[arg(long, value_name = "WHEN")]
    pub(crate) color: Option<String>,
    /// The least seconds of a phase that --durations lists.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) durations_min: Option<String>,
    /// Leave out the first lines.
    #[arg(long)]
    pub(crate) no_header: bool,
    /// Leave out what follows the tests, but for the last line.
    #[arg(long)]
    pub(crate) no_summary: bool,
    /// Leave out the list of warnings.
    #[arg(long, alias = "disable-pytest-warnings")]
    pub(crate) disable_warnings: bool,
    /// Show expected failures in full.
    #[arg(long)]
    pub(crate) xfail_tb: bool,
    /// List each skipped test by itself.
    #[arg(long)]
    pub(crate) no_fold_skipped: bool,
    /// Cut long messages in the summary, also with -vv.
    #[arg(long)]
    pub(crate) force_short_summary: bool,
}

/// pytest-cov's options.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Coverage")]
pub(crate) struct CoverageArgs {
    /// Measure the coverage of a package or folder, or of all; may be repeated.
    #[arg(long, value_name = "SOURCE", num_args = 0..=1, default_missing_value = "")]
    pub(crate) cov: Vec<String>,
    /// A report: term, term-missing (each with :skip-covered), html, xml, json, lcov, markdown,
    /// markdown-append, annotate (each with :DEST), or an empty value for none; may be repeated.
    #[arg(long, value_name = "TYPE")]
    pub(crate) cov_report: Vec<String>,
    /// The configuration file of coverage.py.
    #[arg(long, value_name = "FILE")]
    pub(crate) cov_config: Option<String>,
    /// Measure branches too.
    #[arg(long)]
    pub(crate) cov_branch: bool,
    /// Add to the coverage of earlier runs.
    #[arg(long)]
    pub(crate) cov_append: bool,
    /// Fail when less than MIN percent are covered.
    #[arg(long, value_name = "MIN")]
    pub(crate) cov_fail_under: Option<String>,
    /// The digits of percentages behind the point.
    #[arg(long, value_name = "N")]
    pub(crate) cov_precision: Option<String>,
    /// Tell apart what each test covers (`test`).
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) cov_context: Option<String>,
    /// Forget the sources of `addopts`.
    #[arg(long)]
    pub(crate) cov_reset: bool,
    /// No report when tests fail.
    #[arg(long)]
    pub(crate) no_cov_on_fail: bool,
    /// Do not measure coverage.
    #[arg(long)]
    pub(crate) no_cov: bool,
}

/// What runs when, and where.
#[derive(Args, Debug, Default)]
pub(crate) struct OrderArgs {
    /// Run only the tests that failed when they last ran, or all if none did.
    #[arg(long = "last-failed", visible_alias = "lf")]
    pub(crate) last_failed: bool,
    /// Run the tests that failed when they last ran before all others.
    #[arg(long = "failed-first", visible_alias = "ff")]
    pub(crate) failed_first: bool,
    /// Run tests that never ran before all others, the youngest files first.
    #[arg(long = "new-first", visible_alias = "nf")]
    pub(crate) new_first: bool,
    /// Run files first that are close to what differs from a revision, HEAD by default.
    #[arg(
        long,
        value_name = "REV",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "HEAD"
    )]
    pub(crate) changed_first: Option<String>,
    /// What --last-failed runs if no failure is known.
    #[arg(long, value_enum, value_name = "WHAT", visible_alias = "lfnf")]
    pub(crate) last_failed_no_failures: Option<NoFailuresArg>,
    /// Forget what earlier runs saw of the tests, and what they put into pytest's cache.
    #[arg(long)]
    pub(crate) cache_clear: bool,
    /// Run one of N parts, split by files: the K-th, as in 1/3.
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<String>,
    /// What the parts of --shard have about the same of.
    #[arg(long, value_enum, value_name = "WHAT", requires = "shard")]
    pub(crate) shard_by: Option<ShardByArg>,
    /// How files are divided among processes.
    #[arg(long, value_enum, value_name = "STRATEGY")]
    pub(crate) optimizer: Option<OptimizerArg>,
    /// What shares a process.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) isolation: Option<IsolationArg>,
    /// Run files with failures once more, alone, to tell whether they depend on other files.
    #[arg(long)]
    pub(crate) check_order: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NoFailuresArg {
    All,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShardByArg {
    /// Tests: safe wherever the sources are the same.
    Tests,
    /// Recorded seconds: only where all parts see the same cache folder.
    Durations,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerArg {
    /// One process, in pytest's order.
    Simple,
    /// A process for each file.
    Batch,
    /// Workers that take files in pytest's order.
    Parallel,
    /// Workers that take the longest files first.
    Optimized,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationArg {
    /// All files of a worker.
    Worker,
    /// The tests of one file.
    Module,
    /// Nothing: each test has a process of its own.
    Test,
}
