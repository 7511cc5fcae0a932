//! Discovery held against pytest itself: each folder below `discovery/` is a project.
//!
//! What is not marked open must be what `pytest --collect-only -q` lists, in its order. What is
//! marked open, and what needs pytest, stands in the project's `open.txt` and `needs_pytest.txt`.

mod support;

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use fastest_lib::discovery::OpenReason;
use proptest::prelude::*;
use support::Project;

fn describe(place: &str, reason: &OpenReason) -> String {
    format!("{place}: {}", reason.message)
}

/// Compares a list that a project keeps in a file; an absent file is an empty list.
fn check_list(project: &Path, name: &str, found: BTreeSet<String>) {
    let path = project.join(name);
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let expected: BTreeSet<String> = expected.lines().map(str::to_owned).collect();
    let mut difference = String::new();
    for line in found.difference(&expected) {
        writeln!(difference, "+ {line}").unwrap();
    }
    for line in expected.difference(&found) {
        writeln!(difference, "- {line}").unwrap();
    }
    assert!(difference.is_empty(), "{}:\n{difference}", path.display());
}

fn check(name: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/discovery")
        .join(name);
    let project = Project::copy(&source);
    let discovery = project.discover();

    let mut open = BTreeSet::new();
    let mut needs_pytest = BTreeSet::new();
    let mut asks_plugins = BTreeSet::new();
    let mut open_files = HashSet::new();
    let mut open_tests = HashSet::new();
    for file in &discovery.files {
        open.extend(file.open.iter().map(|reason| describe(&file.path, reason)));
        needs_pytest.extend(
            file.needs_pytest
                .iter()
                .map(|reason| describe(&file.path, reason)),
        );
        asks_plugins.extend(
            file.asks_plugins
                .iter()
                .map(|reason| describe(&file.path, reason)),
        );
        if !file.open.is_empty() {
            open_files.insert(file.path.as_str());
        }
        for test in &file.tests {
            if let Some(reason) = &test.open {
                open.insert(describe(test.id.as_str(), reason));
                open_tests.insert(test.id.as_str());
            }
        }
    }
    let is_closed = |id: &str| {
        let function = id.split('[').next().unwrap_or_default();
        let path = id.split("::").next().unwrap_or_default();
        !open_files.contains(path) && !open_tests.contains(function)
    };
    let listed: Vec<&str> = discovery
        .tests()
        .map(|(_, test)| test.id.as_str())
        .collect();
    let listed: Vec<&str> = listed.into_iter().filter(|id| is_closed(id)).collect();
    let expected = project.pytest(&[]).unwrap();
    let expected: Vec<&str> = expected
        .iter()
        .map(String::as_str)
        .filter(|id| is_closed(id))
        .collect();
    let wrong = listed
        .iter()
        .zip(&expected)
        .find(|(ours, theirs)| ours != theirs);
    assert_eq!(
        wrong, None,
        "{name}: the first difference, ours and pytest's"
    );
    assert_eq!(
        listed.len(),
        expected.len(),
        "{name}: {listed:#?}\n{expected:#?}"
    );
    let unique: HashSet<&&str> = listed.iter().collect();
    assert_eq!(unique.len(), listed.len(), "{name}: node ids are unique");
    check_list(&source, "open.txt", open);
    check_list(&source, "needs_pytest.txt", needs_pytest);
    check_list(&source, "asks_plugins.txt", asks_plugins);
}

#[test]
fn functions() {
    check("functions");
}

#[test]
fn classes() {
    check("classes");
}

#[test]
fn unittest() {
    check("unittest");
}

#[test]
fn parametrize() {
    check("parametrize");
}

#[test]
fn fixtures() {
    check("fixtures");
}

#[test]
fn order() {
    check("order");
}

#[test]
fn naming() {
    check("naming");
}

#[test]
fn imports() {
    check("imports");
}

#[test]
fn ignored() {
    check("ignored");
}

#[test]
fn same_names() {
    check("same_names");
}

#[test]
fn text_files() {
    check("text_files");
}

#[test]
fn missing_imports() {
    check("missing_imports");
}

#[test]
fn session() {
    check("session");
}

#[test]
fn open() {
    check("open");
}

#[test]
fn engine() {
    check("engine");
}

/// Lines of test files, each with its depth, that know nothing of other files.
fn lines() -> impl Strategy<Value = Vec<(usize, &'static str)>> {
    let line = prop::sample::select(vec![
        "def test_a(): pass",
        "def test_a(x): pass",
        "def test_b(x, y): pass",
        "async def test_a(): pass",
        "class TestC:",
        "class TestC(TestC):",
        "class TestD(TestC):",
        "class TestC(TestCase):",
        "if x:",
        "else:",
        "@pytest.mark.parametrize('x', [1, 1, '1', '1_0'])",
        "@pytest.mark.parametrize('x, y', [(1, pytest.HIDDEN_PARAM), pytest.param(1, 2, id=pytest.HIDDEN_PARAM)])",
        "@pytest.mark.parametrize('y', ['[', ']', '::'])",
        "@pytest.fixture(params=['', None], autouse=True)",
        "@pytest.fixture(params=[1, 2], scope='module')",
        "def x(request): pass",
        "test_a = test_b",
        "del test_a",
        "import pytest",
        "from unittest import TestCase",
        "test_a.__test__ = False",
        "__test__ = True",
        "pytestmark = pytest.mark.parametrize('x', [0, 0])",
    ]);
    prop::collection::vec((0_usize..3, line), 1..24)
}

fn source(lines: &[(usize, &str)]) -> String {
    let mut source = String::from("import pytest\n");
    for (depth, line) in lines {
        writeln!(source, "{}{line}", "    ".repeat(*depth)).unwrap();
    }
    source
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn node_ids_are_unique_in_a_file(lines in lines()) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pytest.ini"), "[pytest]").unwrap();
        fs::write(folder.path().join("test_it.py"), source(&lines)).unwrap();
        let discovery = support::discover_in(folder.path());
        for file in &discovery.files {
            let unique: HashSet<&str> = file.tests.iter().map(|test| test.id.as_str()).collect();
            prop_assert_eq!(unique.len(), file.tests.len());
        }
    }

    #[test]
    fn files_that_do_not_know_of_each_other_are_discovered_alike_alone(
        files in prop::collection::vec(lines(), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pytest.ini"), "[pytest]").unwrap();
        let names: Vec<String> = (0..files.len()).map(|n| format!("test_{n}.py")).collect();
        for (name, lines) in names.iter().zip(&files) {
            fs::write(folder.path().join(name), source(lines)).unwrap();
        }
        let together = support::discover_in(folder.path());
        prop_assert_eq!(together.files.len(), files.len());
        for (name, file) in names.iter().zip(&together.files) {
            let alone = support::discover_paths(folder.path(), &[name]);
            prop_assert_eq!(&alone.files[0].tests, &file.tests);
            prop_assert_eq!(&alone.files[0].open, &file.open);
        }
    }
}

#[test]
fn long_chains_of_imports_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("pytest.ini"), "[pytest]").unwrap();
    for n in 0..2000 {
        let next = (n + 1) % 2000;
        let source = format!("from chain_{next} import *\nfrom chain_{next} import VALUE\n");
        fs::write(path.join(format!("chain_{n}.py")), source).unwrap();
    }
    let source = "from chain_0 import *\nfrom chain_7 import VALUE\n\n\ndef test_one(): VALUE\n";
    fs::write(path.join("test_it.py"), source).unwrap();
    let discovery = support::discover_in(path);
    assert_eq!(discovery.files[0].tests.len(), 1);
    assert!(!discovery.files[0].open.is_empty());
}
