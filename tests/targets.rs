//! `fastest targets`, and the labels of `fastest affected`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Finished, Project, fastest, project, python, repository};

const TREE: &[(&str, &str)] = &[
    ("pytest.ini", "[pytest]\n"),
    ("WORKSPACE", ""),
    (
        "money.py",
        "from pathlib import Path\nopen(Path(__file__).parent / 'rates.csv')\n",
    ),
    ("rates.csv", "1\n"),
    (
        "tests/test_money.py",
        "import money\n\n\ndef test_money():\n    pass\n",
    ),
    ("tests/test_other.py", "def test_other():\n    pass\n"),
];

fn call(project: &Project, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut started = project.fastest(arguments);
    if let Some(environment) = python().ancestors().nth(2) {
        started.command.env("VIRTUAL_ENV", environment);
    }
    let Finished {
        code,
        stdout,
        stderr,
        ..
    } = started.finish_clean();
    (code, String::from_utf8(stdout).unwrap(), stderr)
}

#[test]
fn stale_build_files_are_named_and_left_alone() {
    let project = project(TREE);
    let check = |arguments: &[&str], code: i32, stdout: &str| {
        let (ended, printed, said) = call(&project, arguments);
        assert_eq!(ended, Some(code), "{arguments:?} {said}");
        assert_eq!(printed, stdout, "{arguments:?}");
    };
    let both = "BUILD.bazel\ntests/BUILD.bazel\n";
    check(&["targets", "bazel", "--check"], 1, both);
    assert!(!project.root().join("BUILD.bazel").exists());
    check(&["targets", "bazel"], 0, both);
    check(&["targets", "bazel"], 0, "");
    check(&["targets", "bazel", "--check"], 0, "");
    check(
        &["targets", "bazel", "--check", "--granularity", "test"],
        1,
        "tests/BUILD.bazel\n",
    );
    fs::remove_file(project.root().join("tests/test_other.py")).unwrap();
    check(&["targets", "bazel", "--check"], 1, "tests/BUILD.bazel\n");
    fs::write(project.root().join("tests/BUILD.bazel"), "x(\n").unwrap();
    let (code, printed, said) = call(&project, &["targets", "bazel"]);
    assert_eq!((code, printed.as_str()), (Some(1), ""));
    let error =
        "error: tests/BUILD.bazel:1: the file cannot be read and is left alone: `(` is not closed";
    assert!(said.contains(error), "{said}");
    check(&["targets", "cmake"], 4, "");
}

#[test]
fn labels_of_affected_tests() {
    let project = project(TREE);
    let labels = |changed: &str, output: &str| {
        let arguments = ["affected", "--changed", changed, "--output", output];
        let (code, printed, said) = call(&project, &arguments);
        assert_eq!(code, Some(0), "{said}");
        (printed, said)
    };
    // Without build files the labels are those that would be made, and that is said.
    let (printed, said) = labels("money.py", "bazel");
    assert_eq!(printed, "//tests:test_money\n");
    assert!(
        said.contains("tests/test_money.py: it is affected and no target tests it"),
        "{said}"
    );
    call(&project, &["targets", "bazel"]);
    call(&project, &["targets", "buck2"]);
    for (changed, expected) in [
        ("money.py", "//tests:test_money\n"),
        ("rates.csv", "//tests:test_money\n"),
        ("tests/test_other.py", "//tests:test_other\n"),
        ("notes.txt", ""),
    ] {
        for output in ["bazel", "buck2"] {
            let (printed, said) = labels(changed, output);
            assert_eq!(printed, expected, "{changed}");
            let is_said = said.contains("no test is affected");
            assert_eq!(is_said, expected.is_empty(), "{said}");
        }
    }
    // A person names a target as they like.
    let path = project.root().join("tests/BUILD.bazel");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("name = \"test_money\"", "name = \"all\""),
    )
    .unwrap();
    assert_eq!(labels("money.py", "bazel").0, "//tests:all\n");
    let line = json!({
        "target": "root//tests:test_money",
        "type": "fastest_test",
        "oncall": null,
        "depth": 1,
        "labels": [],
        "reason": {
            "affected_dep": "root//:money",
            "root_cause_target": "root//:money",
            "root_cause_reason": "inputs",
            "is_terminal": true,
        },
    });
    let (printed, _) = labels("rates.csv", "buck2-json");
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), line);
    let (printed, _) = labels("rates.csv", "json");
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["buck2"], json!([line]));
    let symbols = [
        "affected",
        "--changed",
        "a",
        "--output",
        "bazel",
        "--level",
        "symbol",
    ];
    assert_eq!(call(&project, &symbols).0, Some(4));
}

#[test]
fn build_files_of_the_examples_are_up_to_date() {
    for system in ["bazel", "buck2"] {
        let mut command = Command::new(fastest());
        command.args(["targets", system, "--check", "--no-cache"]);
        command.current_dir(repository().join("examples").join(system));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}
