//! Arguments that ask for what is not there, or that make no sense.

use crate::oracle::{ENGINES, agrees_with_pytest, run_pytest};
use crate::support::{Project, check_each, project};

fn sample() -> Project {
    project(&[
        (
            "test_static.py",
            "import pytest\n\
             def test_one(): pass\n\
             @pytest.mark.parametrize('x', [1, 2])\n\
             def test_param(x): pass\n\
             class TestC:\n    def test_in(self): pass\n",
        ),
        (
            "test_open.py",
            "import pytest\n\
             @pytest.mark.parametrize('x', list(range(2)))\n\
             def test_param(x): pass\n\
             for name in ['a', 'b']:\n    globals()['test_' + name] = lambda: None\n\
             class TestC:\n    def test_in(self): pass\n",
        ),
        (
            "test_broken.py",
            "import nowhere_to_be_found\ndef test_one(): pass\n",
        ),
        ("sub/test_below.py", "def test_below(): pass\n"),
        ("notes.txt", "no tests\n"),
    ])
}

#[test]
fn what_is_not_there_is_a_usage_error_that_names_it() {
    let project = sample();
    let cases = [
        &["nowhere"][..],
        &["nowhere.py"],
        &["nowhere.py::test_one"],
        &["test_static.py", "sub/nowhere"],
        &["test_static.py::test_nowhere"],
        &["test_static.py::test_one[1]"],
        &["test_static.py::test_param[3]"],
        &["test_static.py::TestNowhere"],
        &["test_static.py::TestC::test_nowhere"],
        &["test_static.py::TestC::test_in::deeper"],
        &["test_static.py::test_one", "test_static.py::test_nowhere"],
        &[
            "test_static.py::test_one",
            "sub/test_below.py::test_nowhere",
        ],
        &["test_open.py::test_nowhere"],
        &["test_open.py::test_param[2]"],
        &["test_open.py::TestC::test_nowhere"],
        &["sub::test_below"],
    ];
    check_each(&cases, |arguments| {
        agrees_with_pytest(&project, arguments);
        let named = arguments[arguments.len() - 1];
        for engine in ENGINES {
            let finished = project.run(engine, arguments);
            assert_eq!(
                finished.code,
                Some(4),
                "{engine} {arguments:?}: {finished:#?}"
            );
            let output = finished.all_output();
            assert!(
                output.contains("not found") || output.contains("folder"),
                "{output}"
            );
            assert!(output.contains(named), "{engine} {arguments:?}: {output}");
        }
    });
}

#[test]
fn what_is_there_is_found_beside_it() {
    let project = sample();
    let cases = [
        &["test_static.py::test_param[2]"][..],
        &["test_static.py::TestC"],
        &["test_open.py::test_a", "test_open.py::test_param"],
        &["test_open.py::test_param[1]"],
        &["test_broken.py::test_one"],
        &["notes.txt"],
        &["sub", "test_static.py::test_one"],
    ];
    check_each(&cases, |arguments| {
        agrees_with_pytest(&project, arguments);
    });
}

#[test]
fn an_empty_selection_has_pytests_exit_code() {
    let project = project(&[
        ("test_a.py", "def test_a(): pass\n"),
        ("notes/readme.txt", "no tests\n"),
    ]);
    let cases = [
        &["-k", "none"][..],
        &["-m", "none"],
        &["--deselect", "test_a.py"],
        &["--deselect", "test_a.py::test_a"],
        &["--ignore", "test_a.py"],
        &["notes"],
    ];
    check_each(&cases, |arguments| {
        let verdict = agrees_with_pytest(&project, arguments);
        assert!(
            verdict.has("exit code Some(5)"),
            "{arguments:?}: {verdict:#?}"
        );
    });
}

#[test]
fn a_malformed_expression_is_a_usage_error_in_pytests_words() {
    let project = project(&[("test_a.py", "def test_a(): pass\n")]);
    let cases = [
        ["-k", "("],
        ["-k", "a or"],
        ["-k", "a)"],
        ["-m", "not"],
        ["-m", "a == 1"],
        ["-m", "a and and"],
        ["-m", "a(b=1"],
    ];
    check_each(&cases, |arguments| {
        let (pytest, verdict) = run_pytest(&project, &arguments);
        assert!(
            verdict.has("exit code Some(4)"),
            "{arguments:?}: {verdict:#?}"
        );
        let line = pytest
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("ERROR: "));
        let expected = line.unwrap_or_else(|| panic!("{}", pytest.stderr));
        for engine in ENGINES {
            let finished = project.run(engine, &arguments);
            assert_eq!(
                finished.code,
                Some(4),
                "{engine} {arguments:?}: {finished:#?}"
            );
            let output = finished.all_output().replace("\\\"", "\"");
            assert!(
                output.contains(expected),
                "{engine}: no {expected:?} in {output}"
            );
        }
    });
}

#[test]
fn options_that_make_no_sense_are_usage_errors() {
    let project = project(&[("test_a.py", "def test_a(): pass\n")]);
    let cases = [
        (&["-n", "0"][..], "-n"),
        (&["-n", "many"], "many"),
        (&["--maxfail", "x"], "--maxfail"),
        (&["--timeout", "-1"], "--timeout"),
        (&["--no-such-option"], "--no-such-option"),
        (&["-W", "nonsense"], "nonsense"),
        (&["-c", "nowhere.ini"], "nowhere.ini"),
        (&["--rootdir", "nowhere"], "nowhere"),
        (&["-p", "no_such_plugin"], "no_such_plugin"),
    ];
    check_each(&cases, |(arguments, said)| {
        for engine in ENGINES {
            let finished = project.run(engine, arguments);
            assert_eq!(
                finished.code,
                Some(4),
                "{engine} {arguments:?}: {finished:#?}"
            );
            let output = finished.all_output();
            assert!(output.contains(said), "{engine} {arguments:?}: {output}");
        }
    });
}
