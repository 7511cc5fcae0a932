//! What workers log of what their tests do, and the records that are made of it.
//!
//! `harness/fastest_harness/inputs.py` writes the logs, one a worker; a worker does one file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::basetemp::temp_dir;
use crate::syntax::{Cleared, remove_owned};
use crate::workspace::{Record, Records, digest_of};
use crate::{Error, ErrorKind, Result};

/// The logs of one run; gone with this value.
#[derive(Debug)]
pub(crate) struct Recording {
    folder: TempDir,
    /// The rootdir, also as Python names it in a folder that a link led to.
    roots: [PathBuf; 2],
    /// The test file of each worker: its name, where it is.
    files: RefCell<BTreeMap<usize, (String, PathBuf)>>,
}

impl Recording {
    pub(crate) fn start(rootdir: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| {
            let message = format!("what tests read cannot be recorded: {error}");
            Error::new(ErrorKind::Io, message)
                .with_help("set TMPDIR to a folder that can be written")
        };
        let folder = tempfile::Builder::new()
            .prefix("fastest-inputs-")
            .tempdir_in(temp_dir())
            .map_err(failed)?;
        Ok(Self {
            folder,
            roots: [
                rootdir.to_owned(),
                rootdir
                    .canonicalize()
                    .unwrap_or_else(|_| rootdir.to_owned()),
            ],
            files: RefCell::default(),
        })
    }

    /// The folder that workers write to.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Notes whose tests a worker runs.
    pub(super) fn assign(&self, worker: usize, path: &str, abspath: &Path) {
        let file = (path.to_owned(), abspath.to_owned());
        self.files.borrow_mut().insert(worker, file);
    }

    /// The record of each test file that ran. What several workers saw of one, because the first
    /// died or handed it over, is put together.
    pub(crate) fn records(&self) -> BTreeMap<String, Record> {
        let mut seen: BTreeMap<String, (PathBuf, Seen)> = BTreeMap::new();
        for (worker, (path, abspath)) in &*self.files.borrow() {
            let log = self.folder().join(format!("w{worker}.jsonl"));
            // None: the worker died before it began.
            let Ok(log) = fs::read_to_string(log) else {
                continue;
            };
            let of_file = seen.entry(path.clone());
            let (_, seen) = of_file.or_insert_with(|| (abspath.clone(), Seen::default()));
            seen.read(&log);
        }
        seen.into_iter()
            .filter_map(|(path, (abspath, seen))| {
                let digest = digest_of(&abspath)?;
                Some((path, seen.record(digest, &self.roots)))
            })
            .collect()
    }
}

/// Removes what [`RunOptions::record_inputs`](crate::plan::RunOptions::record_inputs) has kept
/// below `cache_dir`.
///
/// # Errors
///
/// When a file cannot be removed.
pub fn clear_records(cache_dir: &Path) -> Result<Cleared> {
    let mut cleared = Cleared::default();
    let folder = cache_dir.join("records");
    remove_owned(&folder, Records::owns, &mut cleared)
        .map_err(|error| Error::io(&folder, error))?;
    Ok(cleared)
}

/// What a log tells, as absolute paths.
#[derive(Debug, Default)]
struct Seen {
    executed: BTreeSet<String>,
    opened: BTreeSet<String>,
    listed: BTreeSet<String>,
    programs: BTreeSet<String>,
    /// Files and folders that the tests made themselves, which are no inputs.
    made: BTreeSet<String>,
}

impl Seen {
    fn read(&mut self, log: &str) {
        for line in log.lines() {
            // The last line of a process that was killed may not be whole.
            let Ok((kind, path)) = serde_json::from_str::<(String, String)>(line) else {
                continue;
            };
            let set = match kind.as_str() {
                "run" => &mut self.programs,
                "made" => &mut self.made,
                _ if self.is_made(&path) => continue,
                "exec" => &mut self.executed,
                "open" => &mut self.opened,
                "list" => &mut self.listed,
                _ => continue,
            };
            set.insert(path);
        }
    }

    fn is_made(&self, path: &str) -> bool {
        let above = Path::new(path).ancestors().filter_map(Path::to_str);
        above.into_iter().any(|path| self.made.contains(path))
    }

    fn record(&self, digest: String, roots: &[PathBuf]) -> Record {
        let named = |paths: &BTreeSet<String>| -> Vec<String> {
            let mut sorted = BTreeSet::new();
            for path in paths {
                sorted.insert(name(path, roots));
                // A link and what it leads to are read alike.
                let target = Path::new(path).canonicalize().ok();
                let target = target.as_deref().and_then(Path::to_str);
                let target = target.map(|path| name(path, roots));
                sorted.extend(target.filter(|name| !name.starts_with('/')));
            }
            sorted.into_iter().collect()
        };
        let programs = self.programs.iter().map(|program| name(program, roots));
        let programs: BTreeSet<String> = programs.collect();
        // A file that runs is opened for that.
        let opened = self.opened.difference(&self.executed).cloned().collect();
        Record {
            digest,
            executed: named(&self.executed),
            opened: named(&opened),
            listed: named(&self.listed),
            programs: programs.into_iter().collect(),
        }
    }
}

/// A path as records have it; the rootdir itself is `.`.
fn name(path: &str, roots: &[PathBuf]) -> String {
    let mut inside = roots
        .iter()
        .filter_map(|root| Path::new(path).strip_prefix(root).ok());
    match inside.next() {
        Some(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Some(inside) => inside.to_string_lossy().into_owned(),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tests_make_is_no_input_from_then_on() {
        let mut seen = Seen::default();
        seen.read(
            r#"["exec","/p/test_a.py"]
["open","/p/test_a.py"]
["open","/p/kept.txt"]
["made","/p/kept.txt"]
["open","/p/kept.txt"]
["made","/p/build"]
["open","/p/build/deep/out.txt"]
["list","/p/build"]
["exec","/p/build/plugin.py"]
["list","/p"]
["open","/etc/hosts"]
["run","git"]
["run","/p/tool.sh"]
["open","/p/cut o"#,
        );
        let record = seen.record("d".to_owned(), &[PathBuf::from("/p")]);
        assert_eq!(record.executed, ["test_a.py"]);
        assert_eq!(record.opened, ["/etc/hosts", "kept.txt"]);
        assert_eq!(record.listed, ["."]);
        assert_eq!(record.programs, ["git", "tool.sh"]);
    }
}
