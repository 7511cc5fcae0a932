//! Random suites of tests that misbehave, and what should become of each test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::random::Random;

/// The variable that names the file in which tests note that they start.
pub(super) const JOURNAL: &str = "FASTEST_FAULTS_JOURNAL";

/// One way to misbehave.
struct Kind {
    /// The body of the test.
    body: &'static str,
    /// What may become of it.
    outcomes: &'static [&'static str],
    /// How often it comes, beside the others.
    weight: usize,
    /// At most so many in one suite.
    most: usize,
    needs: Needs,
}

/// What a kind of test cannot do without, or must not meet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// A limit of time.
    Timeout,
    /// That the command is not killed: what leaves the process group outlives it then.
    Command,
}

const fn kind(body: &'static str, outcomes: &'static [&'static str], weight: usize) -> Kind {
    Kind {
        body,
        outcomes,
        weight,
        most: usize::MAX,
        needs: Needs::Nothing,
    }
}

const KINDS: &[Kind] = &[
    kind("pass", &["passed"], 60),
    kind("time.sleep(0.05)", &["passed"], 20),
    kind("assert 0", &["failed"], 6),
    kind("pytest.skip('now')", &["skipped"], 4),
    kind("print('x' * 2_000_000)", &["passed"], 3),
    kind("os._exit(7)", &["failed"], 3),
    kind("os._exit(0)", &["failed"], 3),
    kind("os.kill(os.getpid(), signal.SIGSEGV)", &["failed"], 3),
    kind("os.kill(os.getpid(), signal.SIGKILL)", &["failed"], 3),
    kind("os.abort()", &["failed"], 2),
    kind("os.killpg(0, signal.SIGKILL)", &["failed"], 3),
    kind("sys.exit(3)", &["failed"], 2),
    kind("raise SystemExit", &["failed"], 2),
    kind("subprocess.Popen(['sleep', '1000'])", &["passed"], 3),
    kind("os.fork() or time.sleep(1000)", &["passed"], 3),
    kind("os.fork()", &["passed"], 3),
    kind(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork() or time.sleep(1000)",
        &["passed"],
        2,
    ),
    Kind {
        needs: Needs::Command,
        ..kind(
            "os.fork() or (os.setsid(), time.sleep(1000))",
            &["passed"],
            3,
        )
    },
    kind(
        "threading.Thread(target=time.sleep, args=(1000,)).start()",
        &["passed"],
        3,
    ),
    kind("sys.stdin.close()", &["passed", "failed"], 2),
    kind("os.closerange(0, 1)", &["passed"], 2),
    kind("os.closerange(1, 3)", &["passed"], 2),
    kind("os.closerange(0, 3)", &["passed"], 2),
    // What is in the way of an engine may be its end.
    kind("os.closerange(3, 1024)", &["passed", "failed"], 2),
    kind("to_server(signal.SIGSTOP)", &["passed"], 3),
    Kind {
        most: 1,
        ..kind("os.kill(os.getpid(), signal.SIGSTOP)", &["failed"], 1)
    },
    Kind {
        most: 2,
        ..kind("to_server(signal.SIGKILL)", &["passed"], 2)
    },
    Kind {
        needs: Needs::Timeout,
        most: 2,
        ..kind("time.sleep(1000)", &["failed"], 6)
    },
    Kind {
        needs: Needs::Timeout,
        most: 2,
        ..kind(
            "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); time.sleep(1000)",
            &["failed"],
            4,
        )
    },
    kind(
        "folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)",
        &["passed"],
        3,
    ),
    kind("os.chmod(tempfile.mkdtemp(), 0)", &["passed"], 2),
    kind(
        "open('/dev/full', 'w').write('x' * 100_000)",
        &["failed"],
        2,
    ),
    kind("limited(resource.RLIMIT_FSIZE, 0, written)", &["passed"], 2),
    kind(
        "limited(resource.RLIMIT_NOFILE, 200, opened)",
        &["passed"],
        2,
    ),
    kind(
        "limited(resource.RLIMIT_AS, 1 << 29, filled)",
        &["passed"],
        2,
    ),
];

const HELPERS: &str = "\
import os, resource, signal, subprocess, sys, tempfile, threading, time
import pytest

def started(nodeid):
    fd = os.open(os.environ['FASTEST_FAULTS_JOURNAL'], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, nodeid.encode() + b'\\n')
    os.close(fd)

def to_server(signum):
    # Once it is gone, the command is the parent.
    parent = os.getppid()
    with open(f'/proc/{parent}/cmdline') as file:
        if 'fastest_harness' in file.read():
            os.kill(parent, signum)

def limited(what, limit, act):
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (limit, hard))
    try:
        with pytest.raises((OSError, MemoryError)):
            act()
    finally:
        resource.setrlimit(what, (soft, hard))

def written():
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(b'x')

def opened():
    files = [open(os.devnull) for _ in range(300)]

def filled():
    bytearray(1 << 40)

@pytest.fixture(scope='session', autouse=True)
def session():
    yield
    started('the end of a session')

@pytest.fixture
def breaks(request):
    yield
    assert 0
";

/// What becomes of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loading {
    Fine,
    /// It cannot be imported.
    Fails,
}

/// A suite, and what should become of it.
pub(super) struct Suite {
    /// The files by their names.
    pub(super) files: BTreeMap<String, Loading>,
    /// The outcomes that each test may have.
    pub(super) tests: BTreeMap<String, &'static [&'static str]>,
    sources: BTreeMap<String, String>,
}

impl Suite {
    /// A suite for a run with or without a limit of time, whose command may get killed.
    pub(super) fn new(random: &mut Random, timeout: bool, command_is_killed: bool) -> Self {
        let mut suite = Self {
            files: BTreeMap::new(),
            tests: BTreeMap::new(),
            sources: BTreeMap::new(),
        };
        let mut left: Vec<usize> = KINDS.iter().map(|kind| kind.most).collect();
        for number in 0..=random.below(4) {
            let file = format!("test_{number}.py");
            let mut source = "from helpers import *\n".to_owned();
            for number in 0..=random.below(6) {
                let at = loop {
                    let at = weighted(random);
                    let fits = match KINDS[at].needs {
                        Needs::Nothing => true,
                        Needs::Timeout => timeout,
                        Needs::Command => !command_is_killed,
                    };
                    if fits && left[at] > 0 {
                        break at;
                    }
                };
                left[at] -= 1;
                let kind = &KINDS[at];
                let id = format!("{file}::test_{number}");
                let breaks = kind.body == "pass" && random.percent(8);
                let parameter = if breaks { "breaks" } else { "" };
                let outcomes = if breaks { &["error"] } else { kind.outcomes };
                let body = kind.body;
                let _ = writeln!(
                    source,
                    "def test_{number}({parameter}):\n    started({id:?})\n    {body}"
                );
                suite.tests.insert(id, outcomes);
            }
            let loading = if random.percent(6) {
                let way = random.pick(&["os._exit(3)", "1 / 0", "def", "os.kill(os.getpid(), 9)"]);
                source.push_str(way);
                source.push('\n');
                let of_file = format!("{file}::");
                suite.tests.retain(|id, _| !id.starts_with(&of_file));
                Loading::Fails
            } else {
                Loading::Fine
            };
            suite.sources.insert(file.clone(), source);
            suite.files.insert(file, loading);
        }
        suite
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        fs::write(folder.join("pytest.ini"), "[pytest]\n")?;
        fs::write(folder.join("helpers.py"), HELPERS)?;
        fs::write(
            folder.join("conftest.py"),
            "from helpers import breaks, session\n",
        )?;
        for (name, source) in &self.sources {
            fs::write(folder.join(name), source)?;
        }
        Ok(())
    }
}

fn weighted(random: &mut Random) -> usize {
    let total = KINDS.iter().map(|kind| kind.weight).sum();
    let mut left = random.below(total);
    KINDS
        .iter()
        .position(|kind| {
            let here = left < kind.weight;
            left = left.saturating_sub(kind.weight);
            here
        })
        .unwrap_or(0)
}
