use std::collections::BTreeMap;

use serde::Serialize;

use super::git::Repository;
use crate::Problem;

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It has another content, or is a symlink now or was one.
    Modified,
    /// It is not there any more.
    Deleted,
    /// Its content is the same; whether it can be executed is not.
    Mode,
}

/// A file that is not what it was.
///
/// A rename is two of them: the old path is deleted, the new one added. A submodule whose files
/// cannot be compared, and a listed folder that is gone, are one change with the path of the
/// folder: it concerns everything below.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The file, relative to the rootdir, with `/`.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// For the new path of a rename within the rootdir: the old one.
    pub renamed_from: Option<String>,
}

/// The files that are not what they were, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changes {
    /// The commit that the working tree was compared with; none for a list.
    pub base: Option<String>,
    /// The changes below the rootdir, each path once.
    pub changes: Vec<Change>,
    /// The changed paths elsewhere: of the repository, relative to its top; of a list, absolute.
    pub outside: Vec<String>,
    /// What is wrong with some of the paths.
    pub problems: Vec<Problem>,
    #[serde(skip)]
    pub(super) history: Option<History>,
}

/// Where the contents at the base are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct History {
    /// The repository, then its submodules, each with the path of its top relative to the top of
    /// the first: empty or with a `/` at the end.
    pub(super) repositories: Vec<(String, Repository)>,
    /// The path of the rootdir relative to the top: empty or with a `/` at the end.
    pub(super) prefix: String,
    /// For changed paths below the top: the repository and the object, if it had one.
    pub(super) objects: BTreeMap<String, (usize, Option<String>)>,
}

impl Changes {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.outside.is_empty()
    }

    /// The content of a file at the base: none when it was not there, cannot be read, or the
    /// changes are listed ones. It is what the repository holds, without filters for line ends.
    pub fn before(&self, path: &str) -> Option<Vec<u8>> {
        self.before_many(&[path]).pop().flatten()
    }

    /// [`Changes::before`] for many files, by one process for each repository.
    pub fn before_many(&self, paths: &[&str]) -> Vec<Option<Vec<u8>>> {
        let mut contents = vec![None; paths.len()];
        let Some(history) = &self.history else {
            return contents;
        };
        let mut questions: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
        for (at, path) in paths.iter().enumerate() {
            if let Some((repository, name)) = history.object(path) {
                questions.entry(repository).or_default().push((at, name));
            }
        }
        for (repository, questions) in questions {
            let (places, names): (Vec<usize>, Vec<String>) = questions.into_iter().unzip();
            let (_, repository) = &history.repositories[repository];
            for (at, content) in places.into_iter().zip(repository.contents(&names)) {
                contents[at] = content;
            }
        }
        contents
    }
}

impl History {
    /// The repository of a path below the rootdir, and the name of its object there.
    fn object(&self, path: &str) -> Option<(usize, String)> {
        let path = format!("{}{path}", self.prefix);
        if let Some((repository, object)) = self.objects.get(&path) {
            return Some((*repository, object.clone()?));
        }
        // Not changed, so that its name leads to it.
        let within = |(at, (top, repository)): (usize, &(String, Repository))| {
            let rest = path.strip_prefix(top.as_str())?;
            Some((top.len(), at, format!("{}:{rest}", repository.base)))
        };
        let found = self.repositories.iter().enumerate().filter_map(within);
        let (_, at, name) = found.max_by_key(|(depth, ..)| *depth)?;
        Some((at, name))
    }
}
