//! `cargo xtask conformance --hermetic`: do closed units have the outcomes that pytest has, but for
//! accesses that are not declared?
//!
//! What a suite reads by names that are computed, or of the machine, is found by the walls; `hermetic`
//! of `suites.toml` declares what its files may use, and lists the tests whose undeclared accesses are
//! known, with the reason. Every other difference fails the run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::record::{Record, Run};
use super::suites::{Prepared, Suite};
use super::{Options, Tally, compare, run_fastest, run_pytest};
use crate::repo;
use crate::report::{Printer, count, time};

/// What `suites.toml` says of a suite whose files run as closed units.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Hermetic {
    /// Keys of `[tool.fastest.hermetic]`.
    settings: toml::Table,
    /// Patterns of node ids whose undeclared accesses are known, with the reason.
    undeclared: BTreeMap<String, String>,
    /// Patterns of node ids that fail because their file has a process of its own, as they do when
    /// pytest runs that file alone, with the reason.
    alone: BTreeMap<String, String>,
    /// Part of `cargo xtask test`.
    pub(crate) quick: bool,
}

/// How the outcomes of a test may differ.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// It is known to differ, for this reason.
    Known(String),
    /// It used what was not declared.
    Access(String),
    /// Something else.
    Other(String),
}

/// Compare one suite.
pub(super) fn compare_suite(
    suite: &Suite,
    fastest: &Path,
    options: &Options,
) -> Result<(Tally, Value)> {
    let printer = Printer { json: options.json };
    let dir = repo::scratch().join("suites");
    let prepared = suite.prepare(&dir, options.python(), printer)?;
    let rules = suite.hermetic.clone().unwrap_or_default();
    printer.line(format!("{} {}, hermetic", suite.name, suite.version));
    let first = run_pytest(suite, &prepared, 1, options)?;
    let again = run_pytest(suite, &prepared, 2, options)?;
    let aside = compare::unstable(&first, &again);
    declare(&prepared.source, &rules, suite)?;

    let mut tally = Tally::default();
    let mut engines = BTreeMap::new();
    for engine in &options.engine {
        let run = run_fastest(suite, &prepared, fastest, engine, &["--hermetic"])?;
        let found = differences(&first, &run, &aside, &rules)?;
        tally.equal += first.records.len().saturating_sub(found.len());
        engines.insert(engine, print(engine, &run, &found, printer, &mut tally));
    }
    finish(&prepared, tally, options, printer);
    let document = json!({"name": suite.name, "version": suite.version, "engines": engines});
    Ok((tally, document))
}

fn finish(prepared: &Prepared, tally: Tally, options: &Options, printer: Printer) {
    if tally.different > 0 {
        let (records, source) = (prepared.records.display(), prepared.source.display());
        printer.line(format!("  records: {records}\n  sources: {source}"));
    } else if !options.keep {
        fs::remove_dir_all(&prepared.source).ok();
    }
}

/// Add what the suite declares to its `pyproject.toml`; variables of its runs pass.
fn declare(source: &Path, rules: &Hermetic, suite: &Suite) -> Result<()> {
    let mut settings = rules.settings.clone();
    if !suite.env.is_empty() {
        let names: Vec<_> = suite.env.keys().cloned().collect();
        settings.insert("pass-environment".to_owned(), names.into());
    }
    let path = source.join("pyproject.toml");
    let mut text = fs::read_to_string(&path).unwrap_or_default();
    text.push_str("\n[tool.fastest.hermetic]\n");
    text.push_str(&toml::to_string(&settings)?);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn differences(
    pytest: &Run,
    fastest: &Run,
    aside: &BTreeMap<String, String>,
    rules: &Hermetic,
) -> Result<Vec<(String, Difference)>> {
    let (undeclared, alone) = (Known::of(&rules.undeclared)?, Known::of(&rules.alone)?);
    let mut found = Vec::new();
    for id in compare::ids(pytest, fastest) {
        let (expected, got) = (pytest.records.get(id), fastest.records.get(id));
        if expected == got || aside.contains_key(id) {
            continue;
        }
        let difference = match got.and_then(access) {
            Some(access) => match undeclared.reason(id) {
                Some(reason) => Difference::Known(reason),
                None => Difference::Access(access),
            },
            None => match alone.reason(id) {
                Some(reason) => Difference::Known(reason),
                None => Difference::Other(format!(
                    "\n    pytest:  {}\n    fastest: {}",
                    compare::shown(expected),
                    compare::shown(got)
                )),
            },
        };
        found.push((id.clone(), difference));
    }
    if found.is_empty() && pytest.exit_code != fastest.exit_code && aside.is_empty() {
        let (expected, got) = (pytest.exit_code, fastest.exit_code);
        let text = format!("pytest's is {expected}, fastest's {got}");
        found.push(("exit code".to_owned(), Difference::Other(text)));
    }
    Ok(found)
}

/// Patterns of node ids, with reasons.
struct Known<'r>(Vec<(Regex, &'r String)>);

impl<'r> Known<'r> {
    fn of(patterns: &'r BTreeMap<String, String>) -> Result<Self> {
        let compiled = patterns
            .iter()
            .map(|(pattern, reason)| Ok((Regex::new(&format!("^(?:{pattern})$"))?, reason)));
        Ok(Self(compiled.collect::<Result<_>>()?))
    }

    fn reason(&self, id: &str) -> Option<String> {
        let mut matching = self.0.iter().filter(|(pattern, _)| pattern.is_match(id));
        matching.next().map(|(_, reason)| (*reason).clone())
    }
}

/// What a result says of an access that was not declared.
fn access(record: &Record) -> Option<String> {
    let mut reasons = record
        .phases
        .iter()
        .filter_map(|phase| phase.reason.as_ref());
    reasons
        .find(|reason| reason.starts_with("undeclared "))
        .cloned()
}

fn print(
    engine: &str,
    run: &Run,
    found: &[(String, Difference)],
    printer: Printer,
    tally: &mut Tally,
) -> Value {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut listed = Vec::new();
    for (id, difference) in found {
        match difference {
            Difference::Known(reason) => *known.entry(reason).or_default() += 1,
            Difference::Access(text) => listed.push(format!("undeclared: {id}: {text}")),
            Difference::Other(text) => listed.push(format!("difference: {id} {text}")),
        }
    }
    printer.line(format!(
        "  fastest --hermetic --engine {engine}: {} in {}; {}",
        super::outcomes(run),
        time(run.wall),
        count(listed.len(), "difference")
    ));
    for (reason, tests) in &known {
        printer.line(format!(
            "    {}: {reason}",
            count(*tests, "known difference")
        ));
    }
    for line in &listed {
        printer.line(format!("  {line}"));
    }
    tally.different += listed.len();
    json!({"known": known, "differences": listed, "seconds": run.wall.as_secs_f64()})
}

#[cfg(test)]
mod tests {
    use super::super::record::Volatile;
    use super::*;

    fn run(outcomes: &[(&str, &str, Option<&str>)]) -> Run {
        let line = |(id, outcome, reason): &(&str, &str, Option<&str>)| {
            let (when, wasxfail) = ("call", false);
            json!({
                "kind": "test", "nodeid": id, "when": when, "outcome": outcome,
                "wasxfail": wasxfail, "reason": reason,
            })
            .to_string()
        };
        let lines: Vec<String> = outcomes.iter().map(line).collect();
        Run::from_pytest(&lines.join("\n"), &Volatile::new(&[]).unwrap()).unwrap()
    }

    #[test]
    fn accesses_are_told_from_other_differences() {
        let pytest = run(&[
            ("a", "passed", None),
            ("b", "passed", None),
            ("c", "passed", None),
        ]);
        let undeclared = Some("undeclared read of x");
        let fastest = run(&[("a", "failed", undeclared), ("b", "failed", undeclared)]);
        let mut rules = Hermetic::default();
        rules
            .undeclared
            .insert("a.*".to_owned(), "known".to_owned());
        let found = differences(&pytest, &fastest, &BTreeMap::new(), &rules).unwrap();
        let kinds: Vec<&Difference> = found.iter().map(|(_, difference)| difference).collect();
        assert!(
            matches!(
                kinds[..],
                [
                    Difference::Known(_),
                    Difference::Access(_),
                    Difference::Other(_)
                ]
            ),
            "{kinds:?}"
        );
    }
}
