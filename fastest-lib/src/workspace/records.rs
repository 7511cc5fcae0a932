//! What test files were seen to load and read, kept from run to run.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Problem, ProblemKind};

/// Changes with the meaning of what is kept; another one is as good as none.
const SCHEMA: u32 = 1;

/// What the name of an unfinished file begins with.
const ASIDE: &str = ".new-";

/// What the tests of one file were seen to do in the last run that recorded them.
///
/// Paths are relative to the rootdir with `/` when they lie inside, absolute otherwise. Nothing of
/// Python's own library and of the installed distributions is among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The blake3 digest of the test file when it ran, in hexadecimal.
    pub digest: String,
    /// The files whose code ran, the test file among them; sorted.
    pub executed: Vec<String>,
    /// The files that were opened for reading beside these; sorted.
    pub opened: Vec<String>,
    /// The folders that were listed; sorted.
    pub listed: Vec<String>,
    /// The programs that were started, as they were named; sorted.
    pub programs: Vec<String>,
}

impl Record {
    /// Whether it is of the test file as it is now.
    pub fn is_current(&self, path: &Path) -> bool {
        digest_of(path).is_some_and(|digest| digest == self.digest)
    }
}

/// The digest that a [`Record`] has of its test file.
pub(crate) fn digest_of(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(blake3::hash(&bytes).to_hex().to_string())
}

/// The records of one rootdir, by test file.
#[derive(Clone, Debug, Default)]
pub struct Records {
    path: PathBuf,
    rootdir: String,
    tests: BTreeMap<String, Record>,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Store {
    schema: u32,
    /// For people; the name of the file is made of its digest.
    rootdir: String,
    tests: BTreeMap<String, Record>,
}

impl Records {
    /// What is kept below `cache_dir` of the project at `rootdir`; nothing if it cannot be read.
    pub fn open(cache_dir: &Path, rootdir: &Path) -> Self {
        let name = blake3::hash(rootdir.as_os_str().as_encoded_bytes()).to_hex();
        let mut records = Self {
            path: cache_dir
                .join("records")
                .join(format!("{}.json", &name[..32])),
            rootdir: rootdir.to_string_lossy().into_owned(),
            tests: BTreeMap::new(),
        };
        records.tests = records.load().unwrap_or_default();
        records
    }

    /// Whether a file in the folder of the records is one, whole or not.
    pub(crate) fn owns(name: &str) -> bool {
        let is_hex = |byte: u8| byte.is_ascii_hexdigit();
        let stem = name.strip_suffix(".json");
        name.starts_with(ASIDE)
            || stem.is_some_and(|stem| stem.len() == 32 && stem.bytes().all(is_hex))
    }

    fn load(&self) -> Option<BTreeMap<String, Record>> {
        let bytes = fs::read(&self.path).ok()?;
        let store: Store = serde_json::from_slice(&bytes).ok()?;
        (store.schema == SCHEMA && store.rootdir == self.rootdir).then_some(store.tests)
    }

    /// The record of a test file, named relative to the rootdir.
    pub fn of(&self, test: &str) -> Option<&Record> {
        self.tests.get(test)
    }

    /// All records, by test file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Record)> {
        let tests = self.tests.iter();
        tests.map(|(test, record)| (test.as_str(), record))
    }

    /// Takes in the records of a run and keeps all. Those of other runs that ended meanwhile stay,
    /// but for the test files of this one.
    pub fn merge_and_save(&mut self, of_run: BTreeMap<String, Record>) -> Option<Problem> {
        if let Some(newer) = self.load() {
            self.tests = newer;
        }
        self.tests.extend(of_run);
        let error = self.save().err()?;
        let message = format!(
            "what the tests read cannot be kept ({error}); set FASTEST_CACHE_DIR to a folder that \
             can be written"
        );
        Some(Problem::new(ProblemKind::Io, message))
    }

    fn save(&self) -> io::Result<()> {
        let store = Store {
            schema: SCHEMA,
            rootdir: self.rootdir.clone(),
            tests: self.tests.clone(),
        };
        let body = serde_json::to_vec(&store)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
        aside.write_all(&body)?;
        aside.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(files: &[(&str, &str)]) -> BTreeMap<String, Record> {
        let record = |executed: &str| Record {
            digest: "d".to_owned(),
            executed: vec![executed.to_owned()],
            ..Record::default()
        };
        let files = files.iter();
        files
            .map(|(test, executed)| ((*test).to_owned(), record(executed)))
            .collect()
    }

    #[test]
    fn runs_merge_and_the_latest_wins() {
        let cache = tempfile::tempdir().unwrap();
        let root = Path::new("/project");
        let mut first = Records::open(cache.path(), root);
        let mut second = first.clone();
        assert_eq!(first.merge_and_save(run(&[("a", "1"), ("b", "1")])), None);
        assert_eq!(second.merge_and_save(run(&[("b", "2"), ("c", "2")])), None);
        let kept = Records::open(cache.path(), root);
        let executed: Vec<_> = kept
            .iter()
            .map(|(test, record)| format!("{test}{}", record.executed[0]))
            .collect();
        assert_eq!(executed, ["a1", "b2", "c2"]);
        assert_eq!(kept.of("b").unwrap().executed, ["2"]);
        let other = Records::open(cache.path(), Path::new("/other"));
        assert_eq!(other.iter().count(), 0);
    }

    #[test]
    fn what_cannot_be_read_is_nothing_and_is_replaced() {
        let cache = tempfile::tempdir().unwrap();
        let root = Path::new("/project");
        let mut records = Records::open(cache.path(), root);
        records.merge_and_save(run(&[("a", "1")]));
        for broken in ["", "{", "{\"schema\": 1}", "[]"] {
            fs::write(&records.path, broken).unwrap();
            assert_eq!(Records::open(cache.path(), root).iter().count(), 0);
        }
        let newer = fs::read_to_string(&records.path).unwrap();
        assert_eq!(newer, "[]");
        let mut again = Records::open(cache.path(), root);
        assert_eq!(again.merge_and_save(run(&[("b", "1")])), None);
        assert!(Records::open(cache.path(), root).of("b").is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_a_problem() {
        let cache = tempfile::tempdir().unwrap();
        let file = cache.path().join("records");
        fs::write(&file, "in the way").unwrap();
        let mut records = Records::open(cache.path(), Path::new("/project"));
        let problem = records.merge_and_save(run(&[("a", "1")])).unwrap();
        assert!(problem.message.contains("FASTEST_CACHE_DIR"), "{problem:?}");
        assert!(records.of("a").is_some());
    }
}
