//! Whether files fail because of others that ran, or were imported, in the same process.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Event;
use crate::NodeId;
use crate::plan::{Plan, RunOptions};
use crate::workspace::{Isolation, Strategy};

/// Takes notes of which failures there are, and of what ran before them.
#[derive(Debug, Default)]
pub(crate) struct OrderCheck {
    /// The files of each worker, in the order in which they ran.
    workers: BTreeMap<usize, Vec<String>>,
    failed: BTreeMap<String, BTreeSet<NodeId>>,
    is_interrupted: bool,
}

impl OrderCheck {
    pub(crate) fn observe(&mut self, event: &Event) {
        match event {
            Event::FileCollected { path, worker, .. } => {
                self.workers.entry(*worker).or_default().push(path.clone());
            }
            Event::TestFinished(test) if test.outcome.is_failure() => {
                let failed = self.failed.entry(test.id.path().to_owned()).or_default();
                failed.insert(test.id.clone());
            }
            // By the user, or by a test; `--maxfail` is no reason not to look at what failed.
            Event::Interrupted { exit_code, .. } => self.is_interrupted |= *exit_code != Some(1),
            _ => {}
        }
    }

    /// What to run once more to tell, each file in a process of its own; none if nothing can depend
    /// on other files.
    pub(crate) fn plan(&self, plan: &Plan, options: &RunOptions) -> Option<(Plan, RunOptions)> {
        let is_shared = plan.files.len() > 1 && !options.is_isolated();
        if self.failed.is_empty() || self.is_interrupted || !is_shared {
            return None;
        }
        let mut alone = plan.clone();
        alone
            .files
            .retain(|file| self.failed.contains_key(&file.path));
        alone.unreadable.clear();
        alone
            .pytest_args
            .retain(|argument| !argument.starts_with("--maxfail"));
        let options = RunOptions {
            strategy: Strategy::Optimized,
            isolation: Isolation::Module,
            maxfail: 0,
            check_order: false,
            ..options.clone()
        };
        Some((alone, options))
    }

    /// An event for each file of which tests failed that pass alone, given those that ended well
    /// there.
    pub(crate) fn events(self, passed: &BTreeSet<NodeId>) -> Vec<Event> {
        let before = |path: &str| {
            let mut workers = self.workers.values();
            let files = workers.find(|files| files.iter().any(|file| file == path))?;
            let at = files.iter().position(|file| file == path)?;
            Some(files[..at].to_vec())
        };
        let event = |(path, failed): (&String, &BTreeSet<NodeId>)| {
            let tests: Vec<NodeId> = failed.intersection(passed).cloned().collect();
            (!tests.is_empty()).then(|| Event::OrderDependent {
                path: path.clone(),
                tests,
                after: before(path).unwrap_or_default(),
            })
        };
        self.failed.iter().filter_map(event).collect()
    }
}
