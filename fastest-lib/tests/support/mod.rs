//! What the tests that ask pytest itself have in common.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fastest_lib::discovery::{Discovery, discover};
use fastest_lib::syntax::Sources;
use fastest_lib::workspace::{Workspace, WorkspaceOptions};

/// The interpreter that has pytest.
pub(crate) fn python() -> PathBuf {
    match std::env::var_os("FASTEST_TEST_PYTHON") {
        Some(python) => python.into(),
        None => panic!(
            "FASTEST_TEST_PYTHON names no interpreter with pytest: run the tests by `cargo xtask test`"
        ),
    }
}

/// Discovers the project in a folder.
pub(crate) fn discover_in(path: &Path) -> Discovery {
    discover_paths(path, &[])
}

/// Discovers what is asked for of the project in a folder.
pub(crate) fn discover_paths(path: &Path, args: &[&str]) -> Discovery {
    let mut options = WorkspaceOptions::new(path);
    options.python = Some(python());
    options.args = args.iter().map(ToString::to_string).collect();
    let workspace = Workspace::open(options).unwrap();
    let files = workspace.test_files().unwrap();
    discover(&workspace, &files, &Sources::default())
}

/// A project of `tests/`, copied to where pytest may write.
pub(crate) struct Project {
    pub(crate) path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Project {
    pub(crate) fn copy(source: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap();
        copy(source, &path);
        Self {
            path,
            _folder: folder,
        }
    }

    pub(crate) fn discover(&self) -> Discovery {
        discover_in(&self.path)
    }

    /// The node ids that pytest lists with these arguments, and what it says when it refuses.
    pub(crate) fn pytest(&self, arguments: &[&str]) -> Result<Vec<String>, String> {
        let output = Command::new(python())
            .args([
                "-m",
                "pytest",
                "--collect-only",
                "-q",
                "-p",
                "no:cacheprovider",
            ])
            .arg("--continue-on-collection-errors")
            .args(arguments)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTEST_ADDOPTS")
            .current_dir(&self.path)
            .output()
            .unwrap();
        if output.status.code() == Some(4) {
            return Err(String::from_utf8(output.stderr).unwrap());
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let ids = text.lines().take_while(|line| !line.is_empty());
        Ok(ids
            .filter(|line| line.contains("::"))
            .map(str::to_owned)
            .collect())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
