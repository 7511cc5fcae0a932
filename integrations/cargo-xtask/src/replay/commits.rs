//! The commits: what they change, and the repository that they are made in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::conformance::empty;
use crate::process::{Finished, succeed};
use crate::soundness::spread;

const LIMIT: Duration = Duration::from_secs(60);

/// The content of every file, by its path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Added,
    Modified,
    Deleted,
}

/// A change of one file.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) path: String,
    pub(super) kind: Kind,
    content: Vec<u8>,
    /// For an edit: what it does.
    edit: Option<String>,
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.edit, self.kind) {
            (Some(edit), _) => write!(f, "{edit} in {}", self.path),
            (None, Kind::Added) => write!(f, "add {}", self.path),
            (None, Kind::Modified) => write!(f, "change {}", self.path),
            (None, Kind::Deleted) => write!(f, "delete {}", self.path),
        }
    }
}

/// The files of an unpacked sdist that a checkout would have too.
pub(super) fn files_of(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let packaging = name == "PKG-INFO" || name.to_string_lossy().ends_with(".egg-info");
            if packaging {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if let Some(name) = path.strip_prefix(folder)?.to_str() {
                files.insert(name.to_owned(), fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// A commit for each file that differs, at most `sample` of them.
pub(super) fn between(old: &Files, new: &Files, sample: usize) -> Vec<Commit> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |path: &&String| old.get(*path) != new.get(*path);
    let changed: Vec<&String> = paths.into_iter().filter(differs).collect();
    let commit = |path: &String| Commit {
        path: path.clone(),
        kind: match (old.contains_key(path), new.contains_key(path)) {
            (false, _) => Kind::Added,
            (_, false) => Kind::Deleted,
            _ => Kind::Modified,
        },
        content: new.get(path).cloned().unwrap_or_default(),
        edit: None,
    };
    spread(changed, sample).into_iter().map(commit).collect()
}

/// `n` edits of a line in the Python files among `paths`, the same ones each time.
pub(super) fn edits(files: &Files, paths: &BTreeSet<String>, n: usize, seed: usize) -> Vec<Commit> {
    let python = paths.iter().filter(|path| path.ends_with(".py"));
    let texts: Vec<(&String, Vec<&str>)> = python
        .filter_map(|path| {
            let text = std::str::from_utf8(files.get(path)?).ok()?;
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            lines
                .iter()
                .any(|line| is_code(line))
                .then_some((path, lines))
        })
        .collect();
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (seed as u64 + 1));
    let mut commits = Vec::new();
    while commits.len() < n && !texts.is_empty() {
        let (path, lines) = &texts[random.below(texts.len())];
        let at = random.below(lines.len());
        if !is_code(lines[at]) {
            continue;
        }
        let mut lines = lines.clone();
        let what = match commits.len() % 3 {
            0 => {
                lines.remove(at);
                format!("delete line {}", at + 1)
            }
            1 => {
                lines.insert(at, lines[at]);
                format!("repeat line {}", at + 1)
            }
            _ => {
                lines.push("\n_edited = None\n");
                "append a line".to_owned()
            }
        };
        commits.push(Commit {
            path: (*path).clone(),
            kind: Kind::Modified,
            content: lines.concat().into_bytes(),
            edit: Some(what),
        });
    }
    commits
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// Xorshift: no more chance than that is needed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }
}

/// The repository.
pub(super) struct Tree {
    pub(super) path: PathBuf,
}

impl Tree {
    pub(super) fn create(path: &Path) -> Result<Self> {
        empty(path)?;
        let tree = Self {
            path: path.to_owned(),
        };
        tree.git(&["init", "--quiet"])?;
        Ok(tree)
    }

    /// Make these the files.
    pub(super) fn replace(&self, files: &Files) -> Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name() == ".git" {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        for (path, content) in files {
            self.write(path, content)?;
        }
        Ok(())
    }

    /// Every file, relative to the tree.
    pub(super) fn files(&self) -> Result<BTreeSet<String>> {
        let listed = self.git(&["ls-files", "-z"])?.stdout;
        let paths = listed.split('\0').filter(|path| !path.is_empty());
        Ok(paths.map(ToOwned::to_owned).collect())
    }

    pub(super) fn apply(&self, commit: &Commit) -> Result<()> {
        match commit.kind {
            Kind::Deleted => Ok(fs::remove_file(self.path.join(&commit.path))?),
            Kind::Added | Kind::Modified => self.write(&commit.path, &commit.content),
        }
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<()> {
        let path = self.path.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, content)?)
    }

    /// Commit everything, and give the commit.
    pub(super) fn commit(&self, message: &str) -> Result<String> {
        self.git(&["add", "--all", "--force"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])?;
        let head = self.git(&["rev-parse", "HEAD"])?;
        Ok(head.stdout.trim().to_owned())
    }

    /// Back to a commit, and to nothing else than its files.
    pub(super) fn reset(&self, commit: &str) -> Result<()> {
        self.git(&["reset", "--quiet", "--hard", commit])?;
        self.clean()
    }

    /// Remove what tests have left.
    pub(super) fn clean(&self) -> Result<()> {
        self.git(&["clean", "--quiet", "--force", "-dx"])?;
        Ok(())
    }

    fn git(&self, arguments: &[&str]) -> Result<Finished> {
        let mut git = Command::new("git");
        git.args([
            "-c",
            "user.name=replay",
            "-c",
            "user.email=replay@localhost",
        ]);
        git.args(["-c", "core.autocrlf=false", "-c", "commit.gpgSign=false"]);
        succeed(git.args(arguments).current_dir(&self.path), LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        files.iter().map(own).collect()
    }

    #[test]
    fn releases_differ_file_by_file() {
        let old = files(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let new = files(&[("a", "1"), ("b", "2"), ("d", "1")]);
        let shown = |n| -> Vec<String> {
            between(&old, &new, n)
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(shown(9), ["change b", "delete c", "add d"]);
        assert_eq!(shown(1), ["delete c"]);
    }

    #[test]
    fn edits_change_code_and_repeat_themselves() {
        let files = files(&[("a.py", "# x\na = 1\n"), ("b.txt", "b"), ("c.py", "\n")]);
        let paths = files.keys().cloned().collect();
        let edits = edits(&files, &paths, 3, 0);
        let texts: Vec<&[u8]> = edits.iter().map(|edit| edit.content.as_slice()).collect();
        let expected: [&[u8]; 3] = [
            b"# x\n",
            b"# x\na = 1\na = 1\n",
            b"# x\na = 1\n\n_edited = None\n",
        ];
        assert_eq!(texts, expected);
        assert_eq!(edits[0].to_string(), "delete line 2 in a.py");
    }
}
