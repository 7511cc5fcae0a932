//! How workers go: wishes to end, and what a dead worker still owed.

use super::{Dispatcher, KEYBOARD_INTERRUPT};
use crate::execution::event::{Event, LongRepr, Outcome, Phase, When};
use crate::execution::shared::Activity;
use crate::execution::wire::FromWorker;
use crate::execution::worker::{Exit, Worker};
use crate::plan::Engine;
use crate::{Problem, ProblemKind};

/// How many workers in a row may die before they ask for a file.
const MAX_EARLY_DEATHS: usize = 3;

impl Dispatcher<'_, '_> {
    pub(super) fn on_exit(&mut self, worker: usize, exit: Exit) {
        if let Some(handle) = self.workers.get_mut(&worker)
            && handle.exit.is_none()
        {
            handle.exit = Some(exit);
            handle.close();
            self.dismiss(worker);
        }
    }

    /// What time brings: a wish to end, tests and farewells that take too long. Whether to go on.
    pub(super) fn on_tick(&mut self) -> bool {
        let level = self.context.cancel.level();
        if level > self.cancelled {
            self.cancelled = level;
            self.interrupted(KEYBOARD_INTERRUPT.to_owned(), None);
            if level > 1 {
                return false;
            }
            for worker in self.workers.values() {
                worker.interrupt();
            }
        }
        for number in self.orphans.clone() {
            let exit = match self.workers.get_mut(&number) {
                Some(worker) => worker.end_of_orphan(),
                None => None,
            };
            if !self.workers.contains_key(&number) || exit.is_some() {
                self.orphans.remove(&number);
            }
            if let Some(exit) = exit {
                self.on_exit(number, exit);
            }
        }
        self.watch();
        true
    }

    /// Makes good for a worker that is gone, once its process has ended and all is read.
    pub(super) fn dismiss(&mut self, number: usize) {
        let Some(worker) = self.workers.get(&number) else {
            return;
        };
        let Some(exit) = worker.exit.filter(|_| worker.drained) else {
            return;
        };
        for frame in worker.unsent() {
            if !matches!(frame, FromWorker::Next | FromWorker::Pause) {
                self.on_frame(number, frame);
            }
        }
        let Some(worker) = self.workers.remove(&number) else {
            return;
        };
        self.farewells.remove(&number);
        self.leave_debugger(number);
        if worker.said_bye || worker.abandoned || self.cancelled > 0 {
            return;
        }
        if let (Some(attribution), Some(file)) = (self.context.attribution, worker.last) {
            attribution.broken(&self.ledger.planned(file).path);
        }
        let owed: Vec<usize> = worker
            .files
            .iter()
            .copied()
            .filter(|&seq| !self.ledger.entry(seq).done)
            .collect();
        let death = match (&worker.killed_because, &worker.broken) {
            (Some(reason), _) => format!("was killed because it {reason}"),
            (None, Some(traceback)) => format!("failed: {}", last_line(traceback)),
            (None, None) => exit.describe(),
        };
        if worker.broken.is_some() && worker.engine == Engine::Native && self.may_hand_over() {
            // There are tests that it cannot stand, such as one that closes every descriptor: the
            // answer is pytest's.
            for &seq in &owed {
                self.on_deopt(number, seq, &format!("the native engine {death}"), None);
            }
            if !owed.is_empty() {
                return;
            }
        }
        let blamed = self.blame(&worker, &death);
        let at_end = worker.collected && owed.is_empty();
        match (&worker.broken, blamed, owed.is_empty()) {
            (Some(traceback), false, _) if worker.activity() == Activity::Idle && !at_end => {
                return self.internal_error(traceback.clone());
            }
            (Some(traceback), false, _) => self.on_failed_end(traceback),
            (None, false, true) if worker.briefed => {
                let message = format!("a worker {death} after its last test");
                self.say(&Event::Problem {
                    problem: Problem::new(ProblemKind::Worker, message),
                });
            }
            // The fork server died before it forked this one, which says nothing of the files.
            (None, false, true) if worker.pid.is_none() => {}
            (None, false, true) => self.on_early_death(worker.engine, &death),
            _ => {}
        }
        for seq in owed {
            let answered = self.ledger.entry(seq).done;
            if !answered && !self.stopping && !self.ledger.retry(seq, !blamed) {
                let path = self.ledger.file(seq).path.clone();
                let message =
                    format!("every worker that was given this file died; the last {death}");
                self.collect_error(path, message);
            }
        }
    }

    /// Fails the test that a dead worker was running, or the file that it was importing; whether
    /// there is one.
    fn blame(&mut self, worker: &Worker, death: &str) -> bool {
        match worker.activity() {
            Activity::Running { seq, index } => {
                let Some(id) = self.ledger.finish_test(seq, index) else {
                    return false;
                };
                let engine = self.ledger.entry(seq).engine;
                let message = format!("the worker running this test {death}");
                let mut longrepr = LongRepr::failure(message.as_str());
                let details = worker.broken.clone().or_else(|| worker.stacks());
                if let Some(details) = details {
                    longrepr.text = Some(format!("{details}\n{message}"));
                }
                let phase = Phase {
                    outcome: Outcome::Failed,
                    longrepr: Some(longrepr),
                    sections: worker.captured(),
                    ..Phase::passed(When::Call, 0.0)
                };
                self.finish_test(id, engine, vec![phase]);
                true
            }
            Activity::Loading { seq } if self.ledger.get(seq).is_some() => {
                self.ledger.condemn(seq);
                let path = self.ledger.file(seq).path.clone();
                self.collect_error(path, format!("the worker importing this file {death}"));
                true
            }
            _ => false,
        }
    }

    /// A session failed after its last test. pytest leaves that to the interpreter, which ends with
    /// a traceback and exit code 1.
    fn on_failed_end(&mut self, traceback: &str) {
        let message = format!("a session failed after its last test:\n{traceback}");
        self.say(&Event::Problem {
            problem: Problem::new(ProblemKind::Worker, message),
        });
        if self.said.insert("interrupted".to_owned()) {
            self.say(&Event::Interrupted {
                reason: last_line(traceback).to_owned(),
                exit_code: Some(1),
            });
        }
    }

    /// Gives up when workers die before they ask for a file, as of a conftest that ends the process.
    fn on_early_death(&mut self, engine: Engine, death: &str) {
        self.early_deaths += 1;
        if self.early_deaths < MAX_EARLY_DEATHS {
            return;
        }
        for seq in self.ledger.take(engine, usize::MAX) {
            self.ledger.finish_file(seq);
            let path = self.ledger.file(seq).path.clone();
            let message = format!("every worker died before it got to a file; the last {death}");
            self.collect_error(path, message);
        }
    }
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default()
}
