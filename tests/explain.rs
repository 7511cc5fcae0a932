//! `fastest explain`, and the documentation of its reasons.

use serde_json::{Value, json};

use crate::support::project;

const OPEN: &str = "import pytest\nfrom other import VALUES\n\n\
    @pytest.mark.parametrize('n', VALUES)\ndef test_open(n, tmp_path): pass\n\
    def test_plain(tmp_path, monkeypatch): pass\n";

#[test]
fn a_file_is_explained_with_lines() {
    let project = project(&[
        ("test_native.py", "def test_plain(tmp_path): pass\n"),
        ("test_open.py", OPEN),
        ("test_pytester.py", "def test_plugin(pytester): pass\n"),
    ]);
    let finished = project
        .fastest(&["explain", "--output", "json"])
        .finish_clean();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    let files = document["files"].as_array().unwrap();
    let about = |file: &Value| {
        let names = ["path", "engine", "isolation", "tests", "fixtures"];
        Value::from_iter(names.map(|name| file[name].clone()))
    };
    let expected = json!([
        ["test_native.py", "native", "worker", 1, {"tmp_path": 1}],
        ["test_open.py", "native", "worker", 2, {"monkeypatch": 1, "tmp_path": 2}],
        ["test_pytester.py", "pytest", "worker", 1, {"pytester": 1}],
    ]);
    assert_eq!(Value::from_iter(files.iter().map(about)), expected);
    let [native, open, pytester] = &files[..] else {
        panic!("{files:#?}");
    };
    assert_eq!(native["reasons"], json!([]));
    assert_eq!(open["open"][0]["test"], "test_open.py::test_open");
    assert_eq!(pytester["reasons"][0]["line"], 1);

    let finished = project
        .fastest(&["explain", "test_pytester.py"])
        .finish_clean();
    let text = String::from_utf8(finished.stdout).unwrap();
    let message = pytester["reasons"][0]["message"].as_str().unwrap();
    for line in [
        "  engine: pytest",
        &format!("    line 1: {message}"),
        "  isolation: worker, a process that it may share with other files",
        "  fixtures: pytester (1)",
    ] {
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
}

#[test]
fn all_reasons_of_a_configuration_are_told() {
    let project = project(&[
        (
            "pytest.ini",
            "[pytest]\naddopts = -p no:doctest --noconftest\nmax_warnings = 1\n",
        ),
        ("test_a.py", "def test_a(): pass\n"),
    ]);
    let finished = project.fastest(&["explain"]).finish_clean();
    let text = String::from_utf8(finished.stdout).unwrap();
    for reason in ["no:doctest", "--noconftest", "max_warnings"] {
        assert!(text.contains(reason), "{reason}\n{text}");
    }
}
