//! What changed files concern, in small trees.

use std::fs;
use std::path::Path;

use fastest_lib::Session;
use fastest_lib::selection::{AffectedReason, AffectedSet, Changes};
use fastest_lib::workspace::WorkspaceOptions;

/// A tree of files, and what is affected when some of them have changed; those that begin with `-` are
/// removed before.
fn affected(files: &[(&str, &str)], changed: &[&str]) -> AffectedSet {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut listed = Vec::new();
    for path in changed {
        let name = path.trim_start_matches('-');
        if path.starts_with('-') {
            let path = root.join(name);
            let _ = if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            };
        }
        listed.push(name);
    }
    let mut options = WorkspaceOptions::new(&root);
    options.rootdir = Some(root.clone());
    let session = Session::open(options).unwrap();
    let (graph, _) = session.graph(false);
    let changes = Changes::listed(&root, &root, listed.iter().map(Path::new));
    session.affected(&graph, &changes)
}

#[track_caller]
fn check(files: &[(&str, &str)], changed: &[&str], expected: &[&str]) {
    let set = affected(files, changed);
    let found: Vec<&str> = set.tests.iter().map(|test| test.file.as_str()).collect();
    assert_eq!(found, expected, "{changed:?}");
}

/// Two packages with tests of their own, and tests for all.
const TREE: &[(&str, &str)] = &[
    (
        "pytest.ini",
        "[pytest]\npythonpath = libs/one libs/two/src\n",
    ),
    ("conftest.py", ""),
    ("libs/one/one/__init__.py", ""),
    ("libs/one/one/core.py", "import one.util\n"),
    ("libs/one/one/util.py", "def f():\n    import two.late\n"),
    ("libs/one/one/schema.json", "{}"),
    ("libs/one/one/load.py", "open('schema.json')\n"),
    ("libs/one/pyproject.toml", "[project]\nname = 'one'\n"),
    ("libs/one/tests/conftest.py", "import helper\n"),
    ("libs/one/tests/helper.py", ""),
    ("libs/one/tests/test_core.py", "import one.core\n"),
    ("libs/one/tests/test_load.py", "import one.load\n"),
    ("libs/one/tests/cases/a.txt", ""),
    (
        "libs/one/tests/test_cases.py",
        "from pathlib import Path\nCASES = Path(__file__).parent / 'cases'\n",
    ),
    ("libs/two/setup.cfg", "[metadata]\nname = two\n"),
    (
        "libs/two/src/two/__init__.py",
        "from two.base import Base\n",
    ),
    ("libs/two/src/two/base.py", ""),
    ("libs/two/src/two/late.py", ""),
    ("libs/two/src/two/table.dat", ""),
    ("libs/two/tests/test_two.py", "import two\n"),
    (
        "libs/two/tests/test_typed.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import one.core\n",
    ),
    ("libs/two/src/two/base.pyi", ""),
    ("README.md", ""),
];

const ALL: &[&str] = &[
    "libs/one/tests/test_cases.py",
    "libs/one/tests/test_core.py",
    "libs/one/tests/test_load.py",
    "libs/two/tests/test_two.py",
    "libs/two/tests/test_typed.py",
];

#[test]
fn modules_concern_the_tests_that_lead_to_them() {
    let core = "libs/one/tests/test_core.py";
    let two = "libs/two/tests/test_two.py";
    check(TREE, &["libs/one/one/core.py"], &[core]);
    check(TREE, &["libs/one/one/util.py"], &[core]);
    // By an import in a function, and the package of what it imports.
    check(TREE, &["libs/two/src/two/late.py"], &[core]);
    check(TREE, &["libs/two/src/two/base.py"], &[core, two]);
    check(
        TREE,
        &["libs/one/one/__init__.py"],
        &[core, "libs/one/tests/test_load.py"],
    );
    check(TREE, &[core], &[core]);
    check(TREE, &["conftest.py"], ALL);
    check(TREE, &["libs/one/tests/helper.py"], &ALL[..3]);
    // Only type checkers read it.
    check(TREE, &["libs/two/src/two/base.pyi"], &[]);
}

#[test]
fn what_is_gone_concerns_the_tests_that_led_to_it() {
    let core = "libs/one/tests/test_core.py";
    check(TREE, &["-libs/one/one/util.py"], &[core]);
    check(
        TREE,
        &["-libs/two/src/two/base.py"],
        &[core, "libs/two/tests/test_two.py"],
    );
    check(TREE, &["-libs/one/tests/conftest.py"], &ALL[..3]);
    check(
        TREE,
        &["-libs/one/one/__init__.py"],
        &[core, "libs/one/tests/test_load.py"],
    );
    check(
        TREE,
        &["-libs/one/one/schema.json"],
        &["libs/one/tests/test_load.py"],
    );
    check(
        TREE,
        &["-libs/one/tests/cases/a.txt"],
        &["libs/one/tests/test_cases.py"],
    );
    check(TREE, &[&format!("-{core}")], &[]);
    check(
        TREE,
        &["-libs/two/src/two"],
        &[core, "libs/two/tests/test_two.py"],
    );
}

#[test]
fn what_is_new_concerns_the_tests_that_find_it() {
    let mut tree = TREE.to_vec();
    tree.push(("libs/one/tests/two.py", ""));
    // All tests in one process have one path, so it may hide the package from others as well.
    let hidden = ["libs/one/tests/test_core.py", "libs/two/tests/test_two.py"];
    check(&tree, &["libs/one/tests/two.py"], &hidden);
    tree.push(("libs/one/tests/cases/b.txt", ""));
    check(
        &tree,
        &["libs/one/tests/cases/b.txt"],
        &["libs/one/tests/test_cases.py"],
    );
    let optional = "try:\n    import extra\nexcept ImportError:\n    pass\n";
    tree.push(("libs/two/tests/test_extra.py", optional));
    tree.push(("libs/two/tests/extra.py", ""));
    check(
        &tree,
        &["libs/two/tests/extra.py"],
        &["libs/two/tests/test_extra.py"],
    );
}

#[test]
fn other_files_concern_who_reads_them_or_lies_beside_them() {
    check(
        TREE,
        &["libs/one/one/schema.json"],
        &["libs/one/tests/test_load.py"],
    );
    let two = ["libs/one/tests/test_core.py", "libs/two/tests/test_two.py"];
    // Nothing names it: it is taken to belong to the package that it lies in.
    check(TREE, &["libs/two/src/two/table.dat"], &two);
    check(TREE, &["README.md"], &[]);
    check(TREE, &["Makefile"], &[]);
    let mut tree = TREE.to_vec();
    tree.push(("libs/two/tests/test_docs.py", "open('README.md')\n"));
    check(&tree, &["README.md"], &["libs/two/tests/test_docs.py"]);
}

#[test]
fn configuration_concerns_all_or_its_own_project() {
    check(TREE, &["pytest.ini"], ALL);
    check(TREE, &[".python-version"], ALL);
    check(TREE, &["requirements.txt"], ALL);
    let one = &ALL[..3];
    check(TREE, &["libs/one/pyproject.toml"], one);
    let two = [
        "libs/one/tests/test_core.py",
        "libs/two/tests/test_two.py",
        "libs/two/tests/test_typed.py",
    ];
    check(TREE, &["libs/two/setup.cfg"], &two);
}

#[test]
fn settings_tie_files_to_tests() {
    let mut tree = TREE.to_vec();
    tree.push((
        "pyproject.toml",
        "[tool.fastest.affected]\nignore = ['libs/two/**/*.dat']\n\
         rules = [{ files = ['proto/**'], tests = ['libs/two/**'] }]\n",
    ));
    check(&tree, &["libs/two/src/two/table.dat"], &[]);
    check(&tree, &["proto/a/b.proto"], &ALL[3..]);
    let set = affected(&tree, &["proto/a/b.proto"]);
    let file = "proto/a/b.proto".to_owned();
    assert_eq!(set.tests[0].reason, AffectedReason::Rule { file });
}

#[test]
fn only_what_would_be_collected_is_an_answer() {
    let tree = [
        ("pytest.ini", "[pytest]\ntestpaths = tests\n"),
        ("lib.py", ""),
        ("tests/test_a.py", "import lib\n"),
        ("tests/build/test_b.py", "import lib\n"),
        ("other/test_c.py", "import lib\n"),
        ("tests/check_d.py", "import lib\n"),
    ];
    check(&tree, &["lib.py"], &["tests/test_a.py"]);
    let set = affected(&tree, &["lib.py"]);
    assert_eq!(set.test_files, 1);
}

#[test]
fn changes_without_tests_are_named() {
    let set = affected(
        TREE,
        &["README.md", "libs/one/one/core.py", "libs/one/one/util.py"],
    );
    assert_eq!(set.without_tests, ["README.md"]);
}
