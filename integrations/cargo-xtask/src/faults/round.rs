//! One round: a random suite, random options, a random event from outside, and what must hold after.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::random::Random;
use super::suite::{JOURNAL, Loading, Suite};
use crate::process::shown;

/// Every process below a round inherits this variable with a value of its own.
const MARK: &str = "FASTEST_FAULTS_ROUND";
/// A run that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(90);
/// How long processes may take to be gone after the command has ended.
const GRACE: Duration = Duration::from_secs(5);

/// What happens from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Nothing,
    Interrupt,
    InterruptTwice,
    Terminate,
    KillCommand,
    KillWorker,
    KillServer,
    StopServer,
    CloseStdout,
    /// Standard output is a full device from the start.
    FullStdout,
    /// The JUnit file is a full device.
    FullJunit,
}

const EVENTS: &[Event] = &[
    Event::Nothing,
    Event::Nothing,
    Event::Nothing,
    Event::Nothing,
    Event::Interrupt,
    Event::InterruptTwice,
    Event::Terminate,
    Event::KillCommand,
    Event::KillWorker,
    Event::KillServer,
    Event::StopServer,
    Event::CloseStdout,
    Event::FullStdout,
    Event::FullJunit,
];

/// What runs a round.
pub(super) struct Tools {
    pub(super) fastest: PathBuf,
    pub(super) python: PathBuf,
    /// The folder that rounds are made in.
    pub(super) folder: PathBuf,
}

/// What went wrong in a round, a line each; nothing else is wrong when there are none.
pub(super) struct Verdict {
    pub(super) complaints: Vec<String>,
    /// What to look at when there are some.
    pub(super) record: String,
}

struct Plan {
    suite: Suite,
    workers: usize,
    stops_at_first: bool,
    output: &'static str,
    event: Event,
    /// When the event happens, in milliseconds after the start.
    at: u64,
}

struct Outcome {
    status: Option<ExitStatus>,
    stdout: Vec<u8>,
    stderr: String,
    orphans: Vec<String>,
    started: Vec<String>,
}

/// Runs the round that `seed` determines.
pub(super) fn run(seed: u64, tools: &Tools) -> Result<Verdict> {
    let mut random = Random::new(seed);
    let event = *random.pick(EVENTS);
    let timeout = random.percent(40);
    let plan = Plan {
        suite: Suite::new(&mut random, timeout, event == Event::KillCommand),
        workers: 1 + random.below(3),
        stops_at_first: random.percent(20),
        output: if random.percent(75) {
            "json"
        } else {
            ["pretty", "junit"][random.below(2)]
        },
        event,
        at: 50 + random.below(1500) as u64,
    };
    let engine = *random.pick(&["auto", "native", "pytest"]);
    // Native alone, what only pytest can do is an error; that is another test's subject.
    let engine = if engine == "native" { "auto" } else { engine };
    let folder = tools.folder.join(format!("round-{seed}"));
    fs::create_dir_all(&folder)?;
    plan.suite.write(&folder)?;
    let mut command = Command::new(&tools.fastest);
    command.args(["run", "--engine", engine, "--output", plan.output]);
    command.args(["-n", &plan.workers.to_string()]);
    command.arg("--python").arg(&tools.python);
    if timeout {
        command.args(["--timeout", "2"]);
    }
    if plan.stops_at_first {
        command.arg("-x");
    }
    match plan.event {
        Event::FullJunit => command.args(["--junit-xml", "/dev/full"]),
        _ if random.percent(20) => command.args(["--junit-xml", "junit.xml"]),
        _ => &mut command,
    };
    command.current_dir(&folder);
    let outcome = perform(
        &mut command,
        &plan,
        &folder,
        &format!("{}-{seed}", std::process::id()),
    )?;
    let mut judge = Judge {
        plan: &plan,
        outcome: &outcome,
        complaints: Vec::new(),
        slow: BTreeSet::new(),
    };
    judge.judge();
    let complaints = judge.complaints;
    let record = format!(
        "{} (in {}), {:?} after {} ms\nended with {:?}\n{}\n{}",
        shown(&command),
        folder.display(),
        plan.event,
        plan.at,
        outcome.status,
        String::from_utf8_lossy(&outcome.stdout),
        outcome.stderr
    );
    if complaints.is_empty() {
        // Tests take rights away from folders of theirs only; these can be removed.
        let _ = fs::remove_dir_all(&folder);
    }
    Ok(Verdict { complaints, record })
}

fn perform(command: &mut Command, plan: &Plan, folder: &Path, mark: &str) -> Result<Outcome> {
    let journal = folder.join("journal");
    for name in [
        "PYTEST_ADDOPTS",
        "PYTEST_PLUGINS",
        "PYTHONPATH",
        "PYTEST_TIMEOUT",
    ] {
        command.env_remove(name);
    }
    command
        .env(MARK, mark)
        .env(JOURNAL, &journal)
        .env("NO_COLOR", "1");
    command.env("TMPDIR", folder);
    let stdout = match plan.event {
        Event::FullStdout => Stdio::from(File::create("/dev/full")?),
        _ => Stdio::piped(),
    };
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| shown(command))?;
    let start = Instant::now();
    let (mut stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let reads = plan.event != Event::CloseStdout;
    let drained = reads.then(|| drain(stdout.take()));
    let errors = drain(stderr);
    let ended = |child: &mut Child, limit: Duration| -> Result<Option<ExitStatus>> {
        while start.elapsed() < limit {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(None)
    };
    let server = first_child(&child, mark, Duration::from_millis(plan.at));
    let mut status = ended(&mut child, Duration::from_millis(plan.at))?;
    if status.is_none() {
        disturb(plan.event, &child, server, mark);
        drop(stdout);
        if plan.event == Event::InterruptTwice {
            thread::sleep(Duration::from_millis(plan.at / 3));
            disturb(Event::Interrupt, &child, server, mark);
        }
        status = ended(&mut child, LIMIT)?;
    }
    let stacks = status.is_none().then(|| processes(mark));
    if status.is_none() {
        let _ = child.kill();
        child.wait()?;
    }
    let orphans = orphans(
        mark,
        if status.is_some() {
            GRACE
        } else {
            Duration::ZERO
        },
    );
    for orphan in &orphans {
        send(*orphan, Signal::SIGKILL);
    }
    let described = stacks.unwrap_or_else(|| orphans.iter().map(|pid| pid.to_string()).collect());
    let read = |handle: thread::JoinHandle<Vec<u8>>| handle.join().unwrap_or_default();
    let journal = fs::read_to_string(journal).unwrap_or_default();
    Ok(Outcome {
        status,
        stdout: drained.map(read).unwrap_or_default(),
        stderr: String::from_utf8_lossy(&read(errors)).into_owned(),
        orphans: described,
        started: journal.lines().map(ToOwned::to_owned).collect(),
    })
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks ends the text.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// The fork server, which is the first process that the command starts; none if it takes too long.
fn first_child(command: &Child, mark: &str, limit: Duration) -> Option<i32> {
    let start = Instant::now();
    let command = i32::try_from(command.id()).unwrap_or_default();
    while start.elapsed() < limit {
        if let Some(&first) = children(command, mark).first() {
            return Some(first);
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

/// `first` is the first fork server; where a test has killed it, the command has its workers for
/// children, which are not meant.
fn disturb(event: Event, child: &Child, first: Option<i32>, mark: &str) {
    let command = i32::try_from(child.id()).unwrap_or_default();
    let server = || {
        let children = children(command, mark);
        first.filter(|first| children.contains(first))
    };
    match event {
        Event::Interrupt | Event::InterruptTwice => send(command, Signal::SIGINT),
        Event::Terminate => send(command, Signal::SIGTERM),
        Event::KillCommand => send(command, Signal::SIGKILL),
        Event::KillServer => server()
            .into_iter()
            .for_each(|pid| send(pid, Signal::SIGKILL)),
        Event::StopServer => server()
            .into_iter()
            .for_each(|pid| send(pid, Signal::SIGSTOP)),
        Event::KillWorker => {
            let worker = server().and_then(|pid| children(pid, mark).into_iter().next());
            worker
                .into_iter()
                .for_each(|pid| send(pid, Signal::SIGKILL));
        }
        Event::Nothing | Event::CloseStdout | Event::FullStdout | Event::FullJunit => {}
    }
}

fn send(pid: i32, signal: Signal) {
    // It may have ended a moment ago.
    let _ = kill(Pid::from_raw(pid), signal);
}

/// The processes that carry the mark.
fn marked(mark: &str) -> Vec<i32> {
    let variable = format!("{MARK}={mark}");
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == variable.as_bytes())
    })
    .collect()
}

fn children(parent: i32, mark: &str) -> Vec<i32> {
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(')').map(|(_, after)| after.to_owned());
        after
            .and_then(|after| after.split_whitespace().nth(1)?.parse().ok())
            .is_some_and(|found: i32| found == parent)
    };
    marked(mark).into_iter().filter(is_child).collect()
}

fn orphans(mark: &str, grace: Duration) -> Vec<i32> {
    let start = Instant::now();
    loop {
        let found = marked(mark);
        if found.is_empty() || start.elapsed() >= grace {
            return found;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the processes of a run that hangs are doing.
fn processes(mark: &str) -> Vec<String> {
    let of = |pid: i32| {
        let read =
            |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let state = read("status").lines().nth(2).unwrap_or_default().to_owned();
        let command = read("cmdline").replace('\0', " ");
        format!("{pid} {state} {} {command}", read("wchan"))
    };
    marked(mark).into_iter().map(of).collect()
}

/// Looks at what is left of a round.
struct Judge<'a> {
    plan: &'a Plan,
    outcome: &'a Outcome,
    complaints: Vec<String>,
    /// Files whose import took too long.
    slow: BTreeSet<String>,
}

impl Judge<'_> {
    fn complain(&mut self, complaint: impl Into<String>) {
        self.complaints.push(complaint.into());
    }

    fn judge(&mut self) {
        let Outcome {
            status,
            orphans,
            stderr,
            ..
        } = self.outcome;
        let Some(status) = status else {
            return self.complain(format!("it hangs: {orphans:#?}"));
        };
        if !orphans.is_empty() {
            self.complain(format!("left behind: {orphans:?}"));
        }
        if stderr.contains("panicked") {
            self.complain("it panics");
        }
        let was_killed = self.plan.event == Event::KillCommand;
        match (status.code(), status.signal()) {
            (None, Some(9)) if was_killed => return,
            // It was not yet listening.
            (None, Some(2 | 15)) if self.outcome.stdout.is_empty() => return,
            (None, signal) => return self.complain(format!("signal {signal:?} ended it")),
            _ => {}
        }
        let code = status.code().unwrap_or_default();
        match self.plan.event {
            Event::FullStdout => {
                let said = code == 3 && stderr.contains("No space left");
                if !said && code != 2 {
                    self.complain(format!("stdout is full, and it ends with {code}"));
                }
            }
            Event::CloseStdout => {
                if ![0, 1, 2, 5].contains(&code) {
                    self.complain(format!("stdout is closed, and it ends with {code}"));
                }
            }
            Event::FullJunit => {
                if !(code == 3 && stderr.contains("/dev/full")) {
                    self.complain(format!("the JUnit file is full, and it ends with {code}"));
                }
                self.judge_json(None);
            }
            _ => self.judge_json(Some(code)),
        }
    }

    fn judge_json(&mut self, code: Option<i32>) {
        if self.plan.output != "json" {
            return;
        }
        let text = String::from_utf8_lossy(&self.outcome.stdout).into_owned();
        let mut events: Vec<Value> = Vec::new();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(event) => events.push(event),
                Err(error) => self.complain(format!("no event ({error}): {line:.200}")),
            }
        }
        let of = |name: &str| -> Vec<&Value> {
            events
                .iter()
                .filter(|event| event["event"] == name)
                .collect()
        };
        let Some(last) = events.last().filter(|last| last["event"] == "run-finished") else {
            let spoken = self.outcome.stderr.contains("error:");
            // Four fork servers in a row were killed: that is an end with a word of its own.
            if !spoken {
                self.complain("no last event");
            }
            return;
        };
        if code.is_some_and(|code| last["exit_code"] != code) {
            self.complain(format!("exit code {code:?}, and {last}"));
        }
        let mut reported: BTreeMap<String, String> = BTreeMap::new();
        for event in of("test-finished") {
            let (id, outcome) = (&event["id"], &event["outcome"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            if reported.insert(text(id), text(outcome)).is_some() {
                self.complain(format!("{id} is reported twice"));
            }
        }
        // A machine under load may need as long for an import as a test may take.
        let is_late = |event: &&&Value| event["longrepr"].to_string().contains("took longer");
        self.slow.extend(
            of("collect-finished")
                .iter()
                .filter(is_late)
                .filter_map(|event| Some(event["id"].as_str()?.to_owned())),
        );
        let broken: BTreeSet<String> = of("collect-finished")
            .iter()
            .filter_map(|event| Some(event["id"].as_str()?.to_owned()))
            .collect();
        let is_cut = !of("interrupted").is_empty();
        if is_cut {
            // What interrupts a teardown leaves the test as its call was, as under pytest.
            let has_ended = |event: &Value| {
                let phases = event["phases"].as_array().into_iter().flatten();
                phases.into_iter().any(|phase| phase["when"] == "teardown")
            };
            for event in of("test-finished") {
                if event["outcome"] == "passed" && !has_ended(event) {
                    reported.remove(event["id"].as_str().unwrap_or_default());
                }
            }
        }
        self.judge_outcomes(&reported, &broken, is_cut);
        let failures = reported
            .values()
            .any(|outcome| ["failed", "error"].contains(&outcome.as_str()));
        let expected = match (is_cut, failures || !broken.is_empty()) {
            (true, _) if self.plan.stops_at_first => vec![1, 2],
            (true, _) => vec![2],
            (false, true) => vec![1],
            (false, false) => vec![0, 5],
        };
        if code.is_some_and(|code| !expected.contains(&code)) {
            self.complain(format!("exit code {code:?}, not one of {expected:?}"));
        }
        let may_be_cut = self.plan.stops_at_first
            || matches!(
                self.plan.event,
                Event::Interrupt | Event::InterruptTwice | Event::Terminate
            );
        if is_cut && !may_be_cut {
            self.complain("it was cut short");
        }
    }

    fn judge_outcomes(
        &mut self,
        reported: &BTreeMap<String, String>,
        broken: &BTreeSet<String>,
        is_cut: bool,
    ) {
        let suite = &self.plan.suite;
        let file_of = |id: &str| id.split("::").next().unwrap_or_default().to_owned();
        let killed = self.plan.event == Event::KillWorker;
        let mut spared = usize::from(killed);
        for (id, outcome) in reported {
            let expected = suite.tests.get(id).copied().unwrap_or_default();
            if expected.contains(&outcome.as_str()) {
                continue;
            }
            if spared > 0 && outcome == "failed" && !expected.is_empty() {
                spared -= 1;
                continue;
            }
            self.complain(format!("{id} is {outcome}, not one of {expected:?}"));
        }
        for (file, loading) in &suite.files {
            let is_broken = broken.contains(file);
            let expected = *loading == Loading::Fails;
            let excused = is_cut || self.slow.contains(file) || (is_broken && spared > 0);
            if is_broken != expected && !excused {
                self.complain(format!("{file}: broken is {is_broken}"));
            }
        }
        let missing: Vec<&String> = suite
            .tests
            .keys()
            .filter(|id| !reported.contains_key(*id) && !broken.contains(&file_of(id)))
            .collect();
        if !is_cut {
            if !missing.is_empty() {
                self.complain(format!("lost: {missing:?}"));
            }
            return;
        }
        // Of a run that was cut short, each worker may have lost the test that it was at.
        let begun: BTreeSet<&String> = self.outcome.started.iter().collect();
        let lost: Vec<&&String> = missing.iter().filter(|id| begun.contains(**id)).collect();
        if lost.len() > self.plan.workers {
            self.complain(format!("lost although they had started: {lost:?}"));
        }
    }
}
