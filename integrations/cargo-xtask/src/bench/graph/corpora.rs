//! The trees of files whose imports are followed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::discovery;
use crate::conformance::{Release, Source, empty};
use crate::process::succeed;
use crate::repo;
use crate::report::Printer;
use crate::venv::Venv;

const LIMIT: Duration = Duration::from_secs(1200);

/// What a commit needs, and nothing of the machine's own configuration.
const GIT: &[&str] = &[
    "-c",
    "user.name=bench",
    "-c",
    "user.email=bench@example.invalid",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "core.autocrlf=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "init.defaultBranch=main",
];

/// Where the corpora of this benchmark are.
pub(super) fn dir() -> PathBuf {
    repo::scratch().join("corpus").join("graph")
}

pub(super) fn homeassistant(python: &str, printer: Printer) -> Result<PathBuf> {
    let release = Release {
        name: "homeassistant",
        version: "2025.4.4",
        source: Source::Sdist,
        sha256: vec!["a8e84eb3a236271ffb19655e08127a77bef0dd10858ecbc5c4351b47ad1471fd"],
    };
    unpacked(&release, python, printer)
}

/// sympy, as a repository of one commit.
pub(super) fn sympy(python: &str, printer: Printer) -> Result<PathBuf> {
    let release = Release {
        name: "sympy",
        version: "1.14.0",
        source: Source::Sdist,
        sha256: vec!["d3d3fe8df1e5a0b42f0e7bdf50541697dbe7d23746e894990c030e2b05e72517"],
    };
    let source = unpacked(&release, python, printer)?;
    repository_of(
        &source,
        "sympy-repository",
        release.version,
        &|_| true,
        printer,
    )
}

/// The tree that is listed by `bench discovery`.
pub(super) fn tree(python: &str, printer: Printer) -> Result<PathBuf> {
    discovery::tree(&repo::scratch().join("corpus"), python, printer)
}

/// The same as a repository of its Python files and what configures them: git alone takes longer than
/// the limit to look at the 40,000 files of data as well.
pub(super) fn tree_repository(tree: &Path, printer: Printer) -> Result<PathBuf> {
    let made_of = fs::read_to_string(tree.with_extension("txt"))?;
    let is_meant = |name: &str| {
        let suffix = name.rsplit('.').next().unwrap_or_default();
        ["py", "pyi", "ini", "toml", "cfg"].contains(&suffix)
    };
    repository_of(tree, "tree-repository", &made_of, &is_meant, printer)
}

/// A copy of `source`, as a repository of one commit. What others list shall be none, and what an
/// archive brings may belong to a user whose repositories git refuses.
fn repository_of(
    source: &Path,
    name: &str,
    made_of: &str,
    is_meant: &dyn Fn(&str) -> bool,
    printer: Printer,
) -> Result<PathBuf> {
    let root = dir().join(name);
    let record = root.with_extension("txt");
    if !fs::read_to_string(&record).is_ok_and(|made| made == made_of) {
        printer.line(format!("writing {} …", root.display()));
        empty(&root)?;
        copy(source, &root, is_meant)?;
        git(&root, &["init", "--quiet"])?;
        git(&root, &["add", "--all", "--force"])?;
        git(&root, &["commit", "--quiet", "--message", "the release"])?;
        fs::write(&record, made_of)?;
    }
    // A run that was interrupted leaves an edit.
    git(&root, &["reset", "--quiet", "--hard"])?;
    git(&root, &["clean", "--quiet", "--force", "-d"])?;
    Ok(root)
}

/// The projects of the tree; each has its packages in it.
pub(super) fn projects(tree: &Path) -> Result<Vec<PathBuf>> {
    let mut projects = Vec::new();
    for entry in fs::read_dir(tree)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && !is_hidden(&entry) {
            projects.push(entry.path());
        }
    }
    projects.sort();
    Ok(projects)
}

/// The files of a release, unpacked once.
fn unpacked(release: &Release<'_>, python: &str, printer: Printer) -> Result<PathBuf> {
    let dir = dir().join(release.name);
    let record = dir.join("unpacked.txt");
    let wanted = format!("{} {:?}\n", release.version, release.sha256);
    if let Ok(made) = fs::read_to_string(&record)
        && let Some(root) = made.strip_prefix(&wanted)
    {
        return Ok(dir.join(root));
    }
    let loader = Venv::ensure(
        &repo::scratch().join("suites").join("loader"),
        python,
        &[],
        printer,
    )?;
    printer.line(format!(
        "downloading {} {} …",
        release.name, release.version
    ));
    let archive = release.download(&dir, &loader)?;
    let root = release.unpack(&dir, &archive, &loader)?;
    let relative = root.strip_prefix(&dir)?.to_string_lossy().into_owned();
    fs::write(&record, wanted + &relative)?;
    Ok(root)
}

/// A copy of a tree, in which files may be written.
pub(super) fn copy_of(root: &Path, name: &str) -> Result<PathBuf> {
    let dir = dir().join(name);
    let _ = fs::remove_dir_all(&dir);
    copy(root, &dir, &|_| true)?;
    fs::write(dir.join("WORKSPACE"), "")?;
    Ok(dir)
}

/// Removes every file of a name.
pub(super) fn remove_named(root: &Path, name: &str) -> Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_named(&entry.path(), name)?;
        } else if entry.file_name() == name {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn git(root: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.args(GIT).args(arguments).current_dir(root);
    succeed(&mut command, LIMIT).map(drop)
}

/// Copy the files whose names are meant; nothing that is hidden.
fn copy(from: &Path, to: &Path, is_meant: &dyn Fn(&str) -> bool) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if is_hidden(&entry) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&path, &to.join(name), is_meant)?;
        } else if is_meant(&name.to_string_lossy()) {
            fs::copy(&path, to.join(name))
                .with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

fn is_hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}
