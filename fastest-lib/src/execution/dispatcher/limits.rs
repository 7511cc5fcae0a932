//! Limits of time: tests, farewells and stopped processes that take too long.

use std::time::{Duration, Instant};

use super::Dispatcher;
use crate::execution::message::TICK;
use crate::execution::shared::{Activity, Limit};
use crate::execution::worker::Watched;

/// How long a worker that has said good-bye may take for its exit handlers.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a worker may take to write its stacks before it is killed without.
const STACKS: Duration = Duration::from_secs(1);
/// How long a worker may be stopped before nobody is thought to let it go on.
const STOPPED: Duration = Duration::from_secs(5);
/// How long tests may go on after the failure that ends a run.
const AFTERMATH: Duration = Duration::from_secs(1);

impl Dispatcher<'_, '_> {
    /// Looks at all clocks, at most once a tick.
    pub(super) fn watch(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.watched_at) < TICK / 2 {
            return;
        }
        self.watched_at = now;
        self.context.zygote.resume_if_stopped();
        for (number, since) in &self.farewells {
            if now.duration_since(*since) > FAREWELL
                && let Some(worker) = self.workers.get_mut(number)
            {
                worker.kill("did not end after its last test");
            }
        }
        for worker in self.workers.values_mut() {
            if let Some(since) = worker.stopped_since
                && now.duration_since(since) > STOPPED
            {
                worker.kill("was stopped by a signal and nothing let it go on");
            }
        }
        if let Some(since) = self.stopped_at
            && now.duration_since(since) > AFTERMATH
        {
            self.stopped_at = None;
            for worker in self.workers.values() {
                worker.interrupt();
            }
        }
        self.watch_tests(now);
    }

    fn watch_tests(&mut self, now: Instant) {
        let options = self.context.options;
        let given = |limit: &Duration| !limit.is_zero();
        let limits = (
            options.timeout.filter(given),
            options.timeout.or(self.context.test_timeout).filter(given),
        );
        for worker in self.workers.values_mut() {
            let (activity, (limit, count)) = (worker.activity(), worker.limit());
            let watched = worker.watched;
            if watched.activity != activity || watched.limits != count {
                if watched.asked.is_some() {
                    worker.forget_stacks();
                }
                worker.watched = Watched {
                    activity,
                    limits: count,
                    since: now,
                    asked: None,
                };
                continue;
            }
            let limit = match (activity, limit) {
                (Activity::Idle, _) | (Activity::Running { .. }, Limit::None) => None,
                (Activity::Loading { .. }, _) => limits.0,
                (Activity::Running { .. }, Limit::Default) => limits.1,
                (Activity::Running { .. }, Limit::Some(limit)) => Some(limit),
            };
            let Some(limit) = limit.filter(|limit| now.duration_since(watched.since) > *limit)
            else {
                continue;
            };
            // The stacks first: they show where it hangs. A test that ends meanwhile has ended.
            let is_over = match watched.asked {
                None => {
                    worker.watched.asked = Some(now);
                    !worker.ask_for_stacks()
                }
                Some(asked) => worker.stacks().is_some() || now.duration_since(asked) > STACKS,
            };
            if is_over {
                worker.kill(&format!("took longer than {} s", limit.as_secs_f64()));
            }
        }
    }
}
