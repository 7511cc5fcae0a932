//! `cargo xtask soundness`: does `fastest inputs` name every file that tests really read?
//!
//! Sampled test files of each project run by themselves under plain pytest, recorded by the audit
//! hook of `record_inputs.py` in every Python process that they start. A file of the project's tree
//! that was executed or opened for reading, and that fastest does not name, is missed; that fails
//! the run. How much of what fastest names was read is printed beside it.
//!
//! Not inputs: what lies outside of the tree, what tests make themselves, compiled code (it stands
//! for its source), version control's and the packaging tools' own files. Not seen: what programs
//! other than the environment's Python read.

mod compare;
mod observe;
mod project;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::conformance::suites::{self, Source, Suite, Task};
use crate::fastest;
use crate::process::capture;
use crate::report::{Printer, count, time};

pub(crate) use compare::normal;
pub(crate) use observe::{recorded, spread};
pub(crate) use project::{install_recorder, source_of};

use compare::{Comparison, Given};
use observe::Observed;
use project::Project;

const LIMIT: Duration = Duration::from_secs(300);
/// Of a project, with `--quick`.
const QUICK_SAMPLE: usize = 4;

/// The options of `cargo xtask soundness`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The projects to look at; all without any.
    suites: Vec<String>,
    /// At most so many test files of each project.
    #[arg(long, default_value_t = 12, value_name = "N")]
    sample: usize,
    /// A few test files of a few small projects.
    #[arg(long, conflicts_with = "suites")]
    quick: bool,
    /// Record and keep what tests read, compare nothing.
    #[arg(long)]
    record_only: bool,
    /// Take what an earlier run recorded, where there is something.
    #[arg(long, conflicts_with = "record_only")]
    reuse: bool,
    /// Print one JSON document on standard output.
    #[arg(long)]
    json: bool,
    /// The interpreter that the projects' environments are made from.
    #[arg(long, default_value = "python3", value_name = "EXE")]
    python: String,
    /// A fastest executable, in place of this checkout's release build.
    #[arg(long, value_name = "EXE")]
    fastest: Option<PathBuf>,
}

/// The sums over several projects.
#[derive(Default)]
struct Total {
    projects: usize,
    tests: usize,
    comparison: Comparison,
    /// Projects that nothing could be said of.
    broken: usize,
}

/// How many files that tests read fastest names, and how many not.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) named: usize,
    pub(crate) missed: usize,
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    let totals = look_at_all(options)?;
    let sound = |total: &Total| total.comparison.missed.is_empty() && total.broken == 0;
    Ok(totals.iter().all(sound))
}

/// Look at the projects that are part of `cargo xtask test`.
pub(crate) fn run_quick(python: &str) -> Result<Tally> {
    let options = Options {
        suites: Vec::new(),
        sample: QUICK_SAMPLE,
        quick: true,
        record_only: false,
        reuse: false,
        json: false,
        python: python.to_owned(),
        fastest: None,
    };
    let mut tally = Tally::default();
    for total in look_at_all(&options)? {
        let missed = total.comparison.missed.len();
        tally.named += total.comparison.observed - missed;
        tally.missed += missed + total.broken;
    }
    Ok(tally)
}

fn look_at_all(options: &Options) -> Result<[Total; 2]> {
    let printer = Printer { json: options.json };
    let fastest = match options.record_only {
        true => None,
        false => Some(fastest::executable(options.fastest.as_deref())?),
    };
    let mut totals = [Total::default(), Total::default()];
    let mut documents = Vec::new();
    for held_out in [false, true] {
        let chosen = chosen(options)?;
        let chosen = chosen.iter().filter(|suite| is_held_out(suite) == held_out);
        let total = &mut totals[usize::from(held_out)];
        for (index, suite) in chosen.enumerate() {
            if held_out && index == 0 {
                printer.line("held out: projects that no rule was made for");
            }
            let looked_at = look_at(suite, fastest.as_deref(), options, total);
            documents.push(looked_at.unwrap_or_else(|error| {
                printer.line(format!("  error: {error:#}"));
                total.broken += 1;
                json!({"name": suite.name, "error": format!("{error:#}")})
            }));
        }
    }
    if options.json {
        println!("{}", json!({"schema": 1, "suites": documents}));
    }
    for (total, name) in totals.iter().zip(["known", "held out"]) {
        total.print(name, printer);
    }
    Ok(totals)
}

fn is_held_out(suite: &Suite) -> bool {
    let settings = suite.soundness.as_ref();
    settings.is_some_and(|settings| settings.held_out)
}

fn chosen(options: &Options) -> Result<Vec<Suite>> {
    let mut chosen = suites::choose(&options.suites)?;
    chosen.retain(|suite| {
        let settings = suite.soundness.as_ref();
        // What is in a wheel is no source tree.
        suite.source == Source::Sdist
            && suite.is_for(Task::Soundness)
            && (!options.quick || settings.is_some_and(|settings| settings.quick))
    });
    Ok(chosen)
}

fn look_at(
    suite: &Suite,
    fastest: Option<&Path>,
    options: &Options,
    total: &mut Total,
) -> Result<Value> {
    let printer = Printer { json: options.json };
    printer.line(format!("{} {}", suite.name, suite.version));
    let project = Project::prepare(suite, &options.python, printer)?;
    let sample = if options.quick {
        options.sample.min(QUICK_SAMPLE)
    } else {
        options.sample
    };
    let kept = options.reuse.then(|| observe::kept(&project)).flatten();
    let observed = match kept {
        Some(observed) => observed,
        // A few test files are not to replace more.
        None => observe::observe(&project, sample, !options.quick, printer)?,
    };
    for (test, reason) in &observed.failed {
        let reason = reason.lines().last().unwrap_or_default();
        printer.line(format!("  not counted: {test}: {reason}"));
    }
    ensure!(!observed.tests.is_empty(), "no test file could be run");
    let mut document = json!({
        "name": suite.name,
        "version": suite.version,
        "held_out": is_held_out(suite),
        "tests": observed.tests.len(),
        "not_counted": observed.failed,
    });
    let Some(fastest) = fastest else {
        let pairs: usize = observed.tests.values().map(|files| files.len()).sum();
        let path = observe::path(&project);
        printer.line(format!("  {}: {}", count(pairs, "pair"), path.display()));
        return Ok(document);
    };
    let start = Instant::now();
    let given = inputs(&project, &observed, fastest)?;
    let wall = start.elapsed();
    let comparison = compare::compare(&observed.tests, &given.inputs);
    printer.line(format!(
        "  {}, {}, {} missed, precision {:.1} %; {} in {}",
        count(observed.tests.len(), "test file"),
        count(comparison.observed, "pair"),
        comparison.missed.len(),
        comparison.precision(),
        count(given.unresolved.len(), "unresolved site"),
        time(wall)
    ));
    for (test, file) in &comparison.missed {
        printer.line(format!("  missed: {test}: {file}"));
    }
    document["pairs"] = json!(comparison.observed);
    document["given"] = json!(comparison.given);
    document["missed"] = json!(comparison.missed);
    document["precision"] = json!(comparison.precision());
    document["unresolved"] = json!(given.unresolved.len());
    document["seconds"] = json!(wall.as_secs_f64());
    total.projects += 1;
    total.tests += observed.tests.len();
    total.comparison.observed += comparison.observed;
    total.comparison.given += comparison.given;
    total.comparison.missed.extend(comparison.missed);
    Ok(document)
}

/// Ask fastest, as one would who has the project's environment activated.
fn inputs(project: &Project, observed: &Observed, fastest: &Path) -> Result<Given> {
    let mut command = Command::new(fastest);
    command.arg("inputs").args(observed.tests.keys());
    command.args(["--output", "json"]);
    project.venv.activate(&mut command);
    command.current_dir(&project.tree).envs(&project.suite.env);
    command.env("FASTEST_CACHE_DIR", project.dir.join("cache"));
    let finished = capture(&mut command, LIMIT)?;
    ensure!(
        finished.code() == 0,
        "fastest inputs ended with exit code {}:\n{}",
        finished.code(),
        finished.stderr.trim_end()
    );
    Given::from_document(&finished.stdout, &project.tree)
        .with_context(|| format!("fastest said:\n{}", finished.stderr.trim_end()))
}

impl Total {
    fn print(&self, name: &str, printer: Printer) {
        let Comparison {
            observed, missed, ..
        } = &self.comparison;
        if self.projects > 0 {
            printer.line(format!(
                "{name}: {}, {}, {}, {} missed, precision {:.1} %",
                count(self.projects, "project"),
                count(self.tests, "test file"),
                count(*observed, "pair"),
                missed.len(),
                self.comparison.precision()
            ));
        }
        if self.broken > 0 {
            let broken = count(self.broken, "project");
            printer.line(format!("{name}: {broken} could not be looked at"));
        }
    }
}
