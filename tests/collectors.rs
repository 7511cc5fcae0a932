//! Files that hooks and plugins collect, held against pytest itself: none of their tests is missed.

use std::process::Command;

use serde_json::Value;

use crate::support::{Project, check_each, project, python};

/// Collects the lines of `*.list` files, `name` or `name: fails`.
const COLLECTOR: &str = "\
import pytest
class List(pytest.File):
    def collect(self):
        for line in self.path.read_text().splitlines():
            name, _, rest = line.partition(': ')
            yield Line.from_parent(self, name=name, rest=rest)
class Line(pytest.Item):
    def __init__(self, *, rest, **kwargs):
        super().__init__(**kwargs)
        self.rest = rest
    def runtest(self):
        assert not self.rest
def pytest_collect_file(file_path, parent):
    if file_path.suffix == '.list':
        return List.from_parent(parent, path=file_path)
";

const PLAIN: &str = "def test_plain(): pass\n";

/// A project with lists, some of them out of reach.
fn lists(files: &[(&str, &str)]) -> Project {
    let all = [
        ("a.list", "one\ntwo: fails\n"),
        ("sub/deep/b.list", "three\n"),
        ("sub/empty.list", ""),
        ("sub/notes.txt", "nothing"),
        ("node_modules/c.list", "four\n"),
        ("out/d.list", "five\n"),
        ("sub/test_a.py", PLAIN),
        (
            "sub/helper.py",
            "raise SystemExit('it is not to be imported')\n",
        ),
    ];
    project(&[&all[..], files].concat())
}

/// What real pytest makes of the project: `(node id, outcome)` of every test, and the exit code.
fn pytest(project: &Project, arguments: &[&str]) -> (Vec<(String, String)>, Option<i32>) {
    let mut command = Command::new(python());
    command
        .current_dir(project.root())
        .env_remove("PYTEST_ADDOPTS");
    command.args([
        "-m",
        "pytest",
        "-q",
        "-rA",
        "--tb=no",
        "-p",
        "no:cacheprovider",
    ]);
    let output = command.args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let outcomes = text.lines().filter_map(|line| {
        let (outcome, rest) = line.split_once(' ')?;
        let id = rest.split(" - ").next()?;
        let is_outcome = matches!(outcome, "PASSED" | "FAILED" | "ERROR");
        is_outcome.then(|| (id.to_owned(), outcome.to_lowercase()))
    });
    let mut outcomes: Vec<_> = outcomes.collect();
    outcomes.sort();
    (outcomes, output.status.code())
}

fn check(project: &Project, arguments: &[&str]) {
    let expected = pytest(project, arguments);
    for (engine, workers) in [("auto", "1"), ("auto", "2"), ("pytest", "2")] {
        let finished = project.run(engine, &[&["-n", workers], arguments].concat());
        let found = (finished.outcomes(), finished.code);
        assert_eq!(
            found,
            expected,
            "{engine} {arguments:?}: {}",
            finished.complaints()
        );
    }
}

#[test]
fn a_hook_of_a_conftest_collects_other_files() {
    let ignore = format!("collect_ignore = ['out']\n{COLLECTOR}");
    let project = lists(&[("conftest.py", &ignore)]);
    assert_eq!(pytest(&project, &[]).0.len(), 4);
    let cases: &[&[&str]] = &[
        &[],
        &["-k", "one or plain"],
        &["-k", "one"],
        &["--deselect", "a.list::two"],
        &["--ignore", "a.list"],
        &["a.list"],
        &["a.list::two"],
        &["sub/deep", "a.list::one"],
        &["out"],
        &["-k", "nothing"],
    ];
    check_each(cases, |arguments| check(&project, arguments));
}

#[test]
fn a_hook_that_collects_nothing_leaves_a_test_file_native() {
    let finished = lists(&[("conftest.py", COLLECTOR)]).run("auto", &[]);
    let events = finished.events();
    let tests = events.iter().filter(|e| e["event"] == "test-finished");
    let (modules, others): (Vec<_>, Vec<_>) =
        tests.partition(|test| test["id"].as_str().is_some_and(|id| id.contains(".py::")));
    assert!(!modules.is_empty() && !others.is_empty());
    assert!(modules.iter().all(|test| test["engine"] == "native"));
    assert!(others.iter().all(|test| test["engine"] == "pytest"));
}

#[test]
fn a_hook_collects_below_its_conftest_alone() {
    let project = lists(&[("sub/conftest.py", COLLECTOR)]);
    check(&project, &[]);
    let finished = project.run("auto", &[]);
    let is_told = |event: &Value| {
        let path = event["path"].as_str().unwrap_or_default();
        ["sub/empty.list", "sub/notes.txt", "sub/helper.py"].contains(&path)
    };
    let told: Vec<Value> = finished.events().into_iter().filter(is_told).collect();
    assert_eq!(told, Vec::<Value>::new(), "files without tests are no news");
}

#[test]
fn a_directory_collector_takes_what_it_likes() {
    let conftest = format!(
        "{}\
         class Lists(pytest.Directory):\n    \
             def collect(self):\n        \
                 for path in sorted(self.path.glob('*.list')):\n            \
                     yield List.from_parent(self, path=path)\n\
         def pytest_collect_directory(path, parent):\n    \
             if path.name == 'out':\n        \
                 return Lists.from_parent(parent, path=path)\n",
        COLLECTOR.replace("def pytest_collect_file", "def collects_nothing")
    );
    let project = lists(&[("conftest.py", &conftest)]);
    assert_eq!(pytest(&project, &[]).0.len(), 2);
    check(&project, &[]);
}

#[test]
fn what_discovery_cannot_see_runs_all_the_same() {
    let ini = "[pytest]\npythonpath = .\n";
    let option = "[pytest]\npythonpath = .\naddopts = -p collector\n";
    let cases = [
        (ini, "pytest_plugins = ['collector']\n"),
        (ini, "from collector import *\n"),
        (option, ""),
        (
            ini,
            "import collector\nhook = 'pytest_' + 'collect_file'\n\
               globals()[hook] = collector.pytest_collect_file\n",
        ),
    ];
    check_each(&cases, |(ini, conftest)| {
        let files = [
            ("pytest.ini", ini),
            ("collector.py", COLLECTOR),
            ("conftest.py", conftest),
        ];
        let project = lists(&files);
        assert_eq!(pytest(&project, &[]).0.len(), 5);
        check(&project, &[]);
        check(&project, &["-k", "one or plain"]);
    });
}

#[test]
fn the_native_engine_alone_says_what_it_cannot_run() {
    let project = lists(&[("conftest.py", COLLECTOR)]);
    let finished = project.run("native", &[]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let output = finished.all_output();
    let reason = "files that are no test files may hold tests which only pytest collects \
                  (conftest.py:13: `pytest_collect_file` is a hook), and --engine native rules \
                  pytest out";
    assert!(output.contains(reason), "{finished:?}");
}

#[test]
fn discovery_lists_them_as_open_and_exact_resolves_them() {
    let project = lists(&[("conftest.py", COLLECTOR)]);
    let python = python();
    let list = |arguments: &[&str]| {
        let all = [
            &["discover", "--python", python.to_str().unwrap()],
            arguments,
        ]
        .concat();
        let finished = project.fastest(&all).finish_clean();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.stdout
    };
    let document: Value = serde_json::from_slice(&list(&["--output", "json"])).unwrap();
    let files = document["files"].as_array().unwrap().iter();
    let open: Vec<(&str, &str)> = files
        .filter_map(|file| Some((file["path"].as_str()?, file["open"][0]["message"].as_str()?)))
        .collect();
    let reason = "conftest.py:13: `pytest_collect_file` is a hook";
    let paths = [
        "a.list",
        "conftest.py",
        "out/d.list",
        "pytest.ini",
        "sub/deep/b.list",
        "sub/empty.list",
        "sub/helper.py",
        "sub/notes.txt",
        "sub/test_a.py",
    ];
    assert_eq!(open, paths.map(|path| (path, reason)));
    let expected = "a.list::one\na.list::two\nout/d.list::five\nsub/deep/b.list::three\n\
                    sub/test_a.py::test_plain\n";
    for _ in 0..2 {
        assert_eq!(String::from_utf8_lossy(&list(&["--exact"])), expected);
    }
}

#[test]
fn changes_concern_them() {
    let collector = format!("import lists\n{COLLECTOR}");
    let project = lists(&[
        ("sub/conftest.py", &collector),
        ("sub/lists.py", "import words\n"),
        ("sub/words.py", ""),
    ]);
    let affected = |changed: &str| {
        let all = ["affected", "--output", "files", "--changed", changed];
        let finished = project.fastest(&all).finish_clean();
        String::from_utf8_lossy(&finished.stdout).into_owned()
    };
    assert_eq!(affected("sub/deep/b.list"), "sub/deep/b.list\n");
    let by_collector = affected("sub/words.py");
    for path in ["sub/deep/b.list\n", "sub/empty.list\n", "sub/test_a.py\n"] {
        assert!(by_collector.contains(path), "{path}: {by_collector}");
    }
    assert!(!by_collector.contains("a.list\na"), "{by_collector}");
    let inputs = project
        .fastest(&["inputs", "sub/deep/b.list"])
        .finish_clean();
    let inputs = String::from_utf8_lossy(&inputs.stdout).into_owned();
    assert!(inputs.contains("sub/words.py\n"), "{inputs}");
}

/// As a plugin does that sets up what all the tests of the session need.
#[test]
fn fixtures_see_all_items_of_the_session() {
    let conftest = format!(
        "{COLLECTOR}\n\
         @pytest.fixture(scope='session')\n\
         def needed(request):\n    \
             print('set up')\n    \
             items = request.session.items\n    \
             assert isinstance(items, list) and len(items) == request.session.testscollected\n    \
             return {{item.name for item in items}}\n\
         @pytest.fixture\n\
         def all_names(needed, request):\n    \
             assert request.node in request.session.items\n    \
             return sorted(needed)\n"
    );
    let test = |name: &str| {
        format!(
            "def test_{name}(all_names, capsys):\n    \
                 print('seen')\n    \
                 assert capsys.readouterr().out == 'seen\\n'\n    \
                 assert ' '.join(all_names) == NAMES\n\
             def test_again_{name}(needed): assert False, 'shown'\n"
        )
    };
    let (b, c) = (test("b"), test("c"));
    let names = "NAMES = 'five one test_again_b test_again_c test_b test_c test_plain three two'\n";
    let project = lists(&[
        ("conftest.py", &conftest),
        ("test_b.py", &format!("{names}{b}")),
        ("sub/test_c.py", &format!("{names}{c}")),
    ]);
    check(&project, &[]);
}

#[test]
fn natively_run_files_see_all_items_too() {
    let conftest = "import pytest\n\
         def pytest_runtest_setup(item): pass\n\
         @pytest.fixture(scope='session')\n\
         def count(request): return len(request.session.items)\n";
    let test = "def test_a(count): assert count == 4\ndef test_b(): pass\n";
    let project = project(&[
        ("conftest.py", conftest),
        ("test_a.py", test),
        ("test_b.py", test),
    ]);
    check(&project, &[]);
    check(&project, &["-k", "test_b or test_a"]);
}
