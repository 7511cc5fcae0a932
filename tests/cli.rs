//! The command, run as its users run it.

use std::process::Command;

use crate::support::{Started, fastest, project, python, repository};

#[test]
fn the_quickstart_has_pytests_outcomes_under_every_engine() {
    for engine in ["auto", "pytest"] {
        let mut command = Command::new(fastest());
        command.args([
            "run",
            "examples/quickstart",
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
