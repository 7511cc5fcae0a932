//! `--last-failed`, `--failed-first` and `--new-first`, held against real pytest: the tests that run,
//! their order with one worker, and how many count as deselected.

use std::process::Command;

use tempfile::TempDir;

use crate::oracle::ENGINES;
use crate::support::{Finished, Project, Started, check_each, project, python};

/// What one run did: the tests in the order in which they ended, how many were deselected, and the
/// exit code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) tests: Vec<String>,
    pub(super) deselected: u64,
    pub(super) code: Option<i32>,
}

/// `fastest run` with a cache folder of the test's own.
pub(super) fn fastest(
    project: &Project,
    cache: &TempDir,
    engine: &str,
    arguments: &[&str],
) -> Finished {
    let mut started = project.prepared(engine, arguments);
    started.command.env("FASTEST_CACHE_DIR", cache.path());
    started.finish_clean()
}

pub(super) fn ran(finished: &Finished) -> Ran {
    let events = finished.events();
    let ended = events.iter().filter(|e| e["event"] == "test-finished");
    let tests = ended.map(|event| event["id"].as_str().unwrap().to_owned());
    let counts = &events.last().unwrap()["counts"];
    Ran {
        tests: tests.collect(),
        deselected: counts["deselected"].as_u64().unwrap(),
        code: finished.code,
    }
}

/// Real pytest with its own cache, which is as old as that of the command.
fn pytest(project: &Project, arguments: &[&str]) -> Ran {
    let mut command = Command::new(python());
    command.args(["-m", "pytest", "-v", "--continue-on-collection-errors"]);
    command.args(["-p", "no:xdist", "-W", "ignore"]);
    command.args(arguments).current_dir(project.root());
    let finished = Started::new(command).finish();
    let text = String::from_utf8_lossy(&finished.stdout).into_owned();
    let test = |line: &str| {
        let (id, rest) = line.split_once(' ')?;
        let words = ["PASSED", "FAILED", "SKIPPED", "XFAIL", "XPASS", "ERROR"];
        let is_outcome = words.iter().any(|word| rest.starts_with(word)) && rest.ends_with("%]");
        (id.contains("::") && is_outcome).then(|| id.to_owned())
    };
    let mut tests: Vec<String> = text.lines().filter_map(test).collect();
    // A test that passes and fails in its teardown has two lines.
    tests.dedup();
    let last = text.lines().last().unwrap_or_default();
    let words: Vec<&str> = last.split([' ', ',']).collect();
    let at = words.iter().position(|word| *word == "deselected");
    Ran {
        tests,
        deselected: at.map_or(0, |at| words[at - 1].parse().unwrap()),
        code: finished.code,
    }
}

/// Paths and contents.
type Files<'s> = &'s [(&'s str, &'s str)];

/// A change of the project, and the arguments of the run that follows it.
type Step<'s> = (Files<'s>, &'s [&'s str]);

/// Runs all steps under both, and holds each run against the other.
fn check_steps(files: &[(&str, &str)], steps: &[Step<'_>]) {
    let project = project(files);
    let caches = ENGINES.map(|engine| (engine, TempDir::new().unwrap()));
    for (number, (changes, arguments)) in steps.iter().enumerate() {
        for (path, text) in *changes {
            project.write(path, text);
        }
        let expected = pytest(&project, arguments);
        let mut all = vec!["-n", "1"];
        all.extend(*arguments);
        // The folders of pytest's cache are emptied by the command, too.
        let kept = project.root().join(".pytest_cache");
        let aside = project.root().with_extension("aside");
        std::fs::rename(&kept, &aside).unwrap();
        for (engine, cache) in &caches {
            let finished = fastest(&project, cache, engine, &all);
            let found = ran(&finished);
            assert_eq!(
                found,
                expected,
                "{engine}, run {number}: {}",
                finished.complaints()
            );
        }
        std::fs::remove_dir_all(&kept).ok();
        std::fs::rename(&aside, &kept).unwrap();
    }
}

const MIXED: &str = "
import pytest
def test_a(): pass
def test_b(): assert FIXED
@pytest.mark.parametrize('n', [1, 2, 3])
def test_c(n): assert FIXED or n != 2
def test_d(): pytest.skip('no')
";

const CLASSES: &str = "
class TestOne:
    def test_a(self): pass
    def test_b(self): assert FIXED
class TestTwo:
    def test_c(self): pass
def test_d(): pass
";

fn with(fixed: bool, text: &str) -> String {
    format!("FIXED = {}\n{text}", if fixed { "True" } else { "False" })
}

const PASSES: &str = "def test_x(): pass\ndef test_y(): pass\n";

#[test]
fn what_failed_runs_alone_or_first_as_under_pytest() {
    let (mixed, classes) = (with(false, MIXED), with(false, CLASSES));
    let files: &[(&str, &str)] = &[
        ("test_1.py", PASSES),
        ("sub/test_2.py", &mixed),
        ("sub/test_3.py", PASSES),
        ("test_4.py", PASSES),
        ("test_5.py", &mixed),
    ];
    let class_files: &[(&str, &str)] = &[
        ("test_1.py", PASSES),
        ("test_2.py", &classes),
        ("test_3.py", PASSES),
        ("test_4.py", &mixed),
        ("test_5.py", PASSES),
    ];
    let only_classes: &[(&str, &str)] = &[("test_1.py", PASSES), ("test_2.py", &classes)];
    let mended = with(true, MIXED);
    let none: &[(&str, &str)] = &[];
    let cases: &[(Files<'_>, &[Step<'_>])] = &[
        (files, &[(none, &[]), (none, &["--lf"]), (none, &["--ff"])]),
        (files, &[(none, &[]), (none, &["--ff", "--nf"])]),
        (
            files,
            &[
                (none, &["-x"]),
                (none, &["--lf"]),
                (&[("sub/test_2.py", &mended)], &["--lf"]),
                (none, &["--lf", "-x"]),
                (&[("test_5.py", &mended)], &["--lf"]),
                (none, &["--lf"]),
                (none, &["--lf", "--last-failed-no-failures", "none"]),
                (none, &["--ff"]),
            ],
        ),
        (
            files,
            &[
                (none, &[]),
                (none, &["--lf", "-k", "test_b"]),
                (none, &["--lf", "-k", "test_a"]),
                (none, &["--lf", "test_5.py"]),
                (none, &["--lf", "test_1.py"]),
                (none, &["--lf", "sub"]),
                (none, &["--ff", "-k", "test_a or test_b"]),
                (none, &["--ff", "test_5.py::test_a", "test_5.py::test_b"]),
                (none, &["--lf", "--cache-clear"]),
            ],
        ),
        (
            class_files,
            &[(none, &[]), (none, &["--lf"]), (none, &["--ff"])],
        ),
        (
            only_classes,
            &[(none, &[]), (none, &["--lf"]), (none, &["--ff"])],
        ),
        (
            files,
            &[
                (none, &["test_1.py", "sub"]),
                (none, &["--nf"]),
                (none, &["--nf"]),
            ],
        ),
    ];
    check_each(&(0..cases.len()).collect::<Vec<_>>(), |at| {
        let (files, steps) = cases[at];
        check_steps(files, steps);
    });
}

#[test]
fn files_that_could_not_be_collected_run_again_as_under_pytest() {
    let broken = "import nothing_of_that_name\n";
    let mended = "def test_x(): pass\nclass TestIt:\n    def test_y(self): pass\n";
    let files: &[(&str, &str)] = &[
        ("test_1.py", PASSES),
        ("test_2.py", broken),
        ("test_3.py", "def test_z(): assert 0\n"),
    ];
    check_steps(
        files,
        &[
            (&[], &[]),
            (&[], &["--lf"]),
            (&[("test_2.py", mended)], &["--lf"]),
            (&[], &["--lf"]),
        ],
    );
}

#[test]
fn tests_that_only_python_knows_run_again_as_under_pytest() {
    let open = "
import pytest
def numbers(): return [n for n in range(4)]
@pytest.mark.parametrize('n', numbers())
def test_n(n): assert n != 2
def test_m(): pass
";
    let fewer = open.replace("range(4)", "range(2)");
    let files: &[(&str, &str)] = &[
        ("test_1.py", PASSES),
        ("test_2.py", open),
        ("test_3.py", PASSES),
    ];
    check_steps(
        files,
        &[
            (&[], &[]),
            (&[], &["--lf"]),
            (&[], &["--ff"]),
            (&[], &["--nf"]),
            // The only failure is no longer there, so that all run.
            (&[("test_2.py", &fewer)], &["--lf"]),
        ],
    );
}

#[test]
fn fixtures_of_a_file_that_runs_in_two_parts_are_those_of_pytest() {
    let text = "
import pytest
log = []
@pytest.fixture(scope='session')
def session():
    log.append('session')
    yield
@pytest.fixture(scope='module', autouse=True)
def module(session):
    log.append('module')
    yield
    log.append('gone')
def setup_module(): log.append('setup')
def test_a(): assert log.count('session') == 1
def test_b(): assert 0, log
def test_c(): assert log.count('module') == 1 + log.count('gone')
";
    let other = text.replace("log = []", "from test_1 import log\nprefix = 2");
    let files: &[(&str, &str)] = &[("test_1.py", text), ("test_2.py", &other)];
    check_steps(files, &[(&[], &[]), (&[], &["--ff"]), (&[], &["--ff"])]);
}

#[test]
fn hooks_and_doctests_see_of_a_file_in_two_parts_what_they_see_under_pytest() {
    let hooks = "
import pytest
told = []
def pytest_itemcollected(item): told.append(item.nodeid)
def pytest_collection_modifyitems(config, items):
    dropped = [item for item in items if item.name == 'test_dropped']
    items[:] = [item for item in items if item.name != 'test_dropped']
    config.hook.pytest_deselected(items=dropped)
@pytest.fixture
def all_told(): return told
";
    let hooked = "
def test_a(): pass
def test_b(): assert 0
def test_dropped(): pass
def test_c(all_told): assert len(all_told) == len(set(all_told))
";
    let files: &[(&str, &str)] = &[
        ("conftest.py", hooks),
        ("test_1.py", hooked),
        ("test_2.py", hooked),
    ];
    check_steps(
        files,
        &[
            (&[], &[]),
            (&[], &["--ff"]),
            (&[], &["--lf"]),
            (&[], &["--nf"]),
        ],
    );
    let documented = "
def right():
    '''
    >>> 1
    1
    '''
def wrong():
    '''
    >>> 1
    2
    '''
def test_a(): pass
def test_b(): assert 0
";
    let files: &[(&str, &str)] = &[
        ("pytest.ini", "[pytest]\naddopts = --doctest-modules\n"),
        ("module.py", documented),
        ("test_1.py", PASSES),
        ("test_2.py", documented),
        ("test_text.txt", ">>> 1\n2\n"),
    ];
    check_steps(files, &[(&[], &[]), (&[], &["--ff"]), (&[], &["--lf"])]);
}

#[test]
fn no_part_is_lost_when_a_worker_dies_during_another() {
    let text = "
import os
def test_a(): pass
def test_b(): assert 0
def test_c():
    if os.path.exists('deadly'): os._exit(1)
    assert 0
def test_d(): assert 0
def test_e(): pass
";
    let second: Vec<String> = "bcdae"
        .chars()
        .map(|c| format!("test_1.py::test_{c}"))
        .collect();
    check_each(&ENGINES, |engine| {
        let project = project(&[("test_1.py", text)]);
        let cache = TempDir::new().unwrap();
        fastest(&project, &cache, engine, &["-n", "1"]);
        project.write("deadly", "");
        let found = ran(&fastest(&project, &cache, engine, &["-n", "1", "--ff"]));
        assert_eq!(found.tests, second, "{engine}");
    });
}

#[test]
fn failures_run_first_on_many_workers() {
    let files: Vec<(String, String)> = (0..12)
        .map(|number| {
            let many: String = (0..20).map(|n| format!("def test_{n}(): pass\n")).collect();
            let text = if number == 7 {
                "def test_f(): assert 0\n".to_owned()
            } else {
                many
            };
            (format!("test_{number:02}.py"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    let project = project(&files);
    let cache = TempDir::new().unwrap();
    let before = ran(&fastest(&project, &cache, "auto", &["-n", "2"]));
    assert_eq!(before.tests.len(), 11 * 20 + 1);
    let finished = fastest(&project, &cache, "auto", &["-n", "2", "--ff"]);
    let events = finished.events();
    let collected = events.iter().filter(|e| e["event"] == "file-collected");
    let failing = collected
        .clone()
        .find(|event| event["path"] == "test_07.py");
    let worker = &failing.unwrap()["worker"];
    let mut of_worker = collected.filter(|event| event["worker"] == *worker);
    assert_eq!(of_worker.next().unwrap()["path"], "test_07.py");
    let mut tests = ran(&finished).tests;
    tests.sort();
    let mut expected = before.tests;
    expected.sort();
    assert_eq!(tests, expected);
}

#[test]
fn a_damaged_history_is_none_and_is_told_of_once() {
    let project = project(&[("test_1.py", "def test_a(): assert 0\ndef test_b(): pass\n")]);
    let cache = TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let finished = fastest(&project, &cache, "auto", arguments);
        let problems = finished.events().into_iter();
        let problems = problems.filter(|event| event["event"] == "problem").count();
        (ran(&finished).tests.len(), problems)
    };
    assert_eq!(run(&[]), (2, 0));
    assert_eq!(run(&["--lf"]), (1, 0));
    let folder = cache.path().join("history");
    let entries = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let store = entries
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "bin"));
    let store = store.unwrap();
    let mut bytes = std::fs::read(&store).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&store, bytes).unwrap();
    assert_eq!(run(&["--lf"]), (2, 1));
    assert_eq!(run(&["--lf"]), (1, 0));
    let mut clear = project.fastest(&["cache", "clear"]);
    clear.command.env("FASTEST_CACHE_DIR", cache.path());
    assert_eq!(clear.finish_clean().code, Some(0));
    assert!(!folder.exists());
    assert_eq!(run(&["--lf"]), (2, 0));
}
