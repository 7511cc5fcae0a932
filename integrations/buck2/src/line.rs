use fastest_targets::{Cause, System, TestTarget};
use serde::Serialize;

/// A target that changes concern, as Buck2's change detector (btd) prints one a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// The label, with its cell.
    pub target: String,
    /// The rule.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who looks after the package.
    pub oncall: Option<String>,
    /// How far it lies from what has changed; 0 for the changed target itself.
    pub depth: usize,
    /// The labels that the target has.
    pub labels: Vec<String>,
    /// Why.
    pub reason: Reason,
}

/// Why a target is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// The target that it depends on and that is concerned; empty where it is the changed one itself.
    pub affected_dep: String,
    /// The target that has changed.
    pub root_cause_target: String,
    /// What happened to it: `inputs`, `new`, `hash`, `rule`, `package` or `universal_file`.
    pub root_cause_reason: &'static str,
    /// Whether nothing depends on the target.
    pub is_terminal: bool,
}

impl Line {
    /// The line of a target.
    pub fn of(system: &System, test: &TestTarget) -> Self {
        let through = test.through.as_ref();
        Self {
            target: system.full(&test.label),
            kind: test.kind.clone(),
            oncall: test.oncall.clone(),
            depth: test.depth,
            labels: test.labels.clone(),
            reason: Reason {
                affected_dep: through.map_or_else(String::new, |label| system.full(label)),
                root_cause_target: system.full(&test.root),
                root_cause_reason: match test.cause {
                    Cause::New => "new",
                    Cause::Hash => "hash",
                    Cause::Rule => "rule",
                    Cause::Package => "package",
                    Cause::UniversalFile => "universal_file",
                    _ => "inputs",
                },
                is_terminal: test.is_terminal,
            },
        }
    }
}
