use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::git::{Difference, Repository, is_null, path_of};
use super::index::KnownFile;
use super::listed::files_below;
use super::model::{Change, ChangeKind, Changes, History};
use crate::workspace::slashed;
use crate::{Error, ErrorKind, Problem, ProblemKind, Result};

const SUBMODULE: u32 = 0o160_000;
const SYMLINK: u32 = 0o120_000;

impl Changes {
    /// What differs between the working tree as it is now and the merge base of `rev` and `HEAD`:
    /// what was committed since, what is staged, what is not, and what is untracked and not
    /// ignored. Files that git was told to take for unchanged (`assume-unchanged`,
    /// `skip-worktree`) are taken so.
    ///
    /// # Errors
    ///
    /// Of kind [`ErrorKind::Usage`]: the folder is in no repository with a working tree, or ignored
    /// by it; `rev` names no commit, or one without a common ancestor. Of kind [`ErrorKind::Io`]:
    /// git cannot be run, or fails.
    pub fn since(rootdir: &Path, rev: &str) -> Result<Self> {
        Self::find(rootdir, rev, None)
    }

    /// [`Changes::since`] with less to look for: all files below the rootdir are known, those behind
    /// symbolic links left out. What is not among them is not looked for as untracked.
    ///
    /// # Errors
    ///
    /// As [`Changes::since`].
    pub fn since_among<'f>(
        rootdir: &Path,
        rev: &str,
        files: impl IntoIterator<Item = KnownFile<'f>>,
    ) -> Result<Self> {
        let files: Vec<KnownFile<'f>> = files.into_iter().collect();
        Self::find(rootdir, rev, Some(&files))
    }

    fn find(rootdir: &Path, rev: &str, files: Option<&[KnownFile<'_>]>) -> Result<Self> {
        let root = rootdir
            .canonicalize()
            .map_err(|source| Error::io(rootdir, source))?;
        let repository = Repository::around(&root, rev)?;
        let below = root.strip_prefix(&repository.top).map_err(|_| {
            let message = format!("git takes {} for its top", repository.top.display());
            Error::new(ErrorKind::Usage, message).with_path(rootdir)
        })?;
        let mut prefix = slashed(below);
        if !prefix.is_empty() {
            prefix.push('/');
        }
        let mut collector = Collector::default();
        collector.repository(b"", &repository, prefix.as_bytes(), files)?;
        let changes = collector.finish(repository.base.clone(), prefix);
        let nothing = changes.changes.is_empty() && root != repository.top;
        if nothing && repository.ignores(&root) {
            let message = "the repository around the folder ignores it, so that git sees no change";
            return Err(Error::new(ErrorKind::Usage, message)
                .with_path(rootdir)
                .with_help("list the changed files instead, or make the folder a repository"));
        }
        Ok(changes)
    }
}

/// What is known of a changed path.
struct Found {
    kind: ChangeKind,
    renamed_from: Option<Vec<u8>>,
    /// The index of the repository, and the object of the base there.
    repository: usize,
    object: Option<String>,
    old_mode: u32,
    /// Whether only the contents tell if, and how, it has changed.
    unsure: bool,
}

#[derive(Default)]
struct Collector {
    repositories: Vec<(Vec<u8>, Repository)>,
    found: BTreeMap<Vec<u8>, Found>,
}

impl Collector {
    /// The changes in a repository whose top has this path, which is empty or ends in `/`. All `files`
    /// `below` a folder of it may be known.
    fn repository(
        &mut self,
        prefix: &[u8],
        repository: &Repository,
        below: &[u8],
        files: Option<&[KnownFile<'_>]>,
    ) -> Result<()> {
        let index = repository.read_index();
        let looked = index
            .as_ref()
            .map(|index| index.look(&repository.top, below, files));
        let looked = looked.unwrap_or_default();
        let untracked = || match &looked.untracked {
            Some(files) => {
                let files = files.iter().map(|file| [below, file.as_bytes()].concat());
                repository.not_ignored(&files.collect::<Vec<_>>())
            }
            None => repository.untracked(),
        };
        // Both may look at every file or folder: half of the time where there are two processors.
        let (differences, untracked) = std::thread::scope(|scope| {
            let untracked = scope.spawn(untracked);
            let differences = repository.differences(looked.suspects.as_deref(), index.as_ref());
            (differences, untracked.join())
        });
        let untracked = untracked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let differences = differences?;
        let at = self.repositories.len();
        self.repositories
            .push((prefix.to_vec(), repository.clone()));
        for difference in differences {
            self.difference(prefix, at, difference);
        }
        for path in untracked {
            self.untracked(prefix, at, &path);
        }
        self.decide(at);
        Ok(())
    }

    fn difference(&mut self, prefix: &[u8], at: usize, difference: Difference) {
        if difference.old_mode == SUBMODULE || difference.new_mode == SUBMODULE {
            return self.submodule(prefix, at, &difference);
        }
        let Difference {
            old_mode,
            new_mode,
            old,
            new,
            status,
            path,
            to,
        } = difference;
        let path = [prefix, &path].concat();
        let to = to.map(|to| [prefix, &to].concat());
        let object = (!is_null(&old)).then_some(old);
        let mut found = Found {
            kind: ChangeKind::Modified,
            renamed_from: None,
            repository: at,
            object,
            old_mode,
            unsure: false,
        };
        let added = |renamed_from| Found {
            kind: ChangeKind::Added,
            renamed_from,
            repository: at,
            object: None,
            old_mode: 0,
            unsure: false,
        };
        match (status, to) {
            (b'A', _) => found = added(None),
            (b'C', Some(to)) => {
                self.found.insert(to, added(None));
                return;
            }
            (b'R', Some(to)) => {
                self.found.insert(to, added(Some(path.clone())));
                found.kind = ChangeKind::Deleted;
                found.unsure = true;
            }
            // What is no longer in the index may still be in the folder.
            (b'D', _) => {
                found.kind = ChangeKind::Deleted;
                found.unsure = true;
            }
            (b'U', _) => found.unsure = true,
            (b'M', _) if old_mode != new_mode => {
                let known = !is_null(&new);
                let same = found.object.as_ref() == Some(&new);
                found.unsure = !known;
                if known && same {
                    found.kind = ChangeKind::Mode;
                }
            }
            _ => {}
        }
        // A path in conflict is written twice; what the conflict leaves open has to be looked at.
        let unsure = self.found.get(&path).is_some_and(|known| known.unsure);
        if unsure {
            found.unsure = true;
        }
        self.found.insert(path, found);
    }

    fn submodule(&mut self, prefix: &[u8], at: usize, difference: &Difference) {
        let to = difference.to.as_ref().unwrap_or(&difference.path);
        let path = [prefix, to].concat();
        let was = difference.old_mode == SUBMODULE;
        let is = difference.new_mode == SUBMODULE;
        let mut kind = ChangeKind::Modified;
        if difference.to.is_some() {
            let old = [prefix, &difference.path].concat();
            self.folder(old, ChangeKind::Deleted, at);
        }
        if !was && difference.old_mode == 0 {
            kind = ChangeKind::Added;
        } else if !is && difference.new_mode == 0 {
            kind = ChangeKind::Deleted;
        }
        if !is {
            return self.folder(path, kind, at);
        }
        if !was && kind == ChangeKind::Modified {
            self.folder(path.clone(), kind, at);
        }
        let top = self.repositories[0].1.top.join(path_of(&path));
        let base = match (was && difference.to.is_none(), difference.old.len()) {
            (true, _) => difference.old.clone(),
            // Everything is new beside the empty tree, which every repository has.
            (false, 40) => "4b825dc642cb6eb9a060e54bf8d69288fbee4904".to_owned(),
            (false, _) => {
                "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321".to_owned()
            }
        };
        let submodule = Repository {
            top,
            base,
            index: None,
            tree: None,
        };
        let inner = [path.as_slice(), b"/"].concat();
        let checked_out = submodule.top.join(".git").exists();
        if !checked_out || self.repository(&inner, &submodule, b"", None).is_err() {
            self.folder(path, kind, at);
        }
    }

    /// A folder whose files are not known.
    fn folder(&mut self, path: Vec<u8>, kind: ChangeKind, repository: usize) {
        let found = Found {
            kind,
            renamed_from: None,
            repository,
            object: None,
            old_mode: SUBMODULE,
            unsure: false,
        };
        self.found.insert(path, found);
    }

    fn untracked(&mut self, prefix: &[u8], at: usize, path: &[u8]) {
        let path = [prefix, path].concat();
        let mut add = |path: Vec<u8>| {
            self.found.entry(path).or_insert(Found {
                kind: ChangeKind::Added,
                renamed_from: None,
                repository: at,
                object: None,
                old_mode: 0,
                unsure: false,
            });
        };
        let Some(folder) = path.strip_suffix(b"/") else {
            return add(path);
        };
        // Another repository; git does not look into it, Python would.
        let top = &self.repositories[0].1.top;
        let inner = files_below(&top.join(path_of(folder)));
        for file in &inner {
            if let Ok(rest) = file.strip_prefix(top) {
                add(rest.as_os_str().as_encoded_bytes().to_vec());
            }
        }
    }

    /// Compares the contents where git's answer leaves open whether they differ.
    fn decide(&mut self, at: usize) {
        let (prefix, repository) = &self.repositories[at];
        let top = &self.repositories[0].1.top;
        let mut open = Vec::new();
        let mut names = Vec::new();
        for (path, found) in &mut self.found {
            if !found.unsure || found.repository != at {
                continue;
            }
            found.unsure = false;
            let now = Now::of(top, path);
            if found.kind == ChangeKind::Deleted && now.is_none() {
                continue;
            }
            let inner = String::from_utf8_lossy(&path[prefix.len()..]);
            let by_path = || format!("{}:{inner}", repository.base);
            names.push(found.object.clone().unwrap_or_else(by_path));
            open.push((path.clone(), now));
        }
        let contents = repository.contents(&names);
        for ((path, now), before) in open.into_iter().zip(contents) {
            let Some(found) = self.found.get_mut(&path) else {
                continue;
            };
            let kind = match (before, now) {
                (None, None) => None,
                (None, Some(_)) if found.object.is_none() => Some(ChangeKind::Added),
                (_, None) => Some(ChangeKind::Deleted),
                (None, Some(_)) => Some(ChangeKind::Modified),
                (Some(before), Some(now)) => now.compared(found.old_mode, &before),
            };
            match kind {
                Some(kind) => found.kind = kind,
                None => {
                    self.found.remove(&path);
                }
            }
        }
    }

    fn finish(self, base: String, prefix: String) -> Changes {
        let mut changes = Changes {
            base: Some(base),
            ..Changes::default()
        };
        let mut objects = BTreeMap::new();
        let mut outside = BTreeSet::new();
        let mut inside: BTreeMap<String, Change> = BTreeMap::new();
        for (bytes, found) in self.found {
            let path = match std::str::from_utf8(&bytes) {
                Ok(path) => path.to_owned(),
                Err(_) => {
                    let path = String::from_utf8_lossy(&bytes).into_owned();
                    let message = "the name of the changed file is not UTF-8; it stands for itself \
                                   with the odd bytes replaced";
                    let shown = path.strip_prefix(&prefix).unwrap_or(&path);
                    let problem = Problem::new(ProblemKind::Encoding, message).at(shown, None);
                    changes.problems.push(problem);
                    path
                }
            };
            objects.insert(path.clone(), (found.repository, found.object));
            let Some(below) = path.strip_prefix(&prefix) else {
                // A submodule that holds the rootdir, as a whole.
                if prefix.starts_with(&format!("{path}/")) {
                    let change = Change::new("", found.kind);
                    inside.insert(String::new(), change);
                }
                outside.insert(path);
                continue;
            };
            let from = found.renamed_from.and_then(|from| {
                let from = String::from_utf8_lossy(&from).into_owned();
                from.strip_prefix(&prefix).map(str::to_owned)
            });
            let mut change = Change::new(below, found.kind);
            change.renamed_from = from;
            inside.insert(below.to_owned(), change);
        }
        changes.changes = inside.into_values().collect();
        changes.outside = outside.into_iter().collect();
        let repositories = self.repositories.into_iter();
        let lossy = |path: Vec<u8>| String::from_utf8_lossy(&path).into_owned();
        changes.history = Some(History {
            repositories: repositories.map(|(top, r)| (lossy(top), r)).collect(),
            prefix,
            objects,
        });
        changes
    }
}

/// What lies at a path now.
struct Now {
    path: PathBuf,
    metadata: fs::Metadata,
}

impl Now {
    /// None for a folder, and for what only a symlink on the way leads to.
    fn of(top: &Path, path: &[u8]) -> Option<Self> {
        let path = path_of(path);
        let mut folders = path
            .ancestors()
            .skip(1)
            .filter(|f| !f.as_os_str().is_empty());
        if folders.any(|folder| top.join(folder).is_symlink()) {
            return None;
        }
        let path = top.join(path);
        let metadata = path.symlink_metadata().ok()?;
        (!metadata.is_dir()).then_some(Self { path, metadata })
    }

    /// How it differs from what it was.
    fn compared(&self, old_mode: u32, before: &[u8]) -> Option<ChangeKind> {
        let content = if self.metadata.is_symlink() {
            let target = fs::read_link(&self.path).ok();
            target.map(|target| target.into_os_string().into_encoded_bytes())
        } else {
            fs::read(&self.path).ok()
        };
        let was_symlink = old_mode == SYMLINK;
        if content.as_deref() != Some(before) || was_symlink != self.metadata.is_symlink() {
            return Some(ChangeKind::Modified);
        }
        let executable = is_executable(&self.metadata);
        (!was_symlink && executable != (old_mode & 0o100 != 0)).then_some(ChangeKind::Mode)
    }
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
