//! Programs under measurement, in turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::super::Bench;
use super::super::cost::{Costs, Verdict};
use super::super::discovery::python_files;
use super::Found;
use crate::conformance::empty;
use crate::measured::{self, Files};
use crate::process::shown;
use crate::report::count;

const LIMIT: Duration = Duration::from_secs(900);

/// A program that takes longer than this is measured [`SLOW_RUNS`] times at most.
const SLOW: f64 = 20.0;
const SLOW_RUNS: usize = 2;

/// Wrong answers that are shown of many.
const SHOWN: usize = 10;

/// A program under measurement, and what is known of it.
pub(super) struct Program {
    pub(super) name: &'static str,
    command: Command,
    pub(super) costs: Costs,
    /// What it answered, for the table.
    pub(super) note: String,
}

/// One corpus, the programs that are measured on it and what came of it.
pub(super) struct Ground<'a> {
    pub(super) bench: &'a Bench,
    root: PathBuf,
    /// For the outputs and the caches.
    dir: PathBuf,
    pub(super) programs: Vec<Program>,
    pub(super) wrong: Vec<String>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(bench: &'a Bench, root: &Path, name: &str) -> Result<Self> {
        let dir = super::corpora::dir().join("runs").join(name);
        empty(&dir)?;
        let (files, bytes) = python_files(root)?;
        bench.printer.line(format!(
            "graph, {name}: {}, {:.1} MB",
            count(files, "Python file"),
            bytes as f64 / 1e6
        ));
        Ok(Self {
            bench,
            root: root.to_owned(),
            dir,
            programs: Vec::new(),
            wrong: Vec::new(),
        })
    }

    /// A folder for a program's cache.
    pub(super) fn cache(&self, name: &str) -> PathBuf {
        self.dir.join("cache").join(name)
    }

    pub(super) fn fastest(&self, arguments: &[&str]) -> Command {
        let mut command = self.bench.fastest(arguments);
        command.env("FASTEST_CACHE_DIR", self.cache("fastest"));
        command
    }

    /// Run it once without a measure, which fills its caches, and take it among the measured ones if
    /// it succeeds. Gives what it printed.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        mut command: Command,
    ) -> Result<Option<String>> {
        command.current_dir(&self.root);
        let mut program = Program {
            name,
            command,
            costs: Costs(Vec::new()),
            note: String::new(),
        };
        let printer = self.bench.printer;
        printer.line(format!("  {name}: {:.200}", shown(&program.command)));
        if let Err(end) = self.once(&mut program)? {
            printer.line(format!("    not measured: {end}"));
            if name.starts_with("fastest") {
                self.wrong.push(format!("{name}: {end}"));
            }
            return Ok(None);
        }
        program.costs.0.clear();
        self.programs.push(program);
        let stdout = fs::read(Files::at(&self.output(name)).stdout())?;
        Ok(Some(String::from_utf8_lossy(&stdout).into_owned()))
    }

    /// What is known of the program that was added last.
    pub(super) fn note(&mut self, note: String) {
        if let Some(program) = self.programs.last_mut() {
            program.note = note;
        }
    }

    /// Measure all programs in turn, each run after `prepare`.
    pub(super) fn measure(&mut self, prepare: &dyn Fn() -> Result<()>) -> Result<()> {
        let mut programs = std::mem::take(&mut self.programs);
        for round in 0..self.bench.runs {
            for program in &mut programs {
                let is_slow = program.costs.0.iter().any(|sample| sample.wall > SLOW);
                if round >= SLOW_RUNS && is_slow {
                    continue;
                }
                prepare()?;
                if let Err(end) = self.once(program)? {
                    self.wrong
                        .push(format!("{}, run again: {end}", program.name));
                }
            }
        }
        programs.retain(|program| !program.costs.0.is_empty());
        self.programs = programs;
        Ok(())
    }

    /// One run, or why it does not count.
    fn once(&self, program: &mut Program) -> Result<Result<(), String>> {
        let dir = self.output(program.name);
        let usage = measured::measure(&program.command, &dir, LIMIT)?;
        if usage.timed_out {
            return Ok(Err(format!("it still ran after {LIMIT:?}")));
        }
        if usage.code != 0 {
            let stderr = fs::read(Files::at(&dir).stderr()).unwrap_or_default();
            let stderr = String::from_utf8_lossy(&stderr);
            let last = stderr.trim_end().lines().last().unwrap_or_default();
            return Ok(Err(format!("exit code {}: {last:.300}", usage.code)));
        }
        program.costs.0.push(usage);
        Ok(Ok(()))
    }

    fn output(&self, name: &str) -> PathBuf {
        self.dir.join(name.replace([' ', ','], "-"))
    }

    pub(super) fn costs(&self, name: &str) -> Option<&Costs> {
        let mut programs = self.programs.iter();
        let program = programs.find(|program| program.name == name);
        program.map(|program| &program.costs)
    }

    /// Lines that are missing from an answer are wrong.
    pub(super) fn must_be_empty(&mut self, what: &str, missing: &[String]) {
        let printer = self.bench.printer;
        printer.line(format!("  {what}: {}", missing.len()));
        let shown = missing.iter().take(SHOWN);
        self.wrong
            .extend(shown.map(|line| format!("{what}: {line}")));
        if missing.len() > SHOWN {
            let more = missing.len() - SHOWN;
            self.wrong.push(format!("{what}: and {more} more"));
        }
    }

    /// Print the table and the verdicts, and give all of it.
    pub(super) fn finish(self, verdicts: &[Verdict]) -> Found {
        let printer = self.bench.printer;
        let mut programs = Map::new();
        for program in &self.programs {
            let Program { name, note, .. } = program;
            printer.line(format!("  {}", program.costs.line(name, note)));
            let mut document = program.costs.json();
            document.insert("note".to_owned(), json!(note));
            programs.insert((*name).to_owned(), Value::Object(document));
        }
        for verdict in verdicts {
            printer.line(format!("  {}", verdict.line()));
        }
        let verdicts: Vec<Value> = verdicts.iter().map(Verdict::json).collect();
        let document = json!({"programs": programs, "ratios": verdicts});
        (document, self.wrong)
    }
}
