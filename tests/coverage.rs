//! Coverage, measured by the command; coverage.py by itself is the oracle.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::oracle::ENGINES;
use crate::processes::{await_file, send};
use crate::support::{Finished, Project, Started, project, python};

/// A package, and tests in files of both engines; nobody imports `unseen`.
fn measured(more: &[(&str, &str)]) -> Project {
    let files = [
        ("pkg/__init__.py", "NAME = 'pkg'\n"),
        (
            "pkg/a.py",
            "def f(x):\n    if x:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n",
        ),
        ("pkg/unseen.py", "def never():\n    return 0\n"),
        ("conftest.py", "from pkg import NAME\n"),
        (
            "test_native.py",
            "from pkg.a import f\ndef test_f(): assert f(1) == 1\n",
        ),
        (
            "test_hooked.py",
            "import unittest\nfrom pkg.a import g\nclass TestG(unittest.TestCase):\n    \
             def test_g(self): self.assertEqual(g(), 3)\n",
        ),
    ];
    let project = project(&files);
    for (path, text) in more {
        project.write(path, text);
    }
    project
}

type Lines = BTreeMap<String, (Value, Value, Value)>;

/// The lines and branches of a JSON report.
fn lines(project: &Project) -> Lines {
    let text = std::fs::read_to_string(project.root().join("coverage.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    let files = report["files"].as_object().unwrap();
    let facts = |file: &Value| {
        let part = |name: &str| file[name].clone();
        (
            part("executed_lines"),
            part("missing_lines"),
            part("executed_branches"),
        )
    };
    files
        .iter()
        .map(|(path, file)| (path.clone(), facts(file)))
        .collect()
}

/// What coverage.py measures by itself of a pytest session.
fn oracle(project: &Project, options: &[&str]) -> Lines {
    let coverage = |arguments: &[&str]| {
        let mut command = Command::new(python());
        command.args(["-m", "coverage"]).args(arguments);
        command.current_dir(project.root());
        let finished = Started::new(command).finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    };
    let mut run = vec!["run", "--source=pkg", "--data-file=oracle"];
    run.extend(options);
    run.extend(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    coverage(&run);
    coverage(&["json", "--data-file=oracle", "-q"]);
    lines(project)
}

fn summary(finished: &Finished) -> Value {
    let events = finished.events();
    let mut found = events
        .iter()
        .filter(|event| event["event"] == "coverage-finished");
    found.next().cloned().unwrap_or_default()
}

#[test]
fn lines_and_branches_are_those_of_coverage_py() {
    for (ours, theirs) in [(&[][..], &[][..]), (&["--cov-branch"], &["--branch"])] {
        let project = measured(&[]);
        let expected = oracle(&project, theirs);
        assert_eq!(expected.len(), 3, "{expected:#?}");
        for engine in ENGINES {
            let mut arguments = vec!["--cov=pkg", "--cov-report=json"];
            arguments.extend(ours);
            let finished = project.run(engine, &arguments);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            assert_eq!(lines(&project), expected, "--engine {engine} {ours:?}");
        }
    }
}

#[test]
fn addopts_measure_and_what_is_too_little_fails() {
    let ini = "[pytest]\naddopts = --cov=pkg --cov-report=term-missing\n";
    let project = measured(&[("pytest.ini", ini)]);
    for engine in ENGINES {
        let finished = project.run(engine, &["--cov-fail-under=99"]);
        let found = summary(&finished);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert_eq!(found["failed"], true, "{found}");
        let text = found["text"].as_str().unwrap();
        assert!(
            text.contains("unseen.py") && text.contains("TOTAL"),
            "{text}"
        );
        assert!(
            finished
                .stderr
                .contains("FAIL Required test coverage of 99%")
        );

        let finished = project.run(engine, &["--cov-fail-under=50"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let finished = project.run(engine, &["--no-cov"]);
        assert_eq!(summary(&finished), Value::Null);
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}

#[test]
fn settings_are_those_of_coverage_py() {
    let toml = "[tool.pytest.ini_options]\n[tool.coverage.run]\nsource = ['pkg']\nbranch = true\n\
                [tool.coverage.report]\nfail_under = 99\nomit = ['*/unseen.py']\n";
    let project = measured(&[("pyproject.toml", toml)]);
    std::fs::remove_file(project.root().join("pytest.ini")).unwrap();
    let finished = project.run("auto", &["--cov", "--cov-report=json"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let found = lines(&project);
    assert_eq!(
        Vec::from_iter(found.keys()),
        ["pkg/__init__.py", "pkg/a.py"]
    );
    assert!(found["pkg/a.py"].2.is_array(), "{found:#?}");

    project.write("other.ini", "[run]\nomit = pkg/a.py\n");
    let arguments = ["--cov=pkg", "--cov-config=other.ini", "--cov-report=json"];
    let finished = project.run("auto", &arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = lines(&project);
    assert_eq!(
        Vec::from_iter(found.keys()),
        ["pkg/__init__.py", "pkg/unseen.py"]
    );
}

#[test]
fn every_kind_of_report_is_written() {
    let project = measured(&[]);
    let mut arguments = vec!["--cov=pkg".to_owned()];
    let places = ["html", "xml", "lcov", "json", "markdown"].map(|kind| format!("out.{kind}"));
    for (kind, place) in ["html", "xml", "lcov", "json", "markdown"]
        .iter()
        .zip(&places)
    {
        arguments.push(format!("--cov-report={kind}:{place}"));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let finished = project.run("auto", &arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for place in &places {
        assert!(project.root().join(place).exists(), "{place}");
    }
    let text = summary(&finished)["text"].as_str().unwrap().to_owned();
    assert!(!text.contains("TOTAL"), "{text}");

    let finished = project.run("auto", &["--cov=pkg", "--cov-report="]);
    let found = summary(&finished);
    assert_eq!(
        (&found["total"], &found["text"]),
        (&Value::Null, &"".into())
    );
}

#[test]
fn runs_add_up_only_when_asked() {
    let project = measured(&[]);
    let executed = |arguments: &[&str]| {
        let mut all = vec!["--cov=pkg", "--cov-report=json"];
        all.extend(arguments);
        let finished = project.run("auto", &all);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        lines(&project)["pkg/a.py"].0.clone()
    };
    assert_eq!(
        executed(&["test_native.py"]),
        serde_json::json!([1, 2, 3, 7])
    );
    assert_eq!(executed(&["test_hooked.py"]), serde_json::json!([1, 7, 8]));
    assert_eq!(
        executed(&["test_native.py", "--cov-append"]),
        serde_json::json!([1, 2, 3, 7, 8])
    );
}

#[test]
fn a_worker_that_dies_loses_only_its_own() {
    let dies = "import os\nfrom pkg.a import g\ndef test_dies():\n    g()\n    os._exit(3)\n";
    let project = measured(&[("test_dies.py", dies)]);
    // In pytest's order, in which its worker has run no other file before.
    let arguments = ["--cov=pkg", "--cov-report=json", "--optimizer=parallel"];
    for engine in ENGINES {
        let finished = project.run(engine, &arguments);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let executed = lines(&project)["pkg/a.py"].0.clone();
        assert_eq!(
            executed,
            serde_json::json!([1, 2, 3, 7, 8]),
            "--engine {engine}"
        );
    }
}

const WAITS: &str = "
import pathlib, time
from pkg.a import f, g

def test_first(): assert g() == 3

def test_waits():
    f(0)
    pathlib.Path('waiting').touch()
    try:
        time.sleep(60)
    finally:
        SLOWLY

def test_never(): f(1)
";

/// A run that is interrupted so many times while a test waits, which takes a while to end after the first.
fn interrupted(engine: &str, times: usize) -> (Project, Finished) {
    let slowly = if times > 1 { "time.sleep(60)" } else { "pass" };
    let project = measured(&[("test_waits.py", &WAITS.replace("SLOWLY", slowly))]);
    let arguments = [
        "--cov=pkg",
        "--cov-report=json",
        "--cov-fail-under=99",
        "test_waits.py",
    ];
    let started = project.prepared(engine, &arguments);
    let finished = started.finish_with(|command| {
        await_file(&project.root().join("waiting"));
        for _ in 0..times {
            send("-INT", &command.to_string());
            // Two that arrive at once may be one.
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
    });
    assert_eq!(finished.code, Some(2), "--engine {engine}: {finished:?}");
    (project, finished)
}

#[test]
fn an_interrupted_run_reports_what_it_measured() {
    for engine in ENGINES {
        let (project, finished) = interrupted(engine, 1);
        let executed = lines(&project)["pkg/a.py"].0.clone();
        assert_eq!(
            executed,
            serde_json::json!([1, 2, 4, 7, 8]),
            "--engine {engine}"
        );
        let found = summary(&finished);
        assert_eq!(found["failed"], true, "--engine {engine}: {finished:?}");
    }
}

#[test]
fn who_insists_on_the_end_does_not_wait_for_a_report() {
    for engine in ENGINES {
        let (project, finished) = interrupted(engine, 2);
        assert_eq!(summary(&finished), Value::Null, "--engine {engine}");
        assert!(
            !project.root().join("coverage.json").exists(),
            "{finished:?}"
        );
    }
}

#[test]
fn children_contexts_and_excluded_tests_are_seen() {
    let child = "import subprocess, sys, pytest\nfrom pkg.a import g\n\
                 def test_child():\n    \
                     subprocess.run([sys.executable, '-c', 'from pkg.a import f; f(0)'], check=True)\n\
                 @pytest.mark.no_cover\ndef test_excluded(): g()\n";
    let project = measured(&[
        ("test_child.py", child),
        (".coveragerc", "[run]\npatch = subprocess\n"),
        ("pytest.ini", "[pytest]\nmarkers = no_cover\n"),
    ]);
    for engine in ENGINES {
        let arguments = [
            "--cov=pkg",
            "--cov-context=test",
            "--cov-report=json",
            "test_child.py",
            "test_native.py",
        ];
        let finished = project.run(engine, &arguments);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let executed = lines(&project)["pkg/a.py"].0.clone();
        assert_eq!(
            executed,
            serde_json::json!([1, 2, 3, 4, 7]),
            "--engine {engine}"
        );
        let mut command = Command::new(python());
        let program = "import coverage; data = coverage.CoverageData(); data.read(); \
                       print(sorted(data.measured_contexts()))";
        command.args(["-c", program]).current_dir(project.root());
        let finished = Started::new(command).finish();
        assert_eq!(
            String::from_utf8(finished.stdout).unwrap().trim(),
            "['', 'test_native.py::test_f|run']",
            "--engine {engine}"
        );
    }
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    let project = measured(&[(
        ".coveragerc",
        "[run]\nno_such = 1\nplugins = no_such_plugin\n",
    )]);
    let bare = tempfile::tempdir().unwrap();
    let made = Command::new(python())
        .args(["-m", "venv", "--without-pip"])
        .arg(bare.path())
        .status();
    assert!(made.unwrap().success());
    let bare = bare.path().join("bin/python");
    let missing = [
        "--cov",
        "--cov-config=none",
        "--python",
        bare.to_str().unwrap(),
    ];
    let cases: [(&[&str], &str); 4] = [
        (&missing, "has no coverage.py; install it"),
        (&["--cov"], "no_such_plugin"),
        (
            &["--cov", "--cov-report=pdf"],
            "--cov-report does not take `pdf`",
        ),
        (
            &["--cov", "--cov-fail-under=200"],
            "needs a number up to 100",
        ),
    ];
    for (arguments, message) in cases {
        let finished = project.run("auto", arguments);
        assert_eq!(finished.code, Some(4), "{arguments:?} {finished:?}");
        assert!(
            finished.stderr.contains(message),
            "{arguments:?} {finished:?}"
        );
    }
}
