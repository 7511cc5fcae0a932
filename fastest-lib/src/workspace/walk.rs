use std::collections::{BTreeSet, HashMap};
use std::fs::{DirEntry, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::files::{FileKind, FileSet, TestFile};
use super::fnmatch::{Fnmatch, PathPattern};
use super::paths;
use crate::{Problem, ProblemKind};

/// How many folders behind more than one symbolic link are entered. pytest enters them until the
/// system refuses so many links in one path, which for two links that lead upward would take for
/// ever.
const NESTED_LINK_FOLDERS: usize = 10_000;

/// Hooks of a conftest that may collect any file below it.
const COLLECTING_HOOKS: [&[u8]; 2] = [b"pytest_collect_file", b"pytest_collect_directory"];

/// What collection enters and takes, by the options and the configuration.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) rootdir: PathBuf,
    /// Above it no `conftest.py` applies; none when no `conftest.py` does at all.
    pub(crate) confcutdir: Option<PathBuf>,
    pub(crate) norecursedirs: Vec<PathPattern>,
    pub(crate) python_files: Vec<PathPattern>,
    pub(crate) doctest_files: Vec<PathPattern>,
    pub(crate) doctest_modules: bool,
    pub(crate) ignore: BTreeSet<PathBuf>,
    pub(crate) ignore_glob: Vec<Fnmatch>,
    pub(crate) enter_environments: bool,
}

impl Rules {
    /// The `conftest.py` files that apply in a folder, outermost first.
    pub(crate) fn conftests(&self, folder: &Path) -> Vec<PathBuf> {
        let mut conftests: Vec<PathBuf> = folder
            .ancestors()
            .filter(|folder| self.has_conftests(folder))
            .map(|folder| folder.join("conftest.py"))
            .filter(|path| path.is_file())
            .collect();
        conftests.reverse();
        conftests
    }

    /// A `conftest.py` does not apply when it lies above the confcutdir; one that lies elsewhere
    /// does.
    fn has_conftests(&self, folder: &Path) -> bool {
        self.confcutdir
            .as_deref()
            .is_some_and(|cut| folder == cut || !cut.starts_with(folder))
    }

    /// Whether one of these conftests may collect files that are no test files.
    pub(crate) fn may_collect(&self, conftests: &[PathBuf]) -> bool {
        conftests.iter().any(|conftest| mentions_hooks(conftest))
    }

    fn is_ignored(&self, path: &Path) -> bool {
        self.ignore.contains(path)
            || (!self.ignore_glob.is_empty() && {
                let text = path.to_string_lossy();
                self.ignore_glob.iter().any(|glob| glob.matches(&text))
            })
    }

    /// What is collected from a file that the walk comes upon.
    fn kind_of(&self, path: &Path, name: &str) -> Option<FileKind> {
        let matches =
            |patterns: &[PathPattern]| patterns.iter().any(|pattern| pattern.matches(path, name));
        if is_python(path) {
            if matches(&self.python_files) {
                return Some(FileKind::Module);
            }
            let doctests =
                self.doctest_modules && name != "__main__.py" && !is_setup_script(path, name);
            return doctests.then_some(FileKind::Doctest);
        }
        let doctests = matches(&self.doctest_files) && has_examples(path);
        doctests.then_some(FileKind::Doctest)
    }

    /// Whether the walk from a path that was asked for comes to a folder.
    pub(crate) fn would_enter(&self, start: &Path, folder: &Path) -> bool {
        folder.starts_with(start)
            && folder
                .ancestors()
                .take_while(|folder| *folder != start)
                .all(|folder| {
                    let name = folder.file_name().unwrap_or_default().to_string_lossy();
                    let mut patterns = self.norecursedirs.iter();
                    !self.is_ignored(folder)
                        && !patterns.any(|pattern| pattern.matches(folder, &name))
                })
    }

    /// Whether the walk takes a file that it comes to for a test module.
    pub(crate) fn would_collect(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        is_python(path) && self.kind_of(path, &name).is_some() && !self.is_ignored(path)
    }

    /// What is collected from a file that was asked for by name.
    pub(crate) fn kind_of_argument(&self, path: &Path) -> Option<FileKind> {
        if is_python(path) {
            return Some(FileKind::Module);
        }
        let text = path
            .extension()
            .is_some_and(|suffix| suffix == "txt" || suffix == "rst");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let matched = self
            .doctest_files
            .iter()
            .any(|glob| glob.matches(path, &name));
        (text || matched).then_some(FileKind::Doctest)
    }
}

/// Whether a conftest names a hook that may collect any file.
pub(crate) fn mentions_hooks(conftest: &Path) -> bool {
    std::fs::read(conftest).is_ok_and(|text| {
        let mut hooks = COLLECTING_HOOKS.iter();
        hooks.any(|hook| memchr::memmem::find(&text, hook).is_some())
    })
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == "py")
}

/// Whether a module is the script that installs a project.
fn is_setup_script(path: &Path, name: &str) -> bool {
    name == "setup.py"
        && std::fs::read(path).is_ok_and(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            text.contains("setuptools") || text.contains("distutils")
        })
}

/// Whether a text file has a doctest prompt. One that cannot be read may have.
fn has_examples(path: &Path) -> bool {
    std::fs::read(path).map_or(true, |bytes| {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        lines.any(|line| line.trim_ascii_start().starts_with(b">>>"))
    })
}

/// Collects the test files of one folder that was asked for, in pytest's order.
pub(crate) fn collect_folder(rules: &Rules, start: &Path) -> FileSet {
    let walk = |links| {
        let walk = Walk {
            rules,
            start,
            links,
            behind_links: AtomicUsize::new(0),
        };
        let conftests = start.parent().map(|folder| rules.conftests(folder));
        let conftests = conftests.unwrap_or_default();
        let around = Around {
            collects: rules.may_collect(&conftests),
            conftests,
            links: 0,
        };
        let found = walk.folder(start, around, true);
        let over = walk.behind_links.into_inner() > NESTED_LINK_FOLDERS;
        (found, over)
    };
    let (found, over) = walk(usize::MAX);
    if !over {
        return found;
    }
    // Where the first walk gave up depends on its threads, so its result is not used.
    let (mut found, _) = walk(1);
    let message = "symbolic links lead round in circles; a link behind another is not followed";
    let place = paths::relative(&rules.rootdir, start);
    let problem = Problem::new(ProblemKind::Discovery, message).at(place, None);
    found.problems.push(problem);
    found
}

struct Walk<'a> {
    rules: &'a Rules,
    start: &'a Path,
    /// How many links may stand behind one another in a path.
    links: usize,
    behind_links: AtomicUsize,
}

/// What lies on the way to a folder.
#[derive(Clone)]
struct Around {
    conftests: Vec<PathBuf>,
    /// Whether one of them may collect files that are no test files.
    collects: bool,
    links: usize,
}

struct Entry {
    name: String,
    path: PathBuf,
    kind: EntryKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    Folder { link: bool },
    File,
}

impl Walk<'_> {
    /// The test files below a folder.
    fn folder(&self, folder: &Path, mut around: Around, asked_for: bool) -> FileSet {
        let mut found = FileSet::default();
        if around.links > 1 {
            let before = self.behind_links.fetch_add(1, Ordering::Relaxed);
            if before >= NESTED_LINK_FOLDERS {
                return found;
            }
        }
        let entries = match self.entries(folder, &mut found.problems) {
            Ok(entries) => entries,
            Err(error) => {
                found.problems.push(self.unreadable(folder, &error));
                return found;
            }
        };
        if !asked_for && !self.rules.enter_environments && is_environment(&entries) {
            return FileSet::default();
        }
        let own = entries
            .iter()
            .find(|entry| entry.name == "conftest.py" && entry.kind == EntryKind::File);
        if let Some(own) = own
            && self.rules.has_conftests(folder)
        {
            around.collects |= mentions_hooks(&own.path);
            around.conftests.push(own.path.clone());
            found.conftests.push(own.path.clone());
        }
        let step = |entry: Entry| self.entry(entry, &around);
        let folders = entries
            .iter()
            .filter(|entry| entry.kind != EntryKind::File)
            .count();
        let parts: Vec<FileSet> = if folders > 1 {
            entries.into_par_iter().map(step).collect()
        } else {
            entries.into_iter().map(step).collect()
        };
        for part in parts {
            found.files.extend(part.files);
            found.problems.extend(part.problems);
            found.conftests.extend(part.conftests);
        }
        found
    }

    fn entry(&self, entry: Entry, around: &Around) -> FileSet {
        let rules = self.rules;
        let mut found = FileSet::default();
        if rules.is_ignored(&entry.path) || entry.name == "__pycache__" {
            return found;
        }
        match entry.kind {
            EntryKind::Folder { link } => {
                let mut patterns = rules.norecursedirs.iter();
                let links = around.links + usize::from(link);
                if links > self.links
                    || patterns.any(|pattern| pattern.matches(&entry.path, &entry.name))
                {
                    return found;
                }
                let around = Around {
                    links,
                    ..around.clone()
                };
                self.folder(&entry.path, around, false)
            }
            EntryKind::File => {
                let kind = rules.kind_of(&entry.path, &entry.name);
                let kind = kind.or(around.collects.then_some(FileKind::Candidate));
                if let Some(kind) = kind {
                    found.files.push(TestFile {
                        id: node_path(&rules.rootdir, self.start, &entry.path),
                        path: entry.path,
                        kind,
                        conftests: around.conftests.clone(),
                        names: Vec::new(),
                    });
                }
                found
            }
        }
    }

    /// The files and folders of a folder in pytest's order: by name, but the `__init__.py` of a
    /// package first.
    fn entries(&self, folder: &Path, problems: &mut Vec<Problem>) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type().and_then(|kind| resolve(&entry, kind)) {
                Ok(Some(kind)) => entries.push(Entry {
                    name: entry.file_name().to_string_lossy().into_owned(),
                    path: entry.path(),
                    kind,
                }),
                Ok(None) => {}
                Err(error) => problems.push(self.unreadable(&entry.path(), &error)),
            }
        }
        let is_init = |entry: &Entry| entry.name == "__init__.py" && entry.kind == EntryKind::File;
        entries.sort_by(|a, b| {
            let key = |entry: &Entry| !is_init(entry);
            key(a)
                .cmp(&key(b))
                .then_with(|| a.path.file_name().cmp(&b.path.file_name()))
        });
        Ok(entries)
    }

    fn unreadable(&self, path: &Path, error: &io::Error) -> Problem {
        let message = format!("cannot be read, so no test is collected from it: {error}");
        let place = paths::relative(&self.rules.rootdir, path);
        Problem::new(ProblemKind::Io, message).at(place, None)
    }
}

/// What an entry is, behind links; nothing when it is neither a file nor a folder. Links that lead
/// nowhere, or round in a circle, are passed over in silence, as pytest does.
fn resolve(entry: &DirEntry, kind: FileType) -> io::Result<Option<EntryKind>> {
    let link = kind.is_symlink();
    let (folder, file) = if link {
        match entry.path().metadata() {
            Ok(meta) => (meta.is_dir(), meta.is_file()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
            Err(_) => return Ok(None),
        }
    } else {
        (kind.is_dir(), kind.is_file())
    };
    Ok(match (folder, file) {
        (true, _) => Some(EntryKind::Folder { link }),
        (_, true) => Some(EntryKind::File),
        _ => None,
    })
}

/// Whether a folder is a virtual environment or a conda environment.
fn is_environment(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| match entry.name.as_str() {
        "pyvenv.cfg" => entry.kind == EntryKind::File,
        "conda-meta" => entry.path.join("history").is_file(),
        _ => false,
    })
}

/// The path part of a node id. Outside of the rootdir it is relative to the argument that led there.
pub(crate) fn node_path(rootdir: &Path, argument: &Path, path: &Path) -> String {
    let relative = path
        .strip_prefix(rootdir)
        .or_else(|_| path.strip_prefix(argument));
    paths::slashed(relative.unwrap_or(path))
}

/// Remembers the `conftest.py` files of folders whose files are asked for one by one.
#[derive(Debug, Default)]
pub(crate) struct ConftestCache(HashMap<PathBuf, Vec<PathBuf>>);

impl ConftestCache {
    /// See [`Rules::conftests`].
    pub(crate) fn get(&mut self, rules: &Rules, folder: &Path) -> Vec<PathBuf> {
        self.0
            .entry(folder.to_path_buf())
            .or_insert_with(|| rules.conftests(folder))
            .clone()
    }
}
