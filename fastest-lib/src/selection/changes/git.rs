//! Questions to the `git` program.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::index::Index;
use crate::{Error, ErrorKind, Result};

/// Variables that would turn a question about the repository around a folder into one about
/// another repository, or change what an answer looks like. git sets some of them for its hooks.
const FOREIGN: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// A repository with a working tree, and the commit that it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// The top of the working tree, without symlinks.
    pub(super) top: PathBuf,
    /// The commit (or tree) that everything is compared with.
    pub(super) base: String,
    /// Its index; none where it is not known.
    pub(super) index: Option<PathBuf>,
    /// The tree of the base, where that is what `HEAD` is.
    pub(super) tree: Option<String>,
}

/// More paths than this are not named one by one.
const MANY: usize = 1000;

/// One difference between the base and the working tree, as `git diff --raw` has it.
pub(super) struct Difference {
    pub(super) old_mode: u32,
    pub(super) new_mode: u32,
    pub(super) old: String,
    pub(super) new: String,
    /// `A`, `C`, `D`, `M`, `R`, `T` or `U`.
    pub(super) status: u8,
    pub(super) path: Vec<u8>,
    /// The new path of a rename or copy.
    pub(super) to: Option<Vec<u8>>,
}

/// The object that a blob has in the raw format when git has not read it.
pub(super) fn is_null(object: &str) -> bool {
    object.bytes().all(|byte| byte == b'0')
}

impl Repository {
    /// The repository around a folder, compared with the merge base of `rev` and `HEAD`.
    pub(super) fn around(folder: &Path, rev: &str) -> Result<Self> {
        if rev.is_empty() || rev.starts_with(['-', '^']) || rev.contains("..") {
            let message = format!("`{rev}` does not name one revision");
            return Err(Error::new(ErrorKind::Usage, message)
                .with_help("name a branch, tag or commit, such as main or HEAD~1"));
        }
        // The symmetric difference is written as both ends and `^BASE` for every merge base.
        let range = format!("{rev}...HEAD");
        let arguments = [
            "rev-parse",
            &range,
            "--git-path",
            "index",
            "--show-toplevel",
        ];
        let output = run(folder, &arguments)?;
        if !output.status.success() {
            return Err(diagnose(folder, rev, &output));
        }
        let mut rest = output.stdout.as_slice();
        let mut base = None;
        let mut objects: Vec<String> = Vec::new();
        // The top comes last, because its name may have more than one line.
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = &rest[..end];
            let is_object = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
            match line.strip_prefix(b"^") {
                Some(merge_base) if is_object(merge_base) => {
                    base = base.or_else(|| Some(String::from_utf8_lossy(merge_base).into_owned()));
                }
                _ if is_object(line) => objects.push(String::from_utf8_lossy(line).into_owned()),
                _ => break,
            }
            rest = &rest[end + 1..];
        }
        let Some(base) = base else {
            return Err(no_merge_base(folder, rev));
        };
        let tree = match objects.as_slice() {
            [_, head, tree] if *head == base => Some(tree.clone()),
            _ => None,
        };
        // Names of several lines cannot be told apart; then git is asked about everything.
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        let (index, top) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) if !rest[end + 1..].contains(&b'\n') => {
                (Some(folder.join(path_of(&rest[..end]))), &rest[end + 1..])
            }
            _ => {
                let output = run(folder, &["rev-parse", "--show-toplevel"])?;
                let top = path_of(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout));
                let index = None;
                return Ok(Self {
                    top,
                    base,
                    index,
                    tree,
                });
            }
        };
        let top = path_of(top);
        Ok(Self {
            top,
            base,
            index,
            tree,
        })
    }

    /// The index, if it can be made use of.
    pub(super) fn read_index(&self) -> Option<Index> {
        Index::read(self.index.as_deref()?, self.base.len() / 2)
    }

    /// The paths that differ between the base and the index, and those of the working tree that may
    /// differ from the index; none when they are many, or not known.
    fn to_compare(&self, suspects: &[&[u8]], index: &Index) -> Option<Vec<PathBuf>> {
        let is_clean = self.tree.as_ref().is_some_and(|tree| index.is_of(tree));
        let staged = if is_clean {
            Vec::new()
        } else {
            let staged = self.succeed(&[
                "diff-index",
                "--cached",
                "--name-only",
                "--no-renames",
                "-z",
                &self.base,
                "--",
            ]);
            staged.ok()?
        };
        let staged = staged.split(|byte| *byte == 0);
        let staged = staged.filter(|path| !path.is_empty());
        let mut paths: Vec<&[u8]> = suspects.iter().copied().chain(staged).collect();
        paths.sort_unstable();
        paths.dedup();
        (paths.len() <= MANY).then(|| paths.into_iter().map(path_of).collect())
    }

    /// What differs between the base and the working tree, among the files that the base or the
    /// index has.
    pub(super) fn differences(
        &self,
        suspects: Option<&[&[u8]]>,
        index: Option<&Index>,
    ) -> Result<Vec<Difference>> {
        let paths = suspects.zip(index);
        let paths = paths.and_then(|(suspects, index)| self.to_compare(suspects, index));
        if paths.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut command = git(&self.top);
        command.args([
            "--literal-pathspecs",
            "diff",
            "--raw",
            "-z",
            "--no-abbrev",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--no-color",
            "--ignore-submodules=none",
            "--find-renames",
            // Pairs beyond it are told apart by nothing but their content.
            "-l200",
            &self.base,
            "--",
        ]);
        command.args(paths.into_iter().flatten());
        let output = command
            .output()
            .map_err(|error| Error::io(&self.top, error))?;
        if !output.status.success() {
            return Err(self.failed("diff", &said(&output)));
        }
        let output = output.stdout;
        let mut fields = output.split(|byte| *byte == 0);
        let mut found = Vec::new();
        while let Some(header) = fields.next().filter(|header| !header.is_empty()) {
            let broken = || self.failed("diff", "its answer cannot be read");
            let header = std::str::from_utf8(header).map_err(|_| broken())?;
            let words: Vec<&str> = header.trim_start_matches(':').split(' ').collect();
            let &[old_mode, new_mode, old, new, status] = words.as_slice() else {
                return Err(broken());
            };
            let mode = |text| u32::from_str_radix(text, 8).map_err(|_| broken());
            let status = *status.as_bytes().first().ok_or_else(broken)?;
            let path = fields.next().ok_or_else(broken)?.to_vec();
            let to = match status {
                b'R' | b'C' => Some(fields.next().ok_or_else(broken)?.to_vec()),
                _ => None,
            };
            found.push(Difference {
                old_mode: mode(old_mode)?,
                new_mode: mode(new_mode)?,
                old: old.to_owned(),
                new: new.to_owned(),
                status,
                path,
                to,
            });
        }
        Ok(found)
    }

    /// The files that are neither tracked nor ignored; a repository among them ends in `/`.
    pub(super) fn untracked(&self) -> Result<Vec<Vec<u8>>> {
        let output = self.succeed(&["ls-files", "-z", "--others", "--exclude-standard"])?;
        let paths = output.split(|byte| *byte == 0);
        Ok(paths
            .filter(|path| !path.is_empty())
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// Those of the paths, relative to the top, that are not ignored.
    pub(super) fn not_ignored(&self, paths: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut child = git(&self.top)
            .args(["check-ignore", "-z", "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::io(&self.top, error))?;
        let stdin = child.stdin.take();
        let asked = paths.join(&0);
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // When git ends early its answer is short, which is seen below.
                let _ = stdin.map(|mut pipe| pipe.write_all(&asked));
            });
            child.wait_with_output()
        });
        let output = output.map_err(|error| Error::io(&self.top, error))?;
        // 1 is for none of them.
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(self.failed("check-ignore", &said(&output)));
        }
        let ignored = output.stdout.split(|byte| *byte == 0);
        let ignored: std::collections::HashSet<&[u8]> = ignored.collect();
        let others = paths
            .iter()
            .filter(|path| !ignored.contains(path.as_slice()));
        Ok(others.cloned().collect())
    }

    /// Whether the folder is one that the repository passes over.
    pub(super) fn ignores(&self, folder: &Path) -> bool {
        git(&self.top)
            .args(["check-ignore", "--quiet", "--"])
            .arg(folder)
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// The contents of objects, each named by its id or as `COMMIT:path`; none for what is not
    /// there. One process answers all.
    pub(super) fn contents(&self, names: &[String]) -> Vec<Option<Vec<u8>>> {
        if names.is_empty() {
            return Vec::new();
        }
        let mut contents = self.batch(names).unwrap_or_default();
        contents.resize(names.len(), None);
        for (name, content) in names.iter().zip(&mut contents) {
            if name.contains('\n') {
                let output = run(&self.top, &["cat-file", "blob", name]).ok();
                *content = output
                    .filter(|output| output.status.success())
                    .map(|output| output.stdout);
            }
        }
        contents
    }

    fn batch(&self, names: &[String]) -> std::io::Result<Vec<Option<Vec<u8>>>> {
        let mut child = git(&self.top)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        // A line is a question, so that a name with a line break has to be asked for alone.
        let questions: String = names
            .iter()
            .map(|name| {
                if name.contains('\n') {
                    "\n".to_owned()
                } else {
                    format!("{name}\n")
                }
            })
            .collect();
        let contents = std::thread::scope(|scope| {
            scope.spawn(move || {
                // When git ends early its answers end too, which is seen below.
                let _ = stdin.map(|mut pipe| pipe.write_all(questions.as_bytes()));
            });
            let mut answers = BufReader::new(stdout.ok_or(std::io::ErrorKind::BrokenPipe)?);
            names.iter().map(|_| answer(&mut answers)).collect()
        });
        child.wait()?;
        contents
    }

    fn succeed(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = run(&self.top, arguments)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let command = arguments.first().copied().unwrap_or_default();
        Err(self.failed(command, &said(&output)))
    }

    fn failed(&self, command: &str, said: &str) -> Error {
        Error::new(ErrorKind::Io, format!("`git {command}` failed: {said}"))
            .with_path(&self.top)
            .with_help("check the repository by `git status` and `git fsck`")
    }
}

/// One answer of `cat-file --batch`: `ID TYPE SIZE`, the content and a line break, or one line
/// that ends in `missing` or `ambiguous`.
fn answer(answers: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut header = Vec::new();
    if answers.read_until(b'\n', &mut header)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let header = String::from_utf8_lossy(&header);
    let mut words = header.trim_end().rsplitn(3, ' ');
    let (size, kind) = (words.next(), words.next());
    let Some(size) = size.and_then(|size| size.parse::<usize>().ok()) else {
        return Ok(None);
    };
    let mut content = vec![0; size];
    answers.read_exact(&mut content)?;
    answers.read_exact(&mut [0])?;
    Ok((kind == Some("blob")).then_some(content))
}

/// `git` for a repository around a folder, independent of the environment and the user's taste.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .args(["--no-pager", "--no-optional-locks"])
        .args(["-c", "core.quotepath=off"])
        // Files whose time alone has changed are compared by content.
        .args(["-c", "diff.autoRefreshIndex=true"])
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null());
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Result<Output> {
    git(folder).args(arguments).output().map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound && folder.is_dir() {
            Error::new(ErrorKind::Io, "the git program was not found")
                .with_help("install git, or list the changed files instead")
        } else {
            Error::io(folder, error)
        }
    })
}

/// What git wrote about its failure, without the word that begins it.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text.trim();
    text.strip_prefix("fatal: ").unwrap_or(text).to_owned()
}

/// Why a revision could not be compared with `HEAD`.
fn diagnose(folder: &Path, rev: &str, failure: &Output) -> Error {
    let usage = |message: &str| Error::new(ErrorKind::Usage, message).with_path(folder);
    let says = |arguments: &[&str]| match run(folder, arguments) {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => Err(said(&output)),
        Err(error) => Err(error.to_string()),
    };
    let is_commit = |rev: &str| {
        let commit = format!("{rev}^{{commit}}");
        says(&["rev-parse", "--quiet", "--verify", &commit]).is_ok()
    };
    match says(&["rev-parse", "--is-inside-work-tree"]) {
        Err(message) if message.contains("not a git repository") => {
            usage("not in a git repository")
                .with_help("list the changed files instead, or run it inside of a working tree")
        }
        Err(message) => usage(&format!("git cannot use the repository: {message}")),
        Ok(inside) if inside != "true" => usage("the repository has no working tree here")
            .with_help("a bare repository holds no files to test; run it in a clone or a worktree"),
        Ok(_) if !is_commit("HEAD") => usage("the repository has no commit yet").with_help(
            "there is nothing to compare with: run all tests, or list the changed files",
        ),
        Ok(_) if !is_commit(rev) => {
            usage(&format!("no commit is named `{rev}`")).with_help(if is_shallow(folder) {
                "the clone is shallow: fetch more of its history (`git fetch --unshallow`, \
                 `fetch-depth: 0` in GitHub's checkout)"
            } else {
                "check the name; `git fetch` brings the branches of a remote"
            })
        }
        Ok(_) => usage(&format!(
            "`{rev}` cannot be compared with HEAD: {}",
            said(failure)
        )),
    }
}

fn no_merge_base(folder: &Path, rev: &str) -> Error {
    let message = format!("`{rev}` and HEAD have no commit in common");
    let error = Error::new(ErrorKind::Usage, message).with_path(folder);
    error.with_help(if is_shallow(folder) {
        "the clone is shallow, so that their common history may be missing: fetch more of it \
         (`git fetch --unshallow`, `fetch-depth: 0` in GitHub's checkout)"
    } else {
        "name a revision that HEAD descends from, or list the changed files instead"
    })
}

fn is_shallow(folder: &Path) -> bool {
    run(folder, &["rev-parse", "--is-shallow-repository"])
        .is_ok_and(|output| output.stdout.starts_with(b"true"))
}

/// The path that git names.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}
