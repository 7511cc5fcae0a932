//! `fastest discover --exact`: what it prints, how it ends, and what it leaves behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Finished, Project, project, python};

const OPEN: &str = "import pytest\n\
    @pytest.mark.parametrize('x', eval('[0, 1]'))\n\
    def test_open(x): pass\n";
const PLAIN: &str = "import pytest\n@pytest.mark.skip\ndef test_plain(): pass\n";

fn exact(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    let python = python();
    let mut all = vec!["discover", "--exact", "--python", python.to_str().unwrap()];
    all.extend(arguments);
    let mut started = project.fastest(&all);
    started.command.envs(variables.iter().copied());
    started.finish_clean()
}

fn lines(finished: &Finished) -> Vec<String> {
    let text = String::from_utf8_lossy(&finished.stdout);
    text.lines().map(str::to_owned).collect()
}

fn settle() {
    // What was written just now could be taken to have changed during the collection.
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
fn ids_are_complete_and_filters_apply_afterwards() {
    let project = project(&[("test_a.py", OPEN), ("test_b.py", PLAIN)]);
    let check = |arguments: &[&str], code: i32, expected: &[&str]| {
        let finished = exact(&project, arguments, &[]);
        assert_eq!(finished.code, Some(code), "{arguments:?}: {finished:#?}");
        assert_eq!(lines(&finished), expected, "{arguments:?}: {finished:#?}");
    };
    let (first, second, plain) = (
        "test_a.py::test_open[0]",
        "test_a.py::test_open[1]",
        "test_b.py::test_plain",
    );
    check(&[], 0, &[first, second, plain]);
    check(&["-k", "1 or plain"], 0, &[second, plain]);
    check(&["-m", "skip"], 0, &[plain]);
    check(&["--deselect", first], 0, &[second, plain]);
    check(&["-k", "nothing"], 5, &[]);
    check(&["test_a.py::test_open[1]"], 0, &[second]);

    let finished = exact(&project, &["--output", "json"], &[]);
    let document: serde_json::Value = serde_json::from_slice(&finished.stdout).unwrap();
    let test = &document["files"][0]["tests"][1];
    assert_eq!(test["id"], second);
    assert_eq!(test["open"], serde_json::Value::Null);
    assert_eq!((&test["line"], &test["column"]), (&3.into(), &1.into()));
    assert_eq!(test["parametrized"], serde_json::json!(["x"]));

    let finished = exact(&project, &["--output", "json", "-k", "1 or plain"], &[]);
    let document: serde_json::Value = serde_json::from_slice(&finished.stdout).unwrap();
    let ids = |file: usize| -> Vec<&serde_json::Value> {
        let tests = document["files"][file]["tests"].as_array().unwrap();
        tests.iter().map(|test| &test["id"]).collect()
    };
    assert_eq!(
        (ids(0), ids(1)),
        (vec![&second.into()], vec![&plain.into()])
    );
}

#[test]
fn errors_end_with_code_2_and_the_others_are_listed() {
    let fails = format!("{OPEN}print('noise')\nimport no_such_module\n");
    let project = project(&[("test_a.py", OPEN), ("test_b.py", &fails)]);
    let finished = exact(&project, &[], &[]);
    assert_eq!(finished.code, Some(2), "{finished:#?}");
    let expected = ["test_a.py::test_open[0]", "test_a.py::test_open[1]"];
    assert_eq!(lines(&finished), expected, "{finished:#?}");
    let says = "test_b.py: it cannot be imported: ModuleNotFoundError";
    assert!(finished.stderr.contains(says), "{finished:#?}");
    assert!(!finished.stderr.contains("noise"), "{finished:#?}");
}

#[test]
fn a_variable_that_was_read_counts_and_no_other_one() {
    let source = "import os, pytest\n\
        @pytest.mark.parametrize('x', os.environ.get('LETTERS', 'z').split(','))\n\
        def test_open(x): pass\n";
    let project = project(&[("test_a.py", source)]);
    settle();
    let check = |variables: &[(&str, &str)], tests: usize, by_python: usize| {
        let finished = exact(&project, &["--stats"], variables);
        assert_eq!(lines(&finished).len(), tests, "{finished:#?}");
        let says = format!("\n{by_python} files resolved by Python, ");
        assert!(finished.stderr.contains(&says), "{finished:#?}");
    };
    check(&[], 1, 1);
    check(&[], 1, 0);
    check(&[("OTHER_LETTERS", "a,b")], 1, 0);
    check(&[("LETTERS", "a,b,c")], 3, 1);
    check(&[("LETTERS", "a,b,c")], 3, 0);
    check(&[("LETTERS", "a,b")], 2, 1);
    check(&[("PYTHONOPTIMIZE", "1"), ("LETTERS", "a,b")], 2, 1);

    let copies = "import os, pytest\n\
        everything = dict(os.environ)\n\
        @pytest.mark.parametrize('x', everything.get('LETTERS', 'z').split(','))\n\
        def test_open(x): pass\n";
    project.write("test_a.py", copies);
    settle();
    // The suite's own mark is another one each time; without it the environment is the same.
    let run = |variables: &[(&str, &str)]| {
        let python = python();
        let words = [
            "discover",
            "--exact",
            "--stats",
            "--python",
            python.to_str().unwrap(),
        ];
        let mut started = project.fastest(&words);
        started.command.env("FASTEST_TEST_RUN", "same");
        started.command.envs(variables.iter().copied());
        started.finish_clean().stderr
    };
    assert!(run(&[]).contains("\n1 files resolved by Python"));
    assert!(run(&[]).contains("\n0 files resolved by Python"));
    assert!(run(&[("OTHER_LETTERS", "a")]).contains("\n1 files resolved by Python"));
}

#[test]
fn without_the_cache_python_is_asked_each_time() {
    let project = project(&[("test_a.py", OPEN)]);
    settle();
    for _ in 0..2 {
        let finished = exact(&project, &["--stats", "--no-cache"], &[]);
        let says = "\n1 files resolved by Python, 0 from the cache";
        assert!(finished.stderr.contains(says), "{finished:#?}");
    }
}

/// A file that says that it is being imported, with a process that left the process group.
const HANGS: &str = "import pathlib, subprocess, time\n\
    subprocess.Popen(['sleep', '1000'], start_new_session=True)\n\
    pathlib.Path('importing').touch()\n\
    time.sleep(1000)\n";

fn interrupted(signal: &str) -> Finished {
    let source = format!("{OPEN}{HANGS}");
    let project = project(&[("test_a.py", &source)]);
    let python = python();
    let words = ["discover", "--exact", "--python", python.to_str().unwrap()];
    let finished = project.fastest(&words).finish_with(|command| {
        await_file(&project.root().join("importing"));
        let kill = std::process::Command::new("kill")
            .args([signal, &command.to_string()])
            .status();
        assert!(kill.unwrap().success());
    });
    assert_eq!(lines(&finished), Vec::<String>::new());
    finished
}

fn await_file(path: &Path) {
    let start = Instant::now();
    while fs::metadata(path).is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(50),
            "no {}",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let finished = interrupted(signal);
        assert_eq!(finished.code, Some(2), "{signal}: {finished:#?}");
        assert_eq!(finished.orphans, Vec::<String>::new(), "{signal}");
    }
}

#[test]
fn the_death_of_the_command_ends_the_interpreter() {
    let finished = interrupted("-KILL");
    assert_eq!(finished.signal, Some(9));
    // What left the process group is out of anybody's reach then.
    let ours = finished
        .orphans
        .iter()
        .filter(|orphan| !orphan.contains("sleep"));
    assert_eq!(ours.count(), 0, "{finished:#?}");
}
