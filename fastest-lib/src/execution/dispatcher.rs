//! The loop that owns all state of a run: it hands out files, takes in reports, and makes good
//! for workers that die.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use rustix::process::Pid;

use super::cancel::CancelToken;
use super::event::{EVENT_SCHEMA, Event, LongRepr, Outcome, Phase, TestFinished, When};
use super::ledger::Ledger;
use super::shared::Activity;
use super::wire::{Assignment, CollectReport, FileRequest, FromWorker, FromZygote, Hello};
use super::worker::{Exit, Worker};
use super::zygote::Zygote;
use crate::plan::{Engine, PYTEST_COST, Plan, PlannedFile, RunOptions, plugin_that_needs_pytest};
use crate::workspace::{Config, EngineChoice};
use crate::{Error, ErrorKind, NodeId, Problem, ProblemKind, Result};

/// How often the loop looks up when nobody reports.
const TICK: Duration = Duration::from_millis(50);
/// How long a worker that has said good-bye may take for its exit handlers.
const FAREWELL: Duration = Duration::from_secs(5);
/// Interpreters started anew after a test killed the one before.
const MAX_GENERATIONS: usize = 4;
/// Requests a worker should come to make, so that the last of them are small.
const REQUESTS_PER_WORKER: usize = 4;

/// What reaches the dispatcher from the threads that read.
#[derive(Debug)]
pub(super) enum Message {
    FromWorker {
        worker: usize,
        frame: FromWorker,
    },
    WorkerDrained {
        worker: usize,
        error: Option<io::Error>,
    },
    FromZygote {
        frame: FromZygote,
    },
    ZygoteGone {
        generation: usize,
    },
}

/// What a run needs besides its plan.
pub(crate) struct RunContext<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a RunOptions,
    /// pytest's settings.
    pub(crate) ini: &'a Config,
    pub(crate) rootdir: &'a str,
    /// The first message to every interpreter.
    pub(crate) config: serde_json::Value,
    /// An interpreter that is already booting.
    pub(crate) zygote: Zygote,
    /// Starts another one, should a test kill it.
    pub(crate) spawn: &'a dyn Fn() -> Result<Zygote>,
    pub(crate) cancel: CancelToken,
    pub(crate) workers: usize,
}

/// Runs a plan to its end.
pub(crate) fn dispatch(mut context: RunContext<'_>, emit: &mut dyn FnMut(&Event)) -> Result<()> {
    let hello = context.zygote.initialise(&context.config)?;
    if let Some(version) = &hello.pytest {
        check_pytest(version, context.ini)?;
    }
    emit(&Event::RunStarted {
        schema: EVENT_SCHEMA,
        rootdir: context.rootdir.to_owned(),
        python: hello.python.clone(),
        pytest: hello.pytest.clone(),
        workers: context.workers,
        files: context.plan.files.len(),
    });
    Dispatcher::new(context, hello, emit).run()
}

/// The first pytest whose sessions collect folder by folder, which the pytest engine builds on.
const FIRST_PYTEST: u32 = 8;

fn check_pytest(version: &str, ini: &Config) -> Result<()> {
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major < FIRST_PYTEST) {
        let message = format!("pytest {version} is too old: {FIRST_PYTEST}.0 or later is needed");
        return Err(Error::new(ErrorKind::Interpreter, message)
            .with_help("upgrade pytest for this interpreter, or name another one with --python"));
    }
    match &ini.minversion {
        Some(least) if !ini.minversion_satisfied(version) => Err(Error::new(
            ErrorKind::Config,
            format!("'minversion' requires pytest-{least}, actual pytest-{version}"),
        )),
        _ => Ok(()),
    }
}

struct Dispatcher<'a, 'e> {
    context: RunContext<'a>,
    hello: Hello,
    emit: &'e mut dyn FnMut(&Event),
    ledger: Ledger<'a>,
    workers: BTreeMap<usize, Worker>,
    next_worker: usize,
    generation: usize,
    generation_of: BTreeMap<usize, usize>,
    /// Workers whose fork server is gone.
    orphans: BTreeSet<usize>,
    /// Fork servers that are gone, kept because dropping one kills its workers.
    retired: Vec<Zygote>,
    zygote_is_up: bool,
    /// The engines that the fork server has imported.
    preloaded: BTreeSet<Engine>,
    messages: (Sender<Message>, Receiver<Message>),
    failures: usize,
    /// Set when no further test is to start.
    stopping: bool,
    cancelled: u8,
    said: BTreeSet<String>,
    watch: BTreeMap<usize, (Activity, Instant)>,
    farewells: BTreeMap<usize, Instant>,
}

impl<'a, 'e> Dispatcher<'a, 'e> {
    fn new(context: RunContext<'a>, hello: Hello, emit: &'e mut dyn FnMut(&Event)) -> Self {
        let plan = context.plan;
        let choice = context.options.engine;
        let plugin = plugin_that_needs_pytest(&hello.plugins)
            .filter(|_| choice == EngineChoice::Auto && hello.pytest.is_some())
            .map(ToOwned::to_owned);
        if let Some(plugin) = &plugin {
            for file in &plan.files {
                if file.engine == Engine::Native {
                    emit(&Event::FileDeoptimized {
                        path: file.path.clone(),
                        reason: format!("the installed plugin {plugin} may change its outcome"),
                    });
                }
            }
        }
        let engine = |file: &PlannedFile| match plugin {
            Some(_) => Engine::Pytest,
            None => file.engine,
        };
        for file in &plan.files {
            if choice == EngineChoice::Auto && file.engine == Engine::Pytest {
                emit(&Event::FileDeoptimized {
                    path: file.path.clone(),
                    reason: file.reasons.first().cloned().unwrap_or_default(),
                });
            }
        }
        let ledger = Ledger::open(plan, context.workers, engine);
        Self {
            context,
            hello,
            emit,
            ledger,
            workers: BTreeMap::new(),
            next_worker: 0,
            generation: 0,
            generation_of: BTreeMap::new(),
            orphans: BTreeSet::new(),
            retired: Vec::new(),
            zygote_is_up: false,
            preloaded: BTreeSet::new(),
            messages: unbounded(),
            failures: 0,
            stopping: false,
            cancelled: 0,
            said: BTreeSet::new(),
            watch: BTreeMap::new(),
            farewells: BTreeMap::new(),
        }
    }

    fn run(&mut self) -> Result<()> {
        self.listen()?;
        loop {
            self.staff()?;
            if self.workers.is_empty() {
                break;
            }
            match self.messages.1.recv_timeout(TICK) {
                Ok(message) => {
                    self.on_message(message);
                    while let Ok(message) = self.messages.1.try_recv() {
                        self.on_message(message);
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if !self.on_tick() {
                break;
            }
        }
        self.context.zygote.kill();
        Ok(())
    }

    fn say(&mut self, event: &Event) {
        (self.emit)(event);
    }

    // Workers come ...

    fn listen(&mut self) -> Result<()> {
        self.zygote_is_up = true;
        self.preloaded.clear();
        self.context
            .zygote
            .listen(self.generation, &self.messages.0)
            .map_err(|error| failed("the interpreter cannot be listened to", &error))
    }

    /// Forks workers while there are files that nobody is about to take.
    fn staff(&mut self) -> Result<()> {
        if self.hello.pytest.is_none() {
            self.give_up_on_pytest();
        }
        while !self.stopping && self.workers.len() < self.context.workers {
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
                .filter(|worker| !worker.said_bye)
                .count();
            let (files, tests) = self.ledger.waiting(engine);
            (files > idle).then_some(tests)
        };
        let native = wanting(Engine::Native);
        let pytest = wanting(Engine::Pytest);
        match (native, pytest) {
            (None, None) => None,
            (Some(_), None) => Some(Engine::Native),
            (None, Some(_)) => Some(Engine::Pytest),
            (Some(native), Some(pytest)) => {
                let pytest = pytest * PYTEST_COST;
                let share = (self.context.workers * pytest).div_ceil(native + pytest);
                let at_pytest = self
                    .workers
                    .values()
                    .filter(|worker| worker.engine == Engine::Pytest)
                    .count();
                Some(if at_pytest < share {
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
            self.context.zygote.initialise(&self.context.config)?;
            self.listen()?;
        }
        let mut modules = Vec::new();
        if self.preloaded.insert(engine) {
            match engine {
                Engine::Native => modules.push("fastest_harness.native.engine"),
                Engine::Pytest => {
                    modules.extend(["fastest_harness.pytest_engine", "fastest_harness.preload"]);
                }
            }
            if self.context.plan.imports_pytest {
                modules.push("pytest");
            }
        }
        let number = self.next_worker;
        self.next_worker += 1;
        let forked = Worker::new(number, engine, &self.messages.0).and_then(|(worker, socket)| {
            if !modules.is_empty() {
                self.context.zygote.preload(&modules)?;
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

    fn give_up_on_pytest(&mut self) {
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

    // ... work ...

    fn on_message(&mut self, message: Message) {
        match message {
            Message::FromWorker { worker, frame } => self.on_frame(worker, frame),
            Message::WorkerDrained { worker, error } => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.drained = true;
                    if let Some(error) = error {
                        handle.kill(&format!("sent something unreadable ({error})"));
                    }
                    self.dismiss(worker);
                }
            }
            Message::FromZygote {
                frame: FromZygote::Forked { worker, pid },
                ..
            } => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.pid = Pid::from_raw(pid);
                    if self.cancelled > 0 {
                        handle.interrupt();
                    }
                }
            }
            Message::FromZygote {
                frame:
                    FromZygote::Exited {
                        worker,
                        code,
                        signal,
                    },
                ..
            } => {
                self.on_exit(worker, Exit { code, signal });
            }
            Message::FromZygote {
                frame: FromZygote::Ready(_),
                ..
            } => {}
            Message::ZygoteGone { generation } => {
                // Its workers live on; only nobody tells of their ends any more.
                if generation == self.generation {
                    self.zygote_is_up = false;
                }
                let orphans = self
                    .workers
                    .keys()
                    .filter(|worker| self.generation_of.get(worker) == Some(&generation));
                self.orphans.extend(orphans);
                for worker in self.orphans.clone() {
                    if self
                        .workers
                        .get(&worker)
                        .is_some_and(|handle| handle.drained)
                    {
                        self.on_exit(
                            worker,
                            Exit {
                                code: None,
                                signal: None,
                            },
                        );
                    }
                }
            }
        }
    }

    fn on_exit(&mut self, worker: usize, exit: Exit) {
        if let Some(handle) = self.workers.get_mut(&worker)
            && handle.exit.is_none()
        {
            handle.exit = Some(exit);
            handle.close();
            self.dismiss(worker);
        }
    }

    fn on_frame(&mut self, worker: usize, frame: FromWorker) {
        match frame {
            FromWorker::Next => self.assign(worker),
            FromWorker::Collected {
                seq,
                ids,
                deselected,
            } => {
                self.on_collected(seq, ids, deselected);
            }
            FromWorker::Collect(report) => self.on_collect_report(report),
            FromWorker::Deopt { seq, reason, ids } => self.on_deopt(worker, seq, &reason, ids),
            FromWorker::Result { seq, index, phases } => {
                if let Some(id) = self.ledger.finish_test(seq, index) {
                    let engine = self.ledger.entry(seq).engine;
                    self.finish_test(id, engine, phases);
                }
            }
            FromWorker::Warning(warning) => {
                // Every worker imports every file, and hears its warnings.
                let told = warning.when != "runtest"
                    && !self.said.insert(format!(
                        "warning {} {} {} {}",
                        warning.path, warning.line, warning.category, warning.message
                    ));
                if !told {
                    self.say(&Event::Warning(warning));
                }
            }
            FromWorker::Done { seq } => {
                self.ledger.finish_file(seq);
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.files.retain(|&file| file != seq);
                }
            }
            FromWorker::Usage { message } => {
                if self.said.insert(message.clone()) {
                    self.say(&Event::UsageError { message });
                }
                self.stop();
            }
            FromWorker::Interrupted { reason, exit_code } => self.interrupted(reason, exit_code),
            FromWorker::Error { text } => {
                self.say(&Event::InternalError { text });
                self.stop();
            }
            FromWorker::Bye => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.said_bye = true;
                    self.farewells.insert(worker, Instant::now());
                }
            }
        }
    }

    fn assign(&mut self, worker: usize) {
        let Some(engine) = self.workers.get(&worker).map(|handle| handle.engine) else {
            return;
        };
        let most = match engine {
            // Its files are small and asking is cheap.
            Engine::Native => 1,
            Engine::Pytest => {
                let (files, _) = self.ledger.waiting(engine);
                files
                    .div_ceil(self.context.workers * REQUESTS_PER_WORKER)
                    .max(1)
            }
        };
        let seqs = if self.stopping {
            Vec::new()
        } else {
            self.ledger.take(engine, most)
        };
        let Some(handle) = self.workers.get_mut(&worker) else {
            return;
        };
        let briefed = std::mem::replace(&mut handle.briefed, true);
        let imports = if briefed || seqs.is_empty() {
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
        handle.files.extend(&seqs);
        handle.assign(&Assignment { imports, files });
    }

    fn on_collected(&mut self, seq: usize, ids: Vec<String>, deselected: usize) {
        let Some(entry) = self.ledger.get(seq) else {
            return;
        };
        let (repeated, engine) = (entry.repeated, entry.engine);
        let wanted = entry.ids.clone().filter(|_| !repeated && deselected == 0);
        let file = self.ledger.file(seq);
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
        if !repeated {
            self.compare_with_discovery(file, &ids, deselected);
            self.say(&Event::FileCollected {
                path: file.path.clone(),
                engine,
                tests: ids.len(),
                deselected,
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
            report
                .seq
                .and_then(|seq| self.ledger.get(seq))
                .map(|entry| self.context.plan.files[entry.file].path.clone())
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

    fn on_deopt(&mut self, worker: usize, seq: usize, reason: &str, ids: Option<Vec<String>>) {
        let Some(file) = self.ledger.get(seq).map(|_| self.ledger.file(seq)) else {
            return;
        };
        if let Some(handle) = self.workers.get_mut(&worker) {
            handle.files.retain(|&file| file != seq);
        }
        let missing = self.hello.pytest.is_none();
        if self.context.options.engine == EngineChoice::Native || missing {
            self.ledger.finish_file(seq);
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

    fn finish_test(&mut self, id: String, engine: Engine, phases: Vec<Phase>) {
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
        }));
        for _ in 0..failures {
            self.count_failure();
        }
    }

    fn collect_error(&mut self, path: String, message: String) {
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

    // ... and go.

    fn count_failure(&mut self) {
        self.failures += 1;
        let maxfail = self.context.options.maxfail;
        if maxfail > 0 && self.failures == maxfail {
            let reason = format!("stopping after {maxfail} failures");
            self.say(&Event::Interrupted {
                reason,
                exit_code: Some(1),
            });
            self.stop();
        }
    }

    /// Lets no further test start; what runs may end.
    fn stop(&mut self) {
        self.stopping = true;
        self.ledger.clear();
        for worker in self.workers.values() {
            worker.stop();
        }
    }

    fn interrupted(&mut self, reason: String, exit_code: Option<i32>) {
        if self.said.insert("interrupted".to_owned()) {
            self.say(&Event::Interrupted {
                reason,
                exit_code: exit_code.or(Some(2)),
            });
        }
        self.stop();
    }

    /// What time brings: a wish to end, tests and farewells that take too long. Whether to go on.
    fn on_tick(&mut self) -> bool {
        let level = self.context.cancel.level();
        if level > self.cancelled {
            self.cancelled = level;
            self.interrupted("KeyboardInterrupt".to_owned(), None);
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
    fn dismiss(&mut self, number: usize) {
        let Some(worker) = self.workers.get(&number) else {
            return;
        };
        let Some(exit) = worker.exit.filter(|_| worker.drained) else {
            return;
        };
        for frame in worker.unsent() {
            if !matches!(frame, FromWorker::Next) {
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
        let death = match &worker.killed_because {
            Some(reason) => format!("was killed because it {reason}"),
            None => exit.describe(),
        };
        let mut blamed = None;
        match worker.activity() {
            Activity::Running { seq, index } => {
                if let Some(id) = self.ledger.finish_test(seq, index) {
                    blamed = Some(seq);
                    let engine = self.ledger.entry(seq).engine;
                    let message = format!("the worker running this test {death}");
                    let phase = Phase {
                        outcome: Outcome::Failed,
                        longrepr: Some(LongRepr::failure(message)),
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
        let owed: Vec<usize> = worker
            .files
            .iter()
            .copied()
            .filter(|&seq| !self.ledger.entry(seq).done)
            .collect();
        if blamed.is_none() && owed.is_empty() {
            let message = format!("a worker {death} after its last test");
            self.say(&Event::Problem {
                problem: Problem::new(ProblemKind::Worker, message),
            });
        }
        for seq in owed {
            if !self.stopping && !self.ledger.retry(seq, blamed.is_none()) {
                let path = self.ledger.file(seq).path.clone();
                let message =
                    format!("every worker that was given this file died; the last {death}");
                self.collect_error(path, message);
            }
        }
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
    }
}

fn failed(what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Execution, format!("{what}: {error}"))
}
