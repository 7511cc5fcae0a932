//! What was read, held against what is declared.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use fastest_lib::workspace::Record;

use crate::manifest::Manifest;

/// Configuration that shapes a run without any code of a test reading it.
const SETTINGS: &[&str] = &[
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    "conftest.py",
];

/// Files outside of the project that every program may read.
const OF_THE_SYSTEM: &[&str] = &[
    "/bin", "/dev", "/etc", "/lib", "/lib64", "/nix", "/opt", "/proc", "/run", "/sbin", "/sys",
    "/usr", "/var/lib",
];

/// A file that is not declared, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    pub(crate) file: String,
    pub(crate) text: String,
}

/// The declared files of a target.
pub(crate) struct Declared<'m> {
    manifest: &'m Manifest,
    root: &'m Path,
    /// Each file as it is named and as what links lead to.
    files: BTreeSet<PathBuf>,
}

impl<'m> Declared<'m> {
    pub(crate) fn new(manifest: &'m Manifest, root: &'m Path) -> Self {
        let mut declared = Self {
            manifest,
            root,
            files: BTreeSet::new(),
        };
        let files = declared.paths();
        let real = files.iter().filter_map(|path| path.canonicalize().ok());
        declared.files = real.chain(files.iter().cloned()).collect();
        declared
    }

    /// Every declared file, absolute.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let names = self.manifest.sources.iter().chain(&self.manifest.data);
        let names = names.chain(std::iter::once(&self.manifest.src));
        let paths: BTreeSet<PathBuf> = names.map(|name| lexical(self.root, name)).collect();
        paths.into_iter().collect()
    }

    fn has(&self, path: &Path) -> bool {
        self.files.contains(path)
            || self.files.iter().any(|file| path.starts_with(file))
            || path
                .canonicalize()
                .is_ok_and(|real| self.files.contains(&real))
    }

    /// The line that says which file a run needed that the target does not declare, with its name.
    pub(crate) fn complaint(&self, path: &str) -> Option<Complaint> {
        let path = lexical(self.root, path);
        let ours = path.strip_prefix(self.root).ok();
        let of_the_system = OF_THE_SYSTEM.iter().any(|folder| path.starts_with(folder));
        if !path.is_file() || self.has(&path) || ours.is_none() && of_the_system {
            return None;
        }
        let label = &self.manifest.label;
        let Some(ours) = ours.filter(|path| !path.starts_with("buck-out")) else {
            let temporary = path.starts_with(std::env::temp_dir()) || ours.is_some();
            let file = path.display().to_string();
            let text = format!(
                "{file} was read, which is outside of the project; a verdict that depends on it \
                 cannot be kept: copy it into the project and add it to `data` of {label}"
            );
            return (!temporary).then_some(Complaint { file, text });
        };
        let file = ours.display().to_string();
        let text = if ours.extension().is_some_and(|kind| kind == "py") {
            format!(
                "{file} was loaded, which is not declared: add the `fastest_library` that has it to \
                 `deps` of {label}"
            )
        } else {
            format!("{file} was read, which is not declared: add it to `data` of {label}")
        };
        Some(Complaint { file, text })
    }

    /// What a recorded run loaded or opened beyond what is declared, a line each.
    pub(crate) fn complaints(&self, record: &Record) -> Vec<Complaint> {
        let seen = record.executed.iter().chain(&record.opened);
        seen.filter_map(|path| self.complaint(path)).collect()
    }

    /// The declared sources that a verdict depends on, as the manifest names them: all, unless it is
    /// known which were loaded.
    ///
    /// Whether a file is there, which is all that can be asked without opening it, the manifest tells,
    /// which is no part of the dep file; its size and times are no reason to run tests again.
    pub(crate) fn loaded(&self, record: Option<&Record>) -> Vec<&'m str> {
        let sources = self.manifest.sources.iter().map(String::as_str);
        // Programs that are started read what nobody sees.
        let Some(record) = record.filter(|record| record.programs.is_empty()) else {
            return sources.collect();
        };
        let seen = record.executed.iter().chain(&record.opened);
        let seen: BTreeSet<PathBuf> = seen
            .map(|path| lexical(self.root, path))
            .flat_map(|path| [path.canonicalize().ok(), Some(path)])
            .flatten()
            .collect();
        let is_loaded = |name: &&str| {
            let path = lexical(self.root, name);
            let settings = path.file_name().and_then(|name| name.to_str());
            *name == self.manifest.src
                || settings.is_some_and(|name| SETTINGS.contains(&name))
                || seen.contains(&path)
                || path.canonicalize().is_ok_and(|real| seen.contains(&real))
        };
        sources.filter(is_loaded).collect()
    }
}

/// A path without `.` and `..`, which links are not asked about.
pub(crate) fn lexical(root: &Path, path: &str) -> PathBuf {
    let mut result = root.to_path_buf();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                result.pop();
            }
            Component::CurDir => {}
            part => result.push(part),
        }
    }
    result
}
