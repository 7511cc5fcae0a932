//! `cargo xtask bench run`: running tests, beside pytest and pytest-xdist.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::cost::{Costs, Figure, Verdict};
use super::measure::Spread;
use super::{Bench, corpus};
use crate::conformance::{
    Run, Volatile, differences, fastest_run, pytest_command, pytest_run, suites,
};
use crate::measured::{Files, measure, measure_memory};
use crate::repo;
use crate::venv::Venv;

/// No run needs a tenth of it.
pub(super) const LIMIT: Duration = Duration::from_secs(900);

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

/// Measure the generated corpus, the suites, and what a test costs.
pub(super) fn run(bench: &Bench) -> Result<(Value, Vec<String>)> {
    let mut documents = serde_json::Map::new();
    let mut found = Vec::new();
    let synthetic = Project {
        name: "synthetic",
        root: corpus::write(&bench.dir)?,
        venv: bench.venv.clone(),
        tests: Vec::new(),
        volatile: Volatile::new(&[])?,
        limit: SYNTHETIC,
    };
    let mut logs = Vec::new();
    let mut projects = vec![synthetic];
    for (name, limit) in SUITES {
        projects.push(suite(bench, name, limit)?);
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
    documents.insert("cost".to_owned(), bench.cost_a_test()?);
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
        let mut costs = Runner::ALL.map(|_| Costs(Vec::new()));
        // The first round warms up.
        for round in 0..=self.runs {
            for (runner, costs) in Runner::ALL.iter().zip(&mut costs) {
                let command = self.runner(*runner, project);
                let usage = measure(&command, &dir.join(runner.name()), LIMIT)?;
                check(runner.name(), usage.code, pytest.exit_code, &dir)?;
                if round > 0 {
                    costs.0.push(usage);
                }
            }
        }
        let mut memory = [0.0; 3];
        for (runner, memory) in Runner::ALL.iter().zip(&mut memory) {
            let command = self.runner(*runner, project);
            let usage = measure_memory(&command, &dir.join(runner.name()), LIMIT)?;
            *memory = usage.peak_together as f64;
        }
        self.printer.line(format!(
            "{}: {} results, {} % native, {} different",
            project.name,
            pytest.records.len(),
            100 * fastest.native / fastest.tests().max(1),
            differences.len()
        ));
        let mut runners = serde_json::Map::new();
        for ((runner, costs), memory) in Runner::ALL.iter().zip(&costs).zip(memory) {
            let note = format!("together {:.1} MB", memory / 1e6);
            self.printer
                .line(format!("  {}", costs.line(runner.name(), &note)));
            let mut figures = costs.json();
            figures.insert("peak_together".to_owned(), json!(memory));
            runners.insert(runner.name().to_owned(), Value::Object(figures));
        }
        let [pytest_costs, _, fastest_costs] = &costs;
        let ratio = |figure: Figure| {
            let value = |usage: &crate::measured::Usage| match figure {
                Figure::Wall => usage.wall,
                Figure::Cpu => usage.cpu,
            };
            let pairs = pytest_costs.0.iter().zip(&fastest_costs.0);
            Spread::of(pairs.map(|(one, two)| value(two) / value(one))).median
        };
        let wall = ratio(Figure::Wall);
        let verdict = |what: &str, measured, limit| Verdict {
            what: format!("{}, {what}", project.name),
            measured,
            limit,
        };
        let verdicts = [
            verdict("wall to pytest's", wall, Some(project.limit)),
            verdict("CPU to pytest's", ratio(Figure::Cpu), None),
            verdict(
                "memory to that of pytest -n 2",
                memory[2] / memory[1],
                Some(MEMORY),
            ),
        ];
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
            let mut costs = [Costs(Vec::new()), Costs(Vec::new())];
            for round in 0..=self.runs {
                for (command, costs) in [&native, &bare].into_iter().zip(&mut costs) {
                    let usage = measure(command, &dir, LIMIT)?;
                    check(Runner::Fastest.name(), usage.code, 0, &dir)?;
                    if round > 0 {
                        costs.0.push(usage);
                    }
                }
            }
            medians.push(costs.map(|costs| costs.median(Figure::Cpu)));
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

pub(super) fn check(name: &str, code: i32, expected: i32, dir: &Path) -> Result<()> {
    let files = Files::at(&dir.join(name));
    let said = fs::read_to_string(files.stdout()).unwrap_or_default();
    let tail: String = said.lines().rev().take(5).collect::<Vec<_>>().join(" | ");
    ensure!(
        code == expected,
        "{name} ended with exit code {code} and not {expected}: {tail}"
    );
    Ok(())
}
