//! The runner by its environment and arguments alone, as Bazel's test-setup.sh starts it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Nothing here takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(60);

/// A target as it lies in its runfiles.
struct Target {
    folder: TempDir,
    variables: BTreeMap<&'static str, String>,
    arguments: Vec<&'static str>,
}

impl Target {
    /// `//t:one` with this file of tests.
    fn new(source: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("one.runfiles/__main__/t");
        for folder in [
            &root,
            &folder.path().join("outputs"),
            &folder.path().join("notes"),
        ] {
            fs::create_dir_all(folder).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_fastest-bazel-runner"), root.join("one")).unwrap();
        fs::write(root.join("test_one.py"), source).unwrap();
        let python = std::env::var("FASTEST_TEST_PYTHON");
        let python =
            python.expect("FASTEST_TEST_PYTHON has to name an interpreter that has pytest");
        let mut target = Self {
            folder,
            variables: BTreeMap::new(),
            arguments: Vec::new(),
        };
        target.manifest(&[("python", &python)]);
        for (name, path) in [
            ("TEST_SRCDIR", "one.runfiles"),
            ("TEST_TMPDIR", "tmp"),
            ("XML_OUTPUT_FILE", "test.xml"),
            ("TEST_PREMATURE_EXIT_FILE", "premature"),
            ("TEST_INFRASTRUCTURE_FAILURE_FILE", "infrastructure"),
            ("TEST_WARNINGS_OUTPUT_FILE", "warnings"),
            ("TEST_UNDECLARED_OUTPUTS_DIR", "outputs"),
            ("TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR", "notes"),
        ] {
            let path = target.path(path).display().to_string();
            target.variables.insert(name, path);
        }
        target.set("TEST_WORKSPACE", "__main__");
        target.set("PATH", "/usr/bin:/bin");
        target
    }

    /// The manifest with these lines besides.
    fn manifest(&self, lines: &[(&str, &str)]) {
        let mut text = "version\t1\nlabel\t//t:one\nsrc\tt/test_one.py\n\
                        input\tt/test_one.py\tt/test_one.py\t//t:test_one.py\n"
            .to_owned();
        for (key, value) in lines {
            text += &format!("{key}\t{value}\n");
        }
        fs::write(self.program().with_extension("fastest"), text).unwrap();
    }

    fn set(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.variables.insert(name, value.to_owned());
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self) -> PathBuf {
        self.path("one.runfiles/__main__/t/one")
    }

    fn start(&self) -> Child {
        Command::new(self.program())
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(self.path("one.runfiles/__main__"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self) -> Output {
        self.start().wait_with_output().unwrap()
    }

    /// Checks the exit code; gives what was printed.
    fn expect(&self, code: i32) -> String {
        let output = self.run();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The names of the test cases in the report.
    fn cases(&self) -> Vec<String> {
        let xml = self.text("test.xml");
        let names = xml.split("<testcase ").skip(1);
        let names = names.filter_map(|case| case.split(" name=\"").nth(1)?.split('"').next());
        names.map(ToOwned::to_owned).collect()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn wait_for(what: &str, happened: impl Fn() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < LIMIT, "{what} does not happen");
        thread::sleep(Duration::from_millis(5));
    }
}

const THREE: &str =
    "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n\n\ndef test_c():\n    pass\n";

/// Says where it is, then waits for longer than anybody does.
const HANGS: &str = "import os, time\n\n\ndef test_before():\n    pass\n\n\ndef test_hangs():\n    \
    open(os.environ['TEST_UNDECLARED_OUTPUTS_DIR'] + '/here', 'w').close()\n    time.sleep(600)\n";

#[test]
fn exit_codes_are_those_of_pytest() {
    let check = |source: &str, code: i32| {
        let target = Target::new(source);
        target.expect(code);
        assert!(!target.path("premature").exists(), "{source}");
        assert!(target.text("test.xml").contains("<testsuite "), "{source}");
    };
    check("def test_a():\n    assert 1\n", 0);
    check("def test_a():\n    assert 0\n", 1);
    check("raise SystemError\n", 1);
    check(
        "import pytest\n\n\ndef test_a():\n    pytest.exit('now', 2)\n",
        2,
    );
    check("x = 1\n", 5);
}

#[test]
fn the_premature_exit_file_stays_when_the_runner_is_killed() {
    let target = Target::new(HANGS);
    let mut child = target.start();
    wait_for("the test", || target.path("outputs/here").exists());
    assert!(target.path("premature").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(target.path("premature").exists());
}

#[test]
fn the_report_is_there_when_time_is_up() {
    let target = Target::new(HANGS);
    let child = target.start();
    wait_for("the test", || target.path("outputs/here").exists());
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    // Before the run has come to its end: Bazel may be in a hurry.
    wait_for("the report", || target.path("test.xml").exists());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", said(&output));
    assert_eq!(target.cases(), ["test_before", "test_hangs"]);
    let xml = target.text("test.xml");
    assert!(xml.contains("when SIGTERM ended the run"), "{xml}");
    assert!(!target.path("premature").exists());
}

#[test]
fn shards_and_filters_leave_no_test_out() {
    let source = THREE.replace("pass", "import warnings\n    warnings.warn('w')");
    let check = |index: &str, total: &str, filter: &str, expected: &[&str]| {
        let mut target = Target::new(&source);
        target.set("TEST_TOTAL_SHARDS", total);
        target.set("TEST_SHARD_INDEX", index);
        target.set("TESTBRIDGE_TEST_ONLY", filter);
        let status = target.path("status").display().to_string();
        target.set("TEST_SHARD_STATUS_FILE", &status);
        target.expect(0);
        assert!(target.path("status").exists());
        assert_eq!(target.cases(), expected, "{index} of {total}, {filter}");
        let durations = target.text("outputs/fastest-durations.json");
        assert_eq!(
            durations.matches("::test_").count(),
            expected.len(),
            "{durations}"
        );
        let notes = target.text("notes/fastest.part");
        assert_eq!(
            notes.contains("fastest-durations.json"),
            !expected.is_empty()
        );
        let warnings = target.text("warnings");
        assert_eq!(
            warnings.matches("UserWarning: w").count(),
            expected.len(),
            "{warnings}"
        );
    };
    check("0", "2", "", &["test_a", "test_c"]);
    check("1", "2", "", &["test_b"]);
    check("3", "4", "", &[]);
    check("0", "2", "a or b", &["test_a"]);
    check("1", "2", "a or b", &["test_b"]);
    check("1", "2", "test_b", &[]);
}

#[test]
fn shards_are_balanced_by_recorded_durations() {
    let mut all = Vec::new();
    for index in ["0", "1"] {
        let mut target = Target::new(THREE);
        let python = std::env::var("FASTEST_TEST_PYTHON").unwrap();
        target.manifest(&[("python", &python), ("durations", "t/durations.json")]);
        let path = target.path("one.runfiles/__main__/t/durations.json");
        fs::write(
            path,
            r#"{"t/test_one.py::test_b": 9, "t/test_one.py::test_a": 2}"#,
        )
        .unwrap();
        target.set("TEST_TOTAL_SHARDS", "2");
        target.set("TEST_SHARD_INDEX", index);
        target.expect(0);
        all.push(target.cases());
    }
    // The one that is not known counts as the mean.
    assert_eq!(all, [vec!["test_b"], vec!["test_a", "test_c"]]);
}

#[test]
fn the_first_failure_may_end_the_run() {
    let mut target = Target::new(&THREE.replace("pass", "assert 0"));
    target
        .set("TESTBRIDGE_TEST_RUNNER_FAIL_FAST", "1")
        .expect(1);
    assert_eq!(target.cases(), ["test_a"]);
}

#[test]
fn what_the_target_is_not_to_blame_for_is_told_apart() {
    let python = std::env::var("FASTEST_TEST_PYTHON").unwrap();
    let check = |change: &dyn Fn(&mut Target), code: i32, blames_machine: bool, part: &str| {
        let mut target = Target::new(THREE);
        change(&mut target);
        let said = target.expect(code);
        assert!(said.contains(part), "no {part:?} in {said}");
        let told = target.text("infrastructure");
        assert_eq!(told.contains(part), blames_machine, "{part}: {told}");
    };
    let nowhere = |target: &mut Target| target.manifest(&[("python", "/no/such/python")]);
    check(&nowhere, 3, true, "/no/such/python");
    let missing = |target: &mut Target| {
        target.manifest(&[("python", &python), ("distribution", "No_Such.dist")]);
    };
    check(&missing, 3, true, "No_Such.dist");
    let newer = |target: &mut Target| target.manifest(&[("version", "99")]);
    check(&newer, 3, true, "the same release");
    let no_manifest = |target: &mut Target| {
        fs::remove_file(target.program().with_extension("fastest")).unwrap();
    };
    check(&no_manifest, 3, true, "fastest_test");
    let only_a_list = |target: &mut Target| {
        target.set("RUNFILES_MANIFEST_ONLY", "1");
    };
    check(&only_a_list, 3, true, "--enable_runfiles");
    let argument = |target: &mut Target| target.arguments.push("--frobnicate");
    check(&argument, 4, false, "--frobnicate");
    let test = |target: &mut Target| {
        target.manifest(&[("python", &python), ("test", "\"test_d\"")]);
    };
    check(&test, 4, false, "test_d");
}

#[test]
fn a_prepared_runner_compiles_nothing() {
    let target = Target::new(THREE);
    let python = std::env::var("FASTEST_TEST_PYTHON").unwrap();
    let prepared = target.path("prepared");
    let runner = env!("CARGO_BIN_EXE_fastest-bazel-runner");
    let prepare = |from: &Path, to: &Path| {
        let mut command = Command::new(from);
        command
            .args(["--prepare"])
            .arg(to)
            .args(["--python", &python]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    prepare(Path::new(runner), &prepared);
    // One that is prepared already gets no larger.
    let again = target.path("again");
    prepare(&prepared, &again);
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    assert_eq!(length(&again), length(&prepared));
    fs::remove_file(target.program()).unwrap();
    symlink(&again, target.program()).unwrap();
    target.expect(0);
    assert_eq!(target.cases(), ["test_a", "test_b", "test_c"]);
    let compiled = |path: &Path| path.extension().is_some_and(|kind| kind == "pyc");
    let harness = target.path("tmp/_fastest/cache/harness");
    let mut folders = vec![harness];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if compiled(&path) {
                found += 1;
                // Unchecked hashes: the second word of the header has the lowest bit alone.
                assert_eq!(
                    fs::read(&path).unwrap()[4..8],
                    [1, 0, 0, 0],
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(found > 20, "{found} compiled files");
}

#[test]
fn sources_that_nothing_executes_are_covered_by_nothing() {
    let mut target = Target::new("def test_one():\n    pass\n");
    let root = target.path("one.runfiles/__main__");
    fs::create_dir(target.path("coverage")).unwrap();
    fs::write(root.join("t/idle.py"), "def idle():\n    return 1\n").unwrap();
    fs::write(root.join("t/omitted.py"), "VALUE = 1\n").unwrap();
    fs::write(root.join("t/unwanted.py"), "VALUE = 1\n").unwrap();
    let python = std::env::var("FASTEST_TEST_PYTHON").unwrap();
    target.manifest(&[
        ("python", &python),
        ("input", "t/idle.py\tt/idle.py\t//t:idle.py"),
        ("input", "t/omitted.py\tt/omitted.py\t//t:omitted.py"),
        ("input", "t/unwanted.py\tt/unwanted.py\t//t:unwanted.py"),
        ("input", "pyproject.toml\tpyproject.toml\t//:pyproject.toml"),
    ]);
    fs::write(target.path("sources"), "t/idle.py\nt/omitted.py\n").unwrap();
    for (name, path) in [
        ("COVERAGE_DIR", "coverage"),
        ("COVERAGE_MANIFEST", "sources"),
    ] {
        let path = target.path(path).display().to_string();
        target.set(name, &path);
    }
    let omit = "omit = ['*/omitted.py']";
    for (settings, filter) in [
        (omit, ""),
        // Of what is to be measured nothing is executed.
        ("include = ['*/idle.py']", ""),
        ("branch = true\ninclude = ['*/idle.py']", ""),
        // No test runs at all.
        (omit, "no_such_test"),
    ] {
        let _ = fs::remove_file(target.path("coverage/fastest.dat"));
        target.set("TESTBRIDGE_TEST_ONLY", filter);
        // One file's tests need not cover as much as those of a project.
        let config = format!(
            "[tool.pytest.ini_options]\naddopts = '--cov-fail-under=100'\n\
             [tool.coverage.run]\n{settings}\n"
        );
        fs::write(root.join("pyproject.toml"), config).unwrap();
        target.expect(0);
        let lcov = target.text("coverage/fastest.dat");
        assert_eq!(lcov.matches("SF:").count(), 1, "{settings}: {lcov}");
        for part in ["SF:t/idle.py\n", "DA:1,0\nDA:2,0\nLH:0\n"] {
            assert!(lcov.contains(part), "{settings}: {part}: {lcov}");
        }
    }
}
