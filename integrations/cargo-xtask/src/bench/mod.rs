//! `cargo xtask bench`: fastest beside pytest, in the same minutes on the same machine.
//!
//! Times of whole processes, with the CPU time of everything they started and waited for. A ratio is
//! taken pair by pair from alternating runs. A figure over the limit is printed as such and does not
//! fail the command, since a loaded machine could; different outcomes do.

mod bazel;
mod corpus;
mod cost;
mod discovery;
mod graph;
mod incremental;
mod isolation;
mod lane;
mod measure;
mod name;
mod run;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::report::Printer;
use crate::venv::Venv;
use crate::{fastest, repo, test};

use measure::{Scenario, repeat};
use name::Name;

/// The options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure; everything without any.
    #[arg(value_enum)]
    what: Vec<What>,
    /// The trees for `discovery` and `graph`; all that they have without any.
    #[arg(long, value_enum, value_name = "NAME")]
    corpus: Vec<Name>,
    /// The suites of `run`, without its corpus; all and the corpus without any.
    #[arg(long, value_name = "NAME")]
    suite: Vec<String>,
    /// How many Python files the monorepo of `graph` has; each is measured.
    #[arg(long, value_name = "N", default_values_t = [25_000, 50_000, 100_000])]
    files: Vec<usize>,
    /// Measured runs of each program.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Print one JSON document on standard output.
    #[arg(long)]
    json: bool,
    /// The interpreter that the environment is made from.
    #[arg(long, default_value = "python3", value_name = "EXE")]
    python: String,
    /// An interpreter for the other programs that cannot be installed for that one.
    #[arg(long, value_name = "EXE")]
    peer_python: Option<String>,
    /// A fastest executable, in place of this checkout's release build.
    #[arg(long, value_name = "EXE")]
    fastest: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// All tests of the corpus and of five suites, and what a test costs.
    Run,
    /// The corpus with a process for each file, without and with walls.
    Isolation,
    /// The corpus once more, with nothing changed since its tests passed.
    Incremental,
    /// A project of one trivial test.
    Startup,
    /// `fastest --version`.
    Version,
    /// The node ids of three trees, beside other programs as well.
    Discovery,
    /// Import graphs and what a change affects, beside other programs.
    Graph,
    /// One test action of Bazel.
    Bazel,
}

/// The programs and the folders of one benchmark run.
struct Bench {
    fastest: PathBuf,
    venv: Venv,
    dir: PathBuf,
    python: String,
    runs: usize,
    printer: Printer,
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    let printer = Printer { json: options.json };
    let bench = Bench {
        fastest: fastest::executable(options.fastest.as_deref())?,
        venv: test::venv(&options.python, printer)?,
        dir: repo::scratch().join("corpus"),
        python: options.python.clone(),
        runs: options.runs.into(),
        printer,
    };
    let mut documents = BTreeMap::new();
    let mut equal = true;
    let mut keep = |name, (document, found): (Value, Vec<String>)| {
        for difference in &found {
            printer.line(format!("  difference: {difference}"));
        }
        equal &= found.is_empty();
        documents.insert(name, document);
    };
    let wanted = |what| options.what.is_empty() || options.what.contains(&what);
    if wanted(What::Run) {
        keep("run", run::run(&bench, &options.suite)?);
    }
    if wanted(What::Isolation) {
        keep("isolation", isolation::run(&bench)?);
    }
    if wanted(What::Incremental) {
        keep("incremental", incremental::run(&bench)?);
    }
    if wanted(What::Startup) {
        keep("startup", run::startup(&bench)?);
    }
    if wanted(What::Version) {
        keep("version", (bench.version()?, Vec::new()));
    }
    // A corpus that is named says which benchmark is meant as well.
    let corpora = Name::chosen(discovery::CORPORA, &options.corpus);
    if wanted(What::Discovery) && !corpora.is_empty() {
        let asked = discovery::Options {
            corpora: &corpora,
            python: &options.python,
            peer_python: options.peer_python.as_deref(),
        };
        keep("discovery", discovery::run(&bench, &asked)?);
    }
    let corpora = Name::chosen(graph::CORPORA, &options.corpus);
    if wanted(What::Graph) && !corpora.is_empty() {
        let asked = graph::Options {
            corpora: &corpora,
            python: &options.python,
            files: &options.files,
        };
        keep("graph", graph::run(&bench, &asked)?);
    }
    if wanted(What::Bazel) && options.corpus.is_empty() {
        keep("bazel", bazel::run(&bench)?);
    }
    anyhow::ensure!(!documents.is_empty(), "no such corpus for this benchmark");
    if options.json {
        println!(
            "{}",
            json!({"schema": 1, "equal": equal, "scenarios": documents})
        );
    }
    Ok(equal)
}

impl Bench {
    fn version(&self) -> Result<Value> {
        let scenario = Scenario {
            name: "version",
            root: self.dir.clone(),
            limit: Duration::from_millis(10),
        };
        fs::create_dir_all(&self.dir)?;
        // A run takes milliseconds: more of them cost nothing.
        let command = || self.fastest(&["--version"]);
        repeat(&scenario, &command, self.runs * 10, self.printer)
    }

    /// It finds the interpreter through the activated environment, as it would for its user.
    fn fastest(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.fastest);
        self.venv.activate(command.args(arguments));
        command.env("FASTEST_CACHE_DIR", self.dir.join("cache"));
        command
    }
}
