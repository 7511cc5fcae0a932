//! How workers go: wishes to end, limits of time, and what a dead worker still owed.

use std::time::{Duration, Instant};

use super::{Dispatcher, KEYBOARD_INTERRUPT};
use crate::execution::event::{Event, LongRepr, Outcome, Phase, When};
use crate::execution::shared::Activity;
use crate::execution::wire::FromWorker;
use crate::execution::worker::Exit;
use crate::plan::Engine;
use crate::{Problem, ProblemKind};

/// How long a worker that has said good-bye may take for its exit handlers.
const FAREWELL: Duration = Duration::from_secs(5);

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
        let dead: Vec<usize> = self
            .orphans
            .iter()
            .filter(|worker| {
                self.workers
                    .get(worker)
                    .is_none_or(|handle| !handle.is_alive())
            })
            .copied()
            .collect();
        for worker in dead {
            self.orphans.remove(&worker);
            self.on_exit(
                worker,
                Exit {
                    code: None,
                    signal: None,
                },
            );
        }
        let now = Instant::now();
        for (number, since) in &self.farewells {
            if now.duration_since(*since) > FAREWELL
                && let Some(worker) = self.workers.get_mut(number)
            {
                worker.kill("did not end after its last test");
            }
        }
        if let Some(timeout) = self.context.options.timeout {
            for (number, worker) in &mut self.workers {
                let activity = worker.activity();
                let (last, since) = self.watch.entry(*number).or_insert((activity, now));
                if *last != activity || activity == Activity::Idle {
                    (*last, *since) = (activity, now);
                } else if now.duration_since(*since) > timeout {
                    worker.kill(&format!("took longer than {} s", timeout.as_secs_f64()));
                }
            }
        }
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
        self.watch.remove(&number);
        self.farewells.remove(&number);
        if worker.said_bye || self.cancelled > 0 {
            return;
        }
        let owed: Vec<usize> = worker
            .files
            .iter()
            .copied()
            .filter(|&seq| !self.ledger.entry(seq).done)
            .collect();
        let cause = worker
            .broken
            .as_ref()
            .map(|text| text.trim_end().lines().last());
        let cause = cause.flatten().unwrap_or_default();
        if let Some(text) = &worker.broken {
            if worker.engine == Engine::Native && self.may_hand_over() && !owed.is_empty() {
                // There are tests that it cannot stand, such as one that closes every descriptor:
                // the answer is pytest's.
                for seq in owed {
                    let reason = format!("the native engine failed: {cause}");
                    self.on_deopt(number, seq, &reason, None);
                }
                return;
            }
            if worker.activity() == Activity::Idle {
                self.internal_error(text.clone());
                return;
            }
        }
        let death = match (&worker.killed_because, &worker.broken) {
            (Some(reason), _) => format!("was killed because it {reason}"),
            (None, Some(_)) => format!("failed: {cause}"),
            (None, None) => exit.describe(),
        };
        let mut blamed = None;
        match worker.activity() {
            Activity::Running { seq, index } => {
                if let Some(id) = self.ledger.finish_test(seq, index) {
                    blamed = Some(seq);
                    let engine = self.ledger.entry(seq).engine;
                    let message = format!("the worker running this test {death}");
                    let mut longrepr = LongRepr::failure(message.as_str());
                    if let Some(traceback) = &worker.broken {
                        longrepr.text = Some(format!("{traceback}\n{message}"));
                    }
                    let phase = Phase {
                        outcome: Outcome::Failed,
                        longrepr: Some(longrepr),
                        ..Phase::passed(When::Call, 0.0)
                    };
                    self.finish_test(id, engine, vec![phase]);
                }
            }
            Activity::Loading { seq } if self.ledger.get(seq).is_some() => {
                blamed = Some(seq);
                self.ledger.condemn(seq);
                let path = self.ledger.file(seq).path.clone();
                self.collect_error(path, format!("the worker importing this file {death}"));
            }
            _ => {}
        }
        if blamed.is_none() && owed.is_empty() {
            let message = format!("a worker {death} after its last test");
            self.say(&Event::Problem {
                problem: Problem::new(ProblemKind::Worker, message),
            });
        }
        for seq in owed {
            let answered = self.ledger.entry(seq).done;
            if !answered && !self.stopping && !self.ledger.retry(seq, blamed.is_none()) {
                let path = self.ledger.file(seq).path.clone();
                let message =
                    format!("every worker that was given this file died; the last {death}");
                self.collect_error(path, message);
            }
        }
    }
}
