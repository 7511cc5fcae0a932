//! One of the programs that are measured in turn, and whether it gets through.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::cost::Costs;
use crate::measured::{Files, Usage, measure, measure_memory};

/// No run needs a tenth of it.
const LIMIT: Duration = Duration::from_secs(900);

/// The measured runs of one program. One that need not get through drops out at the first run that
/// ends otherwise than it should, and says why.
pub(super) struct Lane {
    name: &'static str,
    command: Command,
    /// Where its runs leave their files.
    dir: PathBuf,
    /// Whether the comparison stands without it.
    is_optional: bool,
    costs: Costs,
    /// The memory of all processes together, once it is measured.
    memory: Option<f64>,
    unable: Option<String>,
}

impl Lane {
    pub(super) fn new(name: &'static str, command: Command, dir: &Path) -> Self {
        Self {
            name,
            command,
            dir: dir.join(name),
            is_optional: false,
            costs: Costs(Vec::new()),
            memory: None,
            unable: None,
        }
    }

    pub(super) fn optional(mut self, is_optional: bool) -> Self {
        self.is_optional = is_optional;
        self
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// What its runs cost.
    pub(super) fn costs(&self) -> &Costs {
        &self.costs
    }

    /// The line of the table, or why there are no figures.
    pub(super) fn line(&self) -> String {
        if let Some(why) = &self.unable {
            return why.clone();
        }
        let together = |memory: f64| format!("together {:.1} MB", memory / 1e6);
        let note = self.memory.map_or_else(String::new, together);
        self.costs.line(self.name, &note)
    }

    /// The memory of all processes together, in bytes; none where it was not measured.
    pub(super) fn memory(&self) -> Option<f64> {
        self.memory
    }

    /// What is known of it.
    pub(super) fn json(&self) -> Value {
        if let Some(why) = &self.unable {
            return json!({"unable": why});
        }
        let mut figures = self.costs.json();
        if let Some(memory) = self.memory {
            figures.insert("peak_together".to_owned(), json!(memory));
        }
        Value::Object(figures)
    }

    /// Run it once and keep what it cost, unless that only warms up.
    fn time(&mut self, expected: i32, warms_up: bool) -> Result<()> {
        if self.unable.is_none() {
            let usage = measure(&self.command, &self.dir, LIMIT)?;
            if self.got_through(&usage, expected, &self.said())? && !warms_up {
                self.costs.0.push(usage);
            }
        }
        Ok(())
    }

    /// Run it once and keep how much memory its processes held.
    pub(super) fn weigh(&mut self, expected: i32) -> Result<()> {
        if self.unable.is_none() {
            let usage = measure_memory(&self.command, &self.dir, LIMIT)?;
            if self.got_through(&usage, expected, &self.said())? {
                self.memory = Some(usage.peak_together as f64);
            }
        }
        Ok(())
    }

    fn said(&self) -> String {
        fs::read_to_string(Files::at(&self.dir).stdout()).unwrap_or_default()
    }

    fn got_through(&mut self, usage: &Usage, expected: i32, said: &str) -> Result<bool> {
        if usage.code == expected {
            return Ok(true);
        }
        let (name, code) = (self.name, usage.code);
        let why = reason(said);
        let text = format!("{name} ended with exit code {code} and not {expected}: {why}");
        if !self.is_optional {
            bail!(text);
        }
        self.memory = None;
        self.unable = Some(text);
        Ok(false)
    }
}

/// Measure `runs` runs of each in turn, after one round that warms up; all should end with `expected`.
pub(super) fn alternate(lanes: &mut [Lane], runs: usize, expected: i32) -> Result<()> {
    for round in 0..=runs {
        for lane in &mut *lanes {
            lane.time(expected, round == 0)?;
        }
    }
    Ok(())
}

/// Why a run of pytest ended as it did: what pytest-xdist says of workers that do not agree, else the
/// last lines.
fn reason(said: &str) -> String {
    let disagree = |line: &&str| line.starts_with("Different tests were collected");
    if let Some(line) = said.lines().find(disagree) {
        // The next lines show how.
        return line.trim_end_matches(". The difference is:").to_owned();
    }
    let mut tail: Vec<&str> = said.lines().rev().take(5).collect();
    tail.reverse();
    tail.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(code: i32) -> Usage {
        Usage {
            code,
            timed_out: false,
            wall: 1.0,
            cpu: 1.0,
            peak_rss: 0,
            peak_together: 0,
        }
    }

    fn lane() -> Lane {
        Lane::new("pytest -n 2", Command::new("true"), Path::new("runs"))
    }

    const SAID: &str = "\
==== ERRORS ====
_____ ERROR collecting gw1 _____
Different tests were collected between gw0 and gw1. The difference is:
--- gw0
+++ gw1
==== 1 error in 0.61s ====
";

    #[test]
    fn a_program_that_has_to_get_through_fails_the_comparison() {
        let mut lane = lane();
        assert!(lane.got_through(&usage(0), 0, "").unwrap());
        let error = lane.got_through(&usage(3), 0, "1\n2\n3\n4\n5\n6\n");
        let error = error.unwrap_err().to_string();
        let expected = "pytest -n 2 ended with exit code 3 and not 0: 2 | 3 | 4 | 5 | 6";
        assert_eq!(error, expected);
    }

    #[test]
    fn one_that_need_not_says_why_there_are_no_figures_of_it() {
        let mut lane = lane().optional(true);
        assert!(lane.got_through(&usage(0), 0, SAID).unwrap());
        lane.costs.0.push(usage(0));
        lane.memory = Some(1e6);
        assert!(lane.line().ends_with("n 1; together 1.0 MB"));
        assert!(!lane.got_through(&usage(1), 0, SAID).unwrap());
        let why = "pytest -n 2 ended with exit code 1 and not 0: \
                   Different tests were collected between gw0 and gw1";
        assert_eq!((lane.line().as_str(), lane.memory()), (why, None));
        // It is not run again.
        alternate(std::slice::from_mut(&mut lane), 1, 0).unwrap();
        lane.weigh(0).unwrap();
        assert_eq!(lane.json(), json!({"unable": why}));
    }
}
