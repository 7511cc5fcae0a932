//! A worker as the dispatcher sees it: a socket with a reader thread, a shared file, a process.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use crossbeam_channel::Sender;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process, waitpid,
};

use super::message::Message;
use super::shared::{Activity, Descriptors, Limit, SHARED_NAME, Shared};
use super::wire::{self, Assignment, FromWorker};
use crate::plan::Engine;

/// Of what a test prints, its end counts.
const MOST_OF_OUTPUT: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) engine: Engine,
    pub(super) pid: Option<Pid>,
    /// The files that it was given and has not finished, by `seq`.
    pub(super) files: Vec<usize>,
    pub(super) said_bye: bool,
    /// Whether it gets no more files, because it holds too much memory.
    pub(super) retired: bool,
    /// Whether it has been told what to import first.
    pub(super) briefed: bool,
    /// Whether it has got as far as to know the tests of a file.
    pub(super) collected: bool,
    /// Whether nothing is expected of it any more, nor of its end.
    pub(super) abandoned: bool,
    /// The file of the plan that it was given last.
    pub(super) last: Option<usize>,
    /// How its process ended, once that is known.
    pub(super) exit: Option<Exit>,
    /// Whether its socket has been read to the end.
    pub(super) drained: bool,
    /// Why the dispatcher killed it, when it did.
    pub(super) killed_because: Option<String>,
    /// The traceback of the error that ended its engine.
    pub(super) broken: Option<String>,
    /// Since when a signal has its process stopped.
    pub(super) stopped_since: Option<Instant>,
    /// What runs, and since when.
    pub(super) watched: Watched,
    /// Where in the shared file stacks begin that are not yet told of.
    stacks_from: u64,
    /// What its tests print is in these files.
    captured: Vec<(&'static str, File)>,
    socket: UnixStream,
    shared: Shared,
}

/// What a worker was last seen to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    pub(super) activity: Activity,
    /// How many limits it had set.
    pub(super) limits: u32,
    pub(super) since: Instant,
    /// When it was asked for its stacks, because time is up.
    pub(super) asked: Option<Instant>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exit {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
}

impl Exit {
    /// In words, such as `died by signal 11 (SIGSEGV)`.
    pub(super) fn describe(self) -> String {
        match (self.signal, self.code) {
            (Some(signal), _) => match signal_name(signal) {
                Some(name) => format!("died by signal {signal} ({name})"),
                None => format!("died by signal {signal}"),
            },
            (None, Some(code)) => format!("ended its process with exit code {code}"),
            (None, None) => "was lost".to_owned(),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match Signal::from_named_raw(signal)? {
        Signal::SEGV => "SIGSEGV",
        Signal::ABORT => "SIGABRT",
        Signal::KILL => "SIGKILL",
        Signal::TERM => "SIGTERM",
        Signal::BUS => "SIGBUS",
        Signal::FPE => "SIGFPE",
        Signal::ILL => "SIGILL",
        Signal::PIPE => "SIGPIPE",
        Signal::HUP => "SIGHUP",
        Signal::INT => "SIGINT",
        Signal::ALARM => "SIGALRM",
        Signal::QUIT => "SIGQUIT",
        _ => return None,
    })
}

impl Worker {
    /// A worker to be; gives the ends of its socket and shared file for the process too.
    pub(super) fn new(
        number: usize,
        engine: Engine,
        messages: &Sender<Message>,
    ) -> io::Result<(Self, UnixStream)> {
        let (socket, theirs) = UnixStream::pair()?;
        let shared = Shared::create()?;
        let reader = socket.try_clone()?;
        let messages = messages.clone();
        std::thread::Builder::new()
            .name(format!("fastest-worker-{number}"))
            .spawn(move || {
                let mut reader = BufReader::with_capacity(1 << 16, reader);
                loop {
                    let message = match wire::read_frame(&mut reader) {
                        Ok(Some(body)) => decode(number, &body),
                        Ok(None) => Message::WorkerDrained {
                            worker: number,
                            error: None,
                        },
                        Err(error) => Message::WorkerDrained {
                            worker: number,
                            error: Some(error),
                        },
                    };
                    let last = matches!(message, Message::WorkerDrained { .. });
                    // The dispatcher stops listening only when the run is over.
                    if messages.send(message).is_err() || last {
                        return;
                    }
                }
            })?;
        let worker = Self {
            engine,
            pid: None,
            files: Vec::new(),
            said_bye: false,
            retired: false,
            briefed: false,
            collected: false,
            abandoned: false,
            last: None,
            exit: None,
            drained: false,
            killed_because: None,
            broken: None,
            stopped_since: None,
            watched: Watched {
                activity: Activity::Idle,
                limits: 0,
                since: Instant::now(),
                asked: None,
            },
            stacks_from: shared.end(),
            captured: Vec::new(),
            socket,
            shared,
        };
        Ok((worker, theirs))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Answers a worker that asked for work. One that is gone will be noticed by its reader.
    pub(super) fn assign(&mut self, assignment: &Assignment<'_>, ruleset: Option<&OwnedFd>) {
        let _ = wire::write_frame(&mut self.socket, assignment);
        if let Some(ruleset) = ruleset {
            let _ = wire::send_fds(&self.socket, &[ruleset.as_fd()]);
        }
    }

    /// Lets a worker that paused go on.
    pub(super) fn resume(&mut self) {
        let _ = wire::write_frame(&mut self.socket, &serde_json::Map::new());
    }

    /// Lets a test go on into its debugger, with or without the terminal.
    pub(super) fn debug(&mut self, terminal: bool) {
        let _ = wire::write_frame(
            &mut self.socket,
            &serde_json::json!({ "terminal": terminal }),
        );
    }

    pub(super) fn stop(&self) {
        self.shared.stop();
    }

    /// Interrupts the running test as Ctrl-C does.
    pub(super) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub(super) fn kill(&mut self, reason: &str) {
        self.killed_because.get_or_insert_with(|| reason.to_owned());
        self.signal(Signal::KILL);
    }

    /// Ends a worker that has run no test, as nothing has to be torn down there.
    pub(super) fn abandon(&mut self) {
        let is_collected = |frame| matches!(frame, FromWorker::Collected { .. });
        let is_loading = matches!(self.activity(), Activity::Loading { .. });
        if is_loading && !self.collected && !self.unsent().into_iter().any(is_collected) {
            self.abandoned = true;
            self.signal(Signal::KILL);
        }
    }

    /// How its process ended, asked of the system because there is no fork server to tell; none
    /// while it runs.
    pub(super) fn end_of_orphan(&mut self) -> Option<Exit> {
        let lost = Exit {
            code: None,
            signal: None,
        };
        let Some(pid) = self.pid else {
            return Some(lost);
        };
        // It may have become a child of this process, and stays until it is waited for.
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let exit = match waitpid(Some(pid), options) {
            Ok(Some((_, status))) if status.stopped() => {
                self.stopped_since.get_or_insert_with(Instant::now);
                return None;
            }
            Ok(Some((_, status))) if status.continued() => {
                self.stopped_since = None;
                return None;
            }
            Ok(Some((_, status))) => Exit {
                code: status.exit_status(),
                signal: status.terminating_signal(),
            },
            _ if test_kill_process(pid).is_ok() => return None,
            _ => lost,
        };
        // What its tests left; the fork server would have done that.
        let _ = kill_process_group(pid, Signal::KILL);
        Some(exit)
    }

    /// Stacks that were asked for are of no interest any more.
    pub(super) fn forget_stacks(&mut self) {
        self.stacks_from = self.shared.end();
    }

    /// Kills it with its whole process group, at the end of the run.
    pub(super) fn kill_group(&self) {
        if let (Some(pid), None) = (self.pid, self.exit) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// The bytes in memory that are its own, without those of mapped files; none where the system
    /// does not tell.
    pub(super) fn memory(&self) -> Option<u64> {
        let path = format!("/proc/{}/statm", self.pid?.as_raw_nonzero());
        let text = fs::read_to_string(path).ok()?;
        let mut pages = text.split(' ').map(|field| field.parse::<u64>().ok());
        let (resident, mapped) = (pages.nth(1)??, pages.next()??);
        Some(resident.saturating_sub(mapped) * rustix::param::page_size() as u64)
    }

    /// Opens the files that its tests' output goes to, once it is known which: they outlive it.
    pub(super) fn open_captured(&mut self) {
        let Descriptors { stdout, stderr, .. } = self.shared.descriptors();
        let (Some(pid), true) = (self.pid, self.captured.is_empty()) else {
            return;
        };
        for (name, fd) in [("stdout", stdout), ("stderr", stderr)] {
            let path = format!("/proc/{}/fd/{fd}", pid.as_raw_nonzero());
            if let Some(file) = (fd > 0).then(|| File::open(path).ok()).flatten() {
                self.captured.push((name, file));
            }
        }
    }

    /// What the running test has printed so far: title and text.
    pub(super) fn captured(&self) -> Vec<(String, String)> {
        let text = |file: &File| {
            let length = file.metadata().ok()?.len();
            let start = length.saturating_sub(MOST_OF_OUTPUT);
            let mut bytes = vec![0; usize::try_from(length - start).ok()?];
            file.read_exact_at(&mut bytes, start).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let sections = self.captured.iter().filter_map(|(name, file)| {
            let text = text(file).filter(|text| !text.is_empty())?;
            Some((format!("Captured {name} call"), text))
        });
        sections.collect()
    }

    /// Asks for the stacks of its threads; whether it will write them.
    pub(super) fn ask_for_stacks(&mut self) -> bool {
        self.stacks_from = self.shared.end();
        let fd = self.shared.descriptors().stacks;
        let Some(pid) = self.pid.filter(|_| fd > 0 && self.stopped_since.is_none()) else {
            return false;
        };
        // A test may have closed it, and another file may have its number.
        let is_ours = fs::read_link(format!("/proc/{}/fd/{fd}", pid.as_raw_nonzero()))
            .is_ok_and(|target| target.to_string_lossy().contains(SHARED_NAME));
        if is_ours {
            self.signal(Signal::URG);
        }
        is_ours
    }

    /// The stacks that it has written, without the frames that run tests.
    pub(super) fn stacks(&self) -> Option<String> {
        let text = self.shared.stacks(self.stacks_from);
        let is_machinery = |line: &&str| {
            ["/fastest_harness/", "/_pytest/", "/pluggy/"]
                .iter()
                .any(|name| line.contains(name))
        };
        let lines: Vec<&str> = text.lines().filter(|line| !is_machinery(line)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn signal(&self, signal: Signal) {
        if let (Some(pid), None) = (self.pid, self.exit) {
            // The process may have ended a moment ago.
            let _ = kill_process(pid, signal);
        }
    }

    /// The process is gone: let the reader come to the end of what it sent, even if a child of
    /// a test still holds the other end of the socket.
    pub(super) fn close(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    pub(super) fn activity(&self) -> Activity {
        self.shared.activity()
    }

    /// The limit of what runs, and how many there were before.
    pub(super) fn limit(&self) -> (Limit, u32) {
        self.shared.limit()
    }

    /// What a dead worker had not sent.
    pub(super) fn unsent(&self) -> Vec<FromWorker> {
        let bytes = self.shared.unsent();
        let mut reader = bytes.as_slice();
        let mut frames = Vec::new();
        while let Ok(Some(body)) = wire::read_frame(&mut reader) {
            if let Ok(frame) = FromWorker::decode(&body) {
                frames.push(frame);
            }
        }
        frames
    }
}

fn decode(worker: usize, body: &[u8]) -> Message {
    match FromWorker::decode(body) {
        Ok(frame) => Message::FromWorker { worker, frame },
        Err(error) => Message::WorkerDrained {
            worker,
            error: Some(error.into()),
        },
    }
}
