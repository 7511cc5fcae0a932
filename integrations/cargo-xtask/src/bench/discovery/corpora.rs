//! The trees of files whose tests are listed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::super::corpus;
use super::Name;
use crate::conformance::{empty, prepared};
use crate::process::succeed;
use crate::report::{Printer, count};
use crate::venv::Venv;
use crate::{repo, test};

/// Of one download.
const LIMIT: Duration = Duration::from_secs(1200);

/// A tree on this machine.
pub(super) struct Corpus {
    pub(super) name: Name,
    /// The rootdir, where the programs run.
    pub(super) root: PathBuf,
    /// The folder whose tests are listed.
    pub(super) path: &'static str,
    /// The environment that the programs find activated.
    pub(super) venv: Venv,
    /// Whether pytest can collect them in it.
    pub(super) pytest: bool,
}

/// What the large tree is made of: small files and large ones, with tests and without.
const TREE: &[&str] = &[
    "babel==2.18.0",
    "homeassistant==2025.4.4",
    "matplotlib==3.11.2",
    "networkx==3.7",
    "numpy==2.5.5",
    "pandas==3.1.1",
    "plotly==4.14.3",
    "scikit-learn==1.9.1",
    "scipy==1.18.1",
    "sympy==1.14.0",
];

/// Of which the wheels are taken, so that the tree is the same whatever runs this.
const WHEELS: &[&str] = &[
    "--python-version",
    "3.13",
    "--implementation",
    "cp",
    "--platform",
    "manylinux2014_x86_64",
    "--platform",
    "manylinux_2_27_x86_64",
    "--platform",
    "manylinux_2_28_x86_64",
];

pub(super) fn prepare(name: Name, python: &str, printer: Printer) -> Result<Corpus> {
    let dir = repo::scratch().join("corpus");
    match name {
        Name::Many => Ok(Corpus {
            name,
            root: corpus::write(&dir)?,
            path: "tests",
            venv: test::venv(python, printer)?,
            pytest: true,
        }),
        Name::Pandas => {
            let (source, venv) = prepared("pandas", python, printer)?;
            Ok(Corpus {
                name,
                // Where its configuration is, which makes it the rootdir.
                root: source.join("pandas"),
                path: "tests",
                venv,
                pytest: true,
            })
        }
        Name::Tree => Ok(Corpus {
            name,
            root: tree(&dir, python, printer)?,
            path: ".",
            venv: test::venv(python, printer)?,
            pytest: false,
        }),
        name => bail!("nothing lists the tests of {}", name.as_str()),
    }
}

/// Download and unpack the projects, once.
pub(in super::super) fn tree(dir: &Path, python: &str, printer: Printer) -> Result<PathBuf> {
    let root = dir.join("tree");
    let record = dir.join("tree.txt");
    let wanted = format!("{}\n", TREE.join("\n"));
    if fs::read_to_string(&record).is_ok_and(|made| made == wanted) {
        return Ok(root);
    }
    printer.line(format!("downloading {} …", TREE.join(" ")));
    let venv = test::venv(python, printer)?;
    let wheels = dir.join("wheels");
    empty(&wheels)?;
    let mut pip = venv.pip("download");
    pip.args(["--no-deps", "--only-binary", ":all:"]);
    pip.args(WHEELS).arg("--dest").arg(&wheels).args(TREE);
    succeed(&mut pip, LIMIT).context("cannot download; is the package index reachable?")?;
    empty(&root)?;
    for entry in fs::read_dir(&wheels)? {
        let wheel = entry?.path();
        let file = wheel.file_name().unwrap_or_default().to_string_lossy();
        let project = file.split('-').next().unwrap_or_default();
        let mut unzip = Command::new(venv.python());
        unzip.args(["-m", "zipfile", "--extract"]);
        succeed(unzip.arg(&wheel).arg(root.join(project)), LIMIT)?;
    }
    // The rootdir is here for every program, wherever the projects have configurations.
    fs::write(root.join("pytest.ini"), "[pytest]\n")?;
    fs::remove_dir_all(&wheels)?;
    fs::write(&record, wanted).with_context(|| format!("cannot write {}", record.display()))?;
    Ok(root)
}

/// `24,000 files, 180 MB`: the Python files of a corpus.
pub(super) fn size(corpus: &Corpus) -> Result<String> {
    let (files, bytes) = python_files(&corpus.root.join(corpus.path))?;
    if files == 0 {
        bail!("there is no Python file in {}", corpus.root.display());
    }
    Ok(format!(
        "{}, {:.1} MB",
        count(files, "Python file"),
        bytes as f64 / 1e6
    ))
}

/// The number of Python files below a folder, and of their bytes.
pub(in super::super) fn python_files(dir: &Path) -> Result<(usize, u64)> {
    let (mut files, mut bytes) = (0, 0);
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            let (more, larger) = python_files(&path)?;
            files += more;
            bytes += larger;
        } else if path.extension().is_some_and(|suffix| suffix == "py") {
            files += 1;
            bytes += entry.metadata()?.len();
        }
    }
    Ok((files, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_project_of_the_tree_is_pinned() {
        assert!(TREE.iter().all(|project| project.contains("==")));
    }
}
