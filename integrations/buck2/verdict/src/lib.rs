//! What became of the tests of one file, or of one shard of it, as a build action leaves it.
//!
//! The runner writes verdicts, the replayer reads them from files, the executor from lines of output
//! that begin with [`LINE_START`], and the rules' callbacks from the same lines.

use serde::{Deserialize, Serialize};

/// The version of the format; it grows when a field changes its meaning or goes away.
pub const SCHEMA: u32 = 1;

/// What a line begins with that holds a verdict: the schema is the first field.
pub const LINE_START: &str = "{\"fastest_verdict\"";

/// The variable that asks the runner and the replayer for verdicts as lines of JSON on stdout, in
/// place of text for people.
pub const REPORT_VARIABLE: &str = "FASTEST_BUCK2_REPORT";

/// Its value.
pub const REPORT_JSON: &str = "json";

/// The variable that has names of tests, a line each, among which the replayer is to choose; none of
/// them need be there.
pub const FILTER_VARIABLE: &str = "FASTEST_BUCK2_FILTER";

/// The variable that every test of these rules has in its environment, and no other.
pub const TARGET_VARIABLE: &str = "FASTEST_BUCK2_TARGET";

/// What became of the tests of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// [`SCHEMA`].
    #[serde(rename = "fastest_verdict")]
    pub schema: u32,
    /// The target.
    pub label: String,
    /// The file of tests, relative to the project.
    pub src: String,
    /// Which part of them this is, as `2/3`; none where it is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// Whether nothing failed.
    pub passed: bool,
    /// Seconds.
    pub duration: f64,
    /// The tests, in the order in which they finished.
    pub cases: Vec<Case>,
    /// What is wrong that is no test's outcome, in full; with any, nothing passed.
    pub failures: Vec<String>,
}

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its node id inside the file, such as `TestCart::test_add[1]`.
    pub name: String,
    /// pytest's word: `passed`, `failed`, `skipped`, `xfailed`, `xpassed` or `error`.
    pub outcome: String,
    /// Seconds, all phases together.
    pub duration: f64,
    /// Why it failed or was skipped, in a line.
    pub message: Option<String>,
    /// The failure in full, and what the test printed; empty where it did not fail.
    pub output: String,
}

impl Case {
    /// Whether it makes the run fail. A word that is not known does.
    pub fn is_failure(&self) -> bool {
        !matches!(
            self.outcome.as_str(),
            "passed" | "skipped" | "xfailed" | "xpassed"
        )
    }

    /// Whether a name that somebody asked for means it: its own, that of the class or function that
    /// it belongs to, or one with `.` in place of `::`, as sub-targets are called.
    pub fn is_named(&self, wanted: &str) -> bool {
        let matches = |name: &str| {
            name.strip_prefix(wanted)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.', ':']))
        };
        matches(&self.name) || matches(&self.name.replace("::", "."))
    }
}

impl Verdict {
    /// Reads one, and holds it to its own claims: one that says that it passed has no failure.
    ///
    /// # Errors
    ///
    /// What keeps it from being one, in a line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let verdict: Self =
            serde_json::from_str(text).map_err(|error| format!("not a verdict: {error}"))?;
        if verdict.schema != SCHEMA {
            return Err(format!(
                "its format is version {}, this program reads {SCHEMA}: the runner and the \
                 replayer have to be of one version",
                verdict.schema
            ));
        }
        let failed = !verdict.failures.is_empty() || verdict.cases.iter().any(Case::is_failure);
        if verdict.passed == failed {
            return Err("it contradicts itself".to_owned());
        }
        Ok(verdict)
    }

    /// The verdict on a line of its own, which begins with [`LINE_START`].
    pub fn line(&self) -> String {
        // Maps with string keys and numbers that are finite: nothing in it can fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same, of the tests that are named; what is no test's outcome stays.
    #[must_use]
    pub fn only(mut self, wanted: &[String]) -> Self {
        if !wanted.is_empty() {
            self.cases
                .retain(|case| wanted.iter().any(|name| case.is_named(name)));
            self.passed = self.failures.is_empty() && !self.cases.iter().any(Case::is_failure);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, outcome: &str) -> Case {
        Case {
            name: name.to_owned(),
            outcome: outcome.to_owned(),
            duration: 0.0,
            message: None,
            output: String::new(),
        }
    }

    fn verdict(passed: bool, cases: &[Case], failures: &[&str]) -> Verdict {
        Verdict {
            schema: SCHEMA,
            label: "root//a:test_b".to_owned(),
            src: "a/test_b.py".to_owned(),
            shard: None,
            passed,
            duration: 0.5,
            cases: cases.to_vec(),
            failures: failures.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_verdict_is_read_as_it_was_written_and_never_passes_by_mistake() {
        let check = |verdict: Verdict, accepted: bool| {
            let line = verdict.line();
            assert!(line.starts_with(LINE_START), "{line}");
            let read = Verdict::parse(&line);
            assert_eq!(read.is_ok(), accepted, "{line}: {read:?}");
            if let Ok(read) = read {
                assert_eq!(read, verdict);
            }
        };
        let passing = ["passed", "skipped", "xfailed", "xpassed"].map(|word| case("t", word));
        check(verdict(true, &passing, &[]), true);
        check(verdict(true, &[], &[]), true);
        for word in ["failed", "error", "unknown", ""] {
            check(verdict(true, &[case("t", word)], &[]), false);
            check(verdict(false, &[case("t", word)], &[]), true);
        }
        check(verdict(true, &[], &["no module `x`"]), false);
        check(verdict(false, &[], &["no module `x`"]), true);
        check(verdict(false, &passing, &[]), false);
        let newer = Verdict {
            schema: SCHEMA + 1,
            ..verdict(true, &[], &[])
        };
        check(newer, false);
        for text in ["", "{}", "[]", "{\"fastest_verdict\":1}"] {
            assert!(Verdict::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tests_are_named_as_in_node_ids_and_as_in_sub_targets() {
        let check = |name: &str, wanted: &str, expected: bool| {
            assert_eq!(
                case(name, "passed").is_named(wanted),
                expected,
                "{name} {wanted}"
            );
        };
        check("test_a", "test_a", true);
        check("test_a[1]", "test_a", true);
        check("test_a[1]", "test_a[1]", true);
        check("test_a[1]", "test_a[2]", false);
        check("test_ab", "test_a", false);
        check("TestC::test_a", "TestC", true);
        check("TestC::test_a", "TestC::test_a", true);
        check("TestC::test_a[x]", "TestC.test_a", true);
        check("TestC::test_a", "test_a", false);
    }

    #[test]
    fn a_part_of_a_verdict_passes_or_fails_by_itself() {
        let check = |wanted: &[&str], passed: bool, left: usize| {
            let cases = [case("test_a", "passed"), case("test_b", "failed")];
            let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
            let only = verdict(false, &cases, &[]).only(&wanted);
            assert_eq!(
                (only.passed, only.cases.len()),
                (passed, left),
                "{wanted:?}"
            );
        };
        check(&[], false, 2);
        check(&["test_a"], true, 1);
        check(&["test_b"], false, 1);
        check(&["test_a", "test_b"], false, 2);
        check(&["test_c"], true, 0);
        let broken = verdict(false, &[case("test_a", "passed")], &["it does not import"]);
        assert!(!broken.only(&["test_a".to_owned()]).passed);
    }
}
