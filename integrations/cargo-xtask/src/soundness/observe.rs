//! What the test files of a project really execute and read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::conformance::{Volatile, pytest_command};
use crate::listing::Collected;
use crate::process::capture;
use crate::report::{Printer, count, time};

use super::compare::Inputs;
use super::project::Project;

/// No test file of these projects needs a tenth of it.
const LIMIT: Duration = Duration::from_secs(240);

/// What is kept of a project in `observed.json`.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Observed {
    schema: u32,
    pub(super) version: String,
    /// Every file that a test file executed or opened for reading, itself included.
    pub(super) tests: Inputs,
    /// Those of them that were executed.
    executed: Inputs,
    /// Test files that could not be run, with the reason.
    pub(super) failed: BTreeMap<String, String>,
}

/// One line of the log of `record_inputs.py`: what was done, and the file.
#[derive(Deserialize)]
pub(crate) struct Noted(pub(crate) String, pub(crate) PathBuf);

/// The observations of an earlier run, if there are any of this version.
pub(super) fn kept(project: &Project) -> Option<Observed> {
    let text = fs::read_to_string(path(project)).ok()?;
    let observed: Observed = serde_json::from_str(&text).ok()?;
    (observed.version == project.suite.version).then_some(observed)
}

/// Where the observations of a project are kept.
pub(super) fn path(project: &Project) -> PathBuf {
    project.dir.join("observed.json")
}

/// Run up to `sample` test files, each by itself under pytest; `keep` what is observed.
pub(super) fn observe(
    project: &Project,
    sample: usize,
    keep: bool,
    printer: Printer,
) -> Result<Observed> {
    let start = Instant::now();
    project.restore()?;
    let switch = project.install_recorder()?;
    // A run that was killed has left it on.
    fs::remove_file(&switch).ok();
    let mut observed = Observed {
        schema: 1,
        version: project.suite.version.clone(),
        ..Observed::default()
    };
    let (tests, failed) = test_files(project)?;
    observed.failed = failed;
    let all = tests.len();
    for test in spread(tests, sample) {
        match run(project, &test, &switch) {
            Ok(noted) => observed.add(project, test, &noted),
            Err(error) => {
                observed.failed.insert(test, format!("{error:#}"));
            }
        }
    }
    if keep {
        fs::write(path(project), serde_json::to_string_pretty(&observed)?)?;
    }
    printer.line(format!(
        "  observed {} of {all} in {}",
        count(observed.tests.len(), "test file"),
        time(start.elapsed())
    ));
    Ok(observed)
}

impl Observed {
    fn add(&mut self, project: &Project, test: String, noted: &[Noted]) {
        let mut read = project.inputs(&project.tree.join(&test));
        let mut executed = Vec::new();
        for Noted(kind, path) in noted {
            let names = project.inputs(path);
            if kind == "exec" {
                executed.extend(names.clone());
            }
            read.extend(names);
        }
        self.executed
            .insert(test.clone(), executed.into_iter().collect());
        self.tests.insert(test, read.into_iter().collect());
    }
}

/// The test files that pytest collects, and those that it cannot, with the reason.
fn test_files(project: &Project) -> Result<(Vec<String>, BTreeMap<String, String>)> {
    let record = project.dir.join("collection.jsonl");
    let suite = &project.suite;
    let mut arguments = vec!["--collect-only".to_owned()];
    arguments.extend_from_slice(&suite.tests);
    arguments.extend_from_slice(&suite.args);
    let mut command = pytest_command(&project.venv, &record, &arguments);
    command.current_dir(&project.tree).envs(&suite.env);
    let finished = capture(&mut command, LIMIT)?;
    ensure!(
        matches!(finished.code(), 0 | 1),
        "pytest cannot collect the suite, exit code {}:\n{}",
        finished.code(),
        finished.tail()
    );
    let collected = Collected::from_record(
        &fs::read_to_string(&record)?,
        &Volatile::new(&suite.volatile_ids)?,
    )?;
    let in_tree = |id: &String| {
        let file = id.split("::").next().unwrap_or_default().to_owned();
        let is_python = Path::new(&file).extension().is_some_and(|ext| ext == "py");
        (is_python && project.tree.join(&file).is_file()).then_some(file)
    };
    let mut tests: Vec<String> = collected.ids.iter().filter_map(in_tree).collect();
    tests.sort_unstable();
    tests.dedup();
    ensure!(!tests.is_empty(), "pytest collects no test file");
    Ok((tests, collected.failed.into_iter().collect()))
}

/// `n` of the tests, at equal distances, the same ones each time.
pub(crate) fn spread<T>(tests: Vec<T>, n: usize) -> Vec<T> {
    let all = tests.len();
    let n = n.min(all);
    let wanted: Vec<usize> = (0..n).map(|i| (2 * i + 1) * all / (2 * n)).collect();
    let indexed = tests.into_iter().enumerate();
    let kept = indexed.filter(|(index, _)| wanted.binary_search(index).is_ok());
    kept.map(|(_, test)| test).collect()
}

fn run(project: &Project, test: &str, switch: &Path) -> Result<Vec<Noted>> {
    let mut command = Command::new(project.venv.program("pytest"));
    command.args(["-q", "-p", "no:cacheprovider", test]);
    command.args(&project.suite.args).envs(&project.suite.env);
    project.venv.activate(&mut command);
    command.current_dir(&project.tree);
    recorded(&mut command, &project.dir.join("log.jsonl"), switch)
}

/// Run a pytest command with the recorder switched on, and read its log.
pub(crate) fn recorded(command: &mut Command, log: &Path, switch: &Path) -> Result<Vec<Noted>> {
    fs::remove_file(log).ok();
    fs::write(switch, log.as_os_str().as_encoded_bytes())?;
    let finished = capture(command, LIMIT);
    fs::remove_file(switch)?;
    let finished = finished?;
    // 5: all tests are deselected, or the file skips itself; it was loaded all the same.
    ensure!(
        matches!(finished.code(), 0 | 1 | 5),
        "exit code {}: {}",
        finished.code(),
        finished.tail()
    );
    let lines = fs::read_to_string(log).context("the recorder wrote no log")?;
    let noted = lines.lines().map(serde_json::from_str);
    noted.collect::<Result<_, _>>().context("the log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorder_notes_what_a_process_and_its_children_run_and_read() {
        let dir = std::env::temp_dir().join(format!("xtask-recorder-{}", std::process::id()));
        crate::conformance::suites::empty(&dir).unwrap();
        let dir = dir.canonicalize().unwrap();
        let log = dir.join("log.jsonl");
        let recorder = crate::repo::script("record_inputs.py");
        fs::copy(recorder, dir.join("soundness_record.py")).unwrap();
        fs::write(dir.join("soundness-log"), log.to_str().unwrap()).unwrap();
        fs::write(dir.join("mod.py"), "").unwrap();
        fs::write(dir.join("forked.py"), "").unwrap();
        fs::write(dir.join("in.txt"), "").unwrap();
        let program = "import soundness_record, os, mod\n\
            open('in.txt').close()\n\
            open('out.txt', 'w').close()\n\
            open('out.txt').close()\n\
            if not os.fork():\n    import forked\n    os._exit(0)\n\
            os.wait()\n\
            os.execv('/bin/sh', ['sh', '-c', ''])\n";
        let mut command = Command::new("python3");
        command
            .args(["-c", program])
            .current_dir(&dir)
            .env("PYTHONPATH", &dir);
        crate::process::succeed(&mut command, Duration::from_secs(60)).unwrap();
        let text = fs::read_to_string(&log).unwrap();
        let noted = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let noted: Vec<String> = noted
            .map(|Noted(kind, path)| format!("{kind} {}", path.display()))
            .collect();
        let has = |kind: &str, name: &str| {
            let line = format!("{kind} {}", dir.join(name).display());
            noted.contains(&line)
        };
        assert!(
            has("exec", "mod.py") && has("exec", "forked.py"),
            "{noted:?}"
        );
        assert!(has("read", "in.txt") && has("read", "/bin/sh"), "{noted:?}");
        assert!(!has("read", "out.txt"), "{noted:?}");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_sample_is_spread_over_the_list() {
        let tests = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(spread(tests(10), 2), ["2", "7"]);
        assert_eq!(spread(tests(3), 12), ["0", "1", "2"]);
        assert_eq!(spread(tests(7), 7), tests(7));
        assert_eq!(spread(tests(100), 12).len(), 12);
    }
}
