//! Limits of time and memory, devices that are full, and debuggers.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::oracle::ENGINES;
use crate::support::{Finished, Project, Started, check_each, fastest, project, python};

fn outcomes(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(id, outcome): &(&str, &str)| (format!("test_a.py::{id}"), (*outcome).to_owned());
    expected.iter().map(owned).collect()
}

/// The phase of a test that failed.
fn failure(finished: &Finished, id: &str) -> Value {
    let events = finished.events();
    let test = events.iter().find(|event| event["id"] == id).unwrap();
    let phases = test["phases"].as_array().unwrap();
    let failed = phases.iter().find(|phase| phase["outcome"] == "failed");
    failed.unwrap().clone()
}

const LIMITED: &str = "import pytest, time\n\
    @pytest.mark.timeout(0.5)\n\
    def test_by_mark(): time.sleep(1000)\n\
    @pytest.mark.timeout(timeout=60, method='thread')\n\
    def test_longer(): time.sleep(2)\n\
    def test_by_default(): time.sleep(1000)\n\
    @pytest.mark.timeout(0)\n\
    def test_unlimited(): time.sleep(2)\n\
    def test_short(): pass\n";

#[test]
fn a_mark_wins_over_the_limit_of_the_run() {
    let sources: &[(&str, &[&str], Option<&str>)] = &[
        ("[pytest]\ntimeout = 1\n", &[], None),
        ("[pytest]\n", &[], Some("1")),
        ("[pytest]\ntimeout = 60\n", &[], Some("1")),
        ("[pytest]\ntimeout = 60\n", &["--timeout", "1"], Some("60")),
    ];
    check_each(sources, |(ini, arguments, variable)| {
        for engine in ENGINES {
            let project = project(&[("pytest.ini", ini), ("test_a.py", LIMITED)]);
            let mut started = project.prepared(engine, arguments);
            started.command.env_remove("PYTEST_TIMEOUT");
            started
                .command
                .envs(variable.map(|limit| ("PYTEST_TIMEOUT", limit)));
            let finished = started.finish_clean();
            let expected = outcomes(&[
                ("test_by_default", "failed"),
                ("test_by_mark", "failed"),
                ("test_longer", "passed"),
                ("test_short", "passed"),
                ("test_unlimited", "passed"),
            ]);
            assert_eq!(finished.outcomes(), expected, "{engine}: {finished:#?}");
            let message = failure(&finished, "test_a.py::test_by_mark");
            let message = message["longrepr"]["message"].as_str().unwrap().to_owned();
            assert!(message.ends_with("took longer than 0.5 s"), "{message}");
        }
    });
}

#[test]
fn no_limit_is_a_limit_too() {
    let slow = "import time\ndef test_slow(): time.sleep(1.5)\n";
    let settings = "[tool.fastest]\ntimeout = 0.5\n[tool.pytest.ini_options]\n";
    let project = project(&[("test_a.py", slow), ("pyproject.toml", settings)]);
    fs::remove_file(project.root().join("pytest.ini")).unwrap();
    let slow = |outcome| outcomes(&[("test_slow", outcome)]);
    assert_eq!(project.run("native", &[]).outcomes(), slow("failed"));
    let unlimited = project.run("native", &["--timeout", "0"]);
    assert_eq!(unlimited.outcomes(), slow("passed"), "{unlimited:#?}");
}

#[test]
fn what_hangs_or_crashes_shows_where_and_what_it_printed() {
    let hangs = "import os, signal, sys, threading, time\n\
                 def waits_for_ever(event): event.wait()\n\
                 def test_hangs():\n    \
                     print('so far')\n    \
                     print('so bad', file=sys.stderr)\n    \
                     event = threading.Event()\n    \
                     threading.Thread(target=waits_for_ever, args=(event,)).start()\n    \
                     time.sleep(1000)\n\
                 def crashes(): os.kill(os.getpid(), signal.SIGSEGV)\n\
                 def test_crashes():\n    \
                     print('before the crash')\n    \
                     crashes()\n";
    for engine in ENGINES {
        let project = project(&[("test_a.py", hangs)]);
        let finished = project.run(engine, &["-n", "1", "--timeout", "3"]);
        let phase = failure(&finished, "test_a.py::test_hangs").to_string();
        for part in ["in waits_for_ever", "in test_hangs", "so far", "so bad"] {
            assert!(phase.contains(part), "{engine}: no {part} in {phase}");
        }
        let phase = failure(&finished, "test_a.py::test_crashes").to_string();
        for part in ["Segmentation fault", "in crashes", "before the crash"] {
            assert!(phase.contains(part), "{engine}: no {part} in {phase}");
        }
        assert!(!phase.contains("fastest_harness"), "{engine}: {phase}");
    }
}

#[test]
fn a_worker_that_has_grown_is_replaced_and_tears_down() {
    let conftest = "import os, pytest\n\
                    @pytest.fixture(scope='session', autouse=True)\n\
                    def session():\n    \
                        yield\n    \
                        open(f'down-{os.getpid()}', 'w').close()\n";
    let grows = "kept = []\ndef test_grows(): kept.append(b'x' * 100_000_000)\n";
    let count = |project: &Project| {
        let names = fs::read_dir(project.root()).unwrap().flatten();
        names
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("down-"))
            .count()
    };
    let cases = [
        ("native", "90M", 3),
        ("pytest", "90M", 3),
        ("native", "4G", 1),
    ];
    check_each(&cases, |(engine, limit, workers)| {
        let names = ["test_a.py", "test_b.py", "test_c.py"];
        let project = project(&[("conftest.py", conftest)]);
        names.iter().for_each(|name| project.write(name, grows));
        let limits = ["-n", "1", "--max-worker-memory", limit];
        let finished = project.run(engine, &limits);
        assert_eq!(finished.code, Some(0), "{engine}: {finished:#?}");
        assert_eq!(finished.outcomes().len(), 3, "{engine}: {finished:#?}");
        // The pytest engine takes several files at once at the beginning of a run.
        let found = count(&project);
        assert!(
            found == workers || engine == "pytest" && found > 1,
            "{engine} {limit}: {found} workers"
        );
    });
}

#[test]
fn a_full_device_is_an_error_of_its_own() {
    let project = project(&[("test_a.py", "def test_a(): pass\n")]);
    let python = python();
    let run = |arguments: &[&str], full: bool| {
        let python = ["--python", python.to_str().unwrap(), "-n", "1"];
        let mut started = project.fastest(&[&python[..], arguments].concat());
        if full {
            let device = File::create("/dev/full").unwrap();
            started.command.stdout(Stdio::from(device));
        }
        started.finish_clean()
    };
    for output in ["pretty", "json", "junit"] {
        let finished = run(&["--output", output], true);
        assert_eq!(finished.code, Some(3), "{output}: {finished:#?}");
        assert!(
            finished
                .stderr
                .contains("standard output cannot be written: No space left"),
            "{output}: {finished:#?}"
        );
    }
    let finished = run(&["--junit-xml", "/dev/full"], false);
    assert_eq!(finished.code, Some(3), "{finished:#?}");
    assert!(
        finished.stderr.contains("/dev/full: cannot be written"),
        "{finished:#?}"
    );
}

/// Types an answer each time a prompt of the debugger appears.
const TYPIST: &str = r#"
import os, pty, sys
answers = sys.argv[1].split(",")
pid, terminal = pty.fork()
if not pid:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
    seen += data
    if answers and b"(Pdb) " in seen:
        seen = seen.partition(b"(Pdb) ")[2]
        os.write(terminal, answers.pop(0).encode() + b"\n")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn a_debugger_has_the_terminal() {
    let breaks = "def test_before(): pass\n\
                  def test_breaks():\n    \
                      x = 20\n    \
                      breakpoint()\n    \
                      assert x == 20\n\
                  def test_fails():\n    y = 30\n    assert y == 31\n\
                  def test_after(): pass\n";
    // The answers, the arguments, what is to be read, and the exit code.
    let cases: &[(&str, &[&str], &[&str], i32)] = &[
        ("p x * 3,c", &[], &["60", "1 failed, 3 passed"], 1),
        ("p x * 3,q", &[], &["60", "Quitting debugger"], 2),
        ("c,p y * 3,c", &["--pdb"], &["90", "1 failed, 3 passed"], 1),
        ("c", &["--trace", "-k", "after"], &["1 passed"], 0),
        (
            "",
            &["--pdb", "--lf", "--lfnf", "none"],
            &["4 deselected"],
            5,
        ),
        (
            "",
            &["--pdb", "--shard", "1/2"],
            &["--shard does not go"],
            4,
        ),
    ];
    let python = python();
    check_each(cases, |(answers, arguments, texts, code)| {
        let project = project(&[("test_a.py", breaks)]);
        let mut command = Command::new(&python);
        command.args(["-c", TYPIST, answers]).arg(fastest());
        command.arg("--python").arg(&python).args(["-n", "2"]);
        command.args(arguments).current_dir(project.root());
        let finished = Started::new(command).finish_clean();
        assert_eq!(finished.code, Some(code), "{finished:#?}");
        for text in texts {
            assert!(
                finished.all_output().contains(text),
                "{text}: {finished:#?}"
            );
        }
    });
}

#[test]
fn a_debugger_without_a_terminal_does_not_wait() {
    let breaks = "def test_breaks():\n    breakpoint()\n    assert 1\ndef test_after(): pass\n";
    let project = project(&[("test_a.py", breaks)]);
    for engine in ["auto", "pytest"] {
        let finished = project.run(engine, &[]);
        let expected = outcomes(&[("test_after", "passed"), ("test_breaks", "failed")]);
        assert_eq!(finished.outcomes(), expected, "{engine}: {finished:#?}");
    }
}
