//! A project in a temporary folder, asked about by Fastest and by pytest.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fastest_lib::discovery::Discovery;
use fastest_lib::execution::{ExactOptions, ExactReport};
use fastest_lib::selection::Filters;
use fastest_lib::workspace::WorkspaceOptions;
use fastest_lib::{Result, Session};

/// The interpreter that has pytest.
fn python() -> PathBuf {
    match std::env::var_os("FASTEST_TEST_PYTHON") {
        Some(python) => python.into(),
        None => panic!(
            "FASTEST_TEST_PYTHON names no interpreter with pytest: run the tests by `cargo xtask test`"
        ),
    }
}

/// A project, a cache and an interpreter that counts how often it is started.
pub(crate) struct Case {
    folder: tempfile::TempDir,
    aside: tempfile::TempDir,
}

/// What Fastest found.
pub(crate) struct Exact {
    pub(crate) ids: Vec<String>,
    pub(crate) report: ExactReport,
    pub(crate) discovery: Discovery,
    pub(crate) session: Session,
}

impl Exact {
    pub(crate) fn selected(&self, filters: &Filters) -> Vec<String> {
        let selection = self.session.select(&self.discovery, filters).unwrap();
        selection.tests().map(|test| test.id.to_string()).collect()
    }
}

impl Case {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let case = Self {
            folder: tempfile::tempdir().unwrap(),
            aside: tempfile::tempdir().unwrap(),
        };
        case.write("pytest.ini", "[pytest]\n");
        for (path, text) in files {
            case.write(path, text);
        }
        // What a project puts into `site` is installed there.
        let counting = format!(
            "#!/bin/sh\necho >> '{}'\nPYTHONPATH='{}' exec '{}' \"$@\"\n",
            case.starts_file().display(),
            case.root().join("site").display(),
            python().display(),
        );
        fs::write(case.python(), counting).unwrap();
        fs::set_permissions(case.python(), fs::Permissions::from_mode(0o755)).unwrap();
        // What was written just now could be taken to have changed during the collection.
        std::thread::sleep(std::time::Duration::from_millis(20));
        case
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.aside.path().join("cache")
    }

    fn python(&self) -> PathBuf {
        self.aside.path().join("python")
    }

    fn starts_file(&self) -> PathBuf {
        self.aside.path().join("starts")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    /// Puts another script in the place of the interpreter.
    pub(crate) fn replace_python(&self, script: &str) {
        fs::write(self.python(), script).unwrap();
    }

    /// How often the interpreter was started so far.
    pub(crate) fn starts(&self) -> usize {
        fs::read(self.starts_file()).unwrap_or_default().len()
    }

    pub(crate) fn resolve(&self, args: &[&str]) -> Result<Exact> {
        self.resolve_in("", args, &ExactOptions::default())
    }

    pub(crate) fn resolve_in(
        &self,
        folder: &str,
        args: &[&str],
        options: &ExactOptions,
    ) -> Result<Exact> {
        let mut workspace = WorkspaceOptions::new(self.root().join(folder));
        workspace.args = args.iter().map(ToString::to_string).collect();
        workspace.python = Some(self.python());
        workspace.cache_dir = Some(self.cache());
        let session = Session::open(workspace)?;
        let mut discovery = session.discover()?;
        let report = session.resolve_open(&mut discovery, options)?;
        let ids = discovery.tests().map(|(_, test)| test.id.to_string());
        Ok(Exact {
            ids: ids.collect(),
            report,
            discovery,
            session,
        })
    }

    /// The node ids that pytest lists, and its exit code.
    pub(crate) fn pytest_in(&self, folder: &str, args: &[&str]) -> (Vec<String>, i32) {
        let output = Command::new(python())
            .args([
                "-c",
                "import sys; sys.path.pop(0); import pytest; sys.exit(pytest.main())",
            ])
            .args(["--collect-only", "-q", "-p", "no:cacheprovider"])
            .args(args)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTEST_ADDOPTS")
            .env("PYTHONPATH", self.root().join("site"))
            .current_dir(self.root().join(folder))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let ids = text.lines().take_while(|line| !line.is_empty());
        let ids = ids.map(str::to_owned).collect();
        (ids, output.status.code().unwrap_or(-1))
    }

    /// Fastest and pytest have to list the same; a second call must not start Python.
    pub(crate) fn check(&self, args: &[&str]) -> Exact {
        self.check_in("", args)
    }

    pub(crate) fn check_in(&self, folder: &str, args: &[&str]) -> Exact {
        let found = self.check_once(folder, args);
        let starts = self.starts();
        let again = self
            .resolve_in(folder, args, &ExactOptions::default())
            .unwrap();
        assert_eq!(again.ids, found.ids, "the second answer");
        if found.report.errors == 0 {
            assert_eq!(found.report.not_kept, None, "{:?}", found.report);
            assert_eq!(self.starts(), starts, "{:?}", again.report);
            assert_eq!(again.report.collections, 0);
        }
        for (first, second) in found.discovery.files.iter().zip(&again.discovery.files) {
            assert_eq!(first.tests, second.tests);
        }
        found
    }

    pub(crate) fn check_once(&self, folder: &str, args: &[&str]) -> Exact {
        let (expected, code) = self.pytest_in(folder, args);
        let found = self
            .resolve_in(folder, args, &ExactOptions::default())
            .unwrap_or_else(|error| panic!("{error}; pytest has {expected:#?}"));
        assert_eq!(found.ids, expected, "ours and pytest's; {:?}", found.report);
        assert_eq!(found.report.errors > 0, code == 2, "{:?}", found.report);
        for file in &found.discovery.files {
            assert_eq!(file.open, [], "{}", file.path);
            for test in &file.tests {
                assert_eq!(test.open, None, "{}", test.id);
            }
        }
        found
    }
}

/// Whether a cache folder holds kept answers.
pub(crate) fn kept_answers(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache.join("exact")).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}
