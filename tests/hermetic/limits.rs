//! Systems that cannot close a unit off in every way: said once, and the run goes on.

use std::process::Command;

use serde_json::Value;

use super::failure;
use crate::support::{Finished, Project, check_each, project, python, repository};

const LANDLOCK: &str = "this system has no Landlock";
const SIGNALS: &str = "signals to other processes";
const NETWORK: &str = "processes may not have a network of their own";
const SHARED_MEMORY: &str = "shared memory (`/dev/shm`)";

/// What is missing, and how the sentences begin that are said of it.
const CASES: &[(&str, &[&str])] = &[
    // Root in a container that has given them up.
    ("privileges", &[]),
    ("landlock", &[LANDLOCK, SIGNALS]),
    ("namespaces", &[NETWORK, SHARED_MEMORY]),
    ("mounts", &[SHARED_MEMORY]),
    (
        "landlock,namespaces",
        &[LANDLOCK, NETWORK, SIGNALS, SHARED_MEMORY],
    ),
];

const TESTS: &str = "\
import socket
def test_fine(tmp_path): (tmp_path / 'x').write_text('x')
def test_read(): open(chr(115) + 'ecret.txt', 'rb').read()
def test_write(): open('written.txt', 'wb')
def test_connect(): socket.create_connection(('192.0.2.1', 9), 1)
";

fn tests() -> Project {
    project(&[
        ("test_a.py", TESTS),
        ("test_b.py", "def test_b(): pass\n"),
        ("secret.txt", ""),
    ])
}

/// A run on a system that lacks something.
fn run(project: &Project, arguments: &[&str], missing: &str) -> Finished {
    let mut limited = Command::new(python());
    let script = repository().join("tests/hermetic/limited.py");
    limited.arg(script).arg(missing);
    project.fastest(arguments).under(limited).finish_clean()
}

fn arguments<'a>(python: &'a str, engine: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["run", "--hermetic", "-n", "2", "--python", python];
    all.extend(["--engine", engine]);
    all.extend(more);
    all
}

/// What the run said that the system lacks.
fn unenforced(events: &[Value]) -> Vec<String> {
    let mut started = events
        .iter()
        .filter(|event| event["event"] == "hermetic-started");
    let said = started.next().unwrap()["unenforced"].clone();
    assert!(started.next().is_none(), "said more than once");
    serde_json::from_value(said).unwrap()
}

#[test]
fn what_a_system_lacks_is_said_and_the_tests_run() {
    let python = python();
    let python = python.to_str().unwrap();
    check_each(CASES, |(missing, expected)| {
        for engine in super::ENGINES {
            let project = tests();
            let json = arguments(python, engine, &["--output", "json"]);
            let finished = run(&project, &json, missing);
            assert_eq!(finished.code, Some(1), "{finished:#?}");
            let events = finished.events();
            let said = unenforced(&events);
            for start in expected {
                assert!(said.iter().any(|line| line.starts_with(start)), "{said:?}");
            }
            // Python sees all the same what its code tries.
            assert_eq!(finished.outcomes().len(), 5, "{finished:#?}");
            for test in ["test_a.py::test_fine", "test_b.py::test_b"] {
                assert_eq!(failure(&events, test), None, "{finished:#?}");
            }
            for (test, start) in [
                ("read", "undeclared read of secret.txt, from test_a.py:3;"),
                (
                    "write",
                    "undeclared write to written.txt, from test_a.py:4;",
                ),
                (
                    "connect",
                    "undeclared connection to 192.0.2.1:9, from test_a.py:5;",
                ),
            ] {
                let (message, _) = failure(&events, &format!("test_a.py::test_{test}")).unwrap();
                assert!(message.starts_with(start), "{missing}, {engine}: {message}");
            }
            assert!(!project.root().join("written.txt").exists());
        }
    });
}

#[test]
fn people_are_told_once_whatever_is_printed() {
    let python = python();
    let python = python.to_str().unwrap();
    let project = tests();
    let missing = "landlock,namespaces";
    let told = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| line.starts_with("not enforced: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for more in [&[][..], &["-q"], &["-v"]] {
        let finished = run(&project, &arguments(python, "auto", more), missing);
        let lines = told(&String::from_utf8_lossy(&finished.stdout));
        assert_eq!(lines.len(), 4, "{finished:#?}");
        assert!(lines[0].contains(LANDLOCK), "{lines:?}");
    }
    // Where standard output carries data.
    let junit = arguments(python, "auto", &["--output", "junit"]);
    let finished = run(&project, &junit, missing);
    assert_eq!(told(&finished.stderr).len(), 4, "{finished:#?}");
    assert!(told(&String::from_utf8_lossy(&finished.stdout)).is_empty());
    // A run without walls has nothing to say of them.
    let open = ["run", "--python", python];
    let finished = run(&project, &open, missing);
    assert!(told(&finished.all_output()).is_empty(), "{finished:#?}");
}

#[test]
fn without_landlock_a_program_reads_what_it_wants() {
    let python = python();
    let python = python.to_str().unwrap();
    let shell = "import subprocess\ndef test_shell():\n    \
                 assert subprocess.run(['cat', chr(115) + 'ecret.txt'], check=True)\n";
    let project = project(&[("test_a.py", shell), ("secret.txt", "")]);
    let json = arguments(python, "auto", &["--output", "json"]);
    // This is what the sentence means; the kernel would have refused it.
    let finished = run(&project, &json, "landlock");
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let told = unenforced(&finished.events());
    assert!(
        told[0].contains("other programs and native code may use any file"),
        "{told:?}"
    );
}

#[test]
fn outcomes_are_not_kept_where_walls_are_missing() {
    let python = python();
    let python = python.to_str().unwrap();
    let project = project(&[("test_a.py", "def test_a(): pass\n")]);
    let incremental = arguments(python, "auto", &["--output", "json", "--incremental"]);
    for _ in 0..2 {
        let finished = run(&project, &incremental, "landlock");
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        let events = finished.events();
        assert!(
            events
                .iter()
                .all(|event| event["event"] != "file-unchanged")
        );
        let told = events.iter().filter(|event| event["event"] == "problem");
        let told = told.filter(|event| event.to_string().contains("no outcome is kept"));
        assert_eq!(told.count(), 1, "{finished:#?}");
    }
}
