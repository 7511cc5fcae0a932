use serde::{Deserialize, Serialize};

use super::{Counts, CoverageSummary};
use crate::plan::Engine;
use crate::{NodeId, Problem};

/// The version of the event schema; it grows when a field changes its meaning or goes away.
pub const EVENT_SCHEMA: u32 = 1;

/// What of the rules of closed units the system enforces; what else is seen of breaches fails tests
/// all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Enforcement {
    /// The version of Landlock's interface that guards files; 0 where there is none.
    pub landlock: u32,
    /// Whether each unit has a network of its own, with nothing but a loopback interface.
    pub network: bool,
    /// Whether each unit has shared memory of its own.
    pub shared_memory: bool,
    /// What is not enforced, each in a sentence.
    pub unenforced: Vec<String>,
}

/// What happens during a run, in the order in which it becomes known.
///
/// Serialised, an event is one JSON object whose `event` names the variant in kebab-case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "snake_case"
)]
#[non_exhaustive]
pub enum Event {
    /// The interpreter is up; the first event of a run.
    RunStarted {
        /// [`EVENT_SCHEMA`].
        schema: u32,
        /// The rootdir.
        rootdir: String,
        /// The interpreter's version, such as `3.11.7`.
        python: String,
        /// The version of the installed pytest.
        pytest: Option<String>,
        /// The most processes that run tests at the same time.
        workers: usize,
        /// The number of files of the plan.
        files: usize,
    },
    /// Each test file runs as a closed unit; follows [`RunStarted`](Self::RunStarted) in hermetic runs.
    HermeticStarted(Enforcement),
    /// A file's tests are known and start to run. If some of them run earlier than others, there is
    /// one such event for each part.
    FileCollected {
        /// The file, relative to the rootdir.
        path: String,
        /// The engine that runs them.
        engine: Engine,
        /// The number of tests that will run.
        tests: usize,
        /// The number of tests that filters dropped.
        deselected: usize,
        /// The number of the worker that runs them; one that takes the place of another is a new one.
        worker: usize,
    },
    /// Everything that the outcomes of a file's tests depend on is as it was when none of them failed, so
    /// that they do not run, as [`RunOptions::incremental`](crate::plan::RunOptions::incremental) asks.
    /// What the run said of the file then follows.
    FileUnchanged {
        /// The file, relative to the rootdir.
        path: String,
        /// The engine that ran its tests.
        engine: Engine,
        /// The number of its tests.
        tests: usize,
        /// The number of tests that filters dropped.
        deselected: usize,
    },
    /// A file, class or folder could not be collected, or skipped itself.
    CollectFinished {
        /// The collector's node id.
        id: NodeId,
        /// [`Outcome::Error`] or [`Outcome::Skipped`].
        outcome: Outcome,
        /// What it said.
        longrepr: Option<LongRepr>,
        /// What it printed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sections: Vec<(String, String)>,
    },
    /// The native engine gives a file, or the rest of it, to pytest.
    FileDeoptimized {
        /// The file, relative to the rootdir.
        path: String,
        /// What the native engine does not have.
        reason: String,
    },
    /// A test has finished.
    TestFinished(TestFinished),
    /// Tests of a file failed that pass when the file runs in a process of its own, as
    /// [`RunOptions::check_order`](crate::plan::RunOptions::check_order) found out. Their outcomes
    /// stay what they are.
    OrderDependent {
        /// The file, relative to the rootdir.
        path: String,
        /// The tests that pass alone.
        tests: Vec<NodeId>,
        /// The files that its worker had run before, in order; where there are none, the others
        /// were only imported.
        after: Vec<String>,
    },
    /// Python issued a warning.
    Warning(Warning),
    /// Something is wrong that is no test's outcome.
    Problem {
        /// What it is.
        problem: Problem,
    },
    /// pytest, or a plugin of its, failed in a way that no test is to blame for.
    InternalError {
        /// The representation of the error.
        text: String,
    },
    /// The run ends early, by the user's wish, `pytest.exit()` or `--maxfail`.
    Interrupted {
        /// Why.
        reason: String,
        /// The exit code that was asked for.
        exit_code: Option<i32>,
    },
    /// The input is such that pytest would refuse to run (an unknown node id, a broken conftest).
    UsageError {
        /// What is wrong.
        message: String,
    },
    /// A test said something of the whole run by `record_testsuite_property`; only with
    /// [`RunOptions::junit_family`](crate::plan::RunOptions::junit_family).
    SuiteProperty {
        /// What it is called.
        name: String,
        /// What it is.
        value: String,
    },
    /// Coverage was measured, and its reports are made.
    CoverageFinished(CoverageSummary),
    /// The last event of a run.
    RunFinished {
        /// Seconds from the start of the run.
        duration: f64,
        /// How many reports fell into each category.
        counts: Counts,
        /// The exit code that pytest would end with.
        exit_code: u8,
    },
}

/// How a test, or a phase of it, ended: pytest's categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It was skipped.
    Skipped,
    /// It failed, as it was marked to.
    Xfailed,
    /// It passed although it was marked to fail, and that is allowed.
    Xpassed,
    /// Its call failed.
    Failed,
    /// Its setup or teardown failed.
    Error,
}

impl Outcome {
    /// The word that pytest uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Xfailed => "xfailed",
            Self::Xpassed => "xpassed",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }

    /// Whether it makes the run fail.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// One test's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestFinished {
    /// Its node id.
    pub id: NodeId,
    /// The worst of its phases' categories.
    pub outcome: Outcome,
    /// The engine that ran it.
    pub engine: Engine,
    /// Seconds, all phases together.
    pub duration: f64,
    /// Its phases, as pytest's reports.
    pub phases: Vec<Phase>,
    /// Whether it did not run, because its file is as it was when all this was seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
}

/// One report of a test: pytest's `TestReport`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Phase {
    /// `setup`, `call` or `teardown`.
    pub when: When,
    /// `passed`, `failed` or `skipped`, before `xfail` is taken into account.
    pub outcome: Outcome,
    /// Seconds.
    pub duration: f64,
    /// The reason of the `xfail` mark, when it changed the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasxfail: Option<String>,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longrepr: Option<LongRepr>,
    /// Captured output: title and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<(String, String)>,
    /// `record_property` pairs so far, with a failure and with the teardown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<(String, serde_json::Value)>,
    /// The description of the subtest that the report is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtest: Option<String>,
    /// `record_xml_attribute` pairs of the test, with its last phase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// The file of the test, relative to the rootdir, and its line, counted from 0, with its last
    /// phase: only where a JUnit report of the family `xunit1` is to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<(String, Option<u32>)>,
}

impl Phase {
    pub(crate) fn passed(when: When, duration: f64) -> Self {
        Self {
            when,
            outcome: Outcome::Passed,
            duration,
            wasxfail: None,
            longrepr: None,
            sections: Vec::new(),
            properties: Vec::new(),
            subtest: None,
            attributes: Vec::new(),
            location: None,
        }
    }

    /// The category under which pytest counts this report; none for a setup, a teardown or a
    /// subtest that merely passed.
    pub fn category(&self) -> Option<Outcome> {
        match (self.outcome, &self.wasxfail, self.when) {
            (Outcome::Skipped, Some(_), _) => Some(Outcome::Xfailed),
            (Outcome::Skipped, None, _) => Some(Outcome::Skipped),
            (Outcome::Passed, Some(_), When::Call) => Some(Outcome::Xpassed),
            (Outcome::Passed, _, When::Call) if self.subtest.is_none() => Some(Outcome::Passed),
            (Outcome::Passed, ..) => None,
            (_, _, When::Call) => Some(Outcome::Failed),
            _ => Some(Outcome::Error),
        }
    }
}

/// The phases of pytest's test protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum When {
    /// Fixtures are set up.
    Setup,
    /// The test runs.
    Call,
    /// Fixtures are torn down.
    Teardown,
}

impl When {
    /// The word that pytest uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Call => "call",
            Self::Teardown => "teardown",
        }
    }
}

/// Why something failed or was skipped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LongRepr {
    /// A failure in full: source, values, traceback, as pytest prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A failure in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The whole message of the exception, where it has more lines than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_message: Option<String>,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The file where it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line where it happened, counted from 1 for a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl LongRepr {
    pub(crate) fn failure(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            text: Some(message.clone()),
            message: Some(message),
            ..Self::default()
        }
    }
}

/// A recorded warning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// The name of the warning's class.
    pub category: String,
    /// Its text.
    pub message: String,
    /// The file that it speaks of.
    pub path: String,
    /// The line that it speaks of.
    pub line: u32,
    /// `config`, `collect` or `runtest`.
    pub when: String,
    /// The test during which it was issued; empty outside of tests.
    #[serde(default)]
    pub nodeid: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_those_of_pytest() {
        let check = |when, outcome, wasxfail: bool, expected| {
            let phase = Phase {
                outcome,
                wasxfail: wasxfail.then(String::new),
                ..Phase::passed(when, 0.0)
            };
            assert_eq!(
                phase.category(),
                expected,
                "{when:?} {outcome:?} {wasxfail}"
            );
        };
        check(When::Setup, Outcome::Passed, false, None);
        check(When::Call, Outcome::Passed, false, Some(Outcome::Passed));
        check(When::Call, Outcome::Passed, true, Some(Outcome::Xpassed));
        check(When::Call, Outcome::Failed, false, Some(Outcome::Failed));
        check(When::Setup, Outcome::Failed, false, Some(Outcome::Error));
        check(When::Teardown, Outcome::Failed, false, Some(Outcome::Error));
        check(When::Setup, Outcome::Skipped, false, Some(Outcome::Skipped));
        check(When::Setup, Outcome::Skipped, true, Some(Outcome::Xfailed));
        let subtest = |outcome| Phase {
            outcome,
            subtest: Some("(i=1)".to_owned()),
            ..Phase::passed(When::Call, 0.0)
        };
        assert_eq!(subtest(Outcome::Passed).category(), None);
        assert_eq!(subtest(Outcome::Failed).category(), Some(Outcome::Failed));
    }
}
