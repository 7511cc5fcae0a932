//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod run;

pub(crate) use run::*;

/// Find, select and run Python tests.
#[derive(Debug, Parser)]
#[command(
    name = "fastest",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 passed, 1 failed, 2 interrupted, 3 internal error, 4 usage error, \
                  5 no tests collected."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run tests (the default).
    Run(Box<RunArgs>),
    /// List tests by their node ids, without running Python unless --exact is given.
    Discover(DiscoverArgs),
    /// Say which engine runs a file, and why.
    Explain(ExplainArgs),
    /// Show which files depend on which.
    Graph(GraphArgs),
    /// List every file that test files can load or read.
    Inputs(InputsArgs),
    /// List the tests that changes concern.
    Affected(AffectedArgs),
    /// Show how a test file depends on a file.
    Why(WhyArgs),
    /// Write build files from the import graph.
    Targets(TargetsArgs),
    /// Hold the import graph against what `run --record-inputs` has seen tests load and read.
    Audit(AuditArgs),
    /// Show what the cache holds, or empty it.
    Cache(CacheArgs),
}

/// What every command needs to find its tests.
#[derive(Args, Debug, Default)]
pub(crate) struct WorkspaceArgs {
    /// Files, folders or node ids.
    #[arg(value_name = "PATH|NODEID")]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// How test modules are imported.
    #[arg(long, value_name = "MODE", value_enum)]
    pub(crate) import_mode: Option<ImportModeArg>,
    /// Leave out a path; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) ignore: Vec<String>,
    /// Leave out paths that match; may be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(crate) ignore_glob: Vec<String>,
    /// Leave out tests whose node id begins so; may be repeated.
    #[arg(long, value_name = "NODEID")]
    pub(crate) deselect: Vec<String>,
    /// Only tests whose names match the expression.
    #[arg(short = 'k', value_name = "EXPR")]
    pub(crate) keyword: Option<String>,
    /// Only tests whose marks match the expression.
    #[arg(short = 'm', value_name = "EXPR")]
    pub(crate) markexpr: Option<String>,
}

/// Where the rootdir is, and what configures it.
#[derive(Args, Debug, Default)]
pub(crate) struct PlaceArgs {
    /// The folder that node ids are relative to.
    #[arg(long, value_name = "DIR")]
    pub(crate) rootdir: Option<PathBuf>,
    /// The configuration file to use instead of the one that is found.
    #[arg(short = 'c', long = "config-file", value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,
    /// Override a setting of the configuration file.
    #[arg(short = 'o', long = "override-ini", value_name = "NAME=VALUE")]
    pub(crate) overrides: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct DiscoverArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgs,
    /// What is printed to stdout.
    #[arg(long, value_enum, default_value = "ids")]
    pub(crate) output: DiscoverOutput,
    /// Have pytest collect what is open without running Python.
    #[arg(long)]
    pub(crate) exact: bool,
    /// The Python interpreter for --exact.
    #[arg(long, value_name = "EXE")]
    pub(crate) python: Option<PathBuf>,
    /// Print counts to stderr.
    #[arg(long)]
    pub(crate) stats: bool,
    /// What reads the sources.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) parser: ParserArg,
    /// Neither use nor fill the cache.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgs,
    /// Show what the outcomes of a file depend on, with digests, as `run --incremental` does.
    #[arg(long)]
    pub(crate) digest: bool,
    /// The Python interpreter for --digest.
    #[arg(long, value_name = "EXE")]
    pub(crate) python: Option<PathBuf>,
    /// What is printed to stdout.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: ExplainOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainOutput {
    /// For people; not stable.
    Text,
    /// One document: engine, reasons, isolation, fixtures and open sites of each file.
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgs,
    /// Print the graph to stdout.
    #[arg(long, value_enum)]
    pub(crate) output: Option<GraphOutput>,
    /// Print counts to stderr.
    #[arg(long)]
    pub(crate) stats: bool,
    /// Neither use nor fill the cache.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Args, Debug)]
pub(crate) struct InputsArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgs,
    /// What is printed to stdout.
    #[arg(long, value_enum, default_value = "files")]
    pub(crate) output: InputsOutput,
    /// Neither use nor fill the cache.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub(crate) struct AffectedArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgs,
    /// Compare with the commit at which this revision and HEAD part; also counts what is not
    /// committed.
    #[arg(long, value_name = "REV", group = "source")]
    pub(crate) since: Option<String>,
    /// Files or folders that have changed; may be repeated.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "source")]
    pub(crate) changed: Vec<PathBuf>,
    /// What is printed to stdout.
    #[arg(long, value_enum, default_value = "ids")]
    pub(crate) output: AffectedOutput,
    /// How closely a changed test file is looked at.
    #[arg(long, value_enum, default_value = "file")]
    pub(crate) level: LevelArg,
    /// Print to stderr why each test file is concerned.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Neither use nor fill the cache.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Args, Debug)]
pub(crate) struct TargetsArgs {
    /// Whose build files to write.
    #[arg(value_enum)]
    pub(crate) system: SystemArg,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// What a test target is made for.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) granularity: Option<GranularityArg>,
    /// Write nothing; list the build files that are stale, and fail if there are any.
    #[arg(long)]
    pub(crate) check: bool,
    /// Neither use nor fill the cache.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SystemArg {
    Bazel,
    Buck2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GranularityArg {
    /// A file of tests.
    File,
    /// A test, where all tests of its file are known.
    Test,
}

#[derive(Args, Debug)]
pub(crate) struct WhyArgs {
    /// The test file.
    pub(crate) test: PathBuf,
    /// The file that it may depend on.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Neither use nor fill the cache.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Args, Debug)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgs,
    /// What is printed to stdout.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: AuditOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditOutput {
    Text,
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Show what is kept of the sources, and how often it was of use.
    Stats(CacheStatsArgs),
    /// Remove everything that fastest has put there.
    Clear,
}

#[derive(Args, Debug)]
pub(crate) struct CacheStatsArgs {
    /// What is printed to stdout.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: CacheOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheOutput {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphOutput {
    Json,
    /// For Graphviz.
    Dot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AffectedOutput {
    /// One node id a line, and the paths of files that may have further tests.
    Ids,
    /// One test file a line.
    Files,
    Json,
    /// One label a line, for `bazel test --target_pattern_file=FILE`.
    Bazel,
    /// One label a line, for `buck2 test @FILE`.
    Buck2,
    /// One JSON object a line, as Buck2's change detector prints them.
    Buck2Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    /// All tests of a concerned file.
    File,
    /// Of a test file in which nothing but the bodies of tests has changed, these tests.
    Symbol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputsOutput {
    /// One path a line.
    Files,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ImportModeArg {
    Prepend,
    Append,
    Importlib,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ParserArg {
    /// The scanner, and tree-sitter for files in which it finds something wrong.
    Auto,
    /// The scanner: one pass over the bytes.
    Scanner,
    /// tree-sitter, for whole files.
    TreeSitter,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EngineArg {
    Auto,
    Native,
    Pytest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputArg {
    Pretty,
    Json,
    Junit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiscoverOutput {
    Ids,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TracebackArg {
    Auto,
    Long,
    Short,
    Line,
    Native,
    No,
}
