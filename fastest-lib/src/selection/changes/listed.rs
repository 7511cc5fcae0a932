use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::model::{Change, ChangeKind, Changes};
use crate::workspace::{absolute, slashed};

impl Changes {
    /// The files that someone lists, relative to the invocation folder or absolute. What is there
    /// is modified, what is not is deleted; a folder stands for every file below it, but for git's
    /// own and for bytecode.
    pub fn listed<P: AsRef<Path>>(
        rootdir: &Path,
        invocation_dir: &Path,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        let mut inside = BTreeMap::new();
        let mut outside = BTreeSet::new();
        for path in paths {
            let path = absolute(invocation_dir, path);
            let (kind, files) = match path.symlink_metadata() {
                Err(_) => (ChangeKind::Deleted, vec![path]),
                Ok(metadata) if metadata.is_dir() => (ChangeKind::Modified, files_below(&path)),
                Ok(_) => (ChangeKind::Modified, vec![path]),
            };
            for file in files {
                match below(rootdir, &file) {
                    Some(path) => {
                        inside.insert(path, kind);
                    }
                    None => {
                        outside.insert(slashed(&file));
                    }
                }
            }
        }
        let changes = inside.into_iter();
        Self {
            changes: changes
                .map(|(path, kind)| Change::new(&path, kind))
                .collect(),
            outside: outside.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl Change {
    pub(super) fn new(path: &str, kind: ChangeKind) -> Self {
        Self {
            path: path.to_owned(),
            kind,
            renamed_from: None,
        }
    }
}

/// The path relative to the rootdir, as its name says or as the symlinks on the way lead to it.
fn below(rootdir: &Path, file: &Path) -> Option<String> {
    if let Ok(rest) = file.strip_prefix(rootdir) {
        return Some(slashed(rest));
    }
    let root = rootdir.canonicalize().ok()?;
    // The file may be gone, and folders above it too.
    let (there, real) = file
        .ancestors()
        .skip(1)
        .find_map(|folder| Some((folder, folder.canonicalize().ok()?)))?;
    let real = real.join(file.strip_prefix(there).ok()?);
    real.strip_prefix(&root).ok().map(slashed)
}

/// Every file below a folder, not through symlinks.
pub(super) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        // A folder that cannot be read has nothing that Python could read either.
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            if name == ".git" || name == "__pycache__" {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files
}
