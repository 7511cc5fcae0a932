//! Symbolic links to folders: targets are as Bazel sees what lies behind them.

use std::path::Path;
use std::process::Command;

use fastest_bazel_e2e::{Bazel, fastest, python};

const TEST: &str = "from pathlib import Path

from app.linked.pay import pay


def test_pay():
    assert pay() == 2


def test_case():
    assert (Path(__file__).parent / \"cases\" / \"one.txt\").read_text() == \"one\"
";

const FILES: &[(&str, &str)] = &[
    (
        "pyproject.toml",
        "[tool.fastest.bazel]\nrules = \"//tools/fastest:defs.bzl\"\n\
         [tool.pytest.ini_options]\npythonpath = [\".\"]\n",
    ),
    ("app/__init__.py", ""),
    ("shared/__init__.py", ""),
    ("shared/rate.py", "RATE = 2\n"),
    (
        "shared/pay.py",
        "from shared.rate import RATE\n\n\ndef pay():\n    return RATE\n",
    ),
    ("shared/unused.py", ""),
    ("data/cases/one.txt", "one"),
    ("tests/test_links.py", TEST),
    ("tests/test_other.py", "def test_other():\n    pass\n"),
];

#[test]
fn what_lies_behind_links_is_declared() {
    let Some(mut bazel) = Bazel::start() else {
        return;
    };
    bazel.add_rules();
    for (path, text) in FILES {
        bazel.write(path, text);
    }
    // Into a package, and to data around which there is none.
    bazel.link("app/linked", "../shared");
    bazel.link("tests/cases", "../data/cases");
    let said = targets(&bazel);
    assert!(!said.contains("problem"), "{said}");
    let call = ["test", "//..."];
    let of_links = ["//tests:test_links"];
    let first = bazel.call(&call);
    let all = ["//tests:test_links", "//tests:test_other"];
    assert_eq!(first.expect(0).events.executed(), all);
    for (path, text) in [
        ("shared/pay.py", "def pay():\n    return 2\n"),
        ("data/cases/one.txt", "one!"),
    ] {
        bazel.write(path, text);
        let answer = bazel.call(&call);
        assert_eq!(answer.events.executed(), of_links, "{path}");
        assert_eq!(answer.code, if path.ends_with(".txt") { 3 } else { 0 });
    }
    bazel.write("shared/unused.py", "UNUSED = 1\n");
    bazel.write("data/cases/one.txt", "one");
    assert_eq!(bazel.call(&call).expect(0).events.executed(), of_links);
}

/// Writes the build files; gives what was said.
fn targets(bazel: &Bazel) -> String {
    let mut command = Command::new(fastest());
    command.args(["targets", "bazel", "--no-cache"]);
    let interpreter = python();
    let environment = interpreter.parent().and_then(Path::parent).unwrap();
    command.env("VIRTUAL_ENV", environment);
    let output = command.current_dir(bazel.workspace()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}
