//! `cargo xtask conformance`: does fastest report of a real project's tests what pytest reports?
//!
//! Each suite runs twice under pytest and once under each engine of fastest. A node id that pytest
//! does not report alike twice is printed and set apart; every other difference, in the outcome of
//! a test or of one of its phases, in what was not collected, in the exit code, is printed and
//! fails the run. How many of the tests ran natively is printed with what kept the others, and a
//! table of all suites at the end.
//!
//! With `--probe` the probe of constructs runs, under each of several interpreters; with `--discovery` no test runs: what each of them lists is compared.

mod compare;
mod discovery;
mod hermetic;
mod probe;
mod record;
pub(crate) mod suites;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::process::{Finished, capture};
use crate::report::{Printer, count, time};
use crate::venv::Venv;
use crate::{fastest, repo};

pub(crate) use compare::differences;
pub(crate) use record::{Run, Volatile};
pub(crate) use suites::{Release, Source, Suite, empty};

use suites::{Prepared, Task};
use table::Row;

/// No suite needs a tenth of it.
const LIMIT: Duration = Duration::from_secs(900);

/// The options of `cargo xtask conformance`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The suites to run; all without any.
    suites: Vec<String>,
    /// Compare what is discovered instead of what runs give.
    #[arg(long)]
    discovery: bool,
    /// Run the probe of constructs, `tests/probe`, instead of the suites.
    #[arg(long)]
    probe: bool,
    /// Run each file as a closed unit under fastest, and list what it uses without declaring it.
    #[arg(long, conflicts_with_all = ["discovery", "probe"])]
    hermetic: bool,
    /// The engines of fastest to compare with pytest.
    #[arg(long, value_delimiter = ',', default_value = "auto,pytest")]
    engine: Vec<String>,
    /// List the suites and stop.
    #[arg(long)]
    list: bool,
    /// How often pytest runs each suite: what it does not repeat is set apart.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..), value_name = "N")]
    pytest_runs: u32,
    /// Compare with what pytest gave when it last ran the suite on this machine, where it has.
    #[arg(long)]
    reuse_pytest: bool,
    /// Keep the unpacked sources when all is equal (they are always kept otherwise).
    #[arg(long)]
    keep: bool,
    /// Print one JSON document on standard output.
    #[arg(long)]
    json: bool,
    /// The interpreter that the suites' environments are made from, `python3` without; for the probe
    /// several, those on the PATH without.
    #[arg(long, value_name = "EXE")]
    python: Vec<String>,
    /// A fastest executable, in place of this checkout's release build.
    #[arg(long, value_name = "EXE")]
    fastest: Option<PathBuf>,
}

impl Options {
    /// The interpreter of the suites.
    fn python(&self) -> &str {
        self.python.first().map_or("python3", String::as_str)
    }
}

/// How many results were compared, how many of them differed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) equal: usize,
    pub(crate) different: usize,
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    if options.list {
        for suite in suites::load()? {
            let mut notes = String::new();
            for (holds, note) in [
                (suite.is_for(Task::Outcomes), ", outcomes"),
                (suite.is_for(Task::Discovery), ", discovery"),
                (suite.is_for(Task::Soundness), ", soundness"),
                (suite.quick, ", quick"),
                (suite.quick_discovery, ", quick discovery"),
            ] {
                notes.push_str(if holds { note } else { "" });
            }
            let Suite {
                name,
                version,
                pytest,
                ..
            } = suite;
            println!("{name} {version} (pytest {pytest}{notes})");
        }
        return Ok(true);
    }
    if options.probe {
        return probe::run(&options.python, Printer { json: options.json });
    }
    let suites = suites::choose(&options.suites)?;
    let (tally, documents, rows) = compare_all(&suites, options)?;
    if options.json {
        println!("{}", json!({"schema": 1, "suites": documents}));
    }
    let Tally { equal, different } = tally;
    let printer = Printer { json: options.json };
    if !rows.is_empty() {
        printer.line(table::markdown(&rows));
    }
    printer.line(format!("{equal} equal, {different} different"));
    Ok(different == 0)
}

/// A suite's sources, which its tests run in, and its environment.
pub(crate) fn prepared(name: &str, python: &str, printer: Printer) -> Result<(PathBuf, Venv)> {
    let suites = suites::choose(&[name.to_owned()])?;
    let suite = suites.first().context("no such suite")?;
    let Prepared { source, venv, .. } =
        suite.prepare(&repo::scratch().join("suites"), python, printer)?;
    Ok((source, venv))
}

/// Compare the suites that are part of `cargo xtask test`.
pub(crate) fn run_quick(python: &str, discovery: bool) -> Result<Tally> {
    let mut suites = suites::load()?;
    suites.retain(|suite| suite.quick || (discovery && suite.quick_discovery));
    let options = Options {
        discovery,
        ..quick_options(python)
    };
    Ok(compare_all(&suites, &options)?.0)
}

/// Compare the suites that are part of `cargo xtask test` as closed units.
pub(crate) fn run_quick_hermetic(python: &str) -> Result<Tally> {
    let mut suites = suites::load()?;
    suites.retain(|suite| suite.hermetic.as_ref().is_some_and(|rules| rules.quick));
    let options = Options {
        hermetic: true,
        // They have run for the other step.
        reuse_pytest: true,
        ..quick_options(python)
    };
    Ok(compare_all(&suites, &options)?.0)
}

fn quick_options(python: &str) -> Options {
    Options {
        suites: Vec::new(),
        discovery: false,
        probe: false,
        hermetic: false,
        engine: vec!["auto".to_owned(), "pytest".to_owned()],
        list: false,
        pytest_runs: 2,
        reuse_pytest: false,
        keep: false,
        json: false,
        python: vec![python.to_owned()],
        fastest: None,
    }
}

/// What is found of all suites: how much is equal, their documents, the rows of the table.
type Found = (Tally, Vec<Value>, Vec<Row>);

fn compare_all(suites: &[Suite], options: &Options) -> Result<Found> {
    let fastest = fastest::executable(options.fastest.as_deref())?;
    let printer = Printer { json: options.json };
    let mut total = Tally::default();
    let mut documents = Vec::new();
    let mut rows = Vec::new();
    let task = match options.discovery {
        true => Task::Discovery,
        false => Task::Outcomes,
    };
    for suite in suites {
        let name = &suite.name;
        if !suite.is_for(task) {
            printer.line(format!("{name}: not run, it is there for other tasks"));
            continue;
        }
        let compared = match task {
            Task::Discovery => discovery::compare_suite(suite, &fastest, options),
            _ if options.hermetic => hermetic::compare_suite(suite, &fastest, options),
            _ => compare_suite(suite, &fastest, options, &mut rows),
        };
        // One suite that cannot be run does not keep the others from it.
        let (tally, document) = compared.unwrap_or_else(|error| {
            printer.line(format!("{name}: error: {error:#}"));
            let (equal, different) = (0, 1);
            let document = json!({"name": name, "error": format!("{error:#}")});
            (Tally { equal, different }, document)
        });
        total.equal += tally.equal;
        total.different += tally.different;
        documents.push(document);
    }
    Ok((total, documents, rows))
}

fn compare_suite(
    suite: &Suite,
    fastest: &Path,
    options: &Options,
    rows: &mut Vec<Row>,
) -> Result<(Tally, Value)> {
    let printer = Printer { json: options.json };
    let dir = repo::scratch().join("suites");
    let prepared = suite.prepare(&dir, options.python(), printer)?;
    let Suite {
        name,
        version,
        pytest,
        ..
    } = suite;
    printer.line(format!("{name} {version} (pytest {pytest})"));

    let first = run_pytest(suite, &prepared, 1, options)?;
    let mut seconds = vec![first.wall.as_secs_f64()];
    let mut aside = BTreeMap::new();
    for n in 2..=options.pytest_runs {
        let again = run_pytest(suite, &prepared, n, options)?;
        seconds.push(again.wall.as_secs_f64());
        aside.extend(compare::unstable(&first, &again));
    }
    printer.line(format!(
        "  pytest: {} in {}, {} runs, exit code {}",
        outcomes(&first),
        time(first.wall),
        seconds.len(),
        first.exit_code
    ));
    for (id, text) in &aside {
        printer.line(format!(
            "  set apart, pytest does not repeat it: {id}: {text}"
        ));
    }

    let mut tally = Tally::default();
    let mut engines = BTreeMap::new();
    for engine in &options.engine {
        let run = run_fastest(suite, &prepared, fastest, engine, &[])?;
        let found = differences(&first, &run, &aside);
        print_engine(engine, &run, &found, printer);
        if engine != "pytest" {
            rows.push(Row::of(suite, &run, found.len(), aside.len()));
        }
        tally.equal += (first.records.len() - aside.len().min(first.records.len()))
            .saturating_sub(found.len());
        tally.different += found.len();
        engines.insert(engine, document(&run, &found));
    }
    if tally.different > 0 {
        let (records, source) = (prepared.records.display(), prepared.source.display());
        printer.line(format!("  records: {records}\n  sources: {source}"));
    } else if !options.keep {
        fs::remove_dir_all(&prepared.source).ok();
    }
    let document = json!({
        "name": name,
        "version": version,
        "pytest": {
            "version": pytest,
            "results": first.records.len(),
            "exit_code": first.exit_code,
            "seconds": seconds,
        },
        "set_apart": aside,
        "engines": engines,
    });
    Ok((tally, document))
}

fn run_pytest(suite: &Suite, prepared: &Prepared, n: u32, options: &Options) -> Result<Run> {
    let record = prepared.records.join(format!("pytest-{n}.jsonl"));
    let end = prepared.records.join(format!("pytest-{n}.json"));
    let volatile = Volatile::new(&suite.volatile_ids)?;
    if options.reuse_pytest
        && let (Ok(lines), Ok(end)) = (fs::read_to_string(&record), fs::read_to_string(&end))
    {
        let (exit_code, wall) = serde_json::from_str(&end).context("the end of pytest's run")?;
        return Ok(Run {
            exit_code,
            wall,
            ..Run::from_pytest(&lines, &volatile)?
        });
    }
    let mut arguments = suite.run_paths().to_vec();
    arguments.extend_from_slice(&suite.args);
    let mut command = pytest_command(&prepared.venv, &record, &arguments);
    command.current_dir(&prepared.source).envs(&suite.env);
    let run = pytest_run(&mut command, &record, &volatile)?;
    fs::write(&end, serde_json::to_string(&(run.exit_code, run.wall))?)?;
    Ok(run)
}

/// The command that runs pytest and writes what it reports to `record`.
pub(crate) fn pytest_command(venv: &Venv, record: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(venv.python());
    command.arg(repo::script("record_pytest.py")).arg(record);
    // What fastest does: a file that cannot be imported does not keep the others from running.
    command.args(["-q", "--continue-on-collection-errors"]);
    venv.activate(command.args(arguments));
    command
}

/// Run a [`pytest_command`] and read its record.
pub(crate) fn pytest_run(command: &mut Command, record: &Path, volatile: &Volatile) -> Result<Run> {
    let finished = capture(command, LIMIT)?;
    let lines = fs::read_to_string(record)
        .with_context(|| format!("pytest left no record:\n{}", finished.tail()))?;
    let run = Run::from_pytest(&lines, volatile)?;
    // 2 and up: pytest did not get as far as to run the tests.
    anyhow::ensure!(
        (0..=1).contains(&finished.code()),
        "pytest ended with exit code {}:\n{}",
        finished.code(),
        finished.tail()
    );
    Ok(Run {
        exit_code: finished.code(),
        wall: finished.wall,
        ..run
    })
}

fn run_fastest(
    suite: &Suite,
    prepared: &Prepared,
    fastest: &Path,
    engine: &str,
    more: &[&str],
) -> Result<Run> {
    let mut command = Command::new(fastest);
    command.arg("run").args(suite.run_paths()).args(&suite.args);
    command.args(more);
    let workers = suite.workers.to_string();
    command.args(["--output", "json", "-n", &workers, "--engine", engine]);
    command.arg("--python");
    prepared.venv.activate(command.arg(prepared.venv.python()));
    command.current_dir(&prepared.source).envs(&suite.env);
    command.env("FASTEST_CACHE_DIR", &prepared.cache);
    let record = prepared.records.join(format!("fastest-{engine}.jsonl"));
    fastest_run(&mut command, &record, &Volatile::new(&suite.volatile_ids)?)
}

/// Run a `fastest run --output json` and read its events, which are kept at `record`.
pub(crate) fn fastest_run(
    command: &mut Command,
    record: &Path,
    volatile: &Volatile,
) -> Result<Run> {
    let finished: Finished = capture(command, LIMIT)?;
    fs::write(record, &finished.stdout)
        .with_context(|| format!("cannot write {}", record.display()))?;
    let said = || {
        let (code, stderr) = (finished.code(), finished.stderr.trim_end());
        format!("fastest ended with exit code {code} and said:\n{stderr}")
    };
    let events = fastest::events(&finished.stdout).with_context(said)?;
    let run = Run::from_events(events, volatile).with_context(said)?;
    anyhow::ensure!(
        run.exit_code == finished.code(),
        "the run-finished event says exit code {}, but {}",
        run.exit_code,
        said()
    );
    Ok(Run {
        wall: finished.wall,
        ..run
    })
}

fn print_engine(engine: &str, run: &Run, found: &[String], printer: Printer) {
    let share = table::share(run.native, run.tests());
    printer.line(format!(
        "  fastest --engine {engine}: {} in {}; {share:.1} % native; {}",
        outcomes(run),
        time(run.wall),
        count(found.len(), "difference")
    ));
    if engine != "pytest" {
        let mut fallbacks: Vec<_> = run.fallbacks.iter().collect();
        fallbacks.sort_by_key(|(_, fallback)| std::cmp::Reverse(fallback.tests));
        for (reason, fallback) in fallbacks {
            let files = count(fallback.files.len(), "file");
            let tests = count(fallback.tests, "test");
            let example = fallback.files.first().map_or("", String::as_str);
            printer.line(format!(
                "    under pytest: {tests} in {files} ({example}): {reason}"
            ));
        }
    }
    for difference in found {
        printer.line(format!("  difference: {difference}"));
    }
}

/// `3 passed, 1 skipped`, the most frequent first.
fn outcomes(run: &Run) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in run.records.values() {
        *counts.entry(&record.outcome).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let counts: Vec<String> = counts
        .iter()
        .map(|(word, n)| format!("{n} {word}"))
        .collect();
    counts.join(", ")
}

fn document(run: &Run, found: &[String]) -> Value {
    let reasons: BTreeMap<_, _> = run
        .fallbacks
        .iter()
        .map(|(reason, f)| (reason, json!({"files": f.files, "tests": f.tests})))
        .collect();
    json!({
        "results": run.records.len(),
        "native": run.native,
        "under_pytest": reasons,
        "exit_code": run.exit_code,
        "seconds": run.wall.as_secs_f64(),
        "differences": found,
    })
}
