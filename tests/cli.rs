//! The command, run as its users run it.

use std::process::Command;

use crate::support::{Started, fastest, project, python, repository};

#[test]
fn the_shop_has_pytests_outcomes_under_every_engine() {
    for engine in ["auto", "pytest"] {
        let mut command = Command::new(fastest());
        command.args([
            "run",
            "examples/shop",
            "--output",
            "json",
            "--engine",
            engine,
        ]);
        command.arg("--python").arg(python());
        command.current_dir(repository());
        let finished = Started::new(command).finish();
        let outcomes = finished.outcomes();
        let count = |word| {
            outcomes
                .iter()
                .filter(|(_, outcome)| outcome == word)
                .count()
        };
        let counts = ["passed", "skipped", "xfailed"].map(count);
        assert_eq!(
            counts,
            [17, 1, 1],
            "--engine {engine}: {outcomes:#?}\n{}",
            finished.stderr
        );
        assert_eq!((finished.code, outcomes.len()), (Some(0), 19));
        assert_eq!(finished.orphans, Vec::<String>::new());
    }
}

#[test]
fn a_failure_gives_exit_code_1_and_no_tests_give_5() {
    let project = project(&[
        (
            "test_a.py",
            "def test_good(): pass\ndef test_bad(): assert 0\n",
        ),
        ("test_b.py", "x = 1\n"),
    ]);
    for engine in ["auto", "pytest"] {
        let finished = project.run(engine, &[]);
        let outcomes = [
            ("test_a.py::test_bad", "failed"),
            ("test_a.py::test_good", "passed"),
        ];
        let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        assert_eq!(finished.outcomes(), outcomes, "{}", finished.stderr);
        assert_eq!(finished.code, Some(1));
        assert_eq!(project.run(engine, &["test_b.py"]).code, Some(5));
    }
}

#[test]
fn unittest_and_doctests_need_no_pytest_engine() {
    let project = project(&[
        (
            "pytest.ini",
            "[pytest]\naddopts = --doctest-modules --doctest-report=ndiff\n\
             doctest_optionflags = NORMALIZE_WHITESPACE\n",
        ),
        ("lib.py", "'''\n>>> print('a b')\na  b\n'''\n"),
        (
            "test_a.py",
            "'''\n>>> 1\n2\n'''\nimport unittest\n\
             class Case(unittest.TestCase):\n\
             \x20   def test_it(self):\n\
             \x20       for i in range(2):\n\
             \x20           with self.subTest(i=i): pass\n\
             \x20   def test_skip(self): self.skipTest('why')\n",
        ),
        ("test_b.txt", ">>> 1\n1\n"),
    ]);
    let outcomes = [
        ("lib.py::lib", "passed"),
        ("test_a.py::Case::test_it", "passed"),
        ("test_a.py::Case::test_skip", "skipped"),
        ("test_a.py::test_a", "failed"),
        ("test_b.txt::test_b.txt", "passed"),
    ];
    let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
    for engine in ["native", "auto", "pytest"] {
        let finished = project.run(engine, &[]);
        assert_eq!(
            finished.outcomes(),
            outcomes,
            "{engine}: {}",
            finished.stderr
        );
        assert_eq!(finished.code, Some(1));
    }
}

#[test]
fn the_quickstart_needs_no_pytest() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(python())
        .args(["-m", "venv", "--without-pip"])
        .arg(folder.path())
        .status();
    assert!(made.unwrap().success());
    let mut command = Command::new(fastest());
    command.args(["examples/quickstart", "--output", "json", "--python"]);
    command.arg(folder.path().join("bin/python"));
    command.current_dir(repository());
    let finished = Started::new(command).finish();
    let outcomes = finished.outcomes();
    assert!(
        outcomes.iter().all(|(_, outcome)| outcome == "passed"),
        "{outcomes:#?}"
    );
    assert_eq!(
        (finished.code, outcomes.len()),
        (Some(0), 7),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.events()[0]["pytest"], serde_json::Value::Null);
}

#[test]
fn the_embedding_program_runs_two_tests() {
    // Compiling may take longer than any program under test is given.
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--package", "embed"]);
    assert!(build.current_dir(repository()).status().unwrap().success());
    let mut command = Command::new("cargo");
    command.args([
        "run",
        "--quiet",
        "--package",
        "embed",
        "--",
        "examples/quickstart",
    ]);
    command.env("VIRTUAL_ENV", python().ancestors().nth(2).unwrap());
    command.current_dir(repository());
    let finished = Started::new(command).finish();
    let stdout = String::from_utf8(finished.stdout).unwrap();
    let mut lines: Vec<&str> = stdout.lines().collect();
    lines[1..3].sort_unstable();
    let expected = [
        "7 tests",
        "tests/test_greet.py::test_afternoon_is_the_default passed",
        "tests/test_greet.py::test_morning passed",
        "2 passed",
    ];
    assert_eq!(lines, expected, "{}", finished.stderr);
}
