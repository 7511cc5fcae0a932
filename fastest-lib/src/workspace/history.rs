//! How long tests took and how they ended last, kept from run to run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::{Problem, ProblemKind};

/// Begins every file; its last digit changes with the meaning of what follows.
const MAGIC: &[u8; 8] = b"fstHist1";
const CHECKSUM: usize = 32;

/// What the name of an unfinished file begins with.
const ASIDE: &str = ".new-";

/// What has not been seen for so many days is dropped.
const MAX_AGE: u32 = 60;
/// The day on which a test was seen is renewed when it lags that far behind.
const RENEWAL: u32 = 7;
/// No more tests are kept of a rootdir; those that were not seen for longest are dropped first.
const MAX_TESTS: usize = 500_000;
/// A larger file is none of ours.
const MAX_BYTES: u64 = 256 << 20;
/// How much a new duration counts beside those before it.
const WEIGHT: f32 = 0.5;
/// Durations that differ by less, in seconds or as a part, are the same to a schedule.
const SAME_SECONDS: f32 = 0.02;
const SAME_PART: f32 = 0.25;
/// How long to wait for other processes that write histories: each takes milliseconds, unless it was
/// stopped.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a test ended when it last ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LastOutcome {
    /// Its call passed, and so did its teardown.
    Passed,
    /// It was skipped, or failed as it was marked to.
    Skipped,
    /// A phase of it failed.
    Failed,
}

/// What is kept of one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestHistory {
    /// Its node id without the file, such as `TestClass::test_method[1]`.
    pub name: String,
    /// How it ended last.
    pub outcome: LastOutcome,
    /// Seconds, all phases together: the mean of its runs, in which the last one counts half.
    pub duration: f32,
    /// The day since 1970 on which it was seen, give or take a week.
    day: u32,
}

/// What earlier runs saw of the tests of one rootdir.
///
/// The file is replaced by each run that learns something that would change an answer, and never
/// changed in place; processes that end at the same time do not lose each other's outcomes. A file
/// that is damaged counts as absent.
#[derive(Clone, Debug, Default)]
pub struct History {
    path: PathBuf,
    rootdir: String,
    /// The checksum of the file that this was read from.
    read: Option<[u8; CHECKSUM]>,
    kept: Kept,
    /// The mean duration of a test when this was read.
    mean: Option<f64>,
    problem: Option<Problem>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// For people; the name of the file is made of its digest.
    rootdir: String,
    /// The tests of each file, sorted by name.
    files: BTreeMap<String, Vec<TestHistory>>,
    /// Files, classes and folders that could not be collected, and on which day that was.
    collectors: BTreeMap<String, u32>,
}

/// What one run saw.
#[derive(Debug, Default)]
pub(crate) struct RunHistory {
    /// By file and name: how each test ended, and its seconds.
    pub(crate) tests: BTreeMap<String, BTreeMap<String, (LastOutcome, f64)>>,
    /// Node ids of files, classes and folders that could not be collected.
    pub(crate) failed_collectors: BTreeSet<String>,
    /// Files that were collected and whose tests all had their turn.
    pub(crate) collected: BTreeSet<String>,
}

impl RunHistory {
    /// Whether a file, or one that a class is in, was collected and ran to its end.
    fn has_collected(&self, id: &str) -> bool {
        let file = id.split("::").next().unwrap_or(id);
        self.collected.contains(file)
    }
}

impl History {
    /// What is kept below `cache_dir` of the project at `rootdir`; nothing if it cannot be read.
    pub fn open(cache_dir: &Path, rootdir: &Path) -> Self {
        let mut history = Self {
            path: cache_dir.join("history").join(file_name(rootdir)),
            rootdir: rootdir.to_string_lossy().into_owned(),
            ..Self::default()
        };
        history.load();
        history
    }

    /// What is wrong with the file, if it is there and cannot be used.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.kept.files.is_empty() && self.kept.collectors.is_empty()
    }

    /// The tests of each file that ran; by file, then by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[TestHistory])> {
        let files = self.kept.files.iter();
        files.map(|(path, tests)| (path.as_str(), tests.as_slice()))
    }

    /// The tests of one file that ran, by name; empty if none did.
    pub fn file(&self, path: &str) -> &[TestHistory] {
        self.kept.files.get(path).map_or(&[], Vec::as_slice)
    }

    /// What is known of a test, by its file and its name there.
    pub fn test(&self, path: &str, name: &str) -> Option<&TestHistory> {
        find(self.file(path), name)
    }

    /// The node ids of the files, classes and folders that could not be collected when they were
    /// last tried.
    pub fn failed_collectors(&self) -> impl Iterator<Item = &str> {
        self.kept.collectors.keys().map(String::as_str)
    }

    /// Whether a file, class or folder could not be collected when it was last tried.
    pub(crate) fn is_failed_collector(&self, id: &str) -> bool {
        self.kept.collectors.contains_key(id)
    }

    /// The seconds of a test of which nothing is known; none while nothing is known of any.
    pub fn mean_duration(&self) -> Option<f64> {
        self.mean
    }

    fn find_mean(&self) -> Option<f64> {
        let tests = || self.kept.files.values().flatten();
        let count = tests().count();
        let total: f64 = tests().map(|test| f64::from(test.duration)).sum();
        #[allow(clippy::cast_precision_loss)]
        (count > 0).then(|| total / count as f64)
    }

    /// The seconds that tests of a file should take, told by their node ids. One of which nothing is
    /// known takes the mean of all; none while nothing is known of any test.
    pub(crate) fn seconds_of<'i>(
        &self,
        path: &str,
        ids: impl Iterator<Item = &'i str>,
    ) -> Option<f64> {
        let mean = self.mean?;
        let tests = self.file(path);
        let seconds = |id: &str| {
            let name = id.get(path.len() + 2..).unwrap_or_default();
            find(tests, name).map_or(mean, |test| f64::from(test.duration))
        };
        Some(ids.map(seconds).sum())
    }

    fn load(&mut self) {
        match read(&self.path) {
            Ok(None) => {}
            Ok(Some((checksum, kept))) if kept.rootdir == self.rootdir => {
                self.read = Some(checksum);
                self.kept = kept;
                self.mean = self.find_mean();
            }
            Ok(Some(_)) => {}
            Err(error) => {
                let message = format!(
                    "{}: what earlier runs saw cannot be read ({error}) and is not used",
                    self.path.display()
                );
                self.problem = Some(Problem::new(ProblemKind::Io, message));
            }
        }
    }

    /// Takes in what a run saw, and keeps all. What other runs have written meanwhile stays, but for
    /// the tests of this one. Nothing is written if no answer would change.
    pub(crate) fn merge_and_save(&mut self, run: &RunHistory) -> Option<Problem> {
        let today = today();
        if !self.kept.is_changed_by(run, today) {
            return None;
        }
        let error = self.save(run, today).err()?;
        let message = format!(
            "how long tests took and how they ended cannot be kept ({error}); set \
             FASTEST_CACHE_DIR to a folder that can be written"
        );
        Some(Problem::new(ProblemKind::Io, message))
    }

    fn save(&mut self, run: &RunHistory, today: u32) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        fs::create_dir_all(&folder)?;
        // Held until the file is in its place; the system lets go of it when this process dies.
        let _lock = lock(&folder)?;
        if checksum_of(&self.path) != self.read {
            self.kept = Kept::default();
            self.load();
        }
        self.kept.rootdir.clone_from(&self.rootdir);
        self.kept.take_in(run, today);
        self.kept.forget(today);
        let body = postcard::to_stdvec(&self.kept).map_err(io::Error::other)?;
        let checksum = *blake3::hash(&body).as_bytes();
        let mut aside = tempfile::Builder::new()
            .prefix(ASIDE)
            .tempfile_in(&folder)?;
        aside.write_all(&[MAGIC.as_slice(), &checksum, &body].concat())?;
        aside.persist(&self.path)?;
        self.read = Some(checksum);
        Ok(())
    }

    /// Forgets all that is kept of this rootdir.
    ///
    /// # Errors
    ///
    /// When the file cannot be removed.
    pub fn clear(&mut self) -> crate::Result<()> {
        self.kept = Kept::default();
        (self.read, self.mean, self.problem) = (None, None, None);
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(crate::Error::io(&self.path, error))
            }
            _ => Ok(()),
        }
    }

    /// Whether a file in the folder of histories is one, whole or not.
    pub(crate) fn owns(name: &str) -> bool {
        let is_hex = |byte: u8| byte.is_ascii_hexdigit();
        let stem = name.strip_suffix(".bin");
        name == LOCK
            || name.starts_with(ASIDE)
            || stem.is_some_and(|stem| stem.len() == 32 && stem.bytes().all(is_hex))
    }
}

impl Kept {
    /// Whether a run saw anything that the file does not tell already.
    fn is_changed_by(&self, run: &RunHistory, today: u32) -> bool {
        let unlike = |path: &str, name: &str, outcome, seconds| {
            let tests = self.files.get(path).map_or(&[][..], Vec::as_slice);
            find(tests, name).is_none_or(|known| {
                known.outcome != outcome
                    || known.day + RENEWAL <= today
                    || !is_same(known.duration, smoothed(known.duration, seconds))
            })
        };
        let of_file = |(path, tests): (&String, &BTreeMap<String, (LastOutcome, f64)>)| {
            let mut tests = tests.iter();
            tests.any(|(name, (outcome, seconds))| unlike(path, name, *outcome, *seconds))
        };
        let mended = |id: &String| run.has_collected(id) && !run.failed_collectors.contains(id);
        let mut failed = run.failed_collectors.iter();
        run.tests.iter().any(of_file)
            || self.collectors.keys().any(mended)
            || !failed.all(|id| self.collectors.contains_key(id))
    }

    fn take_in(&mut self, run: &RunHistory, today: u32) {
        for (path, seen) in &run.tests {
            let tests = self.files.entry(path.clone()).or_default();
            for (name, (outcome, seconds)) in seen {
                match tests.binary_search_by(|test| test.name.as_str().cmp(name)) {
                    Ok(at) => {
                        let test = &mut tests[at];
                        test.duration = smoothed(test.duration, *seconds);
                        (test.outcome, test.day) = (*outcome, today);
                    }
                    Err(at) => tests.insert(
                        at,
                        TestHistory {
                            name: name.clone(),
                            outcome: *outcome,
                            duration: narrow(*seconds),
                            day: today,
                        },
                    ),
                }
            }
        }
        self.collectors.retain(|id, _| !run.has_collected(id));
        let failed = run.failed_collectors.iter();
        self.collectors.extend(failed.map(|id| (id.clone(), today)));
    }

    /// Drops what is old, and the oldest of what is too much.
    fn forget(&mut self, today: u32) {
        let oldest = today.saturating_sub(MAX_AGE);
        let mut days: Vec<u32> = self.files.values().flatten().map(|test| test.day).collect();
        let mut least = oldest;
        if days.len() > MAX_TESTS {
            days.sort_unstable_by(|a, b| b.cmp(a));
            least = least.max(days[MAX_TESTS - 1]);
        }
        let mut room = MAX_TESTS;
        for tests in self.files.values_mut() {
            tests.retain(|test| {
                let stays = test.day >= least && room > 0;
                room -= usize::from(stays);
                stays
            });
        }
        self.files.retain(|_, tests| !tests.is_empty());
        self.collectors.retain(|_, day| *day >= oldest);
    }
}

fn find<'t>(tests: &'t [TestHistory], name: &str) -> Option<&'t TestHistory> {
    let at = tests.binary_search_by(|test| test.name.as_str().cmp(name));
    at.ok().map(|at| &tests[at])
}

#[allow(clippy::cast_possible_truncation)]
fn narrow(seconds: f64) -> f32 {
    seconds as f32
}

fn smoothed(known: f32, seconds: f64) -> f32 {
    known + (narrow(seconds) - known) * WEIGHT
}

fn is_same(a: f32, b: f32) -> bool {
    (a - b).abs() <= SAME_SECONDS.max(a.max(b) * SAME_PART)
}

fn today() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / 86_400);
    u32::try_from(days).unwrap_or(u32::MAX)
}

fn file_name(rootdir: &Path) -> String {
    let digest = blake3::hash(rootdir.as_os_str().as_encoded_bytes()).to_hex();
    format!("{}.bin", &digest[..32])
}

/// The name of the file that writers lock.
const LOCK: &str = "lock";

/// Locks the folder against other writers; none if one of them does not come to an end, which then
/// may lose what this one writes.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let mut options = File::options();
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(LOCK))?;
    let start = std::time::Instant::now();
    while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        if start.elapsed() > PATIENCE {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(Some(file))
}

/// The checksum that a file claims to have.
fn checksum_of(path: &Path) -> Option<[u8; CHECKSUM]> {
    let mut head = [0; MAGIC.len() + CHECKSUM];
    let mut file = File::open(path).ok()?;
    io::Read::read_exact(&mut file, &mut head).ok()?;
    head.strip_prefix(MAGIC)?.try_into().ok()
}

/// What a file holds; none if there is none, or one of another version.
fn read(path: &Path) -> io::Result<Option<([u8; CHECKSUM], Kept)>> {
    let bytes = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            return Err(io::Error::other("it is too large"));
        }
        _ => fs::read(path)?,
    };
    let damaged = || io::Error::other("it is damaged");
    let Some((magic, rest)) = bytes.split_at_checked(MAGIC.len()) else {
        return Err(damaged());
    };
    if magic != MAGIC {
        // The digit at the end is the version.
        let stem = MAGIC.len() - 1;
        return if magic[..stem] == MAGIC[..stem] {
            Ok(None)
        } else {
            Err(damaged())
        };
    }
    let (checksum, body) = rest.split_first_chunk::<CHECKSUM>().ok_or_else(damaged)?;
    if blake3::hash(body).as_bytes() != checksum {
        return Err(damaged());
    }
    let kept = postcard::from_bytes(body).map_err(|_| damaged())?;
    Ok(Some((*checksum, kept)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "/project";

    fn run(tests: &[(&str, LastOutcome, f64)]) -> RunHistory {
        let mut run = RunHistory::default();
        for (name, outcome, seconds) in tests {
            let file = run.tests.entry("test_a.py".to_owned()).or_default();
            file.insert((*name).to_owned(), (*outcome, *seconds));
        }
        run
    }

    fn names(history: &History) -> Vec<&str> {
        let tests = history.file("test_a.py").iter();
        tests.map(|test| test.name.as_str()).collect()
    }

    #[test]
    fn what_others_write_meanwhile_stays() {
        let cache = tempfile::tempdir().unwrap();
        let mut first = History::open(cache.path(), Path::new(ROOT));
        let mut second = first.clone();
        let (failed, passed) = (LastOutcome::Failed, LastOutcome::Passed);
        assert_eq!(first.merge_and_save(&run(&[("a", failed, 1.0)])), None);
        assert_eq!(second.merge_and_save(&run(&[("b", passed, 1.0)])), None);
        let kept = History::open(cache.path(), Path::new(ROOT));
        assert_eq!(names(&kept), ["a", "b"]);
        assert_eq!(kept.test("test_a.py", "a").unwrap().outcome, failed);
        assert!(History::open(cache.path(), Path::new("/other")).is_empty());
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing() {
        let cache = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let folder = cache.path();
                scope.spawn(move || {
                    for round in 0..5 {
                        let mut history = History::open(folder, Path::new(ROOT));
                        let name = format!("{writer}-{round}");
                        let saw = run(&[(&name, LastOutcome::Passed, 0.1)]);
                        assert_eq!(history.merge_and_save(&saw), None);
                    }
                });
            }
        });
        let kept = History::open(cache.path(), Path::new(ROOT));
        assert_eq!(names(&kept).len(), 40);
    }

    #[test]
    fn a_run_that_tells_nothing_new_writes_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let mut history = History::open(cache.path(), Path::new(ROOT));
        history.merge_and_save(&run(&[("a", LastOutcome::Passed, 1.0)]));
        let written = |history: &mut History, saw: RunHistory| {
            let before = history.read;
            assert_eq!(history.merge_and_save(&saw), None);
            history.read != before
        };
        let same = run(&[("a", LastOutcome::Passed, 1.1)]);
        assert!(!written(&mut history, same));
        assert!(!written(&mut history, RunHistory::default()));
        let slower = run(&[("a", LastOutcome::Passed, 3.0)]);
        assert!(written(&mut history, slower));
        let duration = history.test("test_a.py", "a").unwrap().duration;
        assert!((duration - 2.0).abs() < 1e-6, "{duration}");
        assert!(written(
            &mut history,
            run(&[("a", LastOutcome::Failed, 2.0)])
        ));
        let mut broken = RunHistory::default();
        broken.failed_collectors.insert("test_b.py".to_owned());
        assert!(written(&mut history, broken));
        assert!(history.is_failed_collector("test_b.py"));
        let mut mended = RunHistory::default();
        mended.collected.insert("test_b.py".to_owned());
        assert!(written(&mut history, mended));
        assert!(!history.is_failed_collector("test_b.py"));
    }

    #[test]
    fn a_damaged_file_is_no_history_and_is_replaced() {
        let cache = tempfile::tempdir().unwrap();
        let mut history = History::open(cache.path(), Path::new(ROOT));
        history.merge_and_save(&run(&[("a", LastOutcome::Passed, 1.0)]));
        let whole = fs::read(&history.path).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let cut = whole[..whole.len() / 2].to_vec();
        for bytes in [Vec::new(), b"nonsense".to_vec(), flipped, cut] {
            fs::write(&history.path, &bytes).unwrap();
            let mut read = History::open(cache.path(), Path::new(ROOT));
            assert!(read.is_empty() && read.problem().is_some(), "{bytes:?}");
            let saw = run(&[("b", LastOutcome::Passed, 1.0)]);
            assert_eq!(read.merge_and_save(&saw), None);
            let again = History::open(cache.path(), Path::new(ROOT));
            assert_eq!((names(&again), again.problem()), (vec!["b"], None));
        }
        // Another version is nothing to speak of.
        let mut other = whole;
        other[MAGIC.len() - 1] = b'0';
        fs::write(&history.path, other).unwrap();
        let read = History::open(cache.path(), Path::new(ROOT));
        assert!(read.is_empty() && read.problem().is_none());
    }

    #[test]
    fn what_is_old_or_too_much_is_dropped() {
        let mut kept = Kept::default();
        let test = |day: u32, number: usize| TestHistory {
            name: format!("{number:07}"),
            outcome: LastOutcome::Passed,
            duration: 0.0,
            day,
        };
        let today = 1000;
        let recent = (0..MAX_TESTS + 5).map(|number| test(today - u32::from(number < 5), number));
        kept.files.insert("new".to_owned(), recent.collect());
        let old = vec![test(today - MAX_AGE - 1, 0)];
        kept.files.insert("old".to_owned(), old);
        kept.collectors
            .insert("old".to_owned(), today - MAX_AGE - 1);
        kept.forget(today);
        assert_eq!(kept.files.len(), 1);
        assert_eq!(kept.files["new"].len(), MAX_TESTS);
        assert_eq!(kept.files["new"][0].day, today);
        assert!(kept.collectors.is_empty());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_a_problem() {
        let cache = tempfile::tempdir().unwrap();
        fs::write(cache.path().join("history"), "in the way").unwrap();
        let mut history = History::open(cache.path(), Path::new(ROOT));
        let saw = run(&[("a", LastOutcome::Passed, 1.0)]);
        let problem = history.merge_and_save(&saw).unwrap();
        assert!(problem.message.contains("FASTEST_CACHE_DIR"), "{problem:?}");
    }
}
