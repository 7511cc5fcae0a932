//! From the events of a run to what is kept of its units.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::unit::{Entry, KeptTest, KeptUnit};
use crate::execution::event::{Event, Outcome, Phase, TestFinished, Warning};
use crate::plan::Engine;

/// What workers say that names no test file, put down by the one that they ran.
#[derive(Debug, Default)]
pub(crate) struct Attribution(RefCell<BTreeMap<String, Said>>);

#[derive(Debug, Default)]
struct Said {
    warnings: Vec<Warning>,
    properties: Vec<(String, String, usize)>,
    /// Whether the file needed more than one worker.
    broken: bool,
}

impl Attribution {
    pub(crate) fn warning(&self, path: &str, warning: &Warning) {
        self.with(path, |said| said.warnings.push(warning.clone()));
    }

    pub(crate) fn property(&self, path: &str, name: &str, value: &str, times: usize) {
        let property = (name.to_owned(), value.to_owned(), times);
        self.with(path, |said| said.properties.push(property));
    }

    /// Notes that what ran a file came to a bad end.
    pub(crate) fn broken(&self, path: &str) {
        self.with(path, |said| said.broken = true);
    }

    fn with(&self, path: &str, note: impl FnOnce(&mut Said)) {
        note(self.0.borrow_mut().entry(path.to_owned()).or_default());
    }
}

/// Takes notes of a run.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    units: BTreeMap<String, Seen>,
    /// Node ids of files, classes and folders that could not be collected.
    failed: BTreeSet<String>,
    /// Set when nothing of the run can be relied on.
    spoilt: bool,
    /// Whether units could read and connect to nothing that they do not declare.
    pub(crate) enforced: bool,
}

#[derive(Debug, Default)]
struct Seen {
    unit: KeptUnit,
    collected: bool,
    /// The tests that have been collected and not finished.
    left: i64,
    failed: bool,
    /// Whether it cannot be kept for another reason.
    unfit: bool,
}

impl Keeping {
    pub(crate) fn observe(&mut self, event: &Event) {
        match event {
            Event::FileCollected {
                path,
                engine,
                tests,
                deselected,
                ..
            } => {
                let seen = self.unit(path);
                seen.collected = true;
                seen.left += i64::try_from(*tests).unwrap_or(i64::MAX);
                seen.unit.deselected += deselected;
                seen.unit.under_pytest |= *engine == Engine::Pytest;
            }
            Event::FileDeoptimized { path, reason } => {
                let seen = self.unit(path);
                seen.unit.under_pytest = true;
                seen.unit.deoptimized.get_or_insert_with(|| reason.clone());
            }
            Event::TestFinished(test) => self.test(test),
            Event::CollectFinished {
                id,
                outcome: Outcome::Skipped,
                longrepr,
                sections,
            } => {
                let is_file = id.path() == id.as_str();
                let seen = self.unit(id.path());
                seen.collected |= is_file;
                let added = seen.unit.add_skipped(id, longrepr.as_ref());
                seen.unfit |= added.is_none() || !sections.is_empty();
            }
            Event::CollectFinished { id, .. } => {
                self.failed.insert(id.as_str().to_owned());
            }
            Event::OrderDependent { path, .. } => self.unit(path).unfit = true,
            // Discovery differs from what was collected.
            Event::Problem { problem } => {
                if let Some(path) = &problem.path {
                    self.unit(path).unfit = true;
                }
            }
            Event::InternalError { .. } | Event::UsageError { .. } => self.spoilt = true,
            // From its fourth version on, Landlock guards TCP.
            Event::HermeticStarted(enforcement) => {
                let connections = enforcement.network || enforcement.landlock >= 4;
                self.enforced = enforcement.landlock > 0 && connections;
            }
            _ => {}
        }
    }

    fn unit(&mut self, path: &str) -> &mut Seen {
        self.units.entry(path.to_owned()).or_insert_with(|| Seen {
            unit: KeptUnit {
                path: path.to_owned(),
                ..KeptUnit::default()
            },
            ..Seen::default()
        })
    }

    fn test(&mut self, test: &TestFinished) {
        let seen = self.unit(test.id.path());
        seen.left -= 1;
        let categories = test.phases.iter().filter_map(Phase::category);
        let mut categories = categories.chain([test.outcome]);
        seen.failed |= categories.any(Outcome::is_failure);
        seen.unit.under_pytest |= test.engine == Engine::Pytest;
        match KeptTest::of(test.id.path(), test) {
            Some(kept) => seen.unit.tests.push(kept),
            None => seen.unfit = true,
        }
    }

    /// What is to be kept of the units that ran to their end, or failed before; `session` tells what
    /// sessions of pytest were told, which also native units may see where there are `hooks`.
    pub(crate) fn entries(
        self,
        attribution: &Attribution,
        session: [u8; 32],
        hooks: bool,
    ) -> BTreeMap<String, Entry> {
        let mut entries = BTreeMap::new();
        if self.spoilt {
            return entries;
        }
        let said = attribution.0.borrow();
        let is_failed = |path: &str| {
            self.failed.iter().any(|id| {
                let file = id.split("::").next().unwrap_or(id);
                let rest = path.strip_prefix(file.trim_end_matches('/'));
                file.is_empty()
                    || file == "."
                    || rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
            })
        };
        for (path, mut seen) in self.units {
            let said = said.get(&path);
            if seen.failed || is_failed(&path) || said.is_some_and(|said| said.broken) {
                entries.insert(path, Entry::Failed);
                continue;
            }
            if !seen.collected || seen.left != 0 || seen.unfit {
                continue;
            }
            if let Some(said) = said {
                let warnings = said.warnings.iter();
                let warnings = warnings.map(serde_json::to_string);
                let Ok(warnings) = warnings.collect::<Result<_, _>>() else {
                    continue;
                };
                seen.unit.warnings = warnings;
                seen.unit.properties.clone_from(&said.properties);
            }
            let sees_session = hooks || seen.unit.under_pytest;
            seen.unit.session = sees_session.then_some(session);
            entries.insert(path, Entry::Kept(seen.unit));
        }
        for id in self.failed {
            let file = id.split("::").next().unwrap_or(&id).to_owned();
            entries.insert(file, Entry::Failed);
        }
        entries
    }
}
