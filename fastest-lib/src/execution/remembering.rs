//! From the events of a run to what is kept of it for the next.

use std::collections::BTreeMap;
use std::path::Path;

use super::event::{Event, Outcome, Phase, When};
use crate::plan::Plan;
use crate::syntax::{Cleared, remove_owned};
use crate::workspace::{History, LastOutcome, RunHistory};
use crate::{Error, NodeId, Problem, Result};

/// Takes notes of what a run says.
#[derive(Debug, Default)]
pub(crate) struct Remembering {
    run: RunHistory,
    /// By file, the tests that were collected and have not ended.
    left: BTreeMap<String, usize>,
}

impl Remembering {
    pub(crate) fn observe(&mut self, event: &Event) {
        match event {
            Event::FileCollected { path, tests, .. } | Event::FileUnchanged { path, tests, .. } => {
                *self.left.entry(path.clone()).or_default() += tests;
            }
            Event::TestFinished(test) => {
                let path = test.id.path();
                if let Some(left) = self.left.get_mut(path) {
                    *left = left.saturating_sub(1);
                }
                if let (Some(name), Some(outcome)) = (name(&test.id), last_outcome(&test.phases)) {
                    let file = self.run.tests.entry(path.to_owned()).or_default();
                    file.insert(name.to_owned(), (outcome, test.duration));
                }
            }
            Event::CollectFinished { id, outcome, .. } => {
                let set = match outcome {
                    Outcome::Skipped => &mut self.run.collected,
                    _ => &mut self.run.failed_collectors,
                };
                set.insert(id.as_str().to_owned());
            }
            _ => {}
        }
    }

    /// Keeps what was seen, also of a run that was interrupted.
    pub(crate) fn keep(mut self, plan: &Plan, history: &mut History) -> Option<Problem> {
        // Of a file that was mended and not run to its end, every test may still fail.
        let ended = self.left.into_iter().filter(|(_, left)| *left == 0);
        self.run.collected.extend(ended.map(|(path, _)| path));
        let failed = &self.run.failed_collectors;
        self.run.collected.retain(|id| !failed.contains(id));
        // Of a file that is mended, pytest takes functions and classes for failed; what is in its
        // classes has its turn when these are collected again.
        for file in &plan.files {
            if self.run.collected.contains(&file.path) {
                self.run
                    .failed_collectors
                    .extend(file.classes.iter().cloned());
            }
        }
        history.merge_and_save(&self.run)
    }
}

/// The part of a test's node id that follows its file.
fn name(id: &NodeId) -> Option<&str> {
    id.as_str().strip_prefix(id.path())?.strip_prefix("::")
}

/// Whether pytest would run a test again under `--last-failed`: its reports have their say in their
/// order.
fn last_outcome(phases: &[Phase]) -> Option<LastOutcome> {
    let mut last = None;
    for phase in phases {
        last = match (phase.outcome, phase.when) {
            (Outcome::Skipped, _) => Some(LastOutcome::Skipped),
            (Outcome::Passed, When::Call) => Some(LastOutcome::Passed),
            (Outcome::Passed, _) => last,
            _ => Some(LastOutcome::Failed),
        };
    }
    last
}

/// Removes what runs have kept below `cache_dir` of tests' durations and outcomes.
///
/// # Errors
///
/// When a file cannot be removed.
pub fn clear_history(cache_dir: &Path) -> Result<Cleared> {
    let mut cleared = Cleared::default();
    let folder = cache_dir.join("history");
    remove_owned(&folder, History::owns, &mut cleared)
        .map_err(|error| Error::io(&folder, error))?;
    Ok(cleared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_report_that_tells_decides() {
        let check = |phases: &[(When, Outcome)], expected| {
            let phase = |(when, outcome): &(When, Outcome)| Phase {
                outcome: *outcome,
                ..Phase::passed(*when, 0.0)
            };
            let phases: Vec<Phase> = phases.iter().map(phase).collect();
            assert_eq!(last_outcome(&phases), expected, "{phases:?}");
        };
        use Outcome::{Failed, Passed, Skipped};
        use When::{Call, Setup, Teardown};
        let (passed, skipped) = (Some(LastOutcome::Passed), Some(LastOutcome::Skipped));
        let failed = Some(LastOutcome::Failed);
        check(
            &[(Setup, Passed), (Call, Passed), (Teardown, Passed)],
            passed,
        );
        check(
            &[(Setup, Passed), (Call, Failed), (Teardown, Passed)],
            failed,
        );
        check(
            &[(Setup, Passed), (Call, Passed), (Teardown, Failed)],
            failed,
        );
        check(&[(Setup, Skipped), (Teardown, Passed)], skipped);
        check(&[(Setup, Failed), (Teardown, Passed)], failed);
        check(&[(Setup, Passed)], None);
    }
}
