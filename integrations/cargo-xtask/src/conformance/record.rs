//! What a run reported, in one form for both runners.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde::Deserialize;

use crate::fastest::{Event, reason};

/// One phase of one test. Two are equal when pytest would report them alike; the reason only
/// explains.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) when: String,
    pub(crate) outcome: String,
    pub(crate) xfail: bool,
    pub(crate) reason: Option<String>,
}

impl PartialEq for Phase {
    fn eq(&self, other: &Self) -> bool {
        let key = |phase: &Self| (phase.when.clone(), phase.outcome.clone(), phase.xfail);
        key(self) == key(other)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.when, self.outcome)?;
        if self.xfail {
            f.write_str(" (xfail)")?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

/// What was reported of one node id: a test, or a file or class that was not collected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) outcome: String,
    pub(crate) phases: Vec<Phase>,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phases: Vec<String> = self.phases.iter().map(ToString::to_string).collect();
        write!(f, "{} [{}]", self.outcome, phases.join("; "))
    }
}

/// One whole run.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) records: BTreeMap<String, Record>,
    pub(crate) exit_code: i32,
    pub(crate) wall: Duration,
    /// The tests that the native engine ran.
    pub(crate) native: usize,
    /// The tests that the pytest engine ran, by the reason given for their file.
    pub(crate) fallbacks: BTreeMap<String, Fallback>,
}

/// What ran under pytest for one reason.
#[derive(Default)]
pub(crate) struct Fallback {
    pub(crate) files: Vec<String>,
    pub(crate) tests: usize,
}

impl Run {
    /// From the lines that `record_pytest.py` wrote.
    pub(crate) fn from_pytest(lines: &str, volatile: &Volatile) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(tag = "kind", rename_all = "lowercase")]
        enum Line {
            Test {
                nodeid: String,
                when: String,
                outcome: String,
                wasxfail: bool,
                reason: Option<String>,
            },
            Collect {
                nodeid: String,
                outcome: String,
                reason: Option<String>,
            },
        }
        let mut tests: Vec<(String, Vec<Phase>)> = Vec::new();
        let mut run = Self::default();
        for line in lines.lines() {
            match serde_json::from_str(line).context("the record of pytest's run")? {
                Line::Test {
                    nodeid,
                    when,
                    outcome,
                    wasxfail,
                    reason,
                } => {
                    let same = tests.last().is_some_and(|(last, _)| *last == nodeid);
                    // A second setup is a second test of the same id.
                    if !same || when == "setup" {
                        tests.push((nodeid, Vec::new()));
                    }
                    if let Some((_, phases)) = tests.last_mut() {
                        phases.push(Phase {
                            when,
                            outcome,
                            xfail: wasxfail,
                            reason,
                        });
                    }
                }
                Line::Collect {
                    nodeid,
                    outcome,
                    reason,
                } => run.insert(volatile.stable(&nodeid), not_collected(&outcome, reason)),
            }
        }
        for (id, phases) in tests {
            let outcome = overall(&phases).to_owned();
            run.insert(volatile.stable(&id), Record { outcome, phases });
        }
        Ok(run)
    }

    /// From the events that fastest printed.
    pub(crate) fn from_events(events: Vec<Event>, volatile: &Volatile) -> Result<Self> {
        let mut run = Self::default();
        let mut reasons: BTreeMap<String, String> = BTreeMap::new();
        let mut under_pytest: BTreeMap<String, usize> = BTreeMap::new();
        let mut finished = None;
        for event in events {
            match event {
                Event::TestFinished {
                    id,
                    outcome,
                    engine,
                    phases,
                } => {
                    if engine == "native" {
                        run.native += 1;
                    } else {
                        let path = id.split("::").next().unwrap_or_default().to_owned();
                        *under_pytest.entry(path).or_default() += 1;
                    }
                    let phase = |report: crate::fastest::PhaseReport| Phase {
                        reason: reason(&report.longrepr),
                        when: report.when,
                        outcome: report.outcome,
                        xfail: report.wasxfail.is_some_and(|value| !value.is_null()),
                    };
                    let phases = phases.into_iter().map(phase).collect();
                    run.insert(volatile.stable(&id), Record { outcome, phases });
                }
                Event::CollectFinished {
                    id,
                    outcome,
                    longrepr,
                } => {
                    // pytest's report of a collector says `failed` where its summary says `error`.
                    let outcome = if outcome == "error" {
                        "failed"
                    } else {
                        &outcome
                    };
                    run.insert(
                        volatile.stable(&id),
                        not_collected(outcome, reason(&longrepr)),
                    );
                }
                Event::InternalError { text: said } | Event::UsageError { message: said } => {
                    run.insert(
                        "(fastest itself)".to_owned(),
                        not_collected("failed", Some(said)),
                    );
                }
                Event::FileDeoptimized { path, reason } => {
                    reasons.entry(path).or_insert(reason);
                }
                Event::RunFinished { exit_code } => finished = Some(exit_code),
                Event::Other => {}
            }
        }
        for (path, tests) in under_pytest {
            let reason = reasons.remove(&path);
            let reason = reason.unwrap_or_else(|| "(no reason was given)".to_owned());
            let reason = without_line(&reason).to_owned();
            let fallback = run.fallbacks.entry(reason).or_default();
            fallback.files.push(path);
            fallback.tests += tests;
        }
        match finished {
            Some(exit_code) => run.exit_code = exit_code,
            None => bail!("fastest printed no run-finished event"),
        }
        Ok(run)
    }

    /// How many tests ran.
    pub(crate) fn tests(&self) -> usize {
        self.native + self.fallbacks.values().map(|f| f.tests).sum::<usize>()
    }

    /// Ids that are equal without their volatile parts are told apart by their order.
    fn insert(&mut self, id: String, record: Record) {
        let mut key = id.clone();
        let mut n = 1;
        while self.records.contains_key(&key) {
            n += 1;
            key = format!("{id} (#{n})");
        }
        self.records.insert(key, record);
    }
}

/// A reason without the line that it names, so that files share it.
fn without_line(reason: &str) -> &str {
    let rest = reason.strip_prefix("line ");
    let rest = rest.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.and_then(|rest| rest.strip_prefix(": "))
        .unwrap_or(reason)
}

/// What changes in node ids from process to process, to be taken out before they are compared.
pub(crate) struct Volatile(Vec<Regex>);

impl Volatile {
    /// Addresses, as in `<object at 0x7f3a…>`, and what else the patterns match.
    pub(crate) fn new(patterns: &[String]) -> Result<Self> {
        let address = std::iter::once(r"\bat 0x[0-9a-fA-F]+");
        let all = address.chain(patterns.iter().map(String::as_str));
        let compile = |pattern| Regex::new(pattern).context("a pattern of volatile_ids");
        Ok(Self(all.map(compile).collect::<Result<_>>()?))
    }

    /// The id without them.
    pub(crate) fn stable(&self, id: &str) -> String {
        let replace = |id: String, pattern: &Regex| pattern.replace_all(&id, "…").into_owned();
        self.0.iter().fold(id.to_owned(), replace)
    }
}

/// The word for a test with these phases: the worst of pytest's categories, `error` (a setup or
/// teardown that failed) being worse than `failed`.
pub(crate) fn overall(phases: &[Phase]) -> &'static str {
    const CATEGORIES: [&str; 6] = ["passed", "skipped", "xfailed", "xpassed", "failed", "error"];
    let rank = |phase: &Phase| match (phase.outcome.as_str(), phase.xfail, phase.when.as_str()) {
        ("failed", _, "call") => 4,
        ("failed", ..) => 5,
        ("skipped", true, _) => 2,
        ("skipped", false, _) => 1,
        (_, true, "call") => 3,
        _ => 0,
    };
    CATEGORIES[phases.iter().map(rank).max().unwrap_or(0)]
}

fn not_collected(outcome: &str, reason: Option<String>) -> Record {
    Record {
        outcome: format!("collection {outcome}"),
        phases: vec![Phase {
            when: "collect".to_owned(),
            outcome: outcome.to_owned(),
            xfail: false,
            reason,
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fastest::events;

    fn phases(text: &str) -> Vec<Phase> {
        let phase = |word: &str| {
            let (when, outcome) = word.split_once(' ').unwrap();
            Phase {
                when: when.to_owned(),
                outcome: outcome.trim_end_matches('!').to_owned(),
                xfail: outcome.ends_with('!'),
                reason: None,
            }
        };
        text.split(", ").map(phase).collect()
    }

    #[test]
    fn phases_make_the_outcome() {
        let check = |text: &str, outcome| assert_eq!(overall(&phases(text)), outcome, "{text}");
        check("setup passed, call passed, teardown passed", "passed");
        check("setup passed, call failed, teardown passed", "failed");
        check("setup failed, teardown passed", "error");
        check("setup passed, call passed, teardown failed", "error");
        check("setup skipped, teardown passed", "skipped");
        check("setup passed, call skipped!, teardown passed", "xfailed");
        check("setup passed, call passed!, teardown passed", "xpassed");
    }

    #[test]
    fn only_what_is_volatile_is_taken_out_of_ids() {
        let volatile = Volatile::new(&[r"\d\d:\d\d:\d\d".to_owned()]).unwrap();
        let check = |id, stable: &str| assert_eq!(volatile.stable(id), stable);
        check("t.py::t[<object at 0x7f12aBc0>]", "t.py::t[<object …>]");
        check("t.py::t[22:17:25-0x10]", "t.py::t[…-0x10]");
    }

    #[test]
    fn both_readers_give_the_same_records() {
        let pytest = concat!(
            r#"{"kind":"test","nodeid":"t.py::a","when":"setup","outcome":"passed","wasxfail":false,"reason":null}"#,
            "\n",
            r#"{"kind":"test","nodeid":"t.py::a","when":"call","outcome":"skipped","wasxfail":true,"reason":"no"}"#,
            "\n",
            r#"{"kind":"collect","nodeid":"u.py","outcome":"failed","reason":"SyntaxError"}"#,
            "\n",
        );
        let fastest = concat!(
            r#"{"event":"file-deoptimized","path":"t.py","reason":"line 3: a hook"}"#,
            "\n",
            r#"{"event":"test-finished","id":"t.py::a","outcome":"xfailed","engine":"pytest","phases":[{"when":"setup","outcome":"passed"},{"when":"call","outcome":"skipped","wasxfail":"","longrepr":{"reason":"other"}}]}"#,
            "\n",
            r#"{"event":"collect-finished","id":"u.py","outcome":"error","longrepr":{"message":"x"}}"#,
            "\n",
            r#"{"event":"run-finished","exit_code":1}"#,
            "\n",
        );
        let volatile = Volatile::new(&[]).unwrap();
        let fastest = Run::from_events(events(fastest).unwrap(), &volatile).unwrap();
        let pytest = Run::from_pytest(pytest, &volatile).unwrap();
        assert_eq!(pytest.records, fastest.records);
        assert_eq!((fastest.exit_code, fastest.native), (1, 0));
        assert_eq!(fastest.fallbacks["a hook"].tests, 1);
    }

    #[test]
    fn a_run_without_an_end_is_an_error() {
        let volatile = Volatile::new(&[]).unwrap();
        assert!(Run::from_events(Vec::new(), &volatile).is_err());
    }
}
