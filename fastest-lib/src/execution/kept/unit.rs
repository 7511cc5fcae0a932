//! What is kept of a unit: every test with its phases, and what else the run said of the file.

use serde::{Deserialize, Serialize};

use crate::NodeId;
use crate::execution::event::{Event, LongRepr, Outcome, Phase, TestFinished, Warning, When};
use crate::execution::said;
use crate::plan::Engine;

/// What is kept below a digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// No test of the unit failed.
    Kept(KeptUnit),
    /// A test did, or something else went wrong. Should the same digest pass another time, its outcomes
    /// depend on something else, and are not kept.
    Failed,
}

/// The outcomes of a unit of which no test failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptUnit {
    /// The test file, relative to the rootdir.
    pub(crate) path: String,
    /// What only sessions of pytest are told, where one had a say in the outcomes.
    pub(crate) session: Option<[u8; 32]>,
    /// Whether pytest ran it, or a part of it.
    pub(super) under_pytest: bool,
    /// Why the native engine did not run it.
    pub(super) deoptimized: Option<String>,
    /// How many tests filters dropped.
    pub(super) deselected: usize,
    pub(super) tests: Vec<KeptTest>,
    /// What skipped itself: node ids with JSON.
    pub(super) skipped: Vec<(String, Option<String>)>,
    /// JSON.
    pub(super) warnings: Vec<String>,
    /// `record_testsuite_property` pairs, each with how often that was said before.
    pub(super) properties: Vec<(String, String, usize)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptTest {
    /// The node id without the file.
    name: String,
    outcome: Outcome,
    engine: Engine,
    duration: f64,
    phases: Vec<KeptPhase>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptPhase {
    when: When,
    outcome: Outcome,
    duration: f64,
    /// All of the phase as JSON, where there is more to it.
    whole: Option<String>,
}

impl KeptTest {
    /// None if the test is not one of that file.
    pub(super) fn of(path: &str, test: &TestFinished) -> Option<Self> {
        let phases = test.phases.iter().map(|phase| {
            let is_plain = *phase
                == Phase {
                    outcome: phase.outcome,
                    ..Phase::passed(phase.when, phase.duration)
                };
            let whole = match is_plain {
                true => None,
                false => Some(serde_json::to_string(phase).ok()?),
            };
            Some(KeptPhase {
                when: phase.when,
                outcome: phase.outcome,
                duration: phase.duration,
                whole,
            })
        });
        Some(Self {
            name: test.id.as_str().strip_prefix(path)?.to_owned(),
            outcome: test.outcome,
            engine: test.engine,
            duration: test.duration,
            phases: phases.collect::<Option<_>>()?,
        })
    }

    fn event(&self, path: &str) -> Option<TestFinished> {
        let phases = self.phases.iter().map(|phase| match &phase.whole {
            Some(text) => serde_json::from_str(text).ok(),
            None => Some(Phase {
                outcome: phase.outcome,
                ..Phase::passed(phase.when, phase.duration)
            }),
        });
        Some(TestFinished {
            id: NodeId::new(format!("{path}{}", self.name)),
            outcome: self.outcome,
            engine: self.engine,
            duration: self.duration,
            phases: phases.collect::<Option<_>>()?,
            unchanged: true,
        })
    }
}

impl KeptUnit {
    pub(super) fn add_skipped(&mut self, id: &NodeId, longrepr: Option<&LongRepr>) -> Option<()> {
        let longrepr = longrepr.map(serde_json::to_string).transpose().ok()?;
        self.skipped.push((id.as_str().to_owned(), longrepr));
        Some(())
    }

    /// What a run says of the unit without running it, with a key where that is told once a run; none if
    /// what is kept makes no sense.
    pub(crate) fn events(&self) -> Option<Vec<(Option<String>, Event)>> {
        let engine = match self.under_pytest {
            true => Engine::Pytest,
            false => Engine::Native,
        };
        let unchanged = Event::FileUnchanged {
            path: self.path.clone(),
            engine,
            tests: self.tests.len(),
            deselected: self.deselected,
        };
        let mut events = Vec::with_capacity(1 + self.tests.len());
        events.push((None, unchanged));
        if let Some(reason) = &self.deoptimized {
            let (path, reason) = (self.path.clone(), reason.clone());
            events.push((None, Event::FileDeoptimized { path, reason }));
        }
        for (id, longrepr) in &self.skipped {
            let longrepr = longrepr.as_deref().map(serde_json::from_str);
            let skipped = Event::CollectFinished {
                id: NodeId::new(id.clone()),
                outcome: Outcome::Skipped,
                longrepr: longrepr.transpose().ok()?,
                sections: Vec::new(),
            };
            events.push((None, skipped));
        }
        for warning in &self.warnings {
            let warning: Warning = serde_json::from_str(warning).ok()?;
            events.push((said::of_warning(&warning), Event::Warning(warning)));
        }
        for (name, value, times) in &self.properties {
            let key = said::of_property(name, value, *times);
            let (name, value) = (name.clone(), value.clone());
            events.push((Some(key), Event::SuiteProperty { name, value }));
        }
        for test in &self.tests {
            events.push((None, Event::TestFinished(test.event(&self.path)?)));
        }
        Some(events)
    }
}
