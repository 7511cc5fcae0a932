//! The frames that dispatcher, zygote and workers exchange.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::event::{LongRepr, Outcome, Phase, Warning, When};
use super::units::Unit;
use crate::selection::Part;

/// Frames beyond this are a sign of a broken stream, not of a long message.
const MAX_FRAME: usize = 1 << 30;

pub(super) fn write_frame(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(body.len() + 4);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&body);
    stream.write_all(&frame)
}

/// Sends descriptors along with one byte.
pub(super) fn send_fds(stream: &UnixStream, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::other("too many descriptors"));
    }
    sendmsg(
        stream,
        &[IoSlice::new(&[0])],
        &mut control,
        SendFlags::empty(),
    )?;
    Ok(())
}

/// Reads a frame's body; none at the end of the stream, also when it ends within a frame, which is
/// how the stream of a killed process ends.
pub(super) fn read_frame(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if !read_or_end(stream, &mut length)? {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(io::Error::other(format!("a frame of {length} bytes")));
    }
    let mut body = vec![0; length];
    Ok(read_or_end(stream, &mut body)?.then_some(body))
}

fn read_or_end(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match stream.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// What a worker says.
#[derive(Debug)]
pub(super) enum FromWorker {
    Next,
    /// It waits for leave to go on, after a failure that may end the run.
    Pause,
    Collected {
        seq: usize,
        ids: Vec<String>,
        deselected: usize,
    },
    Collect(CollectReport),
    Deopt {
        seq: usize,
        reason: String,
        ids: Option<Vec<String>>,
    },
    Result {
        seq: usize,
        index: usize,
        reports: Reports,
    },
    Warning(Warning),
    /// A property of the whole run, and how often this worker has said just that.
    SuiteProperty {
        name: String,
        value: String,
        times: usize,
    },
    Done {
        seq: usize,
    },
    /// pytest's tree has these files, absolute and by node id, of which the worker was not told.
    Unlisted {
        files: Vec<(PathBuf, String)>,
    },
    Usage {
        message: String,
    },
    Interrupted {
        reason: String,
        exit_code: Option<i32>,
    },
    /// pytest reported an internal error.
    Error {
        text: String,
    },
    /// The engine itself failed, and the worker ends.
    Broken {
        text: String,
    },
    /// A test enters a debugger, and waits for the terminal.
    Debugger,
    /// That test has ended.
    Debugged,
    Bye,
}

#[derive(Debug)]
pub(super) struct CollectReport {
    pub(super) seq: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) longrepr: Option<LongRepr>,
    pub(super) sections: Vec<(String, String)>,
}

/// What a worker reports of a test.
#[derive(Debug)]
pub(super) enum Reports {
    /// Setup, call and teardown passed with nothing to say; their durations.
    Passed([f64; 3]),
    Listed(Vec<Phase>),
}

impl From<Reports> for Vec<Phase> {
    fn from(reports: Reports) -> Self {
        match reports {
            Reports::Listed(phases) => phases,
            Reports::Passed(durations) => [When::Setup, When::Call, When::Teardown]
                .into_iter()
                .zip(durations)
                .map(|(when, duration)| Phase::passed(when, duration))
                .collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Reports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ReportsVisitor)
    }
}

struct ReportsVisitor;

impl<'de> Visitor<'de> for ReportsVisitor {
    type Value = Reports;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("three durations or a list of reports")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Reports, A::Error> {
        match list.next_element()? {
            None => Ok(Reports::Listed(Vec::new())),
            Some(Reported::Duration(setup)) => {
                let missing = || A::Error::custom("a duration is missing");
                let call = list.next_element()?.ok_or_else(missing)?;
                let teardown = list.next_element()?.ok_or_else(missing)?;
                Ok(Reports::Passed([setup, call, teardown]))
            }
            Some(Reported::Phase(first)) => {
                let mut phases = vec![*first];
                while let Some(phase) = list.next_element()? {
                    phases.push(phase);
                }
                Ok(Reports::Listed(phases))
            }
        }
    }
}

/// The first of the reports of a test.
enum Reported {
    Duration(f64),
    Phase(Box<Phase>),
}

impl<'de> Deserialize<'de> for Reported {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReportedVisitor)
    }
}

struct ReportedVisitor;

impl<'de> Visitor<'de> for ReportedVisitor {
    type Value = Reported;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a duration or a report")
    }

    fn visit_f64<E>(self, duration: f64) -> Result<Reported, E> {
        Ok(Reported::Duration(duration))
    }

    fn visit_u64<E>(self, duration: u64) -> Result<Reported, E> {
        // Python writes a zero so.
        #[allow(clippy::cast_precision_loss)]
        Ok(Reported::Duration(duration as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reported, A::Error> {
        let phase = Phase::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Reported::Phase(Box::new(phase)))
    }
}

impl FromWorker {
    pub(super) fn decode(body: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(body)
    }
}

impl<'de> Deserialize<'de> for FromWorker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FrameVisitor)
    }
}

/// Reads a frame: an array of its kind and its fields.
struct FrameVisitor;

/// The fields of a frame that are still to be read.
struct Fields<A>(A);

impl<'de, A: SeqAccess<'de>> Fields<A> {
    fn next<T: Deserialize<'de>>(&mut self) -> Result<T, A::Error> {
        let field = self.0.next_element()?;
        field.ok_or_else(|| A::Error::custom("a field is missing"))
    }
}

impl<'de> Visitor<'de> for FrameVisitor {
    type Value = FromWorker;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a frame of a worker")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<FromWorker, A::Error> {
        let mut fields = Fields(list);
        let tag: Cow<'de, str> = fields.next()?;
        // Fields are read in the order in which they are written.
        Ok(match tag.as_ref() {
            "next" => FromWorker::Next,
            "pause" => FromWorker::Pause,
            "collected" => FromWorker::Collected {
                seq: fields.next()?,
                ids: fields.next()?,
                deselected: fields.next()?,
            },
            "collect" => FromWorker::Collect(CollectReport {
                seq: fields.next()?,
                outcome: match fields.next()? {
                    Outcome::Skipped => Outcome::Skipped,
                    _ => Outcome::Error,
                },
                longrepr: fields.next()?,
                sections: fields.next()?,
                id: fields.next()?,
            }),
            "deopt" => FromWorker::Deopt {
                seq: fields.next()?,
                reason: fields.next()?,
                ids: fields.next()?,
            },
            "result" => FromWorker::Result {
                seq: fields.next()?,
                index: fields.next()?,
                reports: fields.next()?,
            },
            "warning" => {
                fields.next::<Option<usize>>()?;
                FromWorker::Warning(fields.next()?)
            }
            "suite-property" => FromWorker::SuiteProperty {
                name: fields.next()?,
                value: fields.next()?,
                times: fields.next()?,
            },
            "done" => FromWorker::Done {
                seq: fields.next()?,
            },
            "unlisted" => FromWorker::Unlisted {
                files: fields.next()?,
            },
            "usage" => FromWorker::Usage {
                message: fields.next()?,
            },
            "interrupted" => FromWorker::Interrupted {
                reason: fields.next()?,
                exit_code: fields.next()?,
            },
            "error" => FromWorker::Error {
                text: fields.next()?,
            },
            "broken" => FromWorker::Broken {
                text: fields.next()?,
            },
            "debugger" => FromWorker::Debugger,
            "debugged" => FromWorker::Debugged,
            "bye" => FromWorker::Bye,
            tag => return Err(A::Error::custom(format!("unknown frame {tag:?}"))),
        })
    }
}

/// What the dispatcher says to a worker that asked for work; no files mean that there is no more.
#[derive(Serialize)]
pub(super) struct Assignment<'a> {
    /// What to import before the first test, in this order; sent with the first assignment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) imports: Vec<FileRequest<'a>>,
    pub(super) files: Vec<FileRequest<'a>>,
    /// Whether so many wait that the worker may ask for the next ones before it needs them.
    pub(super) more: bool,
    /// What the worker may use for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<Unit>,
}

#[derive(Serialize)]
pub(super) struct FileRequest<'a> {
    pub(super) seq: usize,
    pub(super) path: &'a str,
    pub(super) abspath: Cow<'a, str>,
    pub(super) conftests: Vec<Cow<'a, str>>,
    pub(super) ids: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<&'a Part>,
    /// Whether only its doctests are collected.
    pub(super) doctest: bool,
    /// Whether it is no test file by itself, and not to be imported ahead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) candidate: bool,
}

/// What the dispatcher says to the zygote.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum ToZygote<'a> {
    Preload {
        modules: &'a [&'a str],
    },
    /// Does once what each native worker would do first.
    Prepare,
    Fork {
        worker: usize,
        engine: crate::plan::Engine,
    },
    Collect {
        worker: usize,
    },
    /// What closed units may use, and how they are told to come by more.
    Close {
        rules: &'a Value,
    },
}

/// What the zygote says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum FromZygote {
    Ready(Hello),
    Forked {
        worker: usize,
        pid: i32,
    },
    /// A signal has stopped its process, as SIGSTOP does.
    Stopped {
        worker: usize,
    },
    /// It goes on.
    Resumed {
        worker: usize,
    },
    Exited {
        worker: usize,
        code: Option<i32>,
        signal: Option<i32>,
    },
}

/// What the zygote found out about its interpreter.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Hello {
    pub(crate) python: String,
    pub(crate) pytest: Option<String>,
    pub(crate) plugins: Vec<String>,
    pub(crate) problem: Option<String>,
    /// Said in hermetic runs.
    #[serde(default)]
    pub(crate) closing: Option<Closing>,
}

/// What an interpreter says of itself and of the kernel before workers are closed off.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Closing {
    /// Where it and its distributions lie.
    pub(crate) folders: Vec<std::path::PathBuf>,
    /// Where it looks for modules.
    pub(crate) search_path: Vec<std::path::PathBuf>,
    /// The version of Landlock's interface; 0 for none.
    pub(crate) landlock: u32,
    /// Whether a process may have a network of its own.
    pub(crate) network: bool,
    /// Whether it may mount.
    pub(crate) mounts: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_ends_within_a_frame_ends_there() {
        let mut stream = Vec::new();
        write_frame(&mut stream, &["next"]).unwrap();
        write_frame(&mut stream, &["bye"]).unwrap();
        stream.truncate(stream.len() - 1);
        let mut reader = stream.as_slice();
        assert_eq!(read_frame(&mut reader).unwrap().unwrap(), br#"["next"]"#);
        assert_eq!(read_frame(&mut reader).unwrap(), None);
    }

    #[test]
    fn results_come_short_and_long() {
        let check = |body: &str, expected: &[(When, Outcome)]| {
            let FromWorker::Result { reports, .. } = FromWorker::decode(body.as_bytes()).unwrap()
            else {
                panic!("{body}")
            };
            let phases: Vec<Phase> = reports.into();
            let got: Vec<_> = phases
                .iter()
                .map(|phase| (phase.when, phase.outcome))
                .collect();
            assert_eq!(got, expected, "{body}");
        };
        check(
            r#"["result",3,0,[0.1,0.2,0]]"#,
            &[
                (When::Setup, Outcome::Passed),
                (When::Call, Outcome::Passed),
                (When::Teardown, Outcome::Passed),
            ],
        );
        check(
            r#"["result",3,0,[{"when":"setup","outcome":"skipped","duration":0.1,
                "longrepr":{"reason":"x","path":"a.py","line":3}}]]"#,
            &[(When::Setup, Outcome::Skipped)],
        );
        assert!(FromWorker::decode(br#"["what"]"#).is_err());
    }
}
