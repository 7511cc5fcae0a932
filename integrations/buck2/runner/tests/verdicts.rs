//! The runner as Buck2's actions and tests run it, on projects of a few files.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use fastest_buck2_verdict::{REPORT_VARIABLE, Verdict};
use serde_json::{Value as Json, json};

/// The interpreter of the tests, which has pytest; none where nobody names one.
fn python() -> Option<PathBuf> {
    static SAID: OnceLock<()> = OnceLock::new();
    let python = std::env::var_os("FASTEST_TEST_PYTHON").map(PathBuf::from);
    if python.is_none() {
        SAID.get_or_init(|| {
            eprintln!("skipped: FASTEST_TEST_PYTHON names no interpreter with pytest");
        });
    }
    python
}

/// A project, and what a target of it declares.
struct Project {
    folder: tempfile::TempDir,
    manifest: Json,
}

impl Project {
    /// All files are declared: Python files as sources, `test_a.py` as the file of tests, others as data.
    fn new(python: &Path, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(folder.path().join("buck-out")).unwrap();
        let names = files.iter().map(|(name, _)| *name);
        let (sources, data): (Vec<_>, Vec<_>) = names.partition(|name| name.ends_with(".py"));
        let manifest = json!({
            "schema": 1,
            "label": "root//t:test_a",
            "src": sources.iter().find(|name| name.ends_with("test_a.py")),
            "test": "",
            "sources": sources,
            "data": data,
            "imports": [],
            "distributions": [],
            "env": {},
            "args": [],
            "python": [python],
            "identity": "",
            "timeout": 0,
        });
        Self { folder, manifest }
    }

    fn with(mut self, key: &str, value: Json) -> Self {
        self.manifest[key] = value;
        self
    }

    fn without(mut self, file: &str) -> Self {
        for key in ["sources", "data"] {
            let files = self.manifest[key].as_array_mut().unwrap();
            files.retain(|name| name != file);
        }
        self
    }

    fn command(&self) -> Command {
        let manifest = self.folder.path().join("buck-out/manifest.json");
        fs::write(&manifest, self.manifest.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fastest-buck2-runner"));
        command.current_dir(self.folder.path());
        command.args(["--manifest", "buck-out/manifest.json"]);
        command.env_remove(REPORT_VARIABLE);
        command
    }

    /// Runs the build action; gives the verdict and the files that it depends on.
    fn act(&self, more: &[&str]) -> (Verdict, Vec<String>) {
        let mut command = self.command();
        command.args([
            "--verdict",
            "buck-out/verdict",
            "--dep-file",
            "buck-out/loaded",
        ]);
        let output = command.args(more).output().unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap();
        let verdict = Verdict::parse(&read("buck-out/verdict")).unwrap();
        let loaded = read("buck-out/loaded");
        (verdict, loaded.lines().map(ToOwned::to_owned).collect())
    }

    /// Runs the test.
    fn live(&self, more: &[&str]) -> Output {
        self.command().args(more).output().unwrap()
    }
}

fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}", text(&output.stdout), text(&output.stderr))
}

fn outcomes(verdict: &Verdict) -> Vec<(&str, &str)> {
    let cases = verdict.cases.iter();
    cases
        .map(|case| (case.name.as_str(), case.outcome.as_str()))
        .collect()
}

#[test]
fn every_outcome_is_in_the_verdict() {
    let Some(python) = python() else { return };
    let project = Project::new(
        &python,
        &[(
            "t/test_a.py",
            "import pytest\n\n\
         def test_pass(): print('said')\n\n\
         def test_fail():\n    print('said too')\n    assert 1 == 2\n\n\
         @pytest.mark.skip(reason='not now')\ndef test_skip(): pass\n\n\
         @pytest.mark.xfail\ndef test_xfail(): assert False\n\n\
         @pytest.mark.xfail\ndef test_xpass(): pass\n\n\
         class TestC:\n    @pytest.fixture\n    def broken(self): raise OSError('no disk')\n\n    \
         def test_error(self, broken): pass\n\n    \
         @pytest.mark.parametrize('n', [1, 2])\n    def test_n(self, n): pass\n",
        )],
    );
    let (verdict, _) = project.act(&[]);
    let expected = [
        ("test_pass", "passed"),
        ("test_fail", "failed"),
        ("test_skip", "skipped"),
        ("test_xfail", "xfailed"),
        ("test_xpass", "xpassed"),
        ("TestC::test_error", "error"),
        ("TestC::test_n[1]", "passed"),
        ("TestC::test_n[2]", "passed"),
    ];
    assert_eq!(outcomes(&verdict), expected);
    assert!(
        !verdict.passed && verdict.failures.is_empty(),
        "{verdict:?}"
    );
    let failed = &verdict.cases[1];
    assert!(failed.message.as_ref().unwrap().contains("assert 1 == 2"));
    assert!(failed.output.contains("said too"), "{}", failed.output);
    assert_eq!(verdict.cases[0].output, "");
    assert_eq!(verdict.cases[2].message.as_deref(), Some("not now"));
    assert!(verdict.cases[5].output.contains("no disk"));

    // The same, as a test of Buck2.
    let output = project.live(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(shown(&output).contains("assert 1 == 2") && !shown(&output).contains("test_pass"));
    let mut command = project.command();
    let output = command.env(REPORT_VARIABLE, "json").output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        outcomes(&Verdict::parse(line.trim_end()).unwrap()),
        expected
    );
    let output = project.live(&["test_pass", "TestC::test_n"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(shown(&output).contains("3 passed"), "{}", shown(&output));
}

#[test]
fn what_is_no_test_s_outcome_fails_the_target() {
    let Some(python) = python() else { return };
    let check = |text: &str, keys: &[(&str, Json)], named: &str| {
        let mut project = Project::new(&python, &[("t/test_a.py", text)]);
        for (key, value) in keys {
            project = project.with(key, value.clone());
        }
        let (verdict, loaded) = project.act(&[]);
        assert!(!verdict.passed, "{text}");
        let failures = verdict.failures.join("\n");
        assert!(failures.contains(named), "{text} {keys:?}: {failures}");
        // It may be any of the sources that helps.
        assert_eq!(loaded, ["t/test_a.py"]);
        let output = project.live(&[]);
        assert_ne!(output.status.code(), Some(0), "{}", shown(&output));
        assert!(shown(&output).contains(named), "{}", shown(&output));
    };
    let passing = "def test_one(): pass\n";
    check("import gone\n", &[], "gone");
    check("def f(:\n", &[], "SyntaxError");
    check("x = 1\n", &[], "no test was found in t/test_a.py");
    check(
        passing,
        &[("args", json!(["-k", "two"]))],
        "no test was found",
    );
    check(passing, &[("test", json!("test_two"))], "test_two");
}

#[test]
fn without_what_it_runs_with_there_is_no_verdict() {
    let Some(python) = python() else { return };
    let check = |key: &str, value: Json, named: &str| {
        let files = [("t/test_a.py", "def test_one(): pass\n")];
        let project = Project::new(&python, &files).with(key, value);
        let mut command = project.command();
        command.args([
            "--verdict",
            "buck-out/verdict",
            "--dep-file",
            "buck-out/loaded",
        ]);
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{key}");
        assert!(shown(&output).contains(named), "{key}: {}", shown(&output));
        assert!(
            !project.folder.path().join("buck-out/verdict").exists(),
            "{key}"
        );
    };
    check("python", json!(["/no/such/python"]), "/no/such/python");
    check("python", json!(["a", "b"]), "not one word");
    check("distributions", json!(["no-such-thing"]), "no-such-thing");
    check("args", json!(["--frobnicate"]), "--frobnicate");
    check("schema", json!(2), "same release");
    check("unheard_of", json!(1), "unheard_of");
}

#[test]
fn the_sources_that_were_loaded_are_named_and_the_rest_are_not() {
    let Some(python) = python() else { return };
    let lib = ("lib/used.py", "import lib.deeper\n");
    let deeper = ("lib/deeper.py", "");
    let unused = ("lib/unused.py", "");
    let init = ("lib/__init__.py", "");
    let conftest = ("conftest.py", "");
    let check = |test: &str, expected: &[&str]| {
        let files = [lib, deeper, unused, init, conftest, ("t/test_a.py", test)];
        let (verdict, mut loaded) = Project::new(&python, &files).act(&[]);
        assert!(verdict.passed, "{test}: {verdict:?}");
        loaded.sort();
        assert_eq!(loaded, expected, "{test}");
    };
    let used = [
        "conftest.py",
        "lib/__init__.py",
        "lib/deeper.py",
        "lib/used.py",
        "t/test_a.py",
    ];
    check("import lib.used\ndef test_one(): pass\n", &used);
    let none = ["conftest.py", "t/test_a.py"];
    check("def test_one(): pass\n", &none);
    // Read, not imported.
    let read = ["conftest.py", "lib/unused.py", "t/test_a.py"];
    check("def test_one(): open('lib/unused.py').read()\n", &read);
    // Another program may read anything.
    let all = [
        "conftest.py",
        "lib/__init__.py",
        "lib/deeper.py",
        "lib/unused.py",
        "lib/used.py",
        "t/test_a.py",
    ];
    check(
        "import subprocess\ndef test_one(): subprocess.run(['true'], check=True)\n",
        &all,
    );
}

#[test]
fn what_is_not_declared_fails_with_what_to_do() {
    let Some(python) = python() else { return };
    let files = |test: &'static str| {
        [
            ("lib.py", "x = 1\n"),
            ("table.csv", "1\n"),
            ("pyproject.toml", "[tool.pytest.ini_options]\n"),
            ("t/test_a.py", test),
        ]
    };
    let check = |test: &'static str, without: &str, attribute: &str| {
        let project = Project::new(&python, &files(test)).without(without);
        let (verdict, _) = project.act(&[]);
        assert!(!verdict.passed, "{without}");
        let outputs = verdict.cases.iter().map(|case| case.output.clone());
        let text: String = verdict.failures.iter().cloned().chain(outputs).collect();
        assert!(
            text.contains(without) && text.contains(attribute),
            "{without}: {text}"
        );
        assert!(text.contains("root//t:test_a"), "{text}");
        let output = project.live(&[]);
        assert_ne!(output.status.code(), Some(0), "{}", shown(&output));
        // Declared, it passes.
        let (verdict, _) = Project::new(&python, &files(test)).act(&[]);
        assert!(verdict.passed, "{without}: {verdict:?}");
    };
    check(
        "import lib\ndef test_one(): assert lib.x\n",
        "lib.py",
        "deps",
    );
    check(
        "def test_one(): assert open('table.csv').read()\n",
        "table.csv",
        "data",
    );
    check("def test_one(): pass\n", "pyproject.toml", "data");
}

#[test]
fn shards_have_every_test_once() {
    let Some(python) = python() else { return };
    let text = "import pytest\n\
                @pytest.mark.parametrize('n', range(7))\ndef test_n(n): pass\n\n\
                def test_other(): pass\n";
    let project = Project::new(&python, &[("t/test_a.py", text)]);
    let all: Vec<String> = project
        .act(&[])
        .0
        .cases
        .into_iter()
        .map(|case| case.name)
        .collect();
    assert_eq!(all.len(), 8);
    let mut found = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let (verdict, _) = project.act(&["--shard", shard]);
        assert!(verdict.passed && verdict.cases.len() < 8, "{verdict:?}");
        assert_eq!(verdict.shard.as_deref(), Some(shard));
        found.extend(verdict.cases.into_iter().map(|case| case.name));
    }
    found.sort();
    let mut expected = all.clone();
    expected.sort();
    assert_eq!(found, expected);
    // More shards than tests: the rest is empty, and nothing is wrong with that.
    let (verdict, _) = project.act(&["--shard", "12/12"]);
    assert!(verdict.passed && verdict.cases.is_empty(), "{verdict:?}");
}

#[test]
fn a_target_s_environment_imports_and_options_are_its_own() {
    let Some(python) = python() else { return };
    let test = "import os, deep, pytest\n\n\
                def test_env():\n    \
                assert os.environ['A'] == 'b' and 'CALLER' not in os.environ\n    \
                assert os.environ['PYTHONHASHSEED'] == '0'\n\n\
                @pytest.mark.slow\ndef test_slow(): assert False\n";
    let files = [
        ("src/deep.py", ""),
        ("pytest.ini", "[pytest]\nmarkers = slow\n"),
        ("t/test_a.py", test),
    ];
    let project = Project::new(&python, &files)
        .with("env", json!({"A": "b"}))
        .with("imports", json!(["./src"]))
        .with("args", json!(["-m", "not slow"]));
    let mut command = project.command();
    let output = command.env("CALLER", "here").output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    // What is typed wins.
    let output = project.live(&["-m", "slow"]);
    assert!(shown(&output).contains("1 failed"), "{}", shown(&output));
}

#[test]
fn a_test_that_hangs_is_ended_by_the_target_s_limit() {
    let Some(python) = python() else { return };
    let text = "import time\n\ndef test_hang(): time.sleep(600)\n\ndef test_after(): pass\n";
    let project = Project::new(&python, &[("t/test_a.py", text)]).with("timeout", json!(1));
    let (verdict, _) = project.act(&[]);
    assert_eq!(
        outcomes(&verdict),
        [("test_hang", "failed"), ("test_after", "passed")]
    );
}

#[test]
fn a_prepared_runner_does_the_same() {
    let Some(python) = python() else { return };
    let project = Project::new(&python, &[("t/test_a.py", "def test_one(): pass\n")]);
    let prepared = project.folder.path().join("buck-out/runner");
    let output = Command::new(env!("CARGO_BIN_EXE_fastest-buck2-runner"))
        .arg("--prepare")
        .arg(&prepared)
        .arg("--python")
        .arg(&python)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let mut command = project.command();
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    command = Command::new(&prepared);
    let output = command
        .current_dir(project.folder.path())
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", shown(&output));
}
