//! `fastest run --record-inputs`: what is recorded of each test file, and `fastest audit`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Finished, Project, check_each, project, python};

const ENGINES: &[&str] = &["native", "pytest"];

fn record(project: &Project, engine: &str, arguments: &[&str]) -> Finished {
    let mut all = vec!["--record-inputs"];
    all.extend(arguments);
    let mut started = project.prepared(engine, &all);
    started.command.env("FASTEST_CACHE_DIR", "cache");
    started.finish_clean()
}

fn store(project: &Project) -> PathBuf {
    let folder = project.root().join("cache/records");
    let mut entries = fs::read_dir(folder).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    path
}

/// The records of all test files, without digests.
fn records(project: &Project) -> Value {
    let text = fs::read_to_string(store(project)).unwrap();
    let mut store: Value = serde_json::from_str(&text).unwrap();
    let tests = store["tests"].as_object_mut().unwrap();
    for record in tests.values_mut() {
        let digest = record.as_object_mut().unwrap().remove("digest");
        assert_eq!(digest.unwrap().as_str().unwrap().len(), 64);
    }
    store["tests"].take()
}

fn audit(project: &Project, arguments: &[&str]) -> Finished {
    let mut all = vec!["audit"];
    all.extend(arguments);
    let mut started = project.fastest(&all);
    started.command.env("FASTEST_CACHE_DIR", "cache");
    started.finish_clean()
}

/// A run of a project of `files`, all of whose tests pass, and what it records.
fn recorded(engine: &str, files: &[(&str, &str)]) -> Value {
    let project = project(files);
    let finished = record(&project, engine, &[]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    records(&project)
}

#[test]
fn a_module_is_in_the_record_of_each_file_that_runs_it() {
    check_each(ENGINES, |engine| {
        let files = [
            ("pkg/__init__.py", ""),
            ("pkg/a.py", "from pkg import shared\n"),
            ("pkg/b.py", "import pkg.shared\n"),
            ("pkg/late.py", ""),
            ("pkg/never.py", ""),
            ("pkg/shared.py", "from xml.dom import minidom\n"),
            ("conftest.py", ""),
            ("test_a.py", "import pkg.a\ndef test(): pass\n"),
            (
                "test_b.py",
                "import pkg.b\ndef test_b():\n    import pkg.late\ndef test_c(): pass\n",
            ),
            ("deep/conftest.py", ""),
            ("deep/test_deep.py", "def test_deep(): pass\n"),
        ];
        let found = recorded(engine, &files);
        let executed = |test: &str| found[test]["executed"].clone();
        let a = ["pkg/__init__.py", "pkg/a.py", "pkg/shared.py", "test_a.py"];
        let b = [
            "pkg/__init__.py",
            "pkg/b.py",
            "pkg/late.py",
            "pkg/shared.py",
            "test_b.py",
        ];
        assert_eq!(
            executed("test_a.py"),
            json!([&["conftest.py"], &a[..]].concat())
        );
        assert_eq!(
            executed("test_b.py"),
            json!([&["conftest.py"], &b[..]].concat())
        );
        let deep = ["conftest.py", "deep/conftest.py", "deep/test_deep.py"];
        assert_eq!(executed("deep/test_deep.py"), json!(deep));
        assert_eq!(found["test_a.py"]["opened"], json!([]));
        assert_eq!(found["test_a.py"]["listed"], json!([]));
    });
}

#[test]
fn children_and_forks_are_recorded() {
    let test = "import os, subprocess, sys\n\
        def test_module(): subprocess.run([sys.executable, '-m', 'pkg.child'], check=True)\n\
        def test_bare(): subprocess.run([sys.executable, 'script.py'], check=True, env={})\n\
        def test_system(): assert os.system(f'{sys.executable} -c \"import pkg.shell\"') == 0\n\
        def test_fork():\n\
        \x20   pid = os.fork()\n\
        \x20   if not pid:\n\
        \x20       import pkg.forked\n\
        \x20       os._exit(0)\n\
        \x20   os.waitpid(pid, 0)\n\
        def test_grandchild():\n\
        \x20   code = 'import subprocess, sys; subprocess.run([sys.executable, \"-m\", \"pkg.grand\"])'\n\
        \x20   subprocess.run([sys.executable, '-c', code], check=True)\n";
    check_each(ENGINES, |engine| {
        let files = [
            ("pkg/__init__.py", ""),
            ("pkg/child.py", "open('data.txt').read()\n"),
            ("pkg/forked.py", ""),
            ("pkg/grand.py", ""),
            ("pkg/shell.py", ""),
            ("script.py", ""),
            ("data.txt", ""),
            ("test_a.py", test),
        ];
        let found = &recorded(engine, &files)["test_a.py"];
        let executed = [
            "pkg/__init__.py",
            "pkg/child.py",
            "pkg/forked.py",
            "pkg/grand.py",
            "pkg/shell.py",
            "script.py",
            "test_a.py",
        ];
        assert_eq!(found["executed"], json!(executed));
        assert_eq!(found["opened"], json!(["data.txt"]));
        let programs = found["programs"].as_array().unwrap();
        assert!(programs.contains(&json!("/bin/sh")), "{programs:?}");
        assert!(programs.contains(&json!(python().to_str().unwrap())));
    });
}

#[test]
fn files_read_and_folders_listed_are_recorded_and_those_made_are_not() {
    let test = "import os, pathlib, tempfile\n\
        def test_read(): assert pathlib.Path('link.txt').read_text() == 'in'\n\
        def test_list(): assert os.listdir('data') == ['in.txt']\n\
        def test_written(tmp_path):\n\
        \x20   for path in pathlib.Path('out.txt'), tmp_path / 'out.txt':\n\
        \x20       path.write_text('out')\n\
        \x20       assert path.read_text() == 'out'\n\
        \x20   os.mkdir('made')\n\
        \x20   assert os.listdir('made') == []\n\
        \x20   with tempfile.TemporaryFile() as file: file.write(b'x')\n\
        def test_missing(): assert not os.path.exists('no.txt')\n";
    check_each(ENGINES, |engine| {
        let project = project(&[("data/in.txt", "in"), ("test_a.py", test)]);
        std::os::unix::fs::symlink("data/in.txt", project.root().join("link.txt")).unwrap();
        record(&project, engine, &[]);
        let found = &records(&project)["test_a.py"];
        let expected = json!({
            "executed": ["test_a.py"],
            "opened": ["data/in.txt", "link.txt"],
            "listed": ["data"],
            "programs": [],
        });
        assert_eq!(*found, expected);
    });
}

#[test]
fn runs_add_up_and_a_broken_store_is_none() {
    let project = project(&[
        ("test_a.py", "def test(): pass\n"),
        ("test_b.py", "def test(): pass\n"),
        ("helper.py", ""),
    ]);
    record(&project, "native", &["test_a.py"]);
    record(&project, "pytest", &["test_b.py"]);
    project.write("test_a.py", "import helper\ndef test(): pass\n");
    record(&project, "native", &["test_a.py"]);
    let found = records(&project);
    assert_eq!(
        found["test_a.py"]["executed"],
        json!(["helper.py", "test_a.py"])
    );
    assert_eq!(found["test_b.py"]["executed"], json!(["test_b.py"]));
    fs::write(store(&project), "{\"schema\": 1, \"rootdir\"").unwrap();
    let finished = audit(&project, &[]);
    assert_eq!(finished.code, Some(4), "{finished:#?}");
    let finished = record(&project, "native", &["test_b.py"]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let names: Vec<_> = records(&project)
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(names, ["test_b.py"]);
}

#[test]
fn a_cache_that_cannot_be_written_is_a_problem_and_no_failure() {
    let project = project(&[("test_a.py", "def test(): pass\n"), ("cache/records", "")]);
    let finished = record(&project, "native", &[]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let events = finished.events();
    let problem = events.iter().find(|event| event["event"] == "problem");
    let message = problem.expect("a problem")["problem"]["message"].to_string();
    assert!(message.contains("FASTEST_CACHE_DIR"), "{message}");
}

#[test]
fn a_test_that_ends_its_worker_leaves_what_was_seen_and_hides_no_other() {
    let dies = "import os, helper\ndef test_a(): os._exit(3)\ndef test_b(): open('b.txt')\n";
    check_each(ENGINES, |engine| {
        let project = project(&[
            ("test_a.py", dies),
            ("test_b.py", "def test(): pass\n"),
            ("helper.py", ""),
            ("b.txt", ""),
        ]);
        let finished = record(&project, engine, &[]);
        let outcomes = finished.outcomes();
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert_eq!(outcomes.len(), 3, "{outcomes:?}");
        let found = records(&project);
        assert_eq!(
            found["test_a.py"]["executed"],
            json!(["helper.py", "test_a.py"])
        );
        assert_eq!(found["test_a.py"]["opened"], json!(["b.txt"]));
        assert_eq!(found["test_b.py"]["executed"], json!(["test_b.py"]));
    });
}

#[test]
fn an_audit_tells_what_is_missed_and_what_is_not_known() {
    let project = project(&[
        ("conftest.py", ""),
        ("test_a.py", "def test(): pass\n"),
        (
            "test_b.py",
            "def test(): __import__('hel' + 'per')\ndef test_c(): open('data.txt')\n",
        ),
        ("helper.py", ""),
        ("data.txt", ""),
    ]);
    record(&project, "native", &[]);
    let finished = audit(&project, &["test_a.py"]);
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let finished = audit(&project, &[]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    let text = String::from_utf8_lossy(&finished.stdout);
    assert!(text.contains("test_b.py: missed: helper.py\n"), "{text}");

    project.write("test_a.py", "def test_changed(): pass\n");
    project.write("test_c.py", "def test(): pass\n");
    let finished = audit(&project, &["--output", "json"]);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["changed"], json!(["test_a.py"]));
    assert_eq!(document["unrecorded"], json!(["test_c.py"]));
    let missed = &document["tests"][0]["missed"];
    assert!(missed.as_array().unwrap().contains(&json!("helper.py")));
}

#[test]
fn what_was_recorded_is_an_input_and_selects_the_test() {
    let loads = "import importlib, os\n\n\
                 def test_addition():\n    importlib.import_module('_'.join(['my', 'addition']))\n";
    let files = [
        ("test_addition.py", loads),
        ("test_other.py", "def test_other(): pass\n"),
        ("my_addition.py", "import behind\n"),
        ("behind.py", ""),
    ];
    let project = project(&files);
    let answer = |arguments: &[&str]| {
        let mut started = project.fastest(arguments);
        started.command.env("FASTEST_CACHE_DIR", "cache");
        let finished = started.finish_clean();
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        String::from_utf8(finished.stdout).unwrap()
    };
    let inputs = ["inputs", "test_addition.py"];
    let affected = ["affected", "--output", "files", "--changed", "behind.py"];
    assert_eq!(answer(&inputs), "pytest.ini\ntest_addition.py\n");
    assert_eq!(answer(&affected), "");
    assert_eq!(record(&project, "native", &[]).code, Some(0));
    assert_eq!(
        answer(&inputs),
        "behind.py\nmy_addition.py\npytest.ini\ntest_addition.py\n"
    );
    assert_eq!(answer(&affected), "test_addition.py\n");
    // A file that is gone is looked for where it was.
    fs::remove_file(project.root().join("behind.py")).unwrap();
    assert_eq!(answer(&affected), "test_addition.py\n");
    let config = "[tool.fastest.graph]\nrecords = false\n";
    fs::write(project.root().join("pyproject.toml"), config).unwrap();
    assert_eq!(answer(&affected), "");
}
