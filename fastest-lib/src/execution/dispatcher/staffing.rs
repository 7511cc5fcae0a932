//! How workers come: fork servers, and how many workers of which engine.

use std::io;
use std::os::fd::AsFd;

use super::{Dispatcher, failed};
use crate::execution::preload;
use crate::execution::worker::Worker;
use crate::plan::Engine;
use crate::{Error, ErrorKind, Result};

/// As many workers pay for what the fork server imports for them.
const FEW_FILES: usize = 8;

/// Interpreters started anew after a test killed the one before.
const MAX_GENERATIONS: usize = 4;

impl Dispatcher<'_, '_> {
    pub(super) fn listen(&mut self) -> Result<()> {
        self.zygote_is_up = true;
        self.preloaded.clear();
        let zygote = &mut self.context.zygote;
        if let Some(units) = &self.context.units {
            // Should it be dead already, that will show.
            let _ = zygote.close(units.rules());
        }
        zygote
            .listen(self.generation, &self.messages.0)
            .map_err(|error| failed("the interpreter cannot be listened to", &error))
    }

    /// Forks workers while there are files that nobody is about to take.
    pub(super) fn staff(&mut self) -> Result<()> {
        if self.hello.pytest.is_none() {
            self.give_up_on_pytest();
        }
        // Where each file has a worker of its own, one that ends is no reason to wait, and others get
        // ready while those before them work.
        let alone = self.context.options.is_isolated();
        let most = if alone { 2 } else { 1 } * self.context.workers;
        let stays = |worker: &&Worker| !(alone && worker.said_bye);
        while !self.stopping
            && self.workers.values().filter(stays).count() < most
            && self.workers.len() < most + self.context.workers
        {
            let Some(engine) = self.engine_to_staff() else {
                break;
            };
            self.fork(engine)?;
        }
        Ok(())
    }

    /// The engine that the next worker should run, if another worker is of use.
    fn engine_to_staff(&self) -> Option<Engine> {
        let wanting = |engine| {
            let idle = self
                .workers
                .values()
                .filter(|worker| worker.engine == engine && worker.files.is_empty())
                .filter(|worker| !worker.said_bye && !worker.retired)
                .filter(|worker| !(worker.briefed && self.context.options.is_isolated()))
                .count();
            let (files, cost) = self.ledger.waiting(engine);
            (files > idle).then_some(cost)
        };
        let native = wanting(Engine::Native);
        let pytest = wanting(Engine::Pytest);
        match (native, pytest) {
            (None, None) => None,
            (Some(_), None) => Some(Engine::Native),
            (None, Some(_)) => Some(Engine::Pytest),
            (Some(native), Some(pytest)) => {
                #[allow(clippy::cast_precision_loss)]
                let share = (self.context.workers as f64 * pytest / (native + pytest)).ceil();
                let at_pytest = self
                    .workers
                    .values()
                    .filter(|worker| worker.engine == Engine::Pytest)
                    .count();
                #[allow(clippy::cast_precision_loss)]
                Some(if (at_pytest as f64) < share {
                    Engine::Pytest
                } else {
                    Engine::Native
                })
            }
        }
    }

    fn fork(&mut self, engine: Engine) -> Result<()> {
        if !self.zygote_is_up {
            self.generation += 1;
            if self.generation >= MAX_GENERATIONS {
                return Err(Error::new(
                    ErrorKind::Execution,
                    "the interpreter that forks workers was killed again and again",
                )
                .with_help("a test may kill its process group; `-v -n 1` shows which ran last"));
            }
            let zygote = (self.context.spawn)()?;
            self.retired
                .push(std::mem::replace(&mut self.context.zygote, zygote));
            let (config, cancel) = (&self.context.config, &self.context.cancel);
            if self.context.zygote.initialise(config, cancel)?.is_none() {
                return Ok(());
            }
            self.listen()?;
        }
        let mut modules = Vec::new();
        let mut many_workers = false;
        if self.preloaded.insert(engine) {
            modules = preload::modules(self.context.plan, engine);
            let (files, _) = self.ledger.waiting(engine);
            let alone = self.context.options.is_isolated();
            many_workers = alone && engine == Engine::Native && files > FEW_FILES;
            if many_workers {
                modules.push("fastest_harness.native.ahead");
            }
        }
        let number = self.next_worker;
        self.next_worker += 1;
        let forked = Worker::new(number, engine, &self.messages.0).and_then(|(worker, socket)| {
            if !modules.is_empty() {
                self.context.zygote.preload(&modules)?;
            }
            if many_workers {
                self.context.zygote.prepare()?;
            }
            self.context
                .zygote
                .fork(number, engine, socket.as_fd(), worker.shared().as_fd())?;
            Ok(worker)
        });
        match forked {
            Ok(worker) => {
                self.workers.insert(number, worker);
                self.generation_of.insert(number, self.generation);
                Ok(())
            }
            // It has just been killed; the message that says so is under way.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.zygote_is_up = false;
                Ok(())
            }
            Err(error) => Err(failed("a worker cannot be started", &error)),
        }
    }

    /// Files whose names are not UTF-8 cannot be named to a worker, nor in a report.
    pub(super) fn refuse_unspeakable(&mut self) {
        let unspeakable = |seq: &usize| self.ledger.file(*seq).abspath.to_str().is_none();
        let seqs: Vec<usize> = self.ledger.imports().filter(unspeakable).collect();
        for seq in seqs {
            self.ledger.condemn(seq);
            let path = self.ledger.file(seq).path.clone();
            self.collect_error(path, "its path is not UTF-8; rename it".to_owned());
        }
    }

    /// Says once that files which only pytest collects are not run.
    pub(super) fn give_up_on_candidates(&mut self, why: &str) {
        let is_candidate = |seq: &usize| self.ledger.file(*seq).is_candidate;
        let seqs: Vec<usize> = self.ledger.imports().filter(is_candidate).collect();
        let Some(first) = seqs.first().map(|seq| self.ledger.file(*seq)) else {
            return;
        };
        let reason = first.reasons.first().map_or("a hook", |reason| reason);
        let message = format!(
            "{} files that are no test files may hold tests which only pytest collects ({reason}), \
             and {why}",
            seqs.len()
        );
        let path = first.path.clone();
        for seq in seqs {
            self.ledger.condemn(seq);
        }
        self.collect_error(path, message);
    }

    fn give_up_on_pytest(&mut self) {
        self.give_up_on_candidates("it is not installed for this interpreter");
        for seq in self.ledger.take(Engine::Pytest, usize::MAX) {
            let file = self.ledger.file(seq);
            let reason = file
                .reasons
                .first()
                .map_or("the native engine cannot run it", |r| r);
            let message = format!(
                "needs pytest, which is not installed for this interpreter: {reason}; install \
                 pytest there or name another interpreter with --python"
            );
            self.ledger.finish_file(seq);
            self.collect_error(file.path.clone(), message);
        }
    }
}
