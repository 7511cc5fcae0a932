//! A project made ready: its source tree, and an environment in which it runs from that tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::conformance::Suite;
use crate::report::Printer;
use crate::venv::Venv;
use crate::{process, repo};

use super::compare::normal;

/// Folders of the tree that nothing below them is an input of.
const ASIDE: &[&str] = &[
    "__pycache__",
    ".pytest_cache",
    ".git",
    ".hg",
    ".svn",
    ".hypothesis",
];

/// A project on this machine.
pub(super) struct Project {
    pub(super) suite: Suite,
    pub(super) venv: Venv,
    /// The source tree; without symbolic links, as Python itself will call it.
    pub(super) tree: PathBuf,
    /// For the observations, the logs and fastest's cache.
    pub(super) dir: PathBuf,
    /// Every file of the release that may be an input, relative to the tree.
    files: BTreeSet<String>,
}

impl Project {
    /// Download, unpack and install the suite; only once.
    ///
    /// It is installed editable, so that its own code is loaded from the tree and its metadata and
    /// its dependencies are there. What the installation writes into the tree stays.
    pub(super) fn prepare(suite: &Suite, python: &str, printer: Printer) -> Result<Self> {
        let settings = suite.soundness.clone().unwrap_or_default();
        let scratch = repo::scratch();
        fs::create_dir_all(&scratch)?;
        let scratch = scratch.canonicalize()?;
        let dir = scratch.join("soundness").join(&suite.name);
        let loader = Venv::ensure(&scratch.join("suites/loader"), python, &[], printer)?;
        let release = suite.release();
        // The archive that the other tasks use.
        let archive = release.download(&scratch.join("suites").join(&suite.name), &loader)?;
        let unpacked = dir.join(&suite.version);
        fs::create_dir_all(&unpacked)?;
        let list = unpacked.join("files.txt");
        let tree = if list.exists() {
            only_folder(&unpacked.join("source"))?
        } else {
            release.unpack(&unpacked, &archive, &loader)?
        };
        let mut requirements = vec![format!("pytest=={}", suite.pytest)];
        requirements.extend_from_slice(&suite.requirements);
        requirements.extend_from_slice(&settings.requirements);
        requirements.push(format!("-e {}", tree.display()));
        let venv = Venv::ensure(&unpacked.join("venv"), python, &requirements, printer)?;
        if !list.exists() {
            let files: Vec<String> = files_below(&tree)?.into_iter().collect();
            fs::write(&list, files.join("\n"))?;
        }
        let files = fs::read_to_string(&list)?;
        Ok(Self {
            suite: suite.clone(),
            venv,
            tree,
            dir,
            files: files.lines().map(ToOwned::to_owned).collect(),
        })
    }

    /// Remove what tests have left in the tree.
    pub(super) fn restore(&self) -> Result<()> {
        for file in files_below(&self.tree)?.difference(&self.files) {
            fs::remove_file(self.tree.join(file)).ok();
        }
        Ok(())
    }

    /// The names in the tree of an absolute path: its own, and that of what a link leads to.
    pub(super) fn inputs(&self, path: &Path) -> Vec<String> {
        let path = source_of(&normal(path));
        let mut names = Vec::new();
        for path in [Some(path.clone()), path.canonicalize().ok()] {
            let name = path.as_deref().and_then(|path| self.name(path));
            names.extend(name);
        }
        names.dedup();
        names
    }

    fn name(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.tree).ok()?.to_str()?;
        self.files.contains(name).then(|| name.to_owned())
    }

    /// Put the recorder into the environment.
    pub(super) fn install_recorder(&self) -> Result<PathBuf> {
        install_recorder(&self.venv)
    }
}

/// Put the recorder of `record_inputs.py` into an environment. The file that is given back switches
/// it on.
pub(crate) fn install_recorder(venv: &Venv) -> Result<PathBuf> {
    let mut command = std::process::Command::new(venv.python());
    command.args([
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]);
    let limit = std::time::Duration::from_secs(60);
    let found = process::succeed(&mut command, limit)?;
    let packages = PathBuf::from(found.stdout.trim());
    let module = packages.join("soundness_record.py");
    fs::copy(repo::script("record_inputs.py"), &module)
        .with_context(|| format!("cannot write {}", module.display()))?;
    // Such files are read in the order of their names.
    fs::write(
        packages.join("0_soundness.pth"),
        "import soundness_record\n",
    )?;
    Ok(packages.join("soundness-log"))
}

/// The source that compiled code in a `__pycache__` was made of.
pub(crate) fn source_of(path: &Path) -> PathBuf {
    let folder = path.parent();
    let cached = folder.filter(|folder| folder.ends_with("__pycache__"));
    let (Some(folder), Some(name)) = (cached.and_then(Path::parent), path.file_name()) else {
        return path.to_owned();
    };
    let name = name.to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    folder.join(format!("{stem}.py"))
}

fn only_folder(dir: &Path) -> Result<PathBuf> {
    let entry = fs::read_dir(dir)?.next().transpose()?;
    let entry = entry.with_context(|| format!("{} is empty", dir.display()))?;
    Ok(entry.path())
}

/// The files below `tree` that may be inputs.
fn files_below(tree: &Path) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                // The packaging tools write the metadata, a checkout does not have it.
                if !ASIDE.contains(&&*name) && !name.ends_with(".egg-info") {
                    folders.push(path);
                }
            } else if let Some(name) = path.strip_prefix(tree)?.to_str() {
                files.insert(name.to_owned());
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_code_stands_for_its_source() {
        let source = |path: &str| source_of(Path::new(path)).display().to_string();
        assert_eq!(source("/t/__pycache__/a.cpython-311.pyc"), "/t/a.py");
        let rewritten = "/t/__pycache__/test_a.cpython-311-pytest-9.2.0.pyc";
        assert_eq!(source(rewritten), "/t/test_a.py");
        assert_eq!(source("/t/a.py"), "/t/a.py");
    }
}
