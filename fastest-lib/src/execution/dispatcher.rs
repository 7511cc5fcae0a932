//! The loop that owns all state of a run: it hands out files, takes in reports, and makes good
//! for workers that die.

mod departures;
mod frames;
mod limits;
mod staffing;
mod unlisted;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use rustix::process::Pid;

use super::cancel::CancelToken;
use super::event::{EVENT_SCHEMA, Event};
use super::kept::Attribution;
use super::ledger::{Ledger, Order};
use super::message::{Message, TICK};
use super::recording::Recording;
use super::units::Units;
use super::wire::{FromWorker, FromZygote, Hello};
use super::worker::{Exit, Worker};
use super::zygote::Zygote;
use crate::plan::{Engine, Plan, PlannedFile, RunOptions};
use crate::workspace::{Config, EngineChoice};
use crate::{Error, ErrorKind, Result};

/// Why a run ends that the user cancels; pytest's word.
const KEYBOARD_INTERRUPT: &str = "KeyboardInterrupt";

/// How long to wait for what killed workers had sent.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a run needs besides its plan.
pub(crate) struct RunContext<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a RunOptions,
    /// The most that a test may take, by what pytest-timeout reads.
    pub(crate) test_timeout: Option<Duration>,
    /// Whether addopts has an option that pytest refuses without pytest-timeout.
    pub(crate) needs_timeout_plugin: bool,
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
    /// Has each file run in a worker of its own.
    pub(crate) recording: Option<&'a Recording>,
    /// What was told before of what is told once.
    pub(crate) said: BTreeSet<String>,
    /// Where it is put down which file's worker said what.
    pub(crate) attribution: Option<&'a Attribution>,
    /// Has each file run in a worker that can use nothing else than it declares.
    pub(crate) units: Option<Units<'a>>,
}

/// Runs a plan to its end.
pub(crate) fn dispatch(mut context: RunContext<'_>, emit: &mut dyn FnMut(&Event)) -> Result<()> {
    if let Some(problem) = context.zygote.problem() {
        emit(&Event::Problem {
            problem: problem.clone(),
        });
    }
    let hello = context
        .zygote
        .initialise(&context.config, &context.cancel)?;
    let Some(hello) = hello else {
        emit(&Event::Interrupted {
            reason: KEYBOARD_INTERRUPT.to_owned(),
            exit_code: Some(2),
        });
        return Ok(());
    };
    if let Some(version) = &hello.pytest {
        check_pytest(version, context.ini)?;
    }
    emit(&Event::RunStarted {
        schema: EVENT_SCHEMA,
        rootdir: context.rootdir.to_owned(),
        python: hello.python.clone(),
        pytest: hello.pytest.clone(),
        workers: context.workers,
        files: {
            let files = context.plan.files.iter();
            files.filter(|file| !file.is_candidate).count()
        },
    });
    let closing = hello.closing.clone().unwrap_or_default();
    if let Some(units) = &mut context.units {
        emit(&Event::HermeticStarted(units.close(&closing)));
    }
    Dispatcher::new(context, hello, &OnceLock::new(), emit).run()
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
    /// When all clocks were last looked at.
    watched_at: Instant,
    /// When a failure ended the run, until what then still ran was interrupted.
    stopped_at: Option<Instant>,
    farewells: BTreeMap<usize, Instant>,
    /// The workers whose tests have entered a debugger; the first has the terminal.
    debuggers: Vec<usize>,
    /// What is to be told when no debugger has the terminal.
    held: Vec<Event>,
    /// The workers that asked for files and have no answer yet.
    ready: VecDeque<usize>,
    /// Workers that died in a row before they asked for a file.
    early_deaths: usize,
}

impl<'a, 'e> Dispatcher<'a, 'e> {
    fn new(
        mut context: RunContext<'a>,
        hello: Hello,
        found: &'a OnceLock<Vec<PlannedFile>>,
        emit: &'e mut dyn FnMut(&Event),
    ) -> Self {
        let plan = context.plan;
        let choice = context.options.engine;
        let refused = context.needs_timeout_plugin
            && choice == EngineChoice::Auto
            && hello.pytest.is_some()
            && !hello.plugins.iter().any(|name| name == "pytest-timeout");
        let reason = "--timeout in addopts belongs to pytest-timeout, which is not installed";
        if refused {
            for file in &plan.files {
                if file.engine == Engine::Native {
                    emit(&Event::FileDeoptimized {
                        path: file.path.clone(),
                        reason: reason.to_owned(),
                    });
                }
            }
        }
        let engine = |file: &PlannedFile| match refused {
            true => Engine::Pytest,
            false => file.engine,
        };
        for file in &plan.files {
            let is_told = choice == EngineChoice::Auto && !file.is_candidate;
            if is_told && file.engine == Engine::Pytest {
                emit(&Event::FileDeoptimized {
                    path: file.path.clone(),
                    reason: file.reasons.first().cloned().unwrap_or_default(),
                });
            }
        }
        let order = Order::of(plan, context.options, context.workers);
        let said = std::mem::take(&mut context.said);
        let alone = context.options.is_isolated();
        let ledger = Ledger::open(plan, found, context.workers, order, alone, engine);
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
            said,
            watched_at: Instant::now(),
            stopped_at: None,
            farewells: BTreeMap::new(),
            debuggers: Vec::new(),
            held: Vec::new(),
            ready: VecDeque::new(),
            early_deaths: 0,
        }
    }

    fn run(&mut self) -> Result<()> {
        let ran = self.run_all();
        self.end();
        ran
    }

    fn run_all(&mut self) -> Result<()> {
        self.listen()?;
        for (path, reason) in &self.context.plan.unreadable {
            self.collect_error(path.clone(), reason.clone());
        }
        self.refuse_unspeakable();
        if self.context.options.engine == EngineChoice::Native {
            self.give_up_on_candidates("--engine native rules pytest out");
        }
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
            self.answer_ready();
        }
        Ok(())
    }

    /// Kills what is left, and takes in what it had to say.
    fn end(&mut self) {
        for worker in self.workers.values() {
            worker.kill_group();
        }
        self.context.zygote.kill();
        for worker in self.workers.values() {
            worker.close();
        }
        while self.workers.values().any(|worker| !worker.drained) {
            match self.messages.1.recv_timeout(LAST_WORDS) {
                Ok(Message::FromWorker {
                    worker,
                    frame: frame @ FromWorker::Result { .. },
                }) => self.on_frame(worker, frame),
                Ok(Message::WorkerDrained { worker, .. }) => {
                    if let Some(handle) = self.workers.get_mut(&worker) {
                        handle.drained = true;
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        self.debuggers.clear();
        for event in std::mem::take(&mut self.held) {
            self.say(&event);
        }
        for (number, worker) in std::mem::take(&mut self.workers) {
            for frame in worker.unsent() {
                if matches!(frame, FromWorker::Result { .. }) {
                    self.on_frame(number, frame);
                }
            }
        }
    }

    fn say(&mut self, event: &Event) {
        if self.debuggers.is_empty() {
            (self.emit)(event);
        } else {
            self.held.push(event.clone());
        }
    }

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
                    handle.open_captured();
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
                frame: FromZygote::Stopped { worker },
            } => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.stopped_since = Some(Instant::now());
                }
            }
            Message::FromZygote {
                frame: FromZygote::Resumed { worker },
            } => {
                if let Some(handle) = self.workers.get_mut(&worker) {
                    handle.stopped_since = None;
                }
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
            }
        }
    }

    fn count_failure(&mut self) {
        self.failures += 1;
        let maxfail = self.context.options.maxfail;
        if maxfail > 0 && self.failures == maxfail {
            let reason = format!("stopping after {maxfail} failures");
            self.interrupted(reason, Some(1));
            // Imports can take long, and no test would follow.
            self.workers.values_mut().for_each(Worker::abandon);
            self.stopped_at = Some(Instant::now());
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
}

fn failed(what: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::Execution, format!("{what}: {error}"))
}
