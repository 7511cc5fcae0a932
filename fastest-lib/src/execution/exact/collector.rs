//! The interpreter that collects.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded, select, unbounded};
use serde::Serialize;
use serde_json::json;

use super::answer::{Answer, Frame};
use crate::execution::cancel::CancelToken;
use crate::execution::message::{Message, TICK};
use crate::execution::wire::{self, FromZygote};
use crate::execution::worker::Exit;
use crate::execution::zygote::{Boot, Uncaptured, Zygote};
use crate::{Error, ErrorKind, Result};

/// How long a process that has answered, or is gone, may take to say how it ended.
const GRACE: Duration = Duration::from_secs(2);

/// What to collect.
#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    /// pytest's arguments.
    pub(super) args: &'a [String],
    /// Files to pass over.
    pub(super) known: &'a [String],
    /// Files that ended an interpreter, and how.
    pub(super) deadly: &'a BTreeMap<String, String>,
    /// Folders of ours, which are nobody's input.
    pub(super) own_folders: &'a [String],
}

/// How a collection ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Answer(Box<Answer>),
    /// No file can be passed over.
    Wide,
    Interrupted(String),
    /// The interpreter is gone; the file that it was loading, and how it ended.
    Died {
        loading: Option<String>,
        how: String,
    },
}

/// Starts interpreters, and keeps the last one for the next collection.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    python: PathBuf,
    directory: &'a Path,
    rootdir: &'a str,
    cache_dir: &'a Path,
    cancel: &'a CancelToken,
    running: Option<(Zygote, Receiver<Message>)>,
    /// The number of the last collection.
    pub(super) number: usize,
    /// The file that is being collected.
    loading: Option<String>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        python: PathBuf,
        directory: &'a Path,
        rootdir: &'a str,
        cache_dir: &'a Path,
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            python,
            directory,
            rootdir,
            cache_dir,
            cancel,
            running: None,
            number: 0,
            loading: None,
        }
    }

    pub(super) fn collect(&mut self, request: &Request<'_>) -> Result<Outcome> {
        let python = self.python.clone();
        let failed = |error: io::Error| {
            let message = format!("the interpreter cannot be talked to: {error}");
            Error::new(ErrorKind::Interpreter, message).with_path(&python)
        };
        let (mut zygote, messages) = match self.running.take() {
            Some(running) => running,
            None => match self.start()? {
                Some(started) => started,
                None => return Ok(Outcome::Interrupted("interrupted".to_owned())),
            },
        };
        let (mut ours, theirs) = UnixStream::pair().map_err(failed)?;
        self.number += 1;
        zygote
            .collect(self.number, theirs.as_fd())
            .map_err(failed)?;
        drop(theirs);
        let frames = read_frames(&ours).map_err(failed)?;
        // A process that is gone already shows when its frames end.
        let _ = wire::write_frame(&mut ours, request);
        let mut process = Process {
            number: self.number,
            messages,
            exit: None,
            is_lost: false,
        };
        let outcome = self.follow(&frames, &mut process)?;
        // It may have something to do yet at its end.
        process.wait(self.cancel);
        let outcome = match outcome {
            Some(outcome) => outcome,
            None => Outcome::Died {
                loading: self.loading.take(),
                how: process
                    .exit
                    .map_or_else(|| "was lost".to_owned(), Exit::describe),
            },
        };
        if process.exit.is_some() {
            self.running = Some((zygote, process.messages));
        }
        Ok(outcome)
    }

    fn start(&self) -> Result<Option<(Zygote, Receiver<Message>)>> {
        let mut zygote = Zygote::spawn(
            &self.python,
            self.directory,
            self.cache_dir,
            &Boot {
                uncaptured: Uncaptured::Stderr,
                environment: None,
                early: None,
            },
        )?;
        let config = json!({
            "rootdir": self.rootdir,
            "invocation_dir": self.directory,
            "pythonpath": [],
        });
        if zygote.initialise(&config, self.cancel)?.is_none() {
            return Ok(None);
        }
        let (sender, messages) = unbounded();
        zygote
            .listen(0, &sender)
            .map_err(|error| Error::io(&self.python, error))?;
        Ok(Some((zygote, messages)))
    }

    /// Takes what the process says until there is an outcome; none when nothing more comes.
    fn follow(
        &mut self,
        frames: &Receiver<Vec<u8>>,
        process: &mut Process,
    ) -> Result<Option<Outcome>> {
        let mut answer = Answer::default();
        self.loading = None;
        loop {
            let body = select! {
                recv(frames) -> body => match body {
                    Ok(body) => body,
                    Err(_) => return Ok(None),
                },
                recv(process.messages) -> message => {
                    process.take(message.ok());
                    continue;
                }
                default(TICK) => {
                    if self.cancel.level() > 0 {
                        return Ok(Some(Outcome::Interrupted("interrupted".to_owned())));
                    }
                    // What it forked may keep its end of the line open.
                    if process.is_over() {
                        return Ok(None);
                    }
                    continue;
                }
            };
            let frame = Frame::decode(&body).map_err(|error| {
                let message = format!("the collector says what cannot be read: {error}");
                Error::new(ErrorKind::Execution, message)
            })?;
            match frame {
                Frame::Loading(path) => self.loading = Some(path),
                Frame::File(path, file) => {
                    answer.paths.push(path.clone());
                    answer.files.insert(path, file);
                }
                Frame::Session(session) => {
                    answer.session = session;
                    return Ok(Some(Outcome::Answer(Box::new(answer))));
                }
                Frame::Wide => return Ok(Some(Outcome::Wide)),
                Frame::Interrupted(reason) => {
                    return Ok(Some(Outcome::Interrupted(reason)));
                }
                Frame::Missing(message) => {
                    return Err(Error::new(ErrorKind::Interpreter, message)
                        .with_path(&self.python)
                        .with_help(
                            "install pytest 8.0 or later for this interpreter, or name another \
                             one with --python",
                        ));
                }
                Frame::Usage(message) => return Err(Error::new(ErrorKind::Usage, message)),
                Frame::Error(text) => {
                    let message = format!("pytest failed to collect:\n{}", text.trim_end());
                    return Err(Error::new(ErrorKind::Execution, message));
                }
            }
        }
    }
}

/// The frames of a process, until it closes its end.
fn read_frames(stream: &UnixStream) -> io::Result<Receiver<Vec<u8>>> {
    let mut stream = stream.try_clone()?;
    let (sender, receiver) = bounded(64);
    std::thread::Builder::new()
        .name("fastest-collector".to_owned())
        .spawn(move || {
            while let Ok(Some(body)) = wire::read_frame(&mut stream) {
                if sender.send(body).is_err() {
                    return;
                }
            }
        })?;
    Ok(receiver)
}

/// The process that collects, as the fork server tells of it.
struct Process {
    number: usize,
    messages: Receiver<Message>,
    exit: Option<Exit>,
    /// Whether the fork server is gone.
    is_lost: bool,
}

impl Process {
    fn take(&mut self, message: Option<Message>) {
        match message {
            Some(Message::FromZygote {
                frame:
                    FromZygote::Exited {
                        worker,
                        code,
                        signal,
                    },
            }) if worker == self.number => self.exit = Some(Exit { code, signal }),
            None | Some(Message::ZygoteGone { .. }) => self.is_lost = true,
            _ => {}
        }
    }

    fn is_over(&self) -> bool {
        self.exit.is_some() || self.is_lost
    }

    fn wait(&mut self, cancel: &CancelToken) {
        let start = Instant::now();
        while !self.is_over() && start.elapsed() < GRACE && cancel.level() == 0 {
            match self.messages.recv_timeout(TICK) {
                Err(RecvTimeoutError::Timeout) => {}
                message => self.take(message.ok()),
            }
        }
    }
}
