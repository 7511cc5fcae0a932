use super::ExitCode;
use crate::execution::{
    Counts, CoverageSummary, Enforcement, Event, LongRepr, Outcome, TestFinished, Warning,
};
use crate::plan::Engine;
use crate::{NodeId, Problem};

/// A file, class or folder that could not be collected, or that skipped itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CollectReport {
    /// The collector's node id.
    pub id: NodeId,
    /// [`Outcome::Error`] or [`Outcome::Skipped`].
    pub outcome: Outcome,
    /// What it said.
    pub longrepr: Option<LongRepr>,
    /// What it printed.
    pub sections: Vec<(String, String)>,
}

/// A file of which tests fail after others, and pass alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderDependence {
    /// The file, relative to the rootdir.
    pub path: String,
    /// The tests that pass alone.
    pub tests: Vec<NodeId>,
    /// The files that its worker had run before, in order.
    pub after: Vec<String>,
}

/// What became of a run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many reports fell into each category.
    pub counts: Counts,
    /// Every test that ran, in the order in which they finished.
    pub tests: Vec<TestFinished>,
    /// Files, classes and folders that failed or skipped themselves.
    pub collect: Vec<CollectReport>,
    /// Recorded warnings.
    pub warnings: Vec<Warning>,
    /// What is wrong beyond any test's outcome.
    pub problems: Vec<Problem>,
    /// Files that the native engine gave to pytest, with the reason.
    pub deoptimized: Vec<(String, String)>,
    /// Files whose failures depend on other files, if that was to be found out.
    pub order_dependent: Vec<OrderDependence>,
    /// Failures inside pytest or its plugins.
    pub internal_errors: Vec<String>,
    /// Input that pytest would refuse.
    pub usage_errors: Vec<String>,
    /// Why the run ended early, and the exit code that was asked for.
    pub interrupted: Option<(String, Option<i32>)>,
    /// What tests said of the whole run by `record_testsuite_property`.
    pub suite_properties: Vec<(String, String)>,
    /// What of the rules of closed units was enforced, if files ran as such.
    pub hermetic: Option<Enforcement>,
    /// What the tests cover, if that was measured.
    pub coverage: Option<CoverageSummary>,
    /// Seconds.
    pub duration: f64,
}

impl Report {
    /// Takes in the next event of a run.
    pub fn record(&mut self, event: &Event) {
        self.take(event.clone());
    }

    /// The same, of an event that nobody else needs.
    pub(crate) fn take(&mut self, event: Event) {
        match event {
            Event::FileCollected { deselected, .. } | Event::FileUnchanged { deselected, .. } => {
                self.counts.deselected += deselected;
            }
            Event::CollectFinished {
                id,
                outcome,
                longrepr,
                sections,
            } => {
                self.counts.add(outcome);
                self.collect.push(CollectReport {
                    id,
                    outcome,
                    longrepr,
                    sections,
                });
            }
            Event::FileDeoptimized { path, reason } => self.deoptimized.push((path, reason)),
            Event::TestFinished(test) => {
                let phases = test.phases.iter();
                for category in phases.filter_map(crate::execution::Phase::category) {
                    self.counts.add(category);
                }
                self.counts.unchanged += usize::from(test.unchanged);
                self.tests.push(test);
            }
            Event::OrderDependent { path, tests, after } => {
                self.order_dependent
                    .push(OrderDependence { path, tests, after });
            }
            Event::Warning(warning) => {
                self.counts.warnings += 1;
                self.warnings.push(warning);
            }
            Event::Problem { problem } => self.problems.push(problem),
            Event::InternalError { text } => self.internal_errors.push(text),
            Event::Interrupted { reason, exit_code } => {
                self.interrupted = Some((reason, exit_code));
            }
            Event::UsageError { message } => self.usage_errors.push(message),
            Event::SuiteProperty { name, value } => self.suite_properties.push((name, value)),
            Event::CoverageFinished(summary) => self.coverage = Some(summary),
            Event::RunFinished { duration, .. } => self.duration = duration,
            Event::RunStarted { .. } => {}
            Event::HermeticStarted(enforcement) => self.hermetic = Some(enforcement),
        }
    }

    /// Counts tests that filters dropped before the run.
    pub(crate) fn add_deselected(&mut self, count: usize) {
        self.counts.deselected += count;
    }

    /// The exit code that pytest would end with.
    ///
    /// A file that cannot be collected does not keep the others from running, as under pytest's
    /// `--continue-on-collection-errors`, and counts as a failure.
    pub fn exit_code(&self) -> ExitCode {
        if !self.internal_errors.is_empty() {
            return ExitCode::InternalError;
        }
        if !self.usage_errors.is_empty() {
            return ExitCode::UsageError;
        }
        if let Some((_, code)) = &self.interrupted {
            return match code {
                Some(1) => ExitCode::TestsFailed,
                Some(2) | None => ExitCode::Interrupted,
                Some(code) => ExitCode::Custom(code.to_le_bytes()[0]),
            };
        }
        let covers_too_little = self.coverage.as_ref().is_some_and(|found| found.failed);
        if self.counts.failed + self.counts.errors > 0 || covers_too_little {
            return ExitCode::TestsFailed;
        }
        if self.tests.is_empty() {
            ExitCode::NoTestsCollected
        } else {
            ExitCode::Ok
        }
    }

    /// The number of tests that `engine` ran.
    pub fn tests_by(&self, engine: Engine) -> usize {
        self.tests
            .iter()
            .filter(|test| test.engine == engine)
            .count()
    }

    /// pytest's last line without its frame, such as `1 failed, 3 passed in 0.12s`.
    pub fn last_line(&self) -> String {
        format!(
            "{} in {}",
            self.counts.describe(),
            format_duration(self.duration)
        )
    }
}

/// A duration in seconds as pytest's last line words it.
fn format_duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.2}s");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = seconds as u64;
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    format!("{seconds:.2}s ({hours}:{minutes:02}:{:02})", whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::{Phase, When};

    fn test(phases: Vec<Phase>) -> Event {
        Event::TestFinished(TestFinished {
            id: NodeId::new("test_a.py::test_b"),
            outcome: Outcome::Passed,
            engine: Engine::Native,
            duration: 0.0,
            phases,
            unchanged: false,
        })
    }

    #[test]
    fn exit_codes_are_those_of_pytest() {
        let check = |events: &[Event], expected: ExitCode| {
            let mut report = Report::default();
            events.iter().for_each(|event| report.record(event));
            assert_eq!(report.exit_code(), expected, "{events:?}");
        };
        let passed = test(vec![Phase::passed(When::Call, 0.1)]);
        let failed = test(vec![Phase {
            outcome: Outcome::Failed,
            ..Phase::passed(When::Call, 0.1)
        }]);
        let interrupted = |exit_code| Event::Interrupted {
            reason: "KeyboardInterrupt".to_owned(),
            exit_code,
        };
        check(&[], ExitCode::NoTestsCollected);
        check(std::slice::from_ref(&passed), ExitCode::Ok);
        check(&[passed.clone(), failed], ExitCode::TestsFailed);
        check(
            &[passed.clone(), interrupted(Some(2))],
            ExitCode::Interrupted,
        );
        check(&[passed.clone(), interrupted(Some(7))], ExitCode::Custom(7));
        check(
            &[
                passed.clone(),
                Event::UsageError {
                    message: "not found: x".to_owned(),
                },
            ],
            ExitCode::UsageError,
        );
        check(
            &[
                passed,
                Event::InternalError {
                    text: String::new(),
                },
            ],
            ExitCode::InternalError,
        );
    }

    #[test]
    fn a_failing_teardown_counts_beside_the_pass() {
        let mut report = Report::default();
        report.record(&test(vec![
            Phase::passed(When::Setup, 0.0),
            Phase::passed(When::Call, 0.0),
            Phase {
                outcome: Outcome::Failed,
                ..Phase::passed(When::Teardown, 0.0)
            },
        ]));
        report.record(&Event::RunFinished {
            duration: 0.5,
            counts: Counts::default(),
            exit_code: 1,
        });
        assert_eq!(report.last_line(), "1 passed, 1 error in 0.50s");
    }

    #[test]
    fn durations_are_worded_as_pytest_words_them() {
        assert_eq!(format_duration(0.118), "0.12s");
        assert_eq!(format_duration(3725.5), "3725.50s (1:02:05)");
    }
}
