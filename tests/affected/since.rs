//! Changes that git tells.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use serde_json::json;

use super::{A, ALL, C, DB, DEEP, TREE, affected, document, lines};
use crate::support::{Project, project, python};

/// Runs git in the project; whether there is a git.
pub(super) fn git(project: &Project, arguments: &[&str]) -> bool {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]);
    command.args(arguments).current_dir(project.root());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "git {arguments:?}: {output:?}");
            true
        }
        Err(error) => {
            eprintln!("skipped: git cannot be run: {error}");
            false
        }
    }
}

/// The project in a commit; none without git.
pub(super) fn committed() -> Option<Project> {
    let project = project(TREE);
    let made = git(&project, &["init", "--quiet"]);
    made.then(|| {
        commit(&project);
        project
    })
}

pub(super) fn commit(project: &Project) {
    git(project, &["add", "--all"]);
    git(project, &["commit", "--quiet", "--allow-empty", "-m", "."]);
}

pub(super) type Edit = fn(&Project);

pub(super) fn mode(project: &Project, path: &str) {
    let path = project.root().join(path);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(super) fn moved(project: &Project, from: &str, to: &str) {
    fs::rename(project.root().join(from), project.root().join(to)).unwrap();
}

pub(super) fn removed(project: &Project, path: &str) {
    fs::remove_file(project.root().join(path)).unwrap();
}

const EDITS: &[(&str, Edit, &[&str])] = &[
    ("nothing", |_| (), &[]),
    ("a module", |p| p.write("pkg/b.py", "x = 1\n"), &[A]),
    ("its mode", |p| mode(p, "pkg/b.py"), &[A]),
    ("its time", |p| p.write("pkg/b.py", ""), &[]),
    ("a deleted module", |p| removed(p, "pkg/b.py"), &[A]),
    (
        "a deleted package",
        |p| fs::remove_dir_all(p.root().join("pkg/sub")).unwrap(),
        &[C, DB],
    ),
    (
        "a renamed module",
        |p| moved(p, "pkg/b.py", "pkg/bb.py"),
        &[A],
    ),
    (
        "a module that is a link now",
        |p| {
            removed(p, "pkg/b.py");
            symlink("unused.py", p.root().join("pkg/b.py")).unwrap();
        },
        &[A],
    ),
    (
        "a module that hides another one",
        |p| p.write("tests/pkg.py", ""),
        &[A, C],
    ),
    (
        "a new test",
        |p| p.write("tests/test_new.py", "def test_n(): pass\n"),
        &["tests/test_new.py"],
    ),
    (
        "a new test elsewhere",
        |p| p.write("other/test_new.py", "def test_n(): pass\n"),
        &[],
    ),
    ("a deleted test", |p| removed(p, "tests/test_db.py"), &[]),
    (
        "a renamed test",
        |p| moved(p, "tests/test_db.py", "tests/test_dc.py"),
        &["tests/test_dc.py"],
    ),
    ("a new conftest", |p| p.write("conftest.py", ""), ALL),
    (
        "a deleted conftest",
        |p| removed(p, "tests/deep/conftest.py"),
        &[DEEP],
    ),
    (
        "a deleted __init__",
        |p| removed(p, "pkg/sub/__init__.py"),
        &[C],
    ),
    ("data", |p| p.write("data/table.csv", "2\n"), &[DEEP]),
    ("deleted data", |p| removed(p, "data/table.csv"), &[DEEP]),
    (
        "new data beside",
        |p| p.write("pkg/sub/more.bin", "2"),
        &[C],
    ),
    (
        "a file with a rule",
        |p| p.write("schemas/one.sql", "select 2;\n"),
        &[DB],
    ),
    (
        "a file that is ignored",
        |p| p.write("notes/todo.txt", "more\n"),
        &[],
    ),
    ("a harmless file", |p| p.write("README.md", "# Me\n"), &[]),
    (
        "a linter's settings",
        |p| edit(p, "pyproject.toml", "88", "99"),
        &[],
    ),
    (
        "a setting of pytest",
        |p| edit(p, "pytest.ini", "testpaths", "addopts = -q\ntestpaths"),
        ALL,
    ),
    (
        "a section of pytest",
        |p| {
            edit(
                p,
                "pyproject.toml",
                "[tool.ruff]",
                "[tool.pytest.ini_options]\n[tool.ruff]",
            )
        },
        ALL,
    ),
    (
        "the interpreter",
        |p| p.write(".python-version", "3.12\n"),
        ALL,
    ),
    (
        "requirements of all",
        |p| p.write("requirements.txt", "pytest>=9\n"),
        ALL,
    ),
    (
        "requirements of what is not there",
        |p| p.write("requirements.txt", "pytest>=8\nnot-to-be-found==1\n"),
        ALL,
    ),
    (
        "a comment in requirements",
        |p| p.write("requirements.txt", "# the runner\npytest>=8\n"),
        &[],
    ),
    (
        "a broken module",
        |p| p.write("pkg/b.py", "def f(:\n"),
        &[A],
    ),
    (
        "a module of another encoding",
        |p| p.write("pkg/b.py", b"# \xe9\n"),
        &[A],
    ),
];

pub(super) fn edit(project: &Project, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(project.root().join(path)).unwrap();
    assert!(text.contains(from));
    project.write(path, text.replace(from, to));
}

#[test]
fn every_edit_concerns_its_tests_before_and_after_it_is_committed() {
    let Some(project) = committed() else { return };
    let mut wrong = Vec::new();
    for (name, edit, expected) in EDITS {
        edit(&project);
        let mut check = |when: &str, rev: &str, options: &[&str]| {
            let arguments = [&["--output", "files", "--since", rev], options].concat();
            let finished = affected(&project, &arguments);
            if finished.code != Some(0) || lines(&finished) != *expected {
                wrong.push(format!("{name}, {when}: {finished:?}"));
            }
        };
        check("not committed", "HEAD", &[]);
        git(&project, &["add", "--all"]);
        check("staged", "HEAD", &["--no-cache"]);
        commit(&project);
        check("committed", "HEAD~1", &[]);
        git(&project, &["reset", "--quiet", "--hard", "HEAD~1"]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn requirements_concern_the_tests_that_import_what_they_name() {
    let Some(project) = committed() else { return };
    // It comes with pytest, and no plugin of pytest's imports it.
    let asked = Command::new(python())
        .args(["-c", "import pygments"])
        .status();
    if !asked.is_ok_and(|status| status.success()) {
        eprintln!("skipped: the interpreter of the tests has no pygments");
        return;
    }
    project.write("requirements.txt", "pytest_mock>=3\n");
    project.write(
        "tests/test_c.py",
        "from execnet import gateway\ndef test_c(): pass\n",
    );
    commit(&project);
    let has = |name: &str| {
        let import = format!("import {name}");
        let asked = Command::new(python()).args(["-c", &import]).status();
        asked.is_ok_and(|status| status.success())
    };
    if !has("execnet") {
        eprintln!("skipped: the interpreter of the tests has no execnet");
        return;
    }
    project.write("requirements.txt", "pytest_mock>=3\nexecnet>=2\n");
    let finished = affected(
        &project,
        &["--output", "json", "--explain", "--since", "HEAD"],
    );
    let document = document(&finished);
    let tests = document["tests"].as_array().unwrap();
    let test = tests.iter().find(|test| test["file"] == C).unwrap();
    assert_eq!(
        test["reason"]["changed"], "requirements.txt",
        "{finished:?}"
    );
    assert_eq!(test["reason"]["on"], "execnet", "{finished:?}");
    assert_eq!(document["without_tests"], json!([]), "{finished:?}");
}

#[test]
fn the_base_is_where_the_branches_part() {
    let Some(project) = committed() else { return };
    git(&project, &["branch", "main-line"]);
    git(&project, &["checkout", "--quiet", "main-line"]);
    project.write("tests/test_db.py", "def test_db(): assert 1\n");
    commit(&project);
    git(
        &project,
        &["checkout", "--quiet", "-b", "feature", "HEAD~1"],
    );
    project.write("pkg/b.py", "x = 1\n");
    commit(&project);
    let finished = affected(&project, &["--output", "json", "--since", "main-line"]);
    let document = document(&finished);
    assert_eq!(
        document["tests"].as_array().unwrap().len(),
        1,
        "{finished:?}"
    );
    assert_eq!(document["tests"][0]["file"], A);
    assert_eq!(document["base"].as_str().unwrap().len(), 40);
}

#[test]
fn without_a_repository_or_a_revision_there_is_no_answer() {
    let plain = project(TREE);
    let finished = affected(&plain, &["--since", "HEAD"]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(finished.stderr.contains("help:"), "{finished:?}");
    let Some(project) = committed() else { return };
    let finished = affected(&project, &["--since", "no-such-revision"]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(finished.stderr.contains("no-such-revision"), "{finished:?}");
}
