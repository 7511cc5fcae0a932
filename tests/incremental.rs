//! `fastest run --incremental`: what runs again, what does not, and that nobody can tell but by the time.

mod edits;
mod store;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Finished, Project, Started, check_each, project, python};

/// A project with a cache folder of its own beside it.
struct Kept {
    project: Project,
    cache: tempfile::TempDir,
}

impl Kept {
    fn new(files: &[(&str, &str)]) -> Self {
        let kept = Self {
            project: project(files),
            cache: tempfile::tempdir().unwrap(),
        };
        kept.settle();
        kept
    }

    /// Until the files can be told from such as are written from now on.
    fn settle(&self) {
        thread::sleep(Duration::from_millis(30));
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        let arguments = [&["--incremental"], arguments].concat();
        let mut started = self.plain(&arguments);
        started.command.env("FASTEST_CACHE_DIR", self.cache.path());
        started.command.envs(variables.iter().copied());
        started.finish_clean()
    }

    fn plain(&self, arguments: &[&str]) -> Started {
        let python = python();
        let mut all = vec!["run", "--output", "json"];
        if !arguments.contains(&"--python") {
            all.extend(["--python", python.to_str().unwrap()]);
        }
        all.extend(arguments);
        self.project.fastest(&all)
    }

    /// Which files run and which do not.
    fn files(&self, arguments: &[&str]) -> (Vec<String>, Vec<String>) {
        files(&self.run(arguments))
    }
}

fn named(finished: &Finished, event: &str) -> Vec<String> {
    let events = finished.events();
    let found = events.iter().filter(|found| found["event"] == event);
    let paths: BTreeSet<String> = found
        .map(|found| found["path"].as_str().unwrap().to_owned())
        .collect();
    paths.into_iter().collect()
}

/// The files that ran, and those that did not need to.
fn files(finished: &Finished) -> (Vec<String>, Vec<String>) {
    (
        named(finished, "file-collected"),
        named(finished, "file-unchanged"),
    )
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What tells of how a run went.
const PASSED_OVER: &[&str] = &[
    "run-started",
    "hermetic-started",
    "file-collected",
    "file-unchanged",
];

/// What a run said, without what is different each time.
fn said(finished: &Finished) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for mut event in finished.events() {
        let name = event["event"].as_str().unwrap().to_owned();
        if PASSED_OVER.contains(&name.as_str()) {
            continue;
        }
        let object = event.as_object_mut().unwrap();
        object.remove("unchanged");
        object.remove("duration");
        if let Some(counts) = object.get_mut("counts") {
            counts.as_object_mut().unwrap().remove("unchanged");
        }
        for phase in object
            .get_mut("phases")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            phase.as_object_mut().unwrap().remove("duration");
        }
        said.push(event.to_string());
    }
    said.sort();
    said
}

const VARIED: &str = "import pytest, warnings\n\
    def test_passes(tmp_path): print('out')\n\
    @pytest.mark.skip(reason='why')\ndef test_skipped(): pass\n\
    @pytest.mark.xfail(reason='known')\ndef test_xfailed(): assert 0\n\
    @pytest.mark.xfail\ndef test_xpassed(): pass\n\
    def test_warns(): warnings.warn('hm')\n\
    @pytest.mark.parametrize('n', range(3))\ndef test_many(n): assert n < 3\n\
    def test_property(record_property): record_property('a', 1)\n";

#[test]
fn nobody_can_tell_but_by_the_time() {
    let kept = Kept::new(&[
        ("test_varied.py", VARIED),
        (
            "test_absent.py",
            "import pytest\npytest.importorskip('nowhere')\n",
        ),
        ("conftest.py", "pytest_plugins = 'pytester'\n"),
        ("test_pytester.py", "def test_plugin(pytester): pass\n"),
        (
            "sub/test_class.py",
            "import unittest\nclass TestA(unittest.TestCase):\n    def test_a(self): pass\n",
        ),
    ]);
    for extra in [&[][..], &["--engine", "pytest"]] {
        let first = kept.run(extra);
        let (ran, unchanged) = files(&first);
        assert_eq!(unchanged, strings(&[]), "{first:?}");
        assert!(ran.len() >= 3, "{ran:?}");
        let second = kept.run(extra);
        let (again, unchanged) = files(&second);
        assert_eq!(again, strings(&[]), "{second:?}");
        assert_eq!(unchanged.len(), 4, "{unchanged:?}");
        assert_eq!(said(&second), said(&first));
        assert_eq!(second.code, first.code);
        let last = second.events().pop().unwrap();
        assert_eq!(last["counts"]["unchanged"], 11, "{last}");
    }
    let python = python();
    let mut text = kept
        .project
        .fastest(&["--incremental", "--python", python.to_str().unwrap()]);
    text.command.env("FASTEST_CACHE_DIR", kept.cache.path());
    let text = text.finish_clean();
    assert!(text.all_output().contains("(11 unchanged) in "), "{text:?}");
    assert!(
        text.all_output().contains("4 unchanged files, not run"),
        "{text:?}"
    );
}

#[test]
fn junit_reports_are_those_of_a_full_run() {
    let kept = Kept::new(&[
        (
            "pytest.ini",
            "[pytest]\njunit_logging = all\njunit_log_passing_tests = true\n",
        ),
        ("test_varied.py", VARIED),
        (
            "test_suite.py",
            "def test_a(record_testsuite_property): record_testsuite_property('k', 'v')\n",
        ),
    ]);
    let report = |arguments: &[&str]| {
        let finished = kept.run(&[&["--junit-xml", "out.xml"], arguments].concat());
        let text = fs::read_to_string(kept.project.root().join("out.xml")).unwrap();
        fs::remove_file(kept.project.root().join("out.xml")).unwrap();
        let attribute = without_times(&text);
        (files(&finished).1, attribute)
    };
    // Without a report workers do not tell what only a report says.
    kept.run(&[]);
    let (unchanged, first) = report(&[]);
    assert_eq!(unchanged, strings(&[]));
    let (unchanged, second) = report(&[]);
    assert_eq!(unchanged, strings(&["test_suite.py", "test_varied.py"]));
    assert_eq!(first, second);
}

/// The report's test cases and properties in order, without times.
fn without_times(text: &str) -> Vec<String> {
    let pieces = text.split('<').map(|piece| {
        let words = piece.split(' ');
        let words =
            words.filter(|word| !word.starts_with("time=") && !word.starts_with("timestamp="));
        words.collect::<Vec<_>>().join(" ")
    });
    let mut pieces: Vec<String> = pieces.collect();
    pieces.sort();
    pieces
}

/// An interpreter that puts down each of its starts.
fn counted_python(folder: &Path) -> (PathBuf, PathBuf) {
    let (path, log) = (folder.join("python"), folder.join("starts"));
    let real = python();
    let script = format!(
        "#!/bin/sh\necho start >> {}\nexec {} \"$@\"\n",
        log.display(),
        real.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    (path, log)
}

#[test]
fn with_nothing_changed_no_python_starts() {
    let kept = Kept::new(&[("test_a.py", "def test_a(): pass\n")]);
    let tools = tempfile::tempdir().unwrap();
    let (python, log) = counted_python(tools.path());
    let starts = || fs::read_to_string(&log).unwrap_or_default().lines().count();
    let run = || {
        let first = kept.run(&["--python", python.to_str().unwrap()]);
        assert_eq!(first.code, Some(0), "{first:?}");
        starts()
    };
    let first = run();
    assert!(first > 0);
    assert_eq!([run(), run()], [first, first]);
    kept.project.write("test_a.py", "def test_a(): assert 1\n");
    assert!(run() > first);
}

const SMALL: &[(&str, &str)] = &[
    ("pytest.ini", "[pytest]\npythonpath = .\nmarkers = slow\n"),
    ("pkg/__init__.py", ""),
    ("pkg/one.py", "from pkg.shared import X\n"),
    ("pkg/two.py", "Y = 2\n"),
    ("pkg/shared.py", "X = 1\n"),
    ("data/table.txt", "1\n"),
    (
        "a/conftest.py",
        "import pytest\n@pytest.fixture\ndef number(): return 1\n",
    ),
    (
        "a/test_one.py",
        "from pkg.one import X\ndef test_a(number): assert number\n",
    ),
    (
        "b/test_two.py",
        "import pytest\nfrom pkg.two import Y\ndef test_b(): pass\n@pytest.mark.slow\ndef test_slow(): pass\n",
    ),
    (
        "b/test_data.py",
        "from pathlib import Path\ndef test_d(): assert (Path(__file__).parent.parent / 'data/table.txt').read_text()\n",
    ),
];

const ALL: &[&str] = &["a/test_one.py", "b/test_data.py", "b/test_two.py"];

/// An edit of [`SMALL`]: a path and what it then holds, with the files that run again.
const EDITS: &[(&str, Option<&str>, &[&str])] = &[
    ("pkg/shared.py", Some("X = 3\n"), &["a/test_one.py"]),
    ("pkg/two.py", Some("Y = 3\n"), &["b/test_two.py"]),
    ("data/table.txt", Some("2\n"), &["b/test_data.py"]),
    ("data/table.txt", None, &["b/test_data.py"]),
    (
        "a/conftest.py",
        Some("import pytest\n@pytest.fixture\ndef number(): return 2\n"),
        &["a/test_one.py"],
    ),
    ("conftest.py", Some(""), ALL),
    (
        "pytest.ini",
        Some("[pytest]\npythonpath = .\nmarkers = slow\nxfail_strict = true\n"),
        ALL,
    ),
    ("colorsys.py", Some(""), ALL),
    ("_strptime.py", Some(""), ALL),
    ("ruff/__init__.py", Some(""), ALL),
    ("ruff/data.txt", Some(""), &[]),
    ("a/colorsys.py", Some(""), &["a/test_one.py"]),
    ("pkg/two/__init__.py", Some("Y = 4\n"), &["b/test_two.py"]),
    ("pkg/one.py", None, &["a/test_one.py"]),
    ("README.md", Some("text\n"), &[]),
    ("pkg/unused.py", Some("Z = 1\n"), &[]),
    (
        "b/test_new.py",
        Some("def test_n(): pass\n"),
        &["b/test_new.py"],
    ),
];

#[test]
fn what_an_edit_concerns_runs_again_and_nothing_else() {
    check_each(EDITS, |(path, text, expected)| {
        let kept = Kept::new(SMALL);
        let first = kept.run(&[]);
        assert_eq!(first.code, Some(0), "{first:?}");
        match text {
            Some(text) => kept.project.write(path, text),
            None => fs::remove_file(kept.project.root().join(path)).unwrap(),
        }
        kept.settle();
        let others = ALL.iter().copied();
        let others = others.filter(|file| !expected.contains(file));
        let finished = kept.run(&[]);
        let others: Vec<&str> = others.collect();
        assert_eq!(files(&finished).1, strings(&others), "{path}: {finished:?}");
        // What runs is told of, or an error is.
        let events = finished.events();
        let told = |file: &&&str| {
            events.iter().any(|event| {
                let name = if event["event"] == "file-collected" {
                    "path"
                } else {
                    "id"
                };
                event["event"] != "file-unchanged" && event[name].as_str() == Some(file)
            })
        };
        assert_eq!(
            expected.iter().filter(told).count(),
            expected.len(),
            "{path}: {finished:?}"
        );
    });
}

#[test]
fn what_is_declared_counts() {
    let kept = Kept::new(&[
        (
            "pyproject.toml",
            "[tool.fastest.hermetic]\npass-environment = [\"SEEN\"]\n",
        ),
        ("test_a.py", "def test_a(): pass\n"),
    ]);
    let ran = |variables: &[(&str, &str)]| !files(&kept.run_with(&[], variables)).0.is_empty();
    assert!(ran(&[]));
    assert!(!ran(&[("OTHER", "1")]));
    assert!(ran(&[("SEEN", "1")]));
    assert!(ran(&[("SEEN", "2")]));
    // Both are still known.
    assert!(!ran(&[]) && !ran(&[("SEEN", "1")]));
}

/// Arguments, and whether the whole run's results serve them.
const ARGUMENTS: &[(&[&str], bool)] = &[
    (&["-x"], true),
    (&["--maxfail", "2"], true),
    (&["-n", "1"], true),
    (&["--shard", "1/2"], true),
    (&["b"], true),
    (&["--optimizer", "simple"], true),
    (&["--durations", "3"], true),
    (&["-k", "test_b"], false),
    (&["-m", "not slow"], false),
    (&["b/test_two.py::test_b"], false),
    (&["--deselect", "b/test_two.py::test_b"], false),
    (&["-v"], false),
    (&["-W", "error"], false),
    (&["-p", "no:warnings"], false),
    (&["--timeout", "5"], false),
    (&["--isolation", "module"], true),
];

#[test]
fn which_tests_are_wanted_and_how_has_its_say() {
    check_each(ARGUMENTS, |(arguments, served)| {
        let kept = Kept::new(SMALL);
        kept.run(&[]);
        let first = kept.run(arguments);
        let (ran, _) = files(&first);
        let of_two = ran.iter().any(|path| path == "b/test_two.py");
        assert_eq!(of_two, !served, "{arguments:?}: {ran:?}");
        let second = kept.run(arguments);
        assert_eq!(files(&second).0, strings(&[]), "{arguments:?}");
        assert_eq!(said(&second), said(&first), "{arguments:?}");
        assert_eq!(second.code, first.code);
        // The whole run's results are still there.
        assert_eq!(kept.files(&[]).0, strings(&[]), "{arguments:?}");
    });
}

#[test]
fn what_has_to_run_runs_and_says_why() {
    let kept = Kept::new(SMALL);
    kept.run(&[]);
    for (arguments, reason) in [
        (&["--cov"][..], "coverage"),
        (&["-s"], "-s"),
        (&["--record-inputs"], "recorded"),
    ] {
        let finished = kept.run(arguments);
        let (ran, unchanged) = files(&finished);
        assert_eq!((ran.len(), unchanged.len()), (3, 0), "{arguments:?}");
        let problems: Vec<Value> = finished.events();
        let problems = problems.iter().filter(|event| event["event"] == "problem");
        let mut messages = problems.map(|event| event["problem"]["message"].as_str().unwrap());
        assert!(
            messages.any(|message| message.contains(reason)),
            "{finished:?}"
        );
        assert_eq!(kept.files(&[]).0, strings(&[]));
    }
    let configured = Kept::new(&[
        ("pyproject.toml", "[tool.fastest]\nincremental = true\n"),
        ("test_a.py", "def test_a(): pass\n"),
    ]);
    let run = |arguments: &[&str]| {
        let mut started = configured.plain(arguments);
        started
            .command
            .env("FASTEST_CACHE_DIR", configured.cache.path());
        files(&started.finish_clean()).0.len()
    };
    assert_eq!([run(&[]), run(&[]), run(&["--no-incremental"])], [1, 0, 1]);
}

#[test]
fn failures_run_until_they_are_mended() {
    let kept = Kept::new(&[
        (
            "test_a.py",
            "def test_a(): assert False\ndef test_b(): pass\n",
        ),
        ("test_c.py", "def test_c(): pass\n"),
    ]);
    for _ in 0..2 {
        let finished = kept.run(&[]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(files(&finished).0.contains(&"test_a.py".to_owned()));
    }
    let last_failed = kept.run(&["--lf"]);
    assert_eq!(last_failed.outcomes().len(), 1, "{last_failed:?}");
    kept.project
        .write("test_a.py", "def test_a(): pass\ndef test_b(): pass\n");
    kept.settle();
    assert_eq!(kept.run(&[]).code, Some(0));
    assert_eq!(kept.files(&[]).0, strings(&[]));
    // A pass that did not run is one all the same: nothing is left to run again.
    kept.project.write(
        "test_a.py",
        "def test_a(): assert False\ndef test_b(): pass\n",
    );
    kept.settle();
    assert_eq!(kept.run(&["-x"]).code, Some(1));
    kept.project
        .write("test_a.py", "def test_a(): pass\ndef test_b(): pass\n");
    kept.settle();
    let mended = kept.run(&[]);
    assert_eq!(
        (mended.code, files(&mended).0.len()),
        (Some(0), 0),
        "{mended:?}"
    );
    assert_eq!(kept.run(&["--lf"]).outcomes().len(), 3);
}

/// Fails every other time, by a file that it must not write: only the outcome counts here.
const FLAKY: &str = "import os, time\n\
    def test_flaky(): assert time.time_ns() // 1_000_000_000 % 2 == int(os.environ['SECOND'])\n";

#[test]
fn what_fails_sometimes_is_never_kept() {
    let kept = Kept::new(&[
        (
            "pyproject.toml",
            "[tool.fastest.hermetic]\npass-environment = [\"SECOND\"]\n",
        ),
        ("test_a.py", FLAKY),
    ]);
    // Until the same inputs have given both.
    let mut codes = BTreeSet::new();
    for _ in 0..100 {
        let finished = kept.run_with(&[], &[("SECOND", "0")]);
        if codes.is_empty() && finished.code == Some(0) {
            // What passes first is kept: nobody knows better.
            fs::remove_dir_all(kept.cache.path().join("results")).unwrap();
            thread::sleep(Duration::from_millis(170));
            continue;
        }
        codes.insert(finished.code);
        if codes.len() == 2 {
            break;
        }
        thread::sleep(Duration::from_millis(170));
    }
    assert_eq!(codes.len(), 2);
    let (ran, unchanged) = files(&kept.run_with(&[], &[("SECOND", "0")]));
    assert_eq!((ran.len(), unchanged.len()), (1, 0));
}

#[test]
fn a_digest_is_explained_part_by_part() {
    let explain = |kept: &Kept, arguments: &[&str]| {
        let python = python();
        let common = ["explain", "--digest", "--python", python.to_str().unwrap()];
        let mut started = kept.project.fastest(&[&common, arguments].concat());
        started.command.env("FASTEST_CACHE_DIR", kept.cache.path());
        let finished = started.finish_clean();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.stdout
    };
    let units = |kept: &Kept| {
        let document: Value =
            serde_json::from_slice(&explain(kept, &["--output", "json"])).unwrap();
        assert_eq!(document["schema"], 1);
        document["units"].clone()
    };
    // In another folder the same is the same.
    let (one, other) = (Kept::new(SMALL), Kept::new(SMALL));
    let first = units(&one);
    assert_eq!(first, units(&other));
    assert_eq!(first, units(&one));
    let unit = |units: &Value, test: &str| {
        let mut units = units.as_array().unwrap().iter();
        units.find(|unit| unit["test"] == test).unwrap().clone()
    };
    let two = unit(&first, "b/test_two.py");
    let parts: Vec<&str> = two["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["name"].as_str().unwrap())
        .collect();
    let expected = [
        "distributions",
        "environment",
        "harness",
        "inputs",
        "interpreter",
        "options",
        "settings",
    ];
    assert_eq!(parts, expected);
    let inputs = &two["parts"][3]["entries"];
    let names: Vec<&Value> = inputs
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry[0])
        .collect();
    let expected = json!([
        "b/test_two.py",
        "pkg/__init__.py",
        "pkg/two.py",
        "pytest.ini"
    ]);
    assert_eq!(json!(names), expected);
    let text = String::from_utf8(explain(&one, &["b/test_two.py"])).unwrap();
    assert!(
        text.starts_with(&format!(
            "b/test_two.py\n  digest: {}\n",
            two["digest"].as_str().unwrap()
        )),
        "{text}"
    );
    // What can be executed differs from what cannot.
    let path = one.project.root().join("pkg/two.py");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let second = units(&one);
    assert_ne!(unit(&second, "b/test_two.py")["digest"], two["digest"]);
    assert_eq!(
        unit(&second, "a/test_one.py"),
        unit(&first, "a/test_one.py")
    );
}
