//! `fastest affected`.

mod links;
mod since;
mod symbols;

use serde_json::{Value, json};

use crate::support::{Finished, Project, check_each, project, python};

const TREE: &[(&str, &str)] = &[
    (
        "pytest.ini",
        "[pytest]\ntestpaths = tests\nnorecursedirs = vendored\n",
    ),
    (
        "pyproject.toml",
        "[tool.ruff]\nline-length = 88\n\n[tool.fastest.affected]\nignore = ['notes/**']\n\
         rules = [{files = ['schemas/*.sql', 'pkg/sub/c.py'], tests = ['tests/test_d*.py']}]\n",
    ),
    ("requirements.txt", "pytest>=8\n"),
    ("README.md", "# Read me\n"),
    ("notes/todo.txt", "\n"),
    ("schemas/one.sql", "select 1;\n"),
    ("data/table.csv", "1\n"),
    ("pkg/__init__.py", ""),
    ("pkg/a.py", "from pkg import b\n"),
    ("pkg/b.py", ""),
    ("pkg/unused.py", ""),
    ("pkg/sub/__init__.py", ""),
    ("pkg/sub/c.py", ""),
    ("pkg/sub/native.bin", "1"),
    ("tests/conftest.py", ""),
    (
        "tests/test_a.py",
        "import pkg.a\ndef test_a(): pass\nclass TestA:\n    def test_b(self): pass\n",
    ),
    (
        "tests/test_c.py",
        "from pkg.sub import c\ndef test_c(): pass\n",
    ),
    ("tests/test_db.py", "def test_db(): pass\n"),
    ("tests/beside.bin", "1"),
    ("tests/deep/conftest.py", ""),
    (
        "tests/deep/test_deep.py",
        "def test_deep(): open('data/table.csv')\n",
    ),
    (
        "tests/vendored/test_v.py",
        "import pkg.a\ndef test_v(): pass\n",
    ),
    (
        "other/test_outside.py",
        "import pkg.a\ndef test_outside(): pass\n",
    ),
];

const A: &str = "tests/test_a.py";
const C: &str = "tests/test_c.py";
const DB: &str = "tests/test_db.py";
const DEEP: &str = "tests/deep/test_deep.py";
const ALL: &[&str] = &[DEEP, A, C, DB];

/// `fastest affected`, in the environment of the tests' interpreter.
fn affected(project: &Project, arguments: &[&str]) -> Finished {
    let mut started = project.fastest(&[&["affected"], arguments].concat());
    if let Some(environment) = python().ancestors().nth(2) {
        started.command.env("VIRTUAL_ENV", environment);
    }
    started.finish_clean()
}

fn lines(finished: &Finished) -> Vec<&str> {
    std::str::from_utf8(&finished.stdout)
        .unwrap()
        .lines()
        .collect()
}

fn document(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

#[test]
fn every_kind_of_file_concerns_its_tests() {
    let project = project(TREE);
    let check = |(changed, expected): (&[&str], &[&str])| {
        let arguments = [&["--output", "files", "--changed"], changed].concat();
        let finished = affected(&project, &arguments);
        assert_eq!(finished.code, Some(0), "{changed:?}: {finished:?}");
        assert_eq!(lines(&finished), expected, "{changed:?}: {finished:?}");
    };
    check_each::<(&[&str], &[&str])>(
        &[
            (&["pkg/b.py"], &[A]),
            (&["pkg/__init__.py"], &[A, C]),
            (&["pkg/unused.py"], &[]),
            // What a setting says holds besides what the graph says.
            (&["pkg/sub/c.py"], &[C, DB]),
            (&["pkg"], &[A, C, DB]),
            (&["tests/test_db.py"], &[DB]),
            (&["pkg/b.py", "tests/test_db.py"], &[A, DB]),
            (&["tests/conftest.py"], ALL),
            (&["tests/deep/conftest.py"], &[DEEP]),
            // Data that a string names, that a setting names, that nothing names.
            (&["data/table.csv"], &[DEEP]),
            (&["schemas/one.sql"], &[DB]),
            (&["schemas/new.sql"], &[DB]),
            (&["notes/todo.txt"], &[]),
            (&["pkg/sub/native.bin"], &[C]),
            (&["tests/beside.bin"], ALL),
            (&["tests/deep/gone.bin"], &[DEEP]),
            (&["data/unknown.csv"], &[]),
            // Harmless files, and such as concern all.
            (&["README.md"], &[]),
            (&[".github/workflows/ci.yml"], &[]),
            (&[".python-version"], ALL),
            (&["pyproject.toml"], ALL),
            (&["pytest.ini"], ALL),
            // Tests that are not collected.
            (&["other/test_outside.py"], &[]),
            (&["tests/vendored/test_v.py"], &[]),
            // What is not there any more, or is not there yet.
            (&["pkg/sub/gone.py"], &[]),
            (&["pkg/sub/conftest.py"], &[]),
            (&["tests/deep/test_gone.py"], &[]),
            (&["./pkg/../pkg/b.py"], &[A]),
        ],
        check,
    );
}

#[test]
fn ids_files_and_json_say_the_same() {
    let project = project(TREE);
    let changed = ["--changed", "pkg/b.py", "README.md"];
    let ids = affected(&project, &changed);
    assert_eq!(
        lines(&ids),
        ["tests/test_a.py::test_a", "tests/test_a.py::TestA::test_b"]
    );
    let json = affected(&project, &[&changed[..], &["--output", "json"]].concat());
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
    let edge = |from: &str, to: &str, kind: &str| json!({"from": from, "to": to, "kind": kind, "rule": "import", "line": 1, "conditional": false});
    let expected = json!({
        "schema": 1,
        "rootdir": project.root(),
        "base": null,
        "changes": [
            {"path": "README.md", "kind": "modified", "renamed_from": null},
            {"path": "pkg/b.py", "kind": "modified", "renamed_from": null},
        ],
        "outside": [],
        "tests": [{
            "file": A,
            "reason": {
                "kind": "depends",
                "on": "pkg/b.py",
                "changed": null,
                "path": [edge(A, "pkg/a.py", "import"), edge("pkg/a.py", "pkg/b.py", "from-import")],
            },
            "ids": ["tests/test_a.py::test_a", "tests/test_a.py::TestA::test_b"],
            "open": false,
        }],
        "test_files": 4,
        "without_tests": ["README.md"],
        "problems": [],
    });
    assert_eq!(document(&json), expected);
}

#[test]
fn every_reason_is_told() {
    let project = project(TREE);
    let check = |(changed, reason, says): (&str, Value, &str)| {
        let arguments = ["--output", "json", "--explain", "--changed", changed];
        let finished = affected(&project, &arguments);
        let document = document(&finished);
        assert_eq!(document["tests"][0]["reason"], reason, "{finished:?}");
        assert!(finished.stderr.contains(says), "{changed}: {finished:?}");
        assert_eq!(document["without_tests"], json!([]), "{finished:?}");
    };
    let edge = json!({
        "from": C, "to": "pkg/sub/__init__.py", "kind": "from-import", "rule": "import", "line": 1,
        "conditional": false,
    });
    let all = "it configures the tests or their projects";
    for case in [
        (
            DB,
            json!({"kind": "changed", "change": "modified"}),
            "tests/test_db.py\n  it has changed\n1 of 4 test files\n",
        ),
        (
            "schemas/one.sql",
            json!({"kind": "rule", "file": "schemas/one.sql"}),
            "[tool.fastest.affected] ties them",
        ),
        (
            "pytest.ini",
            json!({"kind": "everything", "file": "pytest.ini", "why": all}),
            "pytest.ini has changed: it configures",
        ),
        (
            "pkg/sub/native.bin",
            json!({"kind": "depends", "on": "pkg/sub/__init__.py", "changed": "pkg/sub/native.bin", "path": [edge]}),
            "pkg/sub/native.bin has changed, and pkg/sub/__init__.py stands for it",
        ),
        (
            "tests/deep/gone.bin",
            json!({"kind": "depends", "on": DEEP, "changed": "tests/deep/gone.bin", "path": []}),
            "tests/deep/gone.bin has changed, and tests/deep/test_deep.py stands for it",
        ),
    ] {
        check(case);
    }
    // Every file that concerns all of them is known to.
    let changed = [
        "--explain",
        "--changed",
        "pytest.ini",
        ".python-version",
        "README.md",
    ];
    let finished = affected(&project, &changed);
    let says = "README.md\n  concerns no test\n4 of 4 test files\n";
    assert!(finished.stderr.ends_with(says), "{finished:?}");
    assert_eq!(
        finished.stderr.matches("concerns no test").count(),
        1,
        "{finished:?}"
    );
}

#[test]
fn a_file_that_may_have_further_tests_is_listed_too() {
    let project = project(TREE);
    let made = "def test_x(): pass\nglobals()['test_y'] = test_x\n";
    project.write("tests/test_made.py", made);
    project.write("tests/test_broken.py", "def test_x(:\n");
    let eval = "import pytest\n@pytest.mark.parametrize('x', eval('[1]'))\ndef test_x(x): pass\n";
    project.write("tests/test_eval.py", eval);
    project.write("tests/test_none.py", "x = 1\n");
    let check = |(test, expected): (&str, &[&str])| {
        let finished = affected(&project, &["--changed", test]);
        assert_eq!(lines(&finished), expected, "{finished:?}");
        let finished = affected(&project, &["--output", "json", "--changed", test]);
        let test = &document(&finished)["tests"][0];
        let file = test["file"].as_str().unwrap();
        assert_eq!(test["open"], expected.contains(&file), "{finished:?}");
    };
    let made = "tests/test_made.py";
    let broken = "tests/test_broken.py";
    check_each::<(&str, &[&str])>(
        &[
            (made, &["tests/test_made.py::test_x", made]),
            (broken, &["tests/test_broken.py::test_x", broken]),
            ("tests/test_eval.py", &["tests/test_eval.py::test_x"]),
            ("tests/test_none.py", &[]),
        ],
        check,
    );
    // What leaves tests out or orders them adds none.
    let skips = "import pytest, nowhere\npytest.importorskip('x')\ndef test_x(): pass\n";
    project.write("tests/test_skips.py", skips);
    check(("tests/test_skips.py", &["tests/test_skips.py::test_x"]));
    let hook = "def pytest_collection_modifyitems(items): pass\n";
    project.write("tests/conftest.py", hook);
    check(("tests/test_eval.py", &["tests/test_eval.py::test_x"]));
}

#[test]
fn paths_choose_among_the_tests() {
    let project = project(TREE);
    let check = |(arguments, expected): (&[&str], &[&str])| {
        let finished = affected(&project, &[&["--output", "files"], arguments].concat());
        assert_eq!(lines(&finished), expected, "{arguments:?}: {finished:?}");
    };
    check_each::<(&[&str], &[&str])>(
        &[
            (&["tests/deep", "--changed=tests/conftest.py"], &[DEEP]),
            (&["other", "--changed=pkg/b.py"], &["other/test_outside.py"]),
            (&["--ignore=tests/test_a.py", "--changed=pkg/b.py"], &[]),
        ],
        check,
    );
}

#[test]
fn wrong_uses_are_usage_errors() {
    let project = project(TREE);
    let check = |(arguments, says): (&[&str], &str)| {
        let finished = affected(&project, arguments);
        assert_eq!(finished.code, Some(4), "{arguments:?}: {finished:?}");
        assert_eq!(finished.stdout, b"", "{arguments:?}");
        assert!(
            finished.stderr.contains(says),
            "{arguments:?}: {finished:?}"
        );
    };
    check_each::<(&[&str], &str)>(
        &[
            (&[], "required"),
            (
                &["--since", "HEAD", "--changed", "a.py"],
                "cannot be used with",
            ),
            (&["--changed"], "value is required"),
            (&["--since"], "value is required"),
            (&["nowhere", "--changed", "a.py"], "nowhere"),
        ],
        check,
    );
}

#[test]
fn settings_that_mean_nothing_are_problems() {
    let check = |(settings, says, code): (&str, &str, i32)| {
        let project = project(TREE);
        project.write(
            "pyproject.toml",
            format!("[tool.fastest.affected]\n{settings}\n"),
        );
        let finished = affected(&project, &["--changed", "pkg/b.py"]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(finished.stderr.contains(says), "{finished:?}");
    };
    check_each::<(&str, &str, i32)>(
        &[
            (
                "ignore = ['[']",
                "[tool.fastest.affected]: `[` is no glob",
                0,
            ),
            (
                "rules = [{files = ['*'], tests = ['{']}]",
                "`{` is no glob",
                0,
            ),
            ("rules = [{file = '*'}]", "unknown field `file`", 4),
        ],
        check,
    );
}

#[test]
fn what_lies_outside_of_the_rootdir_is_not_passed_over() {
    let project = project(TREE);
    let finished = affected(
        &project,
        &["--output", "json", "--changed", "pkg/b.py", "/etc/hosts"],
    );
    let document = document(&finished);
    assert_eq!(document["outside"], json!(["/etc/hosts"]));
    assert_eq!(document["tests"][0]["file"], A);
    let says = "1 changed files lie outside of the rootdir";
    assert!(finished.stderr.contains(says), "{finished:?}");
}
