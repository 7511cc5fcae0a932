//! Lists of tests: the one that pytest records, the one that fastest gives, and how they differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::{Captures, Regex};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::conformance::Volatile;

/// How many ids of one kind of difference are shown and kept.
const SHOWN: usize = 10;

/// What pytest collected.
#[derive(Default)]
pub(crate) struct Collected {
    /// The node ids, in pytest's order.
    pub(crate) ids: Vec<String>,
    /// Files and folders that failed, with the reason.
    pub(crate) failed: Vec<(String, String)>,
    /// Files that skipped themselves.
    pub(crate) skipped: usize,
}

impl Collected {
    /// From the lines that `record_pytest.py` writes under `--collect-only`.
    pub(crate) fn from_record(lines: &str, volatile: &Volatile) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(tag = "kind", rename_all = "lowercase")]
        enum Line {
            Item {
                nodeid: String,
            },
            Collect {
                nodeid: String,
                outcome: String,
                reason: Option<String>,
            },
        }
        let mut collected = Self::default();
        for line in lines.lines() {
            match serde_json::from_str(line).context("the record of pytest's collection")? {
                Line::Item { nodeid } => collected.ids.push(volatile.stable(&nodeid)),
                Line::Collect { outcome, .. } if outcome == "skipped" => collected.skipped += 1,
                Line::Collect { nodeid, reason, .. } => {
                    collected.failed.push((nodeid, reason.unwrap_or_default()));
                }
            }
        }
        Ok(collected)
    }
}

/// What fastest leaves open without running Python, with the reasons.
#[derive(Default)]
pub(crate) struct Openness {
    /// Every file of the answer, with the reasons for which all of its tests are open.
    files: BTreeMap<String, Vec<String>>,
    /// The tests without their parameters.
    tests: HashMap<String, String>,
}

impl Openness {
    /// From the document of `fastest discover --output json`.
    pub(crate) fn from_document(document: &str, volatile: &Volatile) -> Result<Self> {
        #[derive(Deserialize)]
        struct Document {
            files: Vec<File>,
        }
        #[derive(Deserialize)]
        struct File {
            path: String,
            tests: Vec<Test>,
            open: Vec<Reason>,
        }
        #[derive(Deserialize)]
        struct Test {
            id: String,
            open: Option<Reason>,
        }
        #[derive(Deserialize)]
        struct Reason {
            message: String,
        }
        let document: Document =
            serde_json::from_str(document).context("the document of fastest discover")?;
        let mut openness = Self::default();
        for file in document.files {
            let open = file.open.into_iter().map(|reason| reason.message);
            openness.files.insert(file.path, open.collect());
            for test in file.tests {
                if let Some(reason) = test.open {
                    let id = volatile.stable(&test.id);
                    openness
                        .tests
                        .insert(function(&id).to_owned(), reason.message);
                }
            }
        }
        Ok(openness)
    }

    /// The reasons for which `id` is open; none for a closed one.
    fn reasons(&self, id: &str) -> Vec<&str> {
        let of_file = self.files.get(file(id)).into_iter().flatten();
        let of_test = self.tests.get(function(id));
        of_file.chain(of_test).map(String::as_str).collect()
    }

    /// The closed ones among `ids`.
    pub(crate) fn closed<'i>(&self, ids: &'i [String]) -> Vec<&'i str> {
        let ids = ids.iter().map(String::as_str);
        ids.filter(|id| self.reasons(id).is_empty()).collect()
    }

    /// How much of what pytest collected is closed, and why the rest is open.
    pub(crate) fn share(&self, pytest: &[String]) -> Share {
        let mut share = Share {
            tests: pytest.len(),
            ..Share::default()
        };
        let mut reasons: HashMap<String, Open> = HashMap::new();
        for id in pytest {
            let messages: BTreeSet<String> = self.reasons(id).into_iter().map(nameless).collect();
            share.tests_closed += usize::from(messages.is_empty());
            let alone = messages.len() == 1;
            for message in messages {
                let open = reasons.entry(message).or_default();
                open.tests += 1;
                open.alone += usize::from(alone);
                open.files.insert(file(id).to_owned());
            }
        }
        let mut with_open_tests: BTreeSet<&str> = BTreeSet::new();
        with_open_tests.extend(self.tests.keys().map(|id| file(id)));
        let mut files: BTreeSet<&str> = self.files.keys().map(String::as_str).collect();
        files.extend(pytest.iter().map(|id| file(id)));
        let is_closed = |path: &&&str| {
            let open = self.files.get(**path).is_some_and(|open| !open.is_empty());
            !open && !with_open_tests.contains(**path)
        };
        share.files = files.len();
        share.files_closed = files.iter().filter(is_closed).count();
        share.reasons = reasons.into_iter().collect();
        share
            .reasons
            .sort_by(|(a_text, a), (b_text, b)| (b.tests, a_text).cmp(&(a.tests, b_text)));
        share
    }
}

/// How much of a suite is known without running Python.
#[derive(Default)]
pub(crate) struct Share {
    pub(crate) tests: usize,
    pub(crate) tests_closed: usize,
    pub(crate) files: usize,
    pub(crate) files_closed: usize,
    /// Why the rest is not, the reason of most tests first.
    pub(crate) reasons: Vec<(String, Open)>,
}

/// What is open for one reason.
#[derive(Default)]
pub(crate) struct Open {
    pub(crate) tests: usize,
    /// Those of the tests that are open for no other reason.
    pub(crate) alone: usize,
    pub(crate) files: BTreeSet<String>,
}

impl Share {
    pub(crate) fn json(&self) -> Value {
        let reason = |(message, open): &(String, Open)| {
            json!({
                "message": message,
                "tests": open.tests,
                "alone": open.alone,
                "files": open.files.len(),
                "example": open.files.first(),
            })
        };
        json!({
            "tests": self.tests,
            "tests_closed": self.tests_closed,
            "files": self.files,
            "files_closed": self.files_closed,
            "open": self.reasons.iter().map(reason).collect::<Vec<_>>(),
        })
    }
}

/// How one list differs from the one that it should be.
#[derive(Default)]
pub(crate) struct Differences {
    /// How many ids are in one list only, one more where the common ones have another order.
    pub(crate) count: usize,
    /// The first ones of each kind, a line each.
    pub(crate) lines: Vec<String>,
}

/// Hold `got` against pytest's list, order included.
pub(crate) fn differences(pytest: &[&str], got: &[&str]) -> Differences {
    // How often each is in pytest's list and not in the other.
    let mut balance: HashMap<&str, i64> = HashMap::new();
    for id in pytest {
        *balance.entry(id).or_default() += 1;
    }
    for id in got {
        *balance.entry(id).or_default() -= 1;
    }
    let mut found = Differences::default();
    // In the order of the lists, so that neighbours stay together.
    for (label, ids, sign) in [("missing", pytest, 1), ("not pytest's", got, -1)] {
        let mut left: HashMap<&str, i64> = balance.clone();
        let mut seen = 0;
        for id in ids {
            if let Some(n) = left.get_mut(id).filter(|n| **n * sign > 0) {
                *n -= sign;
                seen += 1;
                if seen <= SHOWN {
                    found.lines.push(format!("{label}: {id}"));
                }
            }
        }
        if seen > SHOWN {
            found
                .lines
                .push(format!("{label}: and {} more", seen - SHOWN));
        }
        found.count += seen;
    }
    let common = |ids: &[&str]| -> Vec<String> {
        let ids = ids.iter().filter(|id| balance.get(**id) == Some(&0));
        ids.map(ToString::to_string).collect()
    };
    let (expected, listed) = (common(pytest), common(got));
    let wrong = expected.iter().zip(&listed).find(|(a, b)| a != b);
    if let Some((expected, listed)) = wrong {
        found.count += 1;
        found.lines.push(format!(
            "in another order: {listed} where pytest has {expected}"
        ));
    }
    found
}

/// The file part of a node id.
fn file(id: &str) -> &str {
    id.split("::").next().unwrap_or_default()
}

/// A node id without its parameters.
pub(crate) fn function(id: &str) -> &str {
    id.split('[').next().unwrap_or_default()
}

/// A message without the names that it quotes and the places that it points at, for counting its
/// kind.
fn nameless(message: &str) -> String {
    static VARYING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"`[^`]*`|(?:[^\s:]*/)?([^\s/:]+\.py):\d+").expect("a valid pattern")
    });
    let name = |found: &Captures<'_>| match found.get(1) {
        Some(file) => file.as_str().to_owned(),
        None => "`…`".to_owned(),
    };
    VARYING.replace_all(message, name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volatile() -> Volatile {
        Volatile::new(&[]).unwrap()
    }

    fn owned(ids: &[&str]) -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_record_of_a_collection_is_read() {
        let lines = concat!(
            r#"{"kind":"collect","nodeid":"b.py","outcome":"skipped","reason":"no x"}"#,
            "\n",
            r#"{"kind":"collect","nodeid":"c.py","outcome":"failed","reason":"SyntaxError"}"#,
            "\n",
            r#"{"kind":"item","nodeid":"a.py::t[\\n at 0x7f]"}"#,
            "\n",
        );
        let collected = Collected::from_record(lines, &volatile()).unwrap();
        assert_eq!(collected.ids, [r"a.py::t[\n …]"]);
        assert_eq!(collected.skipped, 1);
        assert_eq!(collected.failed.len(), 1);
        assert!(Collected::from_record("nonsense", &volatile()).is_err());
    }

    #[test]
    fn every_kind_of_difference_between_lists_is_found() {
        let check = |pytest: &[&str], got: &[&str], expected: &[&str]| {
            let found = differences(pytest, got);
            assert_eq!(found.lines, expected, "{pytest:?} {got:?}");
            assert_eq!(found.count, expected.len());
        };
        check(&["a", "b"], &["a", "b"], &[]);
        check(&[], &[], &[]);
        check(&["a", "b"], &["b"], &["missing: a"]);
        check(&["b"], &["b", "a"], &["not pytest's: a"]);
        check(&["a", "a"], &["a"], &["missing: a"]);
        let order = "in another order: b where pytest has a";
        check(&["a", "b"], &["b", "a"], &[order]);
        check(&["a", "b", "c"], &["b", "a"], &["missing: c", order]);
    }

    #[test]
    fn many_differences_are_counted_and_few_are_shown() {
        let ids: Vec<String> = (0..25).map(|n| n.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = differences(&ids, &[]);
        assert_eq!((found.count, found.lines.len()), (25, SHOWN + 1));
        assert_eq!(found.lines[SHOWN], "missing: and 15 more");
    }

    const DOCUMENT: &str = r#"{"schema": 1, "new": 1, "files": [
        {"path": "a.py", "open": [], "tests": [
            {"id": "a.py::x[1]", "open": null, "line": 3},
            {"id": "a.py::y", "open": {"line": 1, "message": "the fixture `f` is computed"}}]},
        {"path": "b.py", "open": [{"line": 2, "message": "star import of `m`"}], "tests": [
            {"id": "b.py::x", "open": null},
            {"id": "b.py::y", "open": {"line": 1, "message": "the fixture `g` is computed"}}]},
        {"path": "c.py", "open": [], "tests": [{"id": "c.py::x", "open": null}]}]}"#;

    #[test]
    fn what_is_open_is_left_out_of_the_comparison_on_both_sides() {
        let openness = Openness::from_document(DOCUMENT, &volatile()).unwrap();
        let pytest = owned(&["a.py::x[1]", "a.py::y[2]", "b.py::z", "c.py::x"]);
        assert_eq!(openness.closed(&pytest), ["a.py::x[1]", "c.py::x"]);
        // What `--output ids` prints.
        let fastest = owned(&["a.py::x[1]", "a.py::y[?]", "b.py::x", "c.py::x"]);
        assert_eq!(openness.closed(&fastest), ["a.py::x[1]", "c.py::x"]);
        // A file that fastest does not know is closed: its tests are missing.
        assert_eq!(openness.closed(&owned(&["d.py::x"])), ["d.py::x"]);
    }

    #[test]
    fn reasons_are_grouped_by_their_kind() {
        let check = |message, kind: &str| assert_eq!(nameless(message), kind);
        check("the values are computed", "the values are computed");
        check("`a` is called with `b`", "`…` is called with `…`");
        check(
            "grouped: a/b/conftest.py:24: `f` is a hook",
            "grouped: conftest.py: `…` is a hook",
        );
        check("conftest.py:4: no", "conftest.py: no");
    }

    #[test]
    fn the_closed_share_counts_tests_of_pytest_and_groups_reasons() {
        let openness = Openness::from_document(DOCUMENT, &volatile()).unwrap();
        let pytest = owned(&[
            "a.py::x[1]",
            "a.py::y[1]",
            "a.py::y[2]",
            "b.py::x",
            "b.py::y",
            "c.py::x",
        ]);
        let share = openness.share(&pytest);
        assert_eq!((share.tests_closed, share.tests), (2, 6));
        assert_eq!((share.files_closed, share.files), (1, 3));
        let reasons: Vec<_> = share
            .reasons
            .iter()
            .map(|(text, open)| (text.as_str(), open.tests, open.alone, open.files.len()))
            .collect();
        let fixture = ("the fixture `…` is computed", 3, 2, 2);
        assert_eq!(reasons, [fixture, ("star import of `…`", 2, 1, 1)]);
    }
}
