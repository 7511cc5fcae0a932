//! Strategies, isolation and shards.

use std::collections::BTreeSet;

use tempfile::TempDir;

use crate::oracle::ENGINES;
use crate::scheduling::history::{Ran, fastest, ran};
use crate::support::{Project, project};

/// Each test writes which process it runs in, and the modules that are imported there.
const WRITES: &str = "
import os, sys
def test_it():
    own = [name for name in sorted(sys.modules) if name.startswith('test_')]
    with open('log', 'a') as file:
        file.write(f'{os.getpid()} {len(own)}\\n')
def test_fails(): assert 0
";

/// The processes that ran tests, and how many test modules each test saw.
fn log(project: &Project) -> (usize, BTreeSet<String>) {
    let path = project.root().join("log");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let words = text.lines().map(|line| line.split_once(' ').unwrap());
    let pids: BTreeSet<&str> = words.clone().map(|(pid, _)| pid).collect();
    (
        pids.len(),
        words.map(|(_, count)| count.to_owned()).collect(),
    )
}

#[test]
fn strategies_divide_files_among_processes() {
    let names = ["test_a.py", "test_b.py", "test_c.py", "test_d.py"];
    let one = |count: &str| BTreeSet::from([count.to_owned()]);
    for engine in ENGINES {
        let project = project(&names.map(|name| (name, WRITES)));
        let cache = TempDir::new().unwrap();
        let check = |arguments: &[&str], processes: &[usize], modules: &str| {
            let finished = fastest(&project, &cache, engine, arguments);
            let mut found = ran(&finished);
            let in_order = found.tests.is_sorted();
            found.tests.sort();
            let mut expected: Vec<String> = Vec::new();
            for name in names {
                expected.extend([format!("{name}::test_fails"), format!("{name}::test_it")]);
            }
            let expected = Ran {
                tests: expected,
                deselected: 0,
                code: Some(1),
            };
            assert_eq!(found, expected, "{engine} {arguments:?}");
            let (pids, seen) = log(&project);
            assert!(processes.contains(&pids), "{engine} {arguments:?}: {pids}");
            assert_eq!(seen, one(modules), "{engine} {arguments:?}");
            in_order
        };
        check(&["--optimizer", "simple", "-n", "4"], &[1], "4");
        check(&["--optimizer", "batch", "-n", "2"], &[4], "1");
        check(&["--optimizer", "parallel", "-n", "2"], &[1, 2], "4");
        check(&["--optimizer", "optimized", "-n", "2"], &[1, 2], "4");
        check(&["--isolation", "module", "-n", "2"], &[4], "1");
        check(
            &["--isolation", "module", "--optimizer", "simple"],
            &[4],
            "1",
        );
        project.write("pyproject.toml", "[tool.fastest]\noptimizer = 'batch'\n");
        check(&["-n", "2"], &[4], "1");
        check(&["-n", "2", "--optimizer", "simple"], &[1], "4");
    }
}

/// Each test says how many of its kind run while it does.
const COUNTS: &str = "
import os, time
def test_it():
    own = f'running/{os.getpid()}'
    open(own, 'w').close()
    for _ in range(10):
        count = len(os.listdir('running'))
        with open('log', 'a') as file:
            file.write(f'{count}\\n')
        time.sleep(0.005)
    os.remove(own)
";

#[test]
fn processes_that_get_ready_early_wait_for_their_turn() {
    let names: Vec<String> = (0..12)
        .map(|number| format!("test_{number:02}.py"))
        .collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), COUNTS)).collect();
    files.push(("running/.keep", ""));
    for engine in ENGINES {
        for workers in ["1", "2", "3"] {
            for more in [&[][..], &["--hermetic"]] {
                let project = project(&files);
                std::fs::remove_file(project.root().join("running/.keep")).unwrap();
                project.write(
                    "pyproject.toml",
                    "[tool.fastest.hermetic]\noutputs = ['.']\n",
                );
                let arguments = [&["--isolation", "module", "-n", workers], more].concat();
                let finished = project.run(engine, &arguments);
                assert_eq!(
                    finished.code,
                    Some(0),
                    "{engine} {arguments:?}: {finished:?}"
                );
                let log = std::fs::read_to_string(project.root().join("log")).unwrap();
                let counts: BTreeSet<&str> = log.lines().collect();
                let last = counts.last().copied().unwrap_or_default();
                assert!(last <= workers, "{engine} {arguments:?}: {counts:?}");
                assert_eq!(log.lines().count(), 120, "{engine} {arguments:?}");
            }
        }
    }
}

#[test]
fn one_process_is_of_one_engine_and_keeps_pytests_order() {
    let hook = "import unittest\nclass TestIt(unittest.TestCase):\n    def test_u(self): pass\n";
    let hooked = "def pytest_generate_tests(metafunc): pass\ndef test_h(): pass\n";
    let run_by_hooks = "def pytest_runtest_protocol(item, nextitem): pass\n";
    let project = project(&[
        ("test_1.py", "def test_a(): pass\n"),
        ("test_2.py", hook),
        ("test_3/conftest.py", run_by_hooks),
        ("test_3/test_3.py", hooked),
        ("test_4.py", "def test_d(): pass\n"),
    ]);
    let cache = TempDir::new().unwrap();
    let finished = fastest(&project, &cache, "auto", &["--optimizer", "simple"]);
    let events = finished.events();
    let ended = events
        .iter()
        .filter(|event| event["event"] == "test-finished");
    let engines: BTreeSet<&str> = ended
        .map(|event| event["engine"].as_str().unwrap())
        .collect();
    assert_eq!(engines, BTreeSet::from(["pytest"]));
    let expected = [
        "test_1.py::test_a",
        "test_2.py::TestIt::test_u",
        "test_3/test_3.py::test_h",
        "test_4.py::test_d",
    ];
    assert_eq!(ran(&finished).tests, expected);
}

#[test]
fn shards_run_every_test_once() {
    let files: Vec<(String, String)> = (0..9)
        .map(|number| {
            let tests = (0..=number).map(|n| format!("def test_{n}(): pass\n"));
            (format!("test_{number}.py"), tests.collect())
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    let project = project(&files);
    let cache = TempDir::new().unwrap();
    let all = ran(&fastest(&project, &cache, "auto", &[]));
    let total = all.tests.len();
    for by in ["tests", "durations"] {
        let mut seen = Vec::new();
        for shard in ["1/3", "2/3", "3/3"] {
            let part = ran(&fastest(
                &project,
                &cache,
                "auto",
                &["--shard", shard, "--shard-by", by],
            ));
            assert_eq!(part.tests.len() as u64 + part.deselected, total as u64);
            if by == "tests" {
                assert!(
                    (13..=17).contains(&part.tests.len()),
                    "{shard}: {}",
                    part.tests.len()
                );
            }
            seen.extend(part.tests);
        }
        seen.sort();
        let mut expected = all.tests.clone();
        expected.sort();
        assert_eq!(seen, expected, "{by}");
    }
    let wrong = fastest(&project, &cache, "auto", &["--shard", "4/3"]);
    assert_eq!(wrong.code, Some(4));
    assert!(wrong.stderr.contains("counted from 1"), "{}", wrong.stderr);
}

const FORKED: &str = "
import os, pytest, signal
seen = []
@pytest.fixture(scope='session')
def session():
    seen.append('session')
    yield seen
    with open('log', 'a') as file:
        file.write(f'{os.getpid()} {len(seen)}\\n')
@pytest.fixture(scope='module')
def module(session):
    seen.append('module')
    return seen
def test_a(module): assert seen == ['session', 'module']
def test_b(module): assert seen == ['session', 'module']
@pytest.mark.parametrize('n', [1, 2])
def test_n(module, n, tmp_path): seen.append(n); assert len(seen) == 3
def test_fails(module): assert 0
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_xfails(): assert 0
def test_dies(): os.kill(os.getpid(), signal.SIGSEGV)
def test_ends(): os._exit(0)
class TestClass:
    def test_it(self, session): assert seen == ['session']
";

#[test]
fn each_test_has_a_process_of_its_own() {
    for engine in ENGINES {
        for more in [&[][..], &["--hermetic"]] {
            let outputs = "[tool.fastest.hermetic]\noutputs = ['.']\n";
            let files = [("test_a.py", FORKED), ("pyproject.toml", outputs)];
            let project = project(&files);
            let arguments = [&["--isolation", "test"], more].concat();
            let finished = project.run(engine, &arguments);
            let outcome =
                |(name, outcome): (&str, &str)| (format!("test_a.py::{name}"), outcome.to_owned());
            let expected = [
                ("TestClass::test_it", "passed"),
                ("test_a", "passed"),
                ("test_b", "passed"),
                ("test_dies", "failed"),
                ("test_ends", "failed"),
                ("test_fails", "failed"),
                ("test_n[1]", "passed"),
                ("test_n[2]", "passed"),
                ("test_skipped", "skipped"),
                ("test_xfails", "xfailed"),
            ];
            let expected = expected.map(outcome).to_vec();
            assert_eq!(
                finished.outcomes(),
                expected,
                "{engine} {more:?}: {finished:#?}"
            );
            // Those that asked for the fixture of the session.
            assert_eq!(log(&project).0, 6, "{engine} {more:?}");
        }
    }
}
