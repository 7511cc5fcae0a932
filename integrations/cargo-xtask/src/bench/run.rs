//! `cargo xtask bench run`: running tests, beside pytest and pytest-xdist.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::cost::{Figure, Verdict};
use super::lane::{Lane, alternate};
use super::{Bench, corpus};
use crate::conformance::{
    Run, Volatile, differences, fastest_run, pytest_command, pytest_run, suites,
};
use crate::repo;
use crate::venv::Venv;

/// Of pytest's wall time, for each suite: what the fastest other runner with equal outcomes has.
const SUITES: [(&str, f64); 5] = [
    ("pluggy", 0.66),
    ("toolz", 0.58),
    ("marshmallow", 0.40),
    ("flask", 0.39),
    ("click", 1.0),
];

/// Of pytest's wall time, the geometric mean over the suites.
const MEAN: f64 = 0.40;
/// Of pytest's wall time, for the generated corpus and for the project of one test.
const SYNTHETIC: f64 = 0.05;
const STARTUP: f64 = 0.35;
/// Of the memory of `pytest -n 2`.
const MEMORY: f64 = 0.5;
/// Microseconds of CPU time that the native engine adds to a test.
const COST: f64 = 30.0;

/// What pytest-xdist is installed as beside the suites.
const XDIST: &str = "pytest-xdist==3.8.0";

/// A project whose tests are run.
struct Project {
    name: &'static str,
    root: PathBuf,
    venv: Venv,
    tests: Vec<String>,
    volatile: Volatile,
    limit: f64,
}

/// A program that runs them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    Pytest,
    Xdist,
    Fastest,
}

impl Runner {
    const ALL: [Self; 3] = [Self::Pytest, Self::Xdist, Self::Fastest];

    fn name(self) -> &'static str {
        match self {
            Self::Pytest => "pytest",
            Self::Xdist => "pytest -n 2",
            Self::Fastest => "fastest -n 2",
        }
    }
}

/// What one project gave.
struct Measured {
    document: Value,
    differences: Vec<String>,
    /// fastest's wall time in parts of pytest's.
    ratio: f64,
}

/// Measure the generated corpus, the suites, and what a test costs; some suites alone where they are
/// named.
pub(super) fn run(bench: &Bench, named: &[String]) -> Result<(Value, Vec<String>)> {
    let unknown = |name: &&String| SUITES.iter().all(|(suite, _)| suite != name);
    if let Some(name) = named.iter().find(unknown) {
        let known = SUITES.map(|(suite, _)| suite).join(", ");
        bail!("no suite of this benchmark is named {name}; they are {known}");
    }
    let mut documents = serde_json::Map::new();
    let mut found = Vec::new();
    let mut projects = Vec::new();
    if named.is_empty() {
        projects.push(Project {
            name: "synthetic",
            root: corpus::write(&bench.dir)?,
            venv: bench.venv.clone(),
            tests: Vec::new(),
            volatile: Volatile::new(&[])?,
            limit: SYNTHETIC,
        });
    }
    let mut logs = Vec::new();
    for (name, limit) in SUITES {
        if named.is_empty() || named.iter().any(|suite| suite == name) {
            projects.push(suite(bench, name, limit)?);
        }
    }
    for project in &projects {
        let measured = bench.project(project)?;
        if project.name != "synthetic" {
            logs.push(measured.ratio.ln());
        }
        found.extend(measured.differences);
        documents.insert(project.name.to_owned(), measured.document);
    }
    let mean = Verdict {
        what: "geometric mean of the suites, wall".to_owned(),
        measured: (logs.iter().sum::<f64>() / logs.len() as f64).exp(),
        limit: Some(MEAN),
    };
    bench.printer.line(mean.line());
    documents.insert("mean".to_owned(), mean.json());
    if named.is_empty() {
        documents.insert("cost".to_owned(), bench.cost_a_test()?);
    }
    Ok((Value::Object(documents), found))
}

/// Measure the project of one test.
pub(super) fn startup(bench: &Bench) -> Result<(Value, Vec<String>)> {
    let project = Project {
        name: "startup",
        root: corpus::write_trivial(&bench.dir)?,
        venv: bench.venv.clone(),
        tests: Vec::new(),
        volatile: Volatile::new(&[])?,
        limit: STARTUP,
    };
    let measured = bench.project(&project)?;
    Ok((measured.document, measured.differences))
}

fn suite(bench: &Bench, name: &'static str, limit: f64) -> Result<Project> {
    let mut suites = suites::choose(&[name.to_owned()])?;
    let suite = suites.first_mut().context("no such suite")?;
    suite.requirements.push(XDIST.to_owned());
    let dir = repo::scratch().join("bench");
    let prepared = suite.prepare(&dir, &bench.python, bench.printer)?;
    Ok(Project {
        name,
        root: prepared.source,
        venv: prepared.venv,
        tests: suite.tests.clone(),
        volatile: Volatile::new(&suite.volatile_ids)?,
        limit,
    })
}

impl Bench {
    /// Compare the outcomes, then the costs in alternating runs, then the memory.
    fn project(&self, project: &Project) -> Result<Measured> {
        let (pytest, fastest) = self.outcomes_of(project)?;
        let differences = differences(&pytest, &fastest, &BTreeMap::new());
        let dir = self.dir.join("runs").join(project.name);
        let mut lanes = Runner::ALL.map(|runner| {
            // Its workers must all collect the same ids, which those of some suites are not.
            let is_optional = runner == Runner::Xdist;
            Lane::new(runner.name(), self.runner(runner, project), &dir).optional(is_optional)
        });
        alternate(&mut lanes, self.runs, pytest.exit_code)?;
        for lane in &mut lanes {
            lane.weigh(pytest.exit_code)?;
        }
        self.printer.line(format!(
            "{}: {} results, {} % native, {} different",
            project.name,
            pytest.records.len(),
            100 * fastest.native / fastest.tests().max(1),
            differences.len()
        ));
        let mut runners = serde_json::Map::new();
        for lane in &lanes {
            self.printer.line(format!("  {}", lane.line()));
            runners.insert(lane.name().to_owned(), lane.json());
        }
        let [of_pytest, of_xdist, of_fastest] = &lanes;
        let ratio = |figure| of_fastest.costs().ratio_to(of_pytest.costs(), figure);
        let wall = ratio(Figure::Wall);
        let verdict = |what: &str, measured, limit| Verdict {
            what: format!("{}, {what}", project.name),
            measured,
            limit,
        };
        let mut verdicts = vec![
            verdict("wall to pytest's", wall, Some(project.limit)),
            verdict("CPU to pytest's", ratio(Figure::Cpu), None),
        ];
        if let (Some(fastest), Some(xdist)) = (of_fastest.memory(), of_xdist.memory()) {
            let what = format!("memory to that of {}", of_xdist.name());
            verdicts.push(verdict(&what, fastest / xdist, Some(MEMORY)));
        }
        for verdict in &verdicts {
            self.printer.line(format!("  {}", verdict.line()));
        }
        let verdicts: Vec<Value> = verdicts.iter().map(Verdict::json).collect();
        let document = json!({"runners": runners, "verdicts": verdicts, "different": differences});
        Ok(Measured {
            document,
            differences,
            ratio: wall,
        })
    }

    fn runner(&self, runner: Runner, project: &Project) -> Command {
        let mut command = match runner {
            Runner::Pytest | Runner::Xdist => Command::new(project.venv.program("pytest")),
            Runner::Fastest => Command::new(&self.fastest),
        };
        match runner {
            // Fastest runs what can be collected, whatever cannot.
            Runner::Pytest => command.args(["-q", "--continue-on-collection-errors"]),
            Runner::Xdist => command.args(["-q", "--continue-on-collection-errors", "-n", "2"]),
            Runner::Fastest => command.args(["run", "-q", "-n", "2"]),
        };
        command.args(&project.tests).current_dir(&project.root);
        command.env("FASTEST_CACHE_DIR", self.dir.join("cache"));
        project.venv.activate(&mut command);
        command
    }

    fn outcomes_of(&self, project: &Project) -> Result<(Run, Run)> {
        let records = self.dir.join("records");
        fs::create_dir_all(&records)
            .with_context(|| format!("cannot create {}", records.display()))?;
        let record = records.join("pytest.jsonl");
        let mut command = pytest_command(&project.venv, &record, &project.tests);
        let pytest = pytest_run(
            command.current_dir(&project.root),
            &record,
            &project.volatile,
        )?;
        let mut command = self.runner(Runner::Fastest, project);
        command.args(["--output", "json"]);
        let record = records.join("fastest.jsonl");
        let fastest = fastest_run(&mut command, &record, &project.volatile)?;
        Ok((pytest, fastest))
    }

    /// The CPU time that the native engine adds to a trivial test, above a loop that imports the
    /// modules and calls the functions: what many tests cost more than few, so that neither start-up
    /// nor files count.
    fn cost_a_test(&self) -> Result<Value> {
        let sizes = [100, 1100];
        let mut medians = Vec::new();
        for size in sizes {
            let root = corpus::write_plain(&self.dir, size)?;
            let dir = self.dir.join("runs").join("cost");
            let mut native = Command::new(&self.fastest);
            native.args(["run", "-q", "-n", "1"]).current_dir(&root);
            native.env("FASTEST_CACHE_DIR", self.dir.join("cache"));
            self.venv.activate(&mut native);
            let mut bare = Command::new(self.venv.python());
            bare.args(["-c", corpus::BARE_LOOP]).current_dir(&root);
            self.venv.activate(&mut bare);
            let programs = [(Runner::Fastest.name(), native), ("a bare loop", bare)];
            let mut lanes = programs.map(|(name, command)| Lane::new(name, command, &dir));
            alternate(&mut lanes, self.runs, 0)?;
            medians.push(lanes.map(|lane| lane.costs().median(Figure::Cpu)));
        }
        let tests = ((sizes[1] - sizes[0]) * corpus::PLAIN_FILES) as f64;
        let each = |n: usize| 1e6 * (medians[1][n] - medians[0][n]) / tests;
        let verdict = Verdict {
            what: "microseconds of CPU that a test costs above a bare loop".to_owned(),
            measured: each(0) - each(1),
            limit: Some(COST),
        };
        self.printer.line(verdict.line());
        Ok(json!({"native": each(0), "bare": each(1), "verdict": verdict.json()}))
    }
}
