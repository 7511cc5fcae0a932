//! Real pytest as the oracle: what it makes of a project, and whether the command agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::support::{Finished, Project, Started, python, repository};

/// The engines whose results have to be pytest's.
pub(crate) const ENGINES: [&str; 2] = ["auto", "pytest"];

/// What a run said that pytest has a word for: its exit code, every report of every test, and
/// every collector that failed or skipped itself; the tests in their order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict(Vec<String>);

impl Verdict {
    fn new(code: Option<i32>, mut lines: Vec<String>) -> Self {
        lines.push(format!("exit code {code:?}"));
        Self(lines)
    }

    /// That of a finished `fastest run --output json`.
    pub(crate) fn of(finished: &Finished) -> Self {
        let mut lines = Vec::new();
        for event in finished.events() {
            let id = event["id"].as_str().unwrap_or_default();
            if event["event"] == "test-finished" {
                for phase in event["phases"].as_array().unwrap() {
                    let wasxfail = phase.get("wasxfail").is_some();
                    let text = |name: &str| phase[name].as_str().unwrap();
                    lines.push(phase_line(id, text("when"), text("outcome"), wasxfail));
                }
            } else if event["event"] == "collect-finished" {
                let outcome = match event["outcome"].as_str().unwrap() {
                    "error" => "failed",
                    other => other,
                };
                lines.push(format!("{id} collected: {outcome}"));
            }
        }
        Self::new(finished.code, lines)
    }

    /// What one of both has and the other has not, a line each.
    pub(crate) fn differences(&self, pytest: &Self) -> Vec<String> {
        let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
        for line in &self.0 {
            *counts.entry(line).or_default() += 1;
        }
        for line in &pytest.0 {
            *counts.entry(line).or_default() -= 1;
        }
        let describe = |(line, count): (&str, i32)| match count {
            0 => None,
            1.. => Some(format!("only fastest: {line}")),
            _ => Some(format!("only pytest: {line}")),
        };
        counts.into_iter().filter_map(describe).collect()
    }

    /// The node ids, as often as there are reports of them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|line| {
            let (said, _) = line.rsplit_once(": ")?;
            Some(said.rsplit_once(' ')?.0)
        })
    }

    /// Whether it holds this line.
    pub(crate) fn has(&self, line: &str) -> bool {
        self.0.iter().any(|have| have == line)
    }
}

/// Runs real pytest in a project. Collection errors do not end the run, since they do not end the
/// command's either.
pub(crate) fn run_pytest(project: &Project, arguments: &[&str]) -> (Finished, Verdict) {
    let record = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(python());
    command.arg(repository().join("integrations/cargo-xtask/python/record_pytest.py"));
    command
        .arg(record.path())
        .arg("--continue-on-collection-errors");
    // Neither run may profit from what the other leaves in the project.
    command
        .args(["-p", "no:cacheprovider"])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command.args(arguments).current_dir(project.root());
    let finished = Started::new(command).finish();
    let text = std::fs::read_to_string(record.path()).unwrap();
    let report = |line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| record[name].as_str().unwrap();
        let (id, outcome) = (text("nodeid"), text("outcome"));
        match text("kind") {
            "test" => phase_line(id, text("when"), outcome, record["wasxfail"] == true),
            _ => format!("{id} collected: {outcome}"),
        }
    };
    let mut lines: Vec<String> = text.lines().map(report).collect();
    // The test that stops a run may have begun; the command tells of tests when they end.
    let ended: BTreeSet<String> = lines
        .iter()
        .filter_map(|line| Some(line.split_once(" teardown: ")?.0.to_owned()))
        .collect();
    lines.retain(|line| {
        line.split_once(" setup: ")
            .is_none_or(|(id, _)| ended.contains(id))
    });
    let verdict = Verdict::new(finished.code, lines);
    (finished, verdict)
}

fn phase_line(id: &str, when: &str, outcome: &str, wasxfail: bool) -> String {
    let wasxfail = if wasxfail { " (xfail)" } else { "" };
    format!("{id} {when}: {outcome}{wasxfail}")
}

/// Runs a project under pytest and under every engine; they have to agree in everything.
pub(crate) fn agrees_with_pytest(project: &Project, arguments: &[&str]) -> Verdict {
    // The number of workers is nothing that pytest knows.
    let known: Vec<&str> = arguments
        .iter()
        .copied()
        .filter(|argument| !["-n", "1"].contains(argument))
        .collect();
    let (_, expected) = run_pytest(project, &known);
    for engine in ENGINES {
        let finished = project.run(engine, arguments);
        let differences = Verdict::of(&finished).differences(&expected);
        assert!(
            differences.is_empty(),
            "--engine {engine} {arguments:?}:\n{}\n{}",
            differences.join("\n"),
            finished.complaints()
        );
    }
    expected
}

#[test]
fn a_difference_is_found() {
    let verdict =
        |lines: &[&str]| Verdict::new(Some(0), lines.iter().map(|&line| line.to_owned()).collect());
    let (one, two) = (verdict(&["a", "b", "b"]), verdict(&["b", "c"]));
    assert_eq!(one.differences(&one), Vec::<String>::new());
    let expected = ["only fastest: a", "only fastest: b", "only pytest: c"];
    assert_eq!(one.differences(&two), expected);
}
