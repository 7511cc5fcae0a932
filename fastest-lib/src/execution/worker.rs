//! A worker as the dispatcher sees it: a socket with a reader thread, a shared file, a process.

use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use crossbeam_channel::Sender;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, test_kill_process, waitpid};

use super::message::Message;
use super::shared::{Activity, Shared};
use super::wire::{self, Assignment, FromWorker};
use crate::plan::Engine;

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) engine: Engine,
    pub(super) pid: Option<Pid>,
    /// The files that it was given and has not finished, by `seq`.
    pub(super) files: Vec<usize>,
    pub(super) said_bye: bool,
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
    socket: UnixStream,
    shared: Shared,
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
            briefed: false,
            collected: false,
            abandoned: false,
            last: None,
            exit: None,
            drained: false,
            killed_because: None,
            broken: None,
            socket,
            shared,
        };
        Ok((worker, theirs))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Answers a worker that asked for work. One that is gone will be noticed by its reader.
    pub(super) fn assign(&mut self, assignment: &Assignment<'_>) {
        let _ = wire::write_frame(&mut self.socket, assignment);
    }

    /// Lets a worker that paused go on.
    pub(super) fn resume(&mut self) {
        let _ = wire::write_frame(&mut self.socket, &serde_json::Map::new());
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

    /// Whether its process exists, asked of the system.
    pub(super) fn is_alive(&self) -> bool {
        let Some(pid) = self.pid else { return false };
        // An orphan may have become a child of this process, and stays until it is waited for.
        let ended = matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_)));
        !ended && test_kill_process(pid).is_ok()
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
