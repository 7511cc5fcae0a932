//! Signals and deaths from outside: the run ends as pytest's would, and no process outlives it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::oracle::ENGINES;
use crate::support::{Finished, Project, Started, check_each, fastest, project, python};

/// Its test says that it runs, sleeps, and tears a fixture down; two processes are below it.
const SLEEPS: &str = r#"
import os, pathlib, signal, subprocess, time
import pytest

@pytest.fixture
def fixture():
    yield
    pathlib.Path("torn-down").touch()

@pytest.fixture(scope="module", autouse=True)
def module():
    yield
    pathlib.Path("module-torn-down").touch()

def test_before(): pass

def test_sleeps(fixture):
    subprocess.Popen(["sleep", "1000"])
    if not os.fork():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(1000)
    pathlib.Path("pids.new").write_text(f"{os.getpid()} {os.getppid()}")
    os.rename("pids.new", "pids")
    time.sleep(1000)

def test_after(): pathlib.Path("went-on").touch()
"#;

fn sleeping() -> Project {
    project(&[("test_a.py", SLEEPS)])
}

/// Waits until the file is there, and gives what it holds.
pub(crate) fn await_file(path: &Path) -> String {
    let start = Instant::now();
    loop {
        if let Ok(text) = fs::read_to_string(path) {
            return text;
        }
        assert!(
            start.elapsed() < Duration::from_secs(50),
            "no {}",
            path.display()
        );
        thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn send(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, pid]).status().unwrap();
    assert!(status.success(), "kill {signal} {pid}");
}

/// Runs the sleeping test; `act` gets the process ids of the command, a worker and the fork server
/// once the test sleeps.
fn disturb(project: &Project, engine: &str, act: impl Fn(&str, &str, &str)) -> Finished {
    let root = project.root();
    let finished = project.prepared(engine, &[]).finish_with(|command| {
        let pids = await_file(&root.join("pids"));
        let (worker, zygote) = pids.split_once(' ').unwrap();
        act(&command.to_string(), worker, zygote);
    });
    assert_eq!(
        finished.orphans,
        Vec::<String>::new(),
        "{engine}: {finished:#?}"
    );
    assert!(!finished.stderr.contains("panicked"), "{finished:#?}");
    finished
}

fn exists(project: &Project, name: &str) -> bool {
    project.root().join(name).exists()
}

#[test]
fn one_interruption_tears_down_and_reports() {
    for engine in ENGINES {
        for signal in ["-INT", "-TERM"] {
            let project = sleeping();
            let finished = disturb(&project, engine, |command, _, _| send(signal, command));
            assert_eq!(finished.code, Some(2), "{engine} {signal}: {finished:#?}");
            assert!(
                exists(&project, "torn-down"),
                "{engine} {signal}: {finished:#?}"
            );
            assert!(
                exists(&project, "module-torn-down"),
                "{engine} {signal}: {finished:#?}"
            );
            assert!(!exists(&project, "went-on"), "{engine} {signal}");
            let passed = [("test_a.py::test_before".to_owned(), "passed".to_owned())];
            assert_eq!(
                finished.outcomes(),
                passed,
                "{engine} {signal}: {finished:#?}"
            );
            let events = finished.events();
            let interrupted = events.iter().find(|event| event["event"] == "interrupted");
            assert_eq!(interrupted.unwrap()["reason"], "KeyboardInterrupt");
            assert_eq!(events.last().unwrap()["exit_code"], 2);
        }
    }
}

#[test]
fn a_test_whose_teardown_is_interrupted_has_its_outcome() {
    let interrupted = r#"
import os, signal
import pytest

@pytest.fixture
def fixture():
    yield
    os.kill(os.getpid(), signal.SIGINT)

def test_before(): pass
def test_failed(): assert 0
def test_interrupted(fixture): pass
def test_after(): pass
"#;
    for engine in ENGINES {
        let project = project(&[("test_a.py", interrupted)]);
        let finished = project.run(engine, &["-n", "1"]);
        assert_eq!(finished.code, Some(2), "{engine}: {finished:#?}");
        let outcomes = [
            ("test_a.py::test_before", "passed"),
            ("test_a.py::test_failed", "failed"),
            ("test_a.py::test_interrupted", "passed"),
        ];
        let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        assert_eq!(finished.outcomes(), outcomes, "{engine}: {finished:#?}");
    }
}

#[test]
fn a_failure_that_ends_the_run_does_not_wait_for_other_workers() {
    let long = "import pathlib, time\n\
                def test_long():\n    pathlib.Path('began').touch()\n    time.sleep(1000)\n\
                def test_never(): pass\n";
    // A worker asks for its next file before the last test of one: none of these is the last.
    let fails = "import os, time\n\
                 def test_fails():\n    \
                     while not os.path.exists('began'): time.sleep(0.01)\n    \
                     assert 0\n\
                 def test_never(): pass\n";
    for engine in ENGINES {
        let project = project(&[("test_a.py", long), ("test_b.py", fails)]);
        let finished = project.run(engine, &["-x"]);
        assert_eq!(finished.code, Some(1), "{engine}: {finished:#?}");
        let failed = [("test_b.py::test_fails".to_owned(), "failed".to_owned())];
        assert_eq!(finished.outcomes(), failed, "{engine}: {finished:#?}");
    }
}

#[test]
fn a_stopped_process_does_not_stop_the_run() {
    let stops = "import os, signal\n\
                 def test_server(): os.kill(os.getppid(), signal.SIGSTOP)\n\
                 def test_itself(): os.kill(os.getpid(), signal.SIGSTOP)\n\
                 def test_after(): pass\n";
    for engine in ENGINES {
        let project = project(&[("test_a.py", stops)]);
        let finished = project.run(engine, &[]);
        let outcomes = [
            ("test_a.py::test_after", "passed"),
            ("test_a.py::test_itself", "failed"),
            ("test_a.py::test_server", "passed"),
        ];
        let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        assert_eq!(finished.outcomes(), outcomes, "{engine}: {finished:#?}");
    }
}

#[test]
fn a_test_that_kills_its_process_group_costs_no_other_test() {
    // Not the last of its file: before that its worker may be given the other file, too.
    let kills = "import os, signal, time\n\
                 def test_kills():\n    \
                     while not os.path.exists('began'): time.sleep(0.01)\n    \
                     os.killpg(0, signal.SIGKILL)\n\
                 def test_last(): pass\n";
    let other = "import pathlib, time\n\
                 def test_other():\n    pathlib.Path('began').touch()\n    time.sleep(1)\n";
    for engine in ENGINES {
        let project = project(&[("test_a.py", kills), ("test_b.py", other)]);
        let finished = project.run(engine, &[]);
        let outcomes = [
            ("test_a.py::test_kills", "failed"),
            ("test_a.py::test_last", "passed"),
            ("test_b.py::test_other", "passed"),
        ];
        let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        assert_eq!(finished.outcomes(), outcomes, "{engine}: {finished:#?}");
    }
}

#[test]
fn a_second_interruption_does_not_wait() {
    let stubborn = r#"
import pathlib, time
import pytest

@pytest.fixture
def fixture():
    yield
    pathlib.Path("tearing-down").touch()
    time.sleep(1000)

def test_sleeps(fixture):
    pathlib.Path("pids").touch()
    time.sleep(1000)
"#;
    for engine in ENGINES {
        let project = project(&[("test_a.py", stubborn)]);
        let root = project.root();
        let finished = project.prepared(engine, &[]).finish_with(|command| {
            await_file(&root.join("pids"));
            send("-INT", &command.to_string());
            await_file(&root.join("tearing-down"));
            send("-INT", &command.to_string());
        });
        assert_eq!(finished.code, Some(2), "{engine}: {finished:#?}");
        assert_eq!(finished.orphans, Vec::<String>::new(), "{engine}");
    }
}

#[test]
fn a_test_that_swallows_the_interruption_ends_with_the_second() {
    let deaf = r#"
import pathlib, time
def test_deaf():
    while True:
        try:
            pathlib.Path("pids").touch()
            time.sleep(1000)
        except KeyboardInterrupt:
            pathlib.Path("swallowed").touch()
"#;
    for engine in ENGINES {
        let project = project(&[("test_a.py", deaf)]);
        let root = project.root();
        let finished = project.prepared(engine, &[]).finish_with(|command| {
            await_file(&root.join("pids"));
            send("-INT", &command.to_string());
            await_file(&root.join("swallowed"));
            send("-INT", &command.to_string());
        });
        assert_eq!(finished.code, Some(2), "{engine}: {finished:#?}");
        assert_eq!(finished.orphans, Vec::<String>::new(), "{engine}");
    }
}

#[test]
fn an_interruption_is_heard_while_the_interpreter_starts() {
    let project = project(&[("test_a.py", "def test_a(): pass\n")]);
    let root = project.root();
    let hangs = format!("#!/bin/sh\ntouch {}/pids\nsleep 1000\n", root.display());
    project.write("hangs", hangs);
    let path = root.join("hangs");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&path, mode).unwrap();
    let started = project.prepared("auto", &["--python", path.to_str().unwrap()]);
    let finished = started.finish_with(|command| {
        await_file(&root.join("pids"));
        send("-INT", &command.to_string());
    });
    assert_eq!(finished.code, Some(2), "{finished:#?}");
    assert_eq!(finished.orphans, Vec::<String>::new());
}

#[test]
fn nothing_outlives_a_killed_command() {
    for engine in ENGINES {
        let project = sleeping();
        let finished = disturb(&project, engine, |command, _, _| send("-KILL", command));
        assert_eq!(finished.signal, Some(9));
        assert!(!exists(&project, "went-on"));
    }
}

#[test]
fn a_killed_worker_costs_the_test_that_it_ran() {
    for engine in ENGINES {
        for signal in ["-KILL", "-SEGV"] {
            let project = sleeping();
            let finished = disturb(&project, engine, |_, worker, _| send(signal, worker));
            assert_eq!(finished.code, Some(1), "{engine}: {finished:#?}");
            let outcomes = [
                ("test_a.py::test_after", "passed"),
                ("test_a.py::test_before", "passed"),
                ("test_a.py::test_sleeps", "failed"),
            ];
            let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
            assert_eq!(finished.outcomes(), outcomes, "{engine}: {finished:#?}");
            let name = format!("SIG{}", &signal[1..]);
            assert!(
                finished.all_output().contains(&name),
                "{engine}: {finished:#?}"
            );
        }
    }
}

#[test]
fn a_killed_fork_server_is_replaced() {
    for engine in ENGINES {
        let project = sleeping();
        let finished = disturb(&project, engine, |_, worker, zygote| {
            send("-KILL", zygote);
            send("-KILL", worker);
        });
        assert_eq!(finished.code, Some(1), "{engine}: {finished:#?}");
        assert!(exists(&project, "went-on"), "{engine}: {finished:#?}");
        assert_eq!(finished.outcomes().len(), 3, "{engine}: {finished:#?}");
    }
}

#[test]
fn a_test_that_takes_too_long_fails_and_the_others_run() {
    let endless = "import time\n\
                   def test_before(): pass\n\
                   def test_endless(): time.sleep(1000)\n\
                   def test_after(): pass\n";
    let import = "import time\ntime.sleep(1000)\n";
    for engine in ENGINES {
        let project = project(&[("test_a.py", endless), ("test_b.py", import)]);
        let finished = project.run(engine, &["--timeout", "3"]);
        assert_eq!(finished.code, Some(1), "{engine}: {finished:#?}");
        let outcomes = [
            ("test_a.py::test_after", "passed"),
            ("test_a.py::test_before", "passed"),
            ("test_a.py::test_endless", "failed"),
        ];
        let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        assert_eq!(finished.outcomes(), outcomes, "{engine}: {finished:#?}");
        assert!(
            finished.all_output().contains("took longer than 3 s"),
            "{finished:#?}"
        );
    }
}

/// The command under a pseudo-terminal: what it writes there.
fn in_terminal(project: &Project, variables: &[(&str, &str)]) -> Finished {
    let mut command = Command::new(python());
    let spawn = "import os, pty, sys\n\
                 sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))\n";
    command
        .args(["-c", spawn])
        .arg(fastest())
        .arg("--python")
        .arg(python());
    command.args(["-n", "2"]).current_dir(project.root());
    let mut started = Started::new(command);
    started
        .command
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color");
    started.command.envs(variables.iter().copied());
    started.finish_clean()
}

#[test]
fn a_terminal_gets_progress_and_anything_else_plain_text() {
    let many = "import pytest, time\n\
                @pytest.mark.parametrize('x', range(30))\n\
                def test_many(x): time.sleep(0.02); assert x != 7\n";
    let project = project(&[("test_a.py", many)]);
    let shown = in_terminal(&project, &[]);
    let text = String::from_utf8_lossy(&shown.stdout);
    assert_eq!(shown.code, Some(1), "{text}");
    assert!(
        text.contains("/30 ") && text.contains("\x1b["),
        "no progress: {text:?}"
    );
    assert!(
        text.contains("1 failed") && text.contains("29 passed"),
        "{text}"
    );
    // The bar is gone and the cursor is back when it ends.
    let hidden = text.matches("\x1b[?25l").count();
    assert_eq!(hidden, text.matches("\x1b[?25h").count(), "{text:?}");

    let plain = in_terminal(&project, &[("NO_COLOR", "1")]);
    let text = String::from_utf8_lossy(&plain.stdout);
    assert!(
        !text.contains("\x1b[31m") && !text.contains("\x1b[1m"),
        "{text:?}"
    );

    let python = python();
    let arguments = [&["-n", "2", "--python", python.to_str().unwrap()][..]];
    let outputs = ["pretty", "json", "junit"];
    check_each(&outputs, |output| {
        let mut piped = project.fastest(&[arguments[0], &["--output", output]].concat());
        piped
            .command
            .env_remove("NO_COLOR")
            .env("TERM", "xterm-256color");
        let piped = piped.finish_clean();
        assert_eq!(piped.code, Some(1), "{piped:#?}");
        assert!(!piped.all_output().contains(['\x1b', '\r']), "{piped:#?}");
    });
}
