//! The files of the workspace, listed without being read.

use std::fs::{DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;

use super::kind::NodeKind;
use crate::syntax::{Identity, settled};
use crate::{Problem, ProblemKind};

/// Folders that hold no inputs of tests: of version control, of tools' caches, of environments.
const SKIPPED: &[&str] = &[
    ".eggs",
    ".git",
    ".hg",
    ".hypothesis",
    ".jj",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "buck-out",
    "node_modules",
];

/// Links are not followed through more than this many others: they may lead round in circles.
const MAX_LINKS: u32 = 2;

/// What the file system says of a folder's list of names: it changes with each name that comes or
/// goes. All zero when that cannot be relied on.
pub(super) type Stamp = [u64; 7];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Folder {
    /// Relative to the rootdir, with `/`; empty for the rootdir.
    pub(super) path: String,
    pub(super) parent: u32,
    /// Whether it, or a folder around it, is a symbolic link.
    pub(super) behind_link: bool,
    pub(super) stamp: Stamp,
    /// Its files, as a range of all.
    pub(super) files: (u32, u32),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct File {
    pub(super) folder: u32,
    pub(super) name: String,
    pub(super) kind: NodeKind,
    pub(super) is_link: bool,
    /// Whether it is not there, and stands for what was.
    pub(super) is_ghost: bool,
}

impl File {
    pub(super) fn new(folder: u32, name: String, is_link: bool) -> Self {
        Self {
            folder,
            kind: kind_of(&name),
            name,
            is_link,
            is_ghost: false,
        }
    }
}

/// The folders and files below a rootdir: folders by path, files by folder and name.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) rootdir: PathBuf,
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<File>,
    pub(super) problems: Vec<Problem>,
    /// Whether it has the files and folders of the graph that it was made of, each at its place.
    pub(super) is_as_known: bool,
}

/// What a file is by its name.
pub(super) fn kind_of(name: &str) -> NodeKind {
    match name.rsplit_once('.') {
        Some((_, "py")) => match name {
            "__init__.py" => NodeKind::Package,
            "conftest.py" => NodeKind::Conftest,
            _ => NodeKind::Module,
        },
        Some((_, "pyi")) => NodeKind::Stub,
        Some((_, "so" | "pyd")) => NodeKind::Extension,
        _ => NodeKind::Data,
    }
}

/// Whether a file says how a project is laid out and installed.
pub(super) fn is_project_file(name: &str) -> bool {
    matches!(name, "pyproject.toml" | "setup.cfg" | "setup.py") || name == "entry_points.txt"
}

/// One listed folder, with those below it.
struct Listed {
    folder: Folder,
    files: Vec<(String, bool)>,
    below: Vec<Listed>,
    problems: Vec<Problem>,
}

impl Tree {
    /// Lists everything below the rootdir. Only a graph that is kept needs `stamps`.
    pub(super) fn list(rootdir: &Path, stamps: bool) -> Self {
        let mut tree = Self {
            rootdir: rootdir.to_path_buf(),
            ..Self::default()
        };
        let listed = list(rootdir, String::new(), 0, None, stamps);
        let mut all = Vec::new();
        flatten(listed.into_iter().collect(), &mut all);
        tree.put(all);
        tree
    }

    fn put(&mut self, mut all: Vec<Listed>) {
        all.sort_by(|a, b| a.folder.path.cmp(&b.folder.path));
        let paths: Vec<String> = all.iter().map(|l| l.folder.path.clone()).collect();
        for (at, listed) in all.into_iter().enumerate() {
            let Listed {
                mut folder,
                mut files,
                problems,
                ..
            } = listed;
            let parent = folder
                .path
                .rsplit_once('/')
                .map_or("", |(parent, _)| parent);
            let parent = paths.binary_search_by(|path| path.as_str().cmp(parent));
            folder.parent = number(parent.unwrap_or(0));
            files.sort();
            let from = number(self.files.len());
            let at = number(at);
            let files = files.into_iter();
            self.files
                .extend(files.map(|(name, is_link)| File::new(at, name, is_link)));
            folder.files = (from, number(self.files.len()));
            self.folders.push(folder);
            self.problems.extend(problems);
        }
    }

    /// The same tree with some folders listed anew, and what lies below them where they are new.
    pub(super) fn relisted(&self, changed: &[u32]) -> Self {
        let mut fresh: Vec<Listed> = Vec::new();
        let mut gone: Vec<String> = Vec::new();
        for &at in changed {
            let folder = &self.folders[at as usize];
            if gone.iter().any(|path| is_within(&folder.path, path)) {
                continue;
            }
            let links = match folder.behind_link {
                true => self.links_to(&folder.path),
                false => 0,
            };
            let known = |path: &str| self.folder(path).is_some();
            let path = self.rootdir.join(&folder.path);
            match list(&path, folder.path.clone(), links, Some(&known), true) {
                Some(listed) => {
                    // Folders below it that went are not listed any more.
                    let names: Vec<&str> = listed
                        .below
                        .iter()
                        .map(|l| l.folder.path.as_str())
                        .collect();
                    let children = self.folders.iter().filter(|child| {
                        !child.path.is_empty() && child.parent == at && child.path != folder.path
                    });
                    gone.extend(
                        children
                            .filter(|child| names.binary_search(&child.path.as_str()).is_err())
                            .map(|child| child.path.clone()),
                    );
                    flatten(vec![listed], &mut fresh);
                }
                None => gone.push(folder.path.clone()),
            }
        }
        fresh.retain(|listed| !listed.is_stub() && !gone.contains(&listed.folder.path));
        let mut all: Vec<Listed> = Vec::new();
        let is_fresh: std::collections::HashSet<&str> =
            fresh.iter().map(|l| l.folder.path.as_str()).collect();
        for folder in &self.folders {
            let is_gone = gone.iter().any(|path| is_within(&folder.path, path));
            if is_gone || is_fresh.contains(folder.path.as_str()) {
                continue;
            }
            let (from, to) = folder.files;
            let files = self.files[from as usize..to as usize].iter();
            all.push(Listed {
                folder: folder.clone(),
                files: files
                    .map(|file| (file.name.clone(), file.is_link))
                    .collect(),
                below: Vec::new(),
                problems: Vec::new(),
            });
        }
        let mut seen = std::collections::HashSet::new();
        fresh.retain(|listed| seen.insert(listed.folder.path.clone()));
        all.extend(fresh);
        let mut tree = Self {
            rootdir: self.rootdir.clone(),
            ..Self::default()
        };
        tree.put(all);
        tree
    }

    /// How many symbolic links lie on the way to a folder.
    fn links_to(&self, path: &str) -> u32 {
        let ends = path.match_indices('/').map(|(at, _)| at);
        let prefixes = ends.chain([path.len()]).map(|end| &path[..end]);
        number(
            prefixes
                .filter(|prefix| self.rootdir.join(prefix).is_symlink())
                .count(),
        )
    }

    /// The folder at a path.
    pub(super) fn folder(&self, path: &str) -> Option<u32> {
        let found = self
            .folders
            .binary_search_by(|folder| folder.path.as_str().cmp(path));
        found.ok().map(number)
    }

    /// The file at a path.
    pub(super) fn file(&self, path: &str) -> Option<u32> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.file_in(self.folder(folder)?, name)
    }

    pub(super) fn file_in(&self, folder: u32, name: &str) -> Option<u32> {
        let (from, to) = self.folders[folder as usize].files;
        let files = &self.files[from as usize..to as usize];
        let found = files.binary_search_by(|file| file.name.as_str().cmp(name));
        found.ok().map(|at| from + number(at))
    }

    pub(super) fn path_of(&self, file: u32) -> String {
        let file = &self.files[file as usize];
        let folder = &self.folders[file.folder as usize].path;
        if folder.is_empty() {
            file.name.clone()
        } else {
            format!("{folder}/{}", file.name)
        }
    }

    /// The folders around a file, its own first, the rootdir last.
    pub(super) fn around(&self, folder: u32) -> impl Iterator<Item = u32> {
        let mut next = Some(folder);
        std::iter::from_fn(move || {
            let at = next?;
            next = (at != 0).then(|| self.folders[at as usize].parent);
            Some(at)
        })
    }

    /// Adds files that are not there, with the folders around them.
    pub(super) fn add_ghosts(&mut self, paths: &[&str]) {
        let mut all: Vec<Listed> = Vec::new();
        let mut place: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        for folder in &self.folders {
            let (from, to) = folder.files;
            let files = self.files[from as usize..to as usize].iter();
            place.insert(folder.path.clone(), all.len());
            all.push(Listed {
                folder: folder.clone(),
                files: files
                    .map(|file| (file.name.clone(), file.is_link))
                    .collect(),
                below: Vec::new(),
                problems: Vec::new(),
            });
        }
        let mut ghosts = Vec::new();
        for path in paths {
            if self.file(path).is_some() || self.folder(path).is_some() {
                continue;
            }
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let mut around = folder;
            loop {
                if !place.contains_key(around) {
                    place.insert(around.to_owned(), all.len());
                    all.push(Listed::empty(around.to_owned()));
                }
                match around.rsplit_once('/') {
                    Some((parent, _)) => around = parent,
                    None if around.is_empty() => break,
                    None => around = "",
                }
            }
            all[place[folder]].files.push((name.to_owned(), false));
            ghosts.push(*path);
        }
        let mut tree = Self {
            rootdir: self.rootdir.clone(),
            problems: std::mem::take(&mut self.problems),
            ..Self::default()
        };
        tree.put(all);
        for path in ghosts {
            if let Some(file) = tree.file(path) {
                tree.files[file as usize].is_ghost = true;
            }
        }
        *self = tree;
    }
}

impl Listed {
    fn empty(path: String) -> Self {
        Self {
            folder: Folder {
                path,
                parent: 0,
                behind_link: false,
                stamp: Stamp::default(),
                files: (0, 0),
            },
            files: Vec::new(),
            below: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Whether it only says that the folder is there.
    fn is_stub(&self) -> bool {
        self.folder.files == (u32::MAX, u32::MAX)
    }
}

pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder.is_empty())
}

fn flatten(listed: Vec<Listed>, all: &mut Vec<Listed>) {
    let mut rest = listed;
    while let Some(mut one) = rest.pop() {
        rest.append(&mut one.below);
        all.push(one);
    }
}

/// Lists a folder and those below it; those that are `known` are only named. Nothing for a folder
/// that is left out or is not there.
fn list(
    absolute: &Path,
    path: String,
    links: u32,
    known: Option<&(dyn Fn(&str) -> bool + Sync)>,
    stamps: bool,
) -> Option<Listed> {
    let asked = SystemTime::now();
    let mut listed = Listed::empty(path);
    listed.folder.behind_link = links > 0;
    let unreadable = |path: &str, error: &io::Error| {
        let message = format!("the folder cannot be read: {error}");
        Problem::new(ProblemKind::Io, message).at(path, None)
    };
    let metadata = stamps.then(|| std::fs::metadata(absolute).ok());
    if metadata
        .as_ref()
        .is_some_and(|metadata| !metadata.as_ref().is_some_and(Metadata::is_dir))
    {
        return None;
    }
    let entries = match std::fs::read_dir(absolute) {
        Ok(entries) => entries,
        Err(error) => {
            listed
                .problems
                .push(unreadable(&listed.folder.path, &error));
            return Some(listed);
        }
    };
    let mut folders: Vec<(String, u32)> = Vec::new();
    for entry in entries.flatten() {
        let name = match entry.file_name().into_string() {
            Ok(name) => name,
            Err(name) => {
                let message = "a name that is not UTF-8 is left out of the graph";
                let place = join(&listed.folder.path, &name.to_string_lossy());
                let problem = Problem::new(ProblemKind::Io, message).at(place, None);
                listed.problems.push(problem);
                continue;
            }
        };
        match what(&entry) {
            Some(What::File { link }) => {
                if name == "pyvenv.cfg" && !listed.folder.path.is_empty() {
                    return None;
                }
                if !name.ends_with(".pyc") || !link {
                    listed.files.push((name, link));
                }
            }
            Some(What::Folder { link }) => {
                let links = links + u32::from(link);
                let is_skipped = SKIPPED.contains(&name.as_str()) || link && is_output(&entry);
                if !is_skipped && links <= MAX_LINKS {
                    folders.push((name, links));
                }
            }
            None => {}
        }
    }
    // A folder with problems is listed each time, so that they are told of each time.
    if let Some(metadata) = metadata.flatten().filter(|_| listed.problems.is_empty()) {
        listed.folder.stamp = stamp(&metadata, asked);
    }
    let step = |(name, links): (String, u32)| {
        let path = join(&listed.folder.path, &name);
        if known.is_some_and(|known| known(&path)) {
            let mut stub = Listed::empty(path);
            stub.folder.files = (u32::MAX, u32::MAX);
            return Some(stub);
        }
        list(&absolute.join(&name), path, links, None, stamps)
    };
    let mut below: Vec<Listed> = if folders.len() > 1 {
        folders.into_par_iter().filter_map(step).collect()
    } else {
        folders.into_iter().filter_map(step).collect()
    };
    below.sort_by(|a, b| a.folder.path.cmp(&b.folder.path));
    listed.below = below;
    Some(listed)
}

/// What to compare later to know whether the names in a folder are still the same.
pub(super) fn stamp(metadata: &Metadata, asked: SystemTime) -> Stamp {
    let identity = Identity::of(metadata);
    if !settled(&identity, asked) {
        return Stamp::default();
    }
    let mut stamp = identity.0;
    // The size of a folder says nothing.
    stamp[4] = 1;
    stamp
}

pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Whether a link is one of those by which Bazel makes its output known.
fn is_output(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let is_named_so = name.to_string_lossy().starts_with("bazel-");
    let target = is_named_so.then(|| std::fs::read_link(entry.path()).ok());
    let target = target.flatten().unwrap_or_default();
    target.iter().any(|part| part == "execroot")
}

enum What {
    File { link: bool },
    Folder { link: bool },
}

fn what(entry: &DirEntry) -> Option<What> {
    let kind = entry.file_type().ok()?;
    if !kind.is_symlink() {
        return match (kind.is_dir(), kind.is_file()) {
            (true, _) => Some(What::Folder { link: false }),
            (_, true) => Some(What::File { link: false }),
            _ => None,
        };
    }
    let metadata = entry.path().metadata().ok()?;
    match (metadata.is_dir(), metadata.is_file()) {
        (true, _) => Some(What::Folder { link: true }),
        (_, true) => Some(What::File { link: true }),
        _ => None,
    }
}
