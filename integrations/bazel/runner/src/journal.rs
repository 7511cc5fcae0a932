//! What becomes of a run, kept so that it can be written at any moment: Bazel may end a test when its
//! time is up, and keeps what is written then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use fastest_lib::NodeId;
use fastest_lib::execution::Event;
use fastest_lib::report::{JUnit, Report};
use serde_json::json;

use crate::Contract;
use crate::shard::Durations;

/// The name of the file with recorded durations among the undeclared outputs.
pub(crate) const DURATIONS: &str = "fastest-durations.json";

/// The events of a run so far, and where reports of them go.
#[derive(Clone)]
pub(crate) struct Journal(Arc<Mutex<State>>);

struct State {
    contract: Contract,
    junit: JUnit,
    started: Instant,
    report: Report,
    /// The tests that are to run, in their order.
    planned: Vec<NodeId>,
    /// By what signal the run is ended.
    signal: Option<&'static str>,
}

impl Journal {
    pub(crate) fn new(contract: &Contract, mut junit: JUnit, label: &str) -> Self {
        if junit.suite_name == JUnit::default().suite_name && !label.is_empty() {
            label.clone_into(&mut junit.suite_name);
        }
        let now = SystemTime::now();
        junit.timestamp = Some(humantime::format_rfc3339_micros(now).to_string());
        Self(Arc::new(Mutex::new(State {
            contract: contract.clone(),
            junit,
            started: Instant::now(),
            report: Report::default(),
            planned: Vec::new(),
            signal: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What was recorded before a panic is still true.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn plan(&self, tests: &[NodeId]) {
        self.state().planned = tests.to_vec();
    }

    pub(crate) fn record(&self, event: &Event) {
        self.state().report.record(event);
    }

    /// Writes what is known when a signal ends the run; does so again when more becomes known.
    pub(crate) fn interrupt(&self, signal: &'static str) {
        let mut state = self.state();
        state.signal.get_or_insert(signal);
        // A second attempt follows when the run is over.
        let _ = state.write_xml();
    }

    pub(crate) fn signal(&self) -> Option<&'static str> {
        self.state().signal
    }

    /// Writes all files that Bazel asked for; gives the report.
    pub(crate) fn close(&self) -> io::Result<Report> {
        let state = self.state();
        let written = [
            state.write_xml(),
            state.write_warnings(),
            state.write_durations(),
        ];
        written.into_iter().collect::<io::Result<()>>()?;
        Ok(state.report.clone())
    }

    /// The test that was running when the signal came.
    pub(crate) fn interrupted_test(&self) -> Option<NodeId> {
        self.state().running()
    }
}

impl State {
    /// The first of the planned tests that has not finished: one worker runs them in their order.
    fn running(&self) -> Option<NodeId> {
        self.signal?;
        let tests = self.report.tests.iter().map(|test| &test.id);
        let finished: BTreeSet<&NodeId> = tests.collect();
        let mut planned = self.planned.iter();
        planned.find(|test| !finished.contains(test)).cloned()
    }

    fn write_xml(&self) -> io::Result<()> {
        let Some(path) = &self.contract.xml else {
            return Ok(());
        };
        let mut report = self.report.clone();
        report.duration = self.started.elapsed().as_secs_f64();
        if let Some(signal) = self.signal {
            match self.running() {
                Some(test) => report.record(&ended_by(signal, &test)?),
                None => report.internal_errors.push(format!("ended by {signal}")),
            }
        }
        replace(path, |out| self.junit.write(&report, out))
    }

    fn write_warnings(&self) -> io::Result<()> {
        let Some(path) = &self.contract.warnings else {
            return Ok(());
        };
        let of_python = self.report.warnings.iter().map(|warning| {
            let (path, line) = (&warning.path, warning.line);
            format!("{path}:{line}: {}: {}", warning.category, warning.message)
        });
        let problems = self
            .report
            .problems
            .iter()
            .map(|problem| problem.message.clone());
        let lines: Vec<String> = of_python.chain(problems).collect();
        if lines.is_empty() {
            return Ok(());
        }
        fs::write(path, lines.join("\n") + "\n")
    }

    /// Durations balance shards; a test that has none of these keeps no outputs.
    fn write_durations(&self) -> io::Result<()> {
        let (Some(folder), Some(_)) = (&self.contract.outputs, &self.contract.shard) else {
            return Ok(());
        };
        let tests = self.report.tests.iter();
        let durations: Durations = tests
            .map(|test| (test.id.as_str().to_owned(), test.duration))
            .collect();
        if durations.is_empty() {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(&durations)?;
        replace(&folder.join(DURATIONS), |out| writeln!(out, "{text}"))?;
        let Some(folder) = &self.contract.annotations else {
            return Ok(());
        };
        let note = format!(
            "{DURATIONS}: seconds by test; joined with those of the other shards it is what the \
             attribute `durations` takes\n"
        );
        fs::write(folder.join("fastest.part"), note)
    }
}

/// The end of a test that a signal ended.
fn ended_by(signal: &str, test: &NodeId) -> io::Result<Event> {
    let text = format!("it was running, or about to, when {signal} ended the run");
    let event = json!({
        "event": "test-finished",
        "id": test,
        "outcome": "failed",
        "engine": "native",
        "duration": 0.0,
        "phases": [{
            "when": "call",
            "outcome": "failed",
            "duration": 0.0,
            "longrepr": {"message": text, "text": text},
        }],
    });
    Ok(serde_json::from_value(event)?)
}

/// Writes a file aside and puts it in its place: a process that is killed leaves the file from before.
fn replace(path: &Path, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    fs::write(&aside, bytes)?;
    fs::rename(&aside, path)
}

/// Reads a file of recorded durations.
///
/// # Errors
///
/// When it cannot be read, or holds something else.
pub(crate) fn read_durations(path: &Path) -> io::Result<Durations> {
    let text = fs::read(path)?;
    let durations: BTreeMap<String, f64> = serde_json::from_slice(&text)?;
    Ok(durations)
}
