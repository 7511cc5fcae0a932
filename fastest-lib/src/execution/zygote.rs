//! The fork server as the dispatcher sees it.

use std::collections::BTreeMap;
use std::io::{self, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use serde::Serialize;

use super::cancel::CancelToken;
use super::harness::Harness;
use super::message::{Message, TICK};
use super::wire::{self, FromZygote, Hello, ToZygote};
use crate::plan::Engine;
use crate::{Error, ErrorKind, Problem, Result};

/// How long an interpreter may take to start. It may come from a slow network file system.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where tests' own output goes when it is not captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uncaptured {
    Stdout,
    Stderr,
}

/// A running interpreter that forks workers. Dropping it kills every process it started.
#[derive(Debug)]
pub(crate) struct Zygote {
    child: Child,
    python: PathBuf,
    harness: Harness,
    control: UnixStream,
    /// Never written to: its closing, however this process ends, is what kills the interpreters.
    lifeline: Option<PipeWriter>,
    lifeline_read: Option<OwnedFd>,
}

/// How an interpreter is started.
#[derive(Debug)]
pub(crate) struct Boot<'a> {
    /// Where output goes that is not captured.
    pub(crate) uncaptured: Uncaptured,
    /// Its environment; none is that of this process.
    pub(crate) environment: Option<&'a BTreeMap<String, String>>,
    /// What it does at once.
    pub(crate) early: Option<Early<'a>>,
}

/// What the interpreter does before it is told its configuration.
#[derive(Debug, Serialize)]
pub(crate) struct Early<'a> {
    /// Begins its `sys.path`.
    pub(crate) pythonpath: Vec<PathBuf>,
    /// What it imports.
    pub(crate) modules: &'a [&'static str],
}

impl Zygote {
    /// Starts the interpreter; it boots while the caller goes on.
    pub(crate) fn spawn(
        python: &Path,
        directory: &Path,
        cache_dir: &Path,
        boot: &Boot<'_>,
    ) -> Result<Self> {
        let harness = Harness::materialise(cache_dir)?;
        let failed = |error: io::Error| {
            Error::new(
                ErrorKind::Interpreter,
                format!("cannot start the interpreter: {error}"),
            )
            .with_path(python)
            .with_help("name another one with --python, or create a virtual environment")
        };
        let (control, theirs) = UnixStream::pair().map_err(failed)?;
        let (lifeline_read, lifeline) = io::pipe().map_err(failed)?;
        let stdout = match boot.uncaptured {
            Uncaptured::Stdout => Stdio::inherit(),
            Uncaptured::Stderr => {
                Stdio::from(io::stderr().as_fd().try_clone_to_owned().map_err(failed)?)
            }
        };
        let early = boot.early.as_ref();
        let early = early.and_then(|early| serde_json::to_string(early).ok());
        let mut command = Command::new(python);
        if let Some(environment) = boot.environment {
            command.env_clear().envs(environment);
        }
        let child = command
            .arg(&harness.boot)
            .args(early)
            .current_dir(directory)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(stdout)
            // A group of its own: the terminal's Ctrl-C reaches the dispatcher alone, and every
            // process that tests leave behind can be found.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok(Self {
            child,
            python: python.to_owned(),
            harness,
            control,
            lifeline: Some(lifeline),
            lifeline_read: Some(lifeline_read.into()),
        })
    }

    /// What is wrong with the surroundings, though not so that it could not start.
    pub(super) fn problem(&self) -> Option<&Problem> {
        self.harness.problem.as_ref()
    }

    /// Sends the configuration and waits until the interpreter is up; none if the run was cancelled
    /// meanwhile.
    pub(crate) fn initialise(
        &mut self,
        config: &serde_json::Value,
        cancel: &CancelToken,
    ) -> Result<Option<Hello>> {
        let failed = |message: String| Error::new(ErrorKind::Interpreter, message);
        let body = match self.handshake(config, cancel) {
            Ok(Some(body)) => body,
            Ok(None) => return Ok(None),
            Err(error) => {
                let message = match error.kind() {
                    io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
                        "the interpreter ended before it was ready; what it printed is above".into()
                    }
                    _ => format!("the interpreter cannot be talked to: {error}"),
                };
                return Err(failed(message)
                    .with_path(&self.python)
                    .with_help("check that it runs `python -c 'import json, socket'`"));
            }
        };
        match serde_json::from_slice(&body) {
            Ok(FromZygote::Ready(hello)) => match hello.problem {
                None => Ok(Some(hello)),
                Some(problem) => Err(failed(problem)
                    .with_path(&self.python)
                    .with_help("name another interpreter with --python")),
            },
            _ => Err(
                failed("the interpreter says what no Python would".to_owned())
                    .with_path(&self.python)
                    .with_help("check what it is, or name another one with --python"),
            ),
        }
    }

    /// Gives the first frame of the interpreter, without being deaf to the user until it comes.
    fn handshake(
        &mut self,
        config: &serde_json::Value,
        cancel: &CancelToken,
    ) -> io::Result<Option<Vec<u8>>> {
        wire::write_frame(&mut self.control, config)?;
        if let Some(lifeline) = self.lifeline_read.take() {
            wire::send_fds(&self.control, &[lifeline.as_fd()])?;
        }
        let (sender, receiver) = bounded(1);
        let mut control = self.control.try_clone()?;
        std::thread::Builder::new()
            .name("fastest-handshake".to_owned())
            .spawn(move || sender.send(wire::read_frame(&mut control)))?;
        let start = Instant::now();
        while cancel.level() == 0 {
            match receiver.recv_timeout(TICK) {
                Ok(frame) => {
                    return frame?
                        .map(Some)
                        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if start.elapsed() > PATIENCE => {
                    let message = format!("it said nothing for {} s", PATIENCE.as_secs());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, message));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Ok(None)
    }

    /// Reports forks and exits as messages from now on.
    pub(super) fn listen(&self, generation: usize, messages: &Sender<Message>) -> io::Result<()> {
        let mut control = self.control.try_clone()?;
        let messages = messages.clone();
        std::thread::Builder::new()
            .name("fastest-zygote".to_owned())
            .spawn(move || {
                loop {
                    let message = match wire::read_frame(&mut control) {
                        Ok(Some(body)) => match serde_json::from_slice(&body) {
                            Ok(frame) => Message::FromZygote { frame },
                            Err(_) => Message::ZygoteGone { generation },
                        },
                        _ => Message::ZygoteGone { generation },
                    };
                    let last = matches!(message, Message::ZygoteGone { .. });
                    if messages.send(message).is_err() || last {
                        return;
                    }
                }
            })?;
        Ok(())
    }

    /// Tells what closed units may use.
    pub(super) fn close(&mut self, rules: &serde_json::Value) -> io::Result<()> {
        wire::write_frame(&mut self.control, &ToZygote::Close { rules })
    }

    pub(super) fn preload(&mut self, modules: &[&str]) -> io::Result<()> {
        wire::write_frame(&mut self.control, &ToZygote::Preload { modules })
    }

    /// Has native workers forked with an engine that waits for its first file.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        wire::write_frame(&mut self.control, &ToZygote::Prepare)
    }

    pub(super) fn fork(
        &mut self,
        worker: usize,
        engine: Engine,
        socket: BorrowedFd<'_>,
        shared: BorrowedFd<'_>,
    ) -> io::Result<()> {
        wire::write_frame(&mut self.control, &ToZygote::Fork { worker, engine })?;
        wire::send_fds(&self.control, &[socket, shared])
    }

    /// Forks a process that collects for discovery and talks over `socket`.
    pub(super) fn collect(&mut self, worker: usize, socket: BorrowedFd<'_>) -> io::Result<()> {
        wire::write_frame(&mut self.control, &ToZygote::Collect { worker })?;
        wire::send_fds(&self.control, &[socket])
    }

    /// Lets it go on when a test has stopped it with a signal.
    pub(super) fn resume_if_stopped(&self) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else {
            return;
        };
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        // Only its stopping is asked for: its end is for others to wait for.
        if matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_))) {
            let _ = kill_process(pid, Signal::CONT);
        }
    }

    /// Kills the interpreter, its workers and whatever their tests left behind.
    pub(super) fn kill(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // The leader is not reaped before this, so the number still means this group.
            let _ = kill_process_group(group, Signal::KILL);
        }
        drop(self.lifeline.take());
        let _ = self.child.wait();
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        self.kill();
    }
}
