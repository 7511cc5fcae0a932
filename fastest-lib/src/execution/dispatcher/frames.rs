//! How workers work: what they say, and what they are given.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::time::Instant;

use super::Dispatcher;
use crate::execution::event::{Event, LongRepr, Outcome, Phase, TestFinished};
use crate::execution::kept::Attribution;
use crate::execution::ledger::Ledger;
use crate::execution::said;
use crate::execution::units::Unit;
use crate::execution::wire::{Assignment, CollectReport, FileRequest, FromWorker};
use crate::execution::worker::Worker;
use crate::plan::{Engine, PlannedFile};
use crate::workspace::EngineChoice;
use crate::{NodeId, Problem, ProblemKind};

/// What a worker may use, with the kernel's ruleset for that.
type ClosedUnit = (Unit, Option<OwnedFd>);

/// Requests a worker should come to make, so that the last of them are small.
const REQUESTS_PER_WORKER: usize = 4;
/// The same for native workers, and the most files that they are given at once.
const NATIVE_REQUESTS_PER_WORKER: usize = 16;
const NATIVE_FILES: usize = 8;

impl<'a> Dispatcher<'a, '_> {
    pub(super) fn on_frame(&mut self, worker: usize, frame: FromWorker) {
        match frame {
            FromWorker::Next => {
                self.ready.push_back(worker);
                self.answer_ready();
            }
            FromWorker::Pause => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.resume();
                }
            }
            FromWorker::Collected {
                seq,
                ids,
                deselected,
            } => {
                self.on_collected(worker, seq, ids, deselected);
            }
            FromWorker::Collect(report) => self.on_collect_report(report),
            FromWorker::Deopt { seq, reason, ids } => self.on_deopt(worker, seq, &reason, ids),
            FromWorker::Result {
                seq,
                index,
                reports,
            } => {
                if let Some(id) = self.ledger.finish_test(seq, index) {
                    let engine = self.ledger.entry(seq).engine;
                    self.finish_test(id, engine, reports.into());
                }
            }
            FromWorker::Warning(warning) => {
                if let Some((attribution, path)) = self.attribution(worker) {
                    attribution.warning(path, &warning);
                }
                // Every worker imports every file, and hears its warnings.
                let key = said::of_warning(&warning);
                if key.is_none_or(|key| self.said.insert(key)) {
                    self.say(&Event::Warning(warning));
                }
            }
            FromWorker::SuiteProperty { name, value, times } => {
                if let Some((attribution, path)) = self.attribution(worker) {
                    attribution.property(path, &name, &value, times);
                }
                // Fixtures of session scope say it once a worker.
                if self.said.insert(said::of_property(&name, &value, times)) {
                    self.say(&Event::SuiteProperty { name, value });
                }
            }
            FromWorker::Done { seq } => {
                self.ledger.finish_file(seq);
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.files.retain(|&file| file != seq);
                }
            }
            FromWorker::Unlisted { files } => self.on_unlisted(files),
            FromWorker::Usage { message } => {
                if self.said.insert(message.clone()) {
                    self.say(&Event::UsageError { message });
                }
                self.stop();
            }
            FromWorker::Interrupted { reason, exit_code } => self.interrupted(reason, exit_code),
            FromWorker::Error { text } => self.internal_error(text),
            FromWorker::Broken { text } => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.broken = Some(text);
                }
            }
            FromWorker::Debugger => {
                self.debuggers.push(worker);
                self.admit_debugger();
            }
            FromWorker::Debugged => self.leave_debugger(worker),
            FromWorker::Bye => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.said_bye = true;
                    self.farewells.insert(worker, Instant::now());
                }
            }
        }
    }

    /// Where it is put down what a worker says, and the file that it was given last.
    pub(super) fn attribution(&self, worker: usize) -> Option<(&'a Attribution, &'a str)> {
        let attribution = self.context.attribution?;
        let file = self.workers.get(&worker)?.last?;
        Some((attribution, &self.ledger.planned(file).path))
    }

    /// Gives the terminal to the first worker that waits for it. Meanwhile nobody hears of others.
    fn admit_debugger(&mut self) {
        if let [worker] = self.debuggers[..]
            && let Some(handle) = self.workers.get_mut(&worker)
        {
            handle.debug(self.context.options.debugger_terminal);
        }
    }

    /// A worker's debugger has ended, if it had one.
    pub(super) fn leave_debugger(&mut self, worker: usize) {
        let had_it = self.debuggers.first() == Some(&worker);
        self.debuggers.retain(|&other| other != worker);
        if !had_it {
            return;
        }
        for event in std::mem::take(&mut self.held) {
            (self.emit)(&event);
        }
        if let Some(&next) = self.debuggers.first()
            && let Some(handle) = self.workers.get_mut(&next)
        {
            handle.debug(self.context.options.debugger_terminal);
        }
    }

    /// Gives files to workers that asked for some. Where each file has a worker of its own more are
    /// ready than may work at a time.
    pub(super) fn answer_ready(&mut self) {
        let alone = self.context.options.is_isolated();
        while let Some(&worker) = self.ready.front() {
            let works =
                |worker: &&Worker| worker.briefed && !worker.said_bye && worker.exit.is_none();
            let waits = alone && !self.stopping;
            if waits && self.workers.values().filter(works).count() >= self.context.workers {
                return;
            }
            self.ready.pop_front();
            self.assign(worker);
        }
    }

    fn assign(&mut self, worker: usize) {
        let Some(engine) = self.workers.get(&worker).map(|handle| handle.engine) else {
            return;
        };
        let recording = self.context.recording;
        let alone = self.context.options.is_isolated();
        let most = match engine {
            _ if alone => 1,
            // Its memory is looked at after each file.
            Engine::Native if self.context.options.max_worker_memory.is_some() => 1,
            // Files are small, but an answer takes its time where all processors are busy.
            Engine::Native => {
                let (files, _) = self.ledger.waiting(engine);
                (files / (self.context.workers * NATIVE_REQUESTS_PER_WORKER)).clamp(1, NATIVE_FILES)
            }
            Engine::Pytest => {
                let (files, _) = self.ledger.waiting(engine);
                files
                    .div_ceil(self.context.workers * REQUESTS_PER_WORKER)
                    .max(1)
            }
        };
        let (briefed, last) = self
            .workers
            .get(&worker)
            .map_or((false, None), |handle| (handle.briefed, handle.last));
        let too_large = briefed
            && self.context.options.max_worker_memory.is_some_and(|most| {
                let held = self.workers.get(&worker).and_then(Worker::memory);
                held.is_some_and(|held| held > most)
            });
        if let Some(handle) = self.workers.get_mut(&worker) {
            handle.retired |= too_large;
        }
        let seqs = if self.stopping || too_large || (briefed && alone) {
            Vec::new()
        } else {
            let others = self.workers.iter().filter(|(number, _)| **number != worker);
            let others: Vec<usize> = others.filter_map(|(_, handle)| handle.last).collect();
            self.ledger.take_near(engine, most, last, &others)
        };
        let (seqs, unit) = self.close_off(worker, seqs);
        let Some(handle) = self.workers.get_mut(&worker) else {
            return;
        };
        handle.briefed = true;
        handle.last = seqs
            .last()
            .map(|&seq| self.ledger.entry(seq).file)
            .or(handle.last);
        handle.open_captured();
        self.early_deaths = 0;
        if let (Some(recording), Some(&seq)) = (recording, seqs.first()) {
            let file = self.ledger.file(seq);
            recording.assign(worker, &file.path, &file.abspath);
        }
        let imports = if briefed || alone || seqs.is_empty() {
            Vec::new()
        } else {
            // pytest imports every file before it runs the first test, and tests come to rely on
            // what other files have imported.
            self.ledger
                .imports()
                .map(|seq| request(&self.ledger, seq))
                .collect()
        };
        let files = seqs.iter().map(|&seq| request(&self.ledger, seq)).collect();
        let more = most > 1 && engine == Engine::Native && !seqs.is_empty();
        let (unit, ruleset) = unit.unzip();
        handle.files.extend(&seqs);
        let assignment = Assignment {
            imports,
            files,
            unit,
            more,
        };
        handle.assign(&assignment, ruleset.flatten().as_ref());
    }

    /// What a worker may use for the file that it is to be given, in a hermetic run. Where that cannot
    /// be had it gets no file.
    fn close_off(&mut self, worker: usize, seqs: Vec<usize>) -> (Vec<usize>, Option<ClosedUnit>) {
        let (Some(units), Some(&seq)) = (&self.context.units, seqs.first()) else {
            return (seqs, None);
        };
        let path = &self.ledger.file(seq).path;
        match units.unit(worker, path) {
            Ok(unit) => (seqs, Some(unit)),
            Err(error) => {
                let message = format!("its worker cannot be closed off: {error}");
                let path = path.clone();
                self.ledger.finish_file(seq);
                self.collect_error(path, message);
                (Vec::new(), None)
            }
        }
    }

    fn on_collected(&mut self, worker: usize, seq: usize, ids: Vec<String>, deselected: usize) {
        if let Some(handle) = self.workers.get_mut(&worker) {
            handle.collected = true;
        }
        let Some(entry) = self.ledger.get(seq) else {
            return;
        };
        if entry.collected {
            return;
        }
        let (repeated, engine) = (entry.repeated, entry.engine);
        let file = self.ledger.file(seq);
        let is_all = !repeated && deselected == 0 && file.part.is_none();
        let wanted = entry.ids.clone().filter(|_| is_all);
        for id in wanted.into_iter().flatten() {
            let found = ids.iter().any(|have| {
                have.strip_prefix(&id)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', ':']))
            });
            if !found {
                self.say(&Event::UsageError {
                    message: format!("not found: {id}"),
                });
                self.stop();
            }
        }
        let is_nothing = file.is_candidate && ids.is_empty() && deselected == 0;
        if !repeated && !is_nothing {
            if file.is_candidate && self.context.options.engine == EngineChoice::Auto {
                // Only now is it known to hold tests.
                self.say(&Event::FileDeoptimized {
                    path: file.path.clone(),
                    reason: file.reasons.first().cloned().unwrap_or_default(),
                });
            }
            self.compare_with_discovery(file, &ids, deselected);
            self.say(&Event::FileCollected {
                path: file.path.clone(),
                engine,
                tests: ids.len(),
                deselected,
                worker,
            });
        }
        self.ledger.collect(seq, ids);
    }

    /// Discovery was certain of this file; to be wrong then is a bug worth hearing of.
    fn compare_with_discovery(&mut self, file: &PlannedFile, ids: &[String], deselected: usize) {
        let Some(expected) = file.expected.as_ref().filter(|_| deselected == 0) else {
            return;
        };
        let expected: BTreeSet<&str> = expected.iter().map(NodeId::as_str).collect();
        let found: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        if found == expected || file.ids.is_some() {
            return;
        }
        let list = |ids: Vec<&&str>| {
            ids.iter()
                .take(3)
                .map(|id| format!("`{id}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let missed = list(found.difference(&expected).collect());
        let extra = list(expected.difference(&found).collect());
        let message = format!(
            "discovery without Python differs from what was collected (missed: [{missed}], not \
             there: [{extra}]); what was collected has run"
        );
        let problem = Problem::new(ProblemKind::Discovery, message).at(file.path.clone(), None);
        self.say(&Event::Problem { problem });
    }

    fn on_collect_report(&mut self, report: CollectReport) {
        let id = report.id.or_else(|| {
            let seq = report.seq.filter(|seq| self.ledger.get(*seq).is_some())?;
            Some(self.ledger.file(seq).path.clone())
        });
        let Some(id) = id else { return };
        // Every pytest session meets the same broken folder again.
        if self.said.insert(format!("collect {id}")) {
            self.say(&Event::CollectFinished {
                id: NodeId::new(id),
                outcome: report.outcome,
                longrepr: report.longrepr,
                sections: report.sections,
            });
            if report.outcome.is_failure() {
                self.count_failure();
            }
        }
    }

    pub(super) fn on_deopt(
        &mut self,
        worker: usize,
        seq: usize,
        reason: &str,
        ids: Option<Vec<String>>,
    ) {
        let Some(file) = self.ledger.get(seq).map(|_| self.ledger.file(seq)) else {
            return;
        };
        if let Some(handle) = self.workers.get_mut(&worker) {
            handle.files.retain(|&file| file != seq);
        }
        if !self.may_hand_over() {
            self.ledger.finish_file(seq);
            let missing = self.hello.pytest.is_none();
            let why = if missing {
                "pytest is not installed for this interpreter; install it there or name another \
                 interpreter with --python"
            } else {
                "--engine native rules pytest out"
            };
            self.collect_error(
                file.path.clone(),
                format!("the native engine cannot run it ({reason}), and {why}"),
            );
            return;
        }
        self.say(&Event::FileDeoptimized {
            path: file.path.clone(),
            reason: reason.to_owned(),
        });
        self.ledger.hand_over(seq, Engine::Pytest, ids);
    }

    /// Whether pytest may run what the native engine cannot.
    pub(super) fn may_hand_over(&self) -> bool {
        self.context.options.engine != EngineChoice::Native && self.hello.pytest.is_some()
    }

    pub(super) fn internal_error(&mut self, text: String) {
        self.say(&Event::InternalError { text });
        self.stop();
    }

    pub(super) fn finish_test(&mut self, id: String, engine: Engine, phases: Vec<Phase>) {
        let failures = phases
            .iter()
            .filter(|phase| phase.category().is_some_and(Outcome::is_failure))
            .count();
        let outcome = phases
            .iter()
            .filter_map(Phase::category)
            .max()
            .unwrap_or(Outcome::Passed);
        let duration = phases.iter().map(|phase| phase.duration).sum();
        let id = NodeId::new(id);
        self.say(&Event::TestFinished(TestFinished {
            id,
            outcome,
            engine,
            duration,
            phases,
            unchanged: false,
        }));
        for _ in 0..failures {
            self.count_failure();
        }
    }

    pub(super) fn collect_error(&mut self, path: String, message: String) {
        if !self.said.insert(format!("collect {path}")) {
            return;
        }
        self.say(&Event::CollectFinished {
            id: NodeId::new(path),
            outcome: Outcome::Error,
            longrepr: Some(LongRepr::failure(message)),
            sections: Vec::new(),
        });
        self.count_failure();
    }
}

fn request<'l>(ledger: &'l Ledger<'_>, seq: usize) -> FileRequest<'l> {
    let file = ledger.file(seq);
    FileRequest {
        seq,
        path: &file.path,
        abspath: file.abspath.to_string_lossy(),
        conftests: file
            .conftests
            .iter()
            .map(|path| path.to_string_lossy())
            .collect(),
        ids: ledger.entry(seq).ids.as_deref(),
        part: file.part.as_ref(),
        doctest: file.is_doctest,
        candidate: file.is_candidate,
    }
}
