use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fastest_lib::Result;
use fastest_lib::selection::{ChangeKind, Changes, KnownFile};

/// A repository made by git itself, in a temporary folder.
pub(crate) struct Repo {
    pub(crate) top: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

/// A repository with one commit of these files; none, and a word about it, without git.
pub(crate) fn repository(files: &[(&str, &str)]) -> Option<Repo> {
    let repo = unborn()?;
    for (path, text) in files {
        repo.write(path, text);
    }
    repo.commit();
    Some(repo)
}

/// A repository without a commit.
pub(crate) fn unborn() -> Option<Repo> {
    if Command::new("git").arg("version").output().is_err() {
        eprintln!("skipped: there is no git program");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo {
        top: folder.path().canonicalize().unwrap(),
        _folder: Some(folder),
    };
    repo.git(&["init", "--quiet", "--initial-branch=main"]);
    Some(repo)
}

impl Repo {
    /// Another working tree, below the folder of one that lives as long.
    pub(crate) fn at(top: PathBuf) -> Self {
        Self { top, _folder: None }
    }

    /// Runs git, which has to succeed, and gives what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.top, arguments)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.top.join(path)).unwrap();
    }

    /// Commits all there is, also when that is nothing new.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "more"]);
    }

    /// The changes since a revision, which have to be the same when all files are known beforehand.
    pub(crate) fn since(&self, rev: &str) -> Result<Changes> {
        let changes = Changes::since(&self.top, rev);
        let files = self.files();
        let files = files
            .iter()
            .map(|(path, stat)| KnownFile { path, stat: *stat });
        let among = Changes::since_among(&self.top, rev, files);
        match (&changes, &among) {
            (Ok(changes), Ok(among)) => assert_eq!(changes, among),
            (Err(error), Err(among)) => assert_eq!(error.to_string(), among.to_string()),
            (changes, among) => panic!("{changes:?} {among:?}"),
        }
        changes
    }

    /// The files in the working tree with names in UTF-8, those behind links left out.
    fn files(&self) -> Vec<(String, Option<[u64; 6]>)> {
        let mut files = Vec::new();
        let mut rest = vec![self.top.clone()];
        while let Some(folder) = rest.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() && entry.file_name() != ".git" {
                    rest.push(path);
                } else if !kind.is_dir() {
                    let metadata = entry.metadata().unwrap();
                    let [mtime, mtime_nsec, ctime, ctime_nsec] = [
                        metadata.mtime(),
                        metadata.mtime_nsec(),
                        metadata.ctime(),
                        metadata.ctime_nsec(),
                    ]
                    .map(i64::cast_unsigned);
                    let (size, inode) = (metadata.size(), metadata.ino());
                    let stat = [mtime, mtime_nsec, ctime, ctime_nsec, size, inode];
                    let stat = (!kind.is_symlink()).then_some(stat);
                    let path = path.strip_prefix(&self.top).unwrap();
                    files.extend(path.to_str().map(|path| (path.to_owned(), stat)));
                }
            }
        }
        files
    }

    /// Checks the changes since a revision, as [`shown`] writes them.
    #[track_caller]
    pub(crate) fn check(&self, rev: &str, expected: &[&str]) {
        assert_eq!(shown(&self.since(rev).unwrap()), expected);
    }
}

pub(crate) fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Somebody", "-c", "user.email=some@body"])
        .args([
            "-c",
            "protocol.file.allow=always",
            "-c",
            "core.autocrlf=false",
        ])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `A new.py < old.py`, `M changed.py`, … and `outside ../x.py`.
pub(crate) fn shown(changes: &Changes) -> Vec<String> {
    let mut lines = Vec::new();
    for change in &changes.changes {
        let letter = match change.kind {
            ChangeKind::Added => "A",
            ChangeKind::Modified => "M",
            ChangeKind::Deleted => "D",
            ChangeKind::Mode => "X",
            _ => "?",
        };
        let from = change.renamed_from.as_ref();
        let from = from.map(|from| format!(" < {from}")).unwrap_or_default();
        lines.push(format!("{letter} {}{from}", change.path));
    }
    lines.extend(changes.outside.iter().map(|path| format!("outside {path}")));
    lines
}
