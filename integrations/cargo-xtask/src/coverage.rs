//! `cargo xtask coverage`: does fastest measure of a real project's tests what pytest-cov measures?
//!
//! Each suite runs twice under pytest with pytest-cov and once under each engine of fastest with two
//! workers, for lines alone and for branches too. The JSON reports are compared line by line and branch
//! by branch. What pytest-cov does not report alike twice is set apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::conformance::suites::{self, Prepared, Suite};
use crate::process::capture;
use crate::report::{Printer, count};
use crate::{fastest, repo};

const LIMIT: Duration = Duration::from_secs(900);

/// What the environments of the suites hold besides.
const REQUIREMENTS: &[&str] = &["coverage==7.17.5", "pytest-cov==7.1.0"];

/// What of a file's report is compared.
const PARTS: &[&str] = &[
    "executed_lines",
    "missing_lines",
    "excluded_lines",
    "executed_branches",
    "missing_branches",
];

/// The options of `cargo xtask coverage`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The suites to run; without any all that name what to measure.
    suites: Vec<String>,
    /// The interpreter that the suites' environments are made from.
    #[arg(long, default_value = "python3", value_name = "EXE")]
    python: String,
    /// A fastest executable, in place of this checkout's release build.
    #[arg(long, value_name = "EXE")]
    fastest: Option<PathBuf>,
}

/// How many lines and branches were compared, how many of them differed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) equal: usize,
    pub(crate) different: usize,
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut suites = suites::choose(&options.suites)?;
    if options.suites.is_empty() {
        suites.retain(|suite| !suite.coverage.is_empty());
    }
    let Tally { equal, different } = compare_all(suites, options)?;
    println!("{equal} lines and branches equal, {different} different");
    Ok(different == 0)
}

/// Compare the suites that are part of `cargo xtask test`.
pub(crate) fn run_quick(python: &str) -> Result<Tally> {
    let mut suites = suites::load()?;
    suites.retain(|suite| suite.quick && !suite.coverage.is_empty());
    suites.truncate(1);
    let options = Options {
        suites: Vec::new(),
        python: python.to_owned(),
        fastest: None,
    };
    compare_all(suites, &options)
}

fn compare_all(suites: Vec<Suite>, options: &Options) -> Result<Tally> {
    let fastest = fastest::executable(options.fastest.as_deref())?;
    let mut total = Tally::default();
    for mut suite in suites {
        if suite.coverage.is_empty() {
            bail!("suites.toml does not say what to measure of {}", suite.name);
        }
        let more = REQUIREMENTS.iter().map(ToString::to_string);
        suite.requirements.extend(more);
        let dir = repo::scratch().join("coverage");
        let printer = Printer { json: false };
        let prepared = suite.prepare(&dir, &options.python, printer)?;
        let runs = Runs {
            suite: &suite,
            prepared: &prepared,
        };
        for branch in [false, true] {
            let tally = runs.compare(&fastest, branch);
            let tally = tally.with_context(|| format!("suite {}", suite.name))?;
            total.equal += tally.equal;
            total.different += tally.different;
        }
    }
    Ok(total)
}

/// What a report says: `FILE PART NUMBER`, a line or branch each.
type Facts = BTreeSet<String>;

struct Runs<'a> {
    suite: &'a Suite,
    prepared: &'a Prepared,
}

impl Runs<'_> {
    fn compare(&self, fastest: &std::path::Path, branch: bool) -> Result<Tally> {
        let pytest = |name| {
            let mut command = Command::new(self.prepared.venv.python());
            command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
            self.facts(&mut command, name, branch)
        };
        let (first, second) = (pytest("pytest-1")?, pytest("pytest-2")?);
        let aside: Facts = first.symmetric_difference(&second).cloned().collect();
        let Suite { name, version, .. } = self.suite;
        let what = if branch { "branches" } else { "lines" };
        println!(
            "{name} {version}, {what}: {}, {} set apart",
            count(first.len(), "fact"),
            aside.len()
        );
        let mut tally = Tally::default();
        for engine in ["auto", "pytest"] {
            let mut command = Command::new(fastest);
            command.args(["run", "--output", "json", "-n", "2", "--engine", engine]);
            command.arg("--python").arg(self.prepared.venv.python());
            command.env("FASTEST_CACHE_DIR", &self.prepared.cache);
            let found = self.facts(&mut command, engine, branch)?;
            let differing: Vec<&String> = first
                .symmetric_difference(&found)
                .filter(|fact| !aside.contains(*fact))
                .collect();
            let word = count(differing.len(), "difference");
            println!("  fastest --engine {engine}: {word}");
            for fact in &differing {
                let side = if found.contains(*fact) {
                    "fastest"
                } else {
                    "pytest-cov"
                };
                println!("    only {side}: {fact}");
            }
            tally.equal += first.intersection(&found).count();
            tally.different += differing.len();
        }
        Ok(tally)
    }

    /// The report of one run, which may have failing tests.
    fn facts(&self, command: &mut Command, name: &str, branch: bool) -> Result<Facts> {
        let records = &self.prepared.records;
        let report = records.join(format!("{name}-{branch}.json"));
        let data = records.join(format!("{name}-{branch}.data"));
        for source in &self.suite.coverage {
            command.arg(format!("--cov={source}"));
        }
        if branch {
            command.arg("--cov-branch");
        }
        command.arg(format!("--cov-report=json:{}", report.display()));
        command.args(&self.suite.args).args(&self.suite.tests);
        self.prepared.venv.activate(command);
        command.current_dir(&self.prepared.source);
        command.envs(&self.suite.env).env("COVERAGE_FILE", data);
        let finished = capture(command, LIMIT)?;
        let code = finished.code();
        let text = fs::read_to_string(&report)
            .with_context(|| format!("no report, exit code {code}:\n{}", finished.tail()))?;
        facts(&serde_json::from_str(&text)?)
    }
}

fn facts(report: &Value) -> Result<Facts> {
    let files = report["files"].as_object().context("no files")?;
    let mut facts = Facts::new();
    for (path, file) in files {
        let parts: BTreeMap<&str, &Value> = PARTS
            .iter()
            .filter_map(|part| Some((*part, file.get(part)?)))
            .collect();
        for (part, numbers) in parts {
            for number in numbers.as_array().context("no list")? {
                facts.insert(format!("{path} {part} {number}"));
            }
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_line_and_branch_is_a_fact() {
        let report = json!({"files": {"a.py": {
            "executed_lines": [1, 2], "missing_lines": [], "excluded_lines": [9],
            "executed_branches": [[1, 2]], "summary": {"covered_lines": 2},
        }}});
        let expected = [
            "a.py excluded_lines 9",
            "a.py executed_branches [1,2]",
            "a.py executed_lines 1",
            "a.py executed_lines 2",
        ];
        let found = facts(&report).unwrap();
        assert_eq!(Vec::from_iter(found), expected);
        assert!(facts(&json!({})).is_err());
    }

    #[test]
    fn three_suites_are_measured_and_one_of_them_is_quick() {
        let suites = suites::load().unwrap();
        let measured = suites.iter().filter(|suite| !suite.coverage.is_empty());
        let quick = measured.clone().filter(|suite| suite.quick).count();
        assert!(measured.count() >= 3 && quick > 0);
    }
}
