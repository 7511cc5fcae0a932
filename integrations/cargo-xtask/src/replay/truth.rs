//! What runs of the tests show: which files each test file reads, and its outcomes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::conformance::{Run, Volatile, pytest_command};
use crate::process::capture;
use crate::soundness::{install_recorder, normal, recorded, source_of};
use crate::venv::Venv;

use super::Project;
use super::commits::Tree;

/// An edit may make a test run for ever.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the tests of a project run.
pub(super) struct Bench<'b> {
    tree: &'b Tree,
    venv: &'b Venv,
    dir: PathBuf,
    project: &'b Project,
    /// The file that switches the recorder on.
    switch: PathBuf,
}

/// The outcomes of a run, as text by node id, for each test file.
#[derive(Default)]
pub(super) struct Outcomes {
    tests: BTreeMap<String, BTreeMap<String, String>>,
    end: End,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    Whole,
    /// pytest could not begin, so that no test has its outcome any more.
    NotAtAll,
    /// It was stopped, so that what is missing says nothing.
    Stopped,
}

/// What is known of one commit.
pub(super) struct Truth {
    /// The files of the tree that each test file executes or opens.
    read: BTreeMap<String, BTreeSet<String>>,
    outcomes: Outcomes,
    /// Test files whose outcomes are not the same twice.
    unstable: BTreeSet<String>,
}

impl<'b> Bench<'b> {
    pub(super) fn new(
        tree: &'b Tree,
        venv: &'b Venv,
        dir: &Path,
        project: &'b Project,
    ) -> Result<Self> {
        let switch = install_recorder(venv)?;
        // A run that was killed has left it on.
        fs::remove_file(&switch).ok();
        Ok(Self {
            tree,
            venv,
            dir: dir.to_owned(),
            project,
            switch,
        })
    }

    /// Make a command run in the tree and in the environment, with the project on the path.
    pub(super) fn surround<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.venv.activate(command);
        command
            .current_dir(&self.tree.path)
            .env(
                "PYTHONPATH",
                normal(&self.tree.path.join(&self.project.pythonpath)),
            )
            // Two edits within a second may have the same size: compiled code would pass for new.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("FASTEST_CACHE_DIR", self.dir.join("cache"))
    }

    /// The outcomes of all tests now.
    pub(super) fn outcomes(&self) -> Result<Outcomes> {
        let record = self.dir.join("record.jsonl");
        fs::remove_file(&record).ok();
        let mut command = pytest_command(self.venv, &record, &self.project.tests);
        let finished = capture(
            self.surround(&mut command).args(["-p", "no:cacheprovider"]),
            LIMIT,
        );
        let lines = fs::read_to_string(&record).unwrap_or_default();
        self.tree.clean()?;
        let end = match &finished {
            Err(_) => End::Stopped,
            Ok(finished) if matches!(finished.code(), 0 | 1) => End::Whole,
            Ok(finished) if finished.code() < 0 => End::Stopped,
            Ok(_) => End::NotAtAll,
        };
        let mut outcomes = Outcomes {
            end,
            ..Outcomes::default()
        };
        if end != End::Whole {
            return Ok(outcomes);
        }
        for (id, record) in Run::from_pytest(&lines, &Volatile::new(&[])?)?.records {
            let file = id.split("::").next().unwrap_or_default().to_owned();
            let phases = record.phases.iter();
            let phases: Vec<String> = phases
                .map(|phase| format!("{} {} {}", phase.when, phase.outcome, phase.xfail))
                .collect();
            let text = format!("{} {}", record.outcome, phases.join(", "));
            outcomes.tests.entry(file).or_default().insert(id, text);
        }
        Ok(outcomes)
    }

    /// The files of the tree that a test file executes or opens; none when it cannot be run.
    fn read(&self, test: &str, files: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let mut command = Command::new(self.venv.program("pytest"));
        self.surround(command.args(["-q", "-p", "no:cacheprovider", test]));
        let noted = recorded(&mut command, &self.dir.join("log.jsonl"), &self.switch);
        self.tree.clean()?;
        let mut read = BTreeSet::from([test.to_owned()]);
        for noted in noted.unwrap_or_default() {
            let path = source_of(&normal(&noted.1));
            let name = path
                .strip_prefix(&self.tree.path)
                .ok()
                .and_then(Path::to_str);
            read.extend(
                name.filter(|name| files.contains(*name))
                    .map(ToOwned::to_owned),
            );
        }
        Ok(read)
    }

    /// The test files that read a file, as it is now.
    pub(super) fn readers(&self, path: &str, tests: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let files = BTreeSet::from([path.to_owned()]);
        let mut readers = BTreeSet::new();
        for test in tests {
            if self.read(test, &files)?.contains(path) {
                readers.insert(test.clone());
            }
        }
        Ok(readers)
    }
}

impl Outcomes {
    /// Whether pytest found something to say of a test file.
    pub(super) fn ran(&self, test: &str) -> bool {
        self.tests.contains_key(test)
    }

    fn different(&self, other: &Self) -> BTreeSet<String> {
        let files = self.tests.keys().chain(other.tests.keys());
        let differs = |file: &&String| self.tests.get(*file) != other.tests.get(*file);
        files.filter(differs).cloned().collect()
    }
}

impl Truth {
    /// Run everything twice, and each test file by itself.
    pub(super) fn of(bench: &Bench<'_>, files: Result<BTreeSet<String>>) -> Result<Self> {
        let files = files?;
        let outcomes = bench.outcomes()?;
        let again = bench.outcomes()?;
        let whole = outcomes.end == End::Whole && again.end == End::Whole;
        ensure!(whole, "pytest cannot run the tests of the release");
        ensure!(!outcomes.tests.is_empty(), "pytest finds no test");
        let unstable = outcomes.different(&again);
        let mut read = BTreeMap::new();
        for test in outcomes.tests.keys() {
            let of = bench.read(test, &files).with_context(|| test.clone())?;
            read.insert(test.clone(), of);
        }
        Ok(Self {
            read,
            outcomes,
            unstable,
        })
    }

    pub(super) fn tests(&self) -> BTreeSet<String> {
        self.read.keys().cloned().collect()
    }

    /// Every file that any test reads.
    pub(super) fn read_files(&self) -> BTreeSet<String> {
        self.read.values().flatten().cloned().collect()
    }

    /// The test files that read a file.
    pub(super) fn readers(&self, path: &str) -> BTreeSet<String> {
        let reads = |files: &BTreeSet<String>| files.contains(path);
        let readers = self.read.iter().filter(|(_, files)| reads(files));
        readers.map(|(test, _)| test.clone()).collect()
    }

    /// The test files whose outcomes are others now.
    pub(super) fn changed(&self, now: &Outcomes) -> BTreeSet<String> {
        match now.end {
            End::Whole => {
                let changed = self.outcomes.different(now);
                changed.difference(&self.unstable).cloned().collect()
            }
            End::NotAtAll => self.tests(),
            End::Stopped => BTreeSet::new(),
        }
    }
}
