//! Plugins of pytest: which engine runs the files below them, and why.

use serde_json::Value;

use crate::support::{Finished, project};

/// Which engine ran each test, and the reasons why files were handed over.
fn engines(finished: &Finished) -> (Vec<(String, String)>, Vec<String>) {
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let events = finished.events();
    let of = |kind: &'static str| events.iter().filter(move |event| event["event"] == kind);
    let mut engines: Vec<_> = of("test-finished")
        .map(|event| (text(event, "id"), text(event, "engine")))
        .collect();
    engines.sort();
    let reasons = of("file-deoptimized").map(|event| text(event, "reason"));
    (engines, reasons.collect())
}

fn check(files: &[(&str, &str)], arguments: &[&str], expected: &[(&str, &str)], reason: &str) {
    let project = project(files);
    let finished = project.run("auto", arguments);
    let (found, reasons) = engines(&finished);
    let expected: Vec<_> = expected
        .iter()
        .map(|(id, engine)| ((*id).to_owned(), (*engine).to_owned()))
        .collect();
    assert_eq!(found, expected, "{finished:?}");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let told = reasons.iter().any(|told| told.contains(reason));
    assert!(
        told || reason.is_empty() && reasons.is_empty(),
        "{reasons:?}"
    );
}

const PLAIN: &str = "def test_plain(): pass\n";

#[test]
fn fixtures_of_installed_plugins_are_native() {
    let test = "import os\n\
                def test_mocked(mocker):\n    \
                    mocker.patch('os.getcwd', return_value='there')\n    \
                    assert os.getcwd() == 'there'\n";
    let files = [("test_a.py", test), ("test_b.py", PLAIN)];
    let expected = [
        ("test_a.py::test_mocked", "native"),
        ("test_b.py::test_plain", "native"),
    ];
    check(&files, &[], &expected, "");
}

#[test]
fn plugins_whose_hooks_are_known_are_native() {
    let plugin = "import pytest\n\
                  def pytest_addoption(parser): parser.addoption('--level', default='5')\n\
                  def pytest_runtest_setup(item): item.reached = item.config.getoption('level')\n\
                  @pytest.fixture\n\
                  def level(request): return request.node.reached\n";
    let test = "def test_level(level): assert level == '7'\n";
    let ini = "[pytest]\npythonpath = .\naddopts = -p leveller --level 7\n";
    let files = [
        ("pytest.ini", ini),
        ("leveller.py", plugin),
        ("test_a.py", test),
    ];
    check(&files, &[], &[("test_a.py::test_level", "native")], "");
}

#[test]
fn other_plugins_send_all_files_to_pytest() {
    let plugin = "def pytest_collectstart(collector): pass\n";
    let ini = "[pytest]\npythonpath = .\n";
    let files = [
        ("pytest.ini", ini),
        ("starter.py", plugin),
        ("test_a.py", PLAIN),
    ];
    let reason = "plugin starter has hook pytest_collectstart (";
    let expected = [("test_a.py::test_plain", "pytest")];
    check(&files, &["-p", "starter"], &expected, reason);
}

#[test]
fn other_hooks_of_conftests_send_the_files_below_to_pytest() {
    let hook = "def pytest_pycollect_makeitem(collector, name, obj): pass\n";
    let known = "def pytest_runtest_setup(item): item.seen = True\n";
    let seen = "def test_seen(request): assert request.node.seen\n";
    let files = [
        ("conftest.py", known),
        ("a/conftest.py", hook),
        ("a/test_a.py", seen),
        ("b/test_b.py", seen),
    ];
    let expected = [
        ("a/test_a.py::test_seen", "pytest"),
        ("b/test_b.py::test_seen", "native"),
    ];
    check(
        &files,
        &[],
        &expected,
        "`pytest_pycollect_makeitem` is a hook",
    );
}

#[test]
fn a_setting_that_no_plugin_knows_is_no_reason_for_pytest() {
    let files = [
        ("pytest.ini", "[pytest]\nunheard_of = yes\n"),
        ("test_a.py", PLAIN),
    ];
    check(&files, &[], &[("test_a.py::test_plain", "native")], "");
}

#[test]
fn a_plugin_of_fastest_that_cannot_be_loaded_ends_the_run() {
    let project = project(&[
        (
            "pyproject.toml",
            "[tool.fastest]\nplugins = ['nowhere:Plugin']\n",
        ),
        ("test_a.py", PLAIN),
    ]);
    let finished = project.run("auto", &[]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(
        finished.all_output().contains("No module named 'nowhere'"),
        "{finished:?}"
    );
}
