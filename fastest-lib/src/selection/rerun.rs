//! `--last-failed`, `--failed-first` and `--new-first`: what earlier runs say of the tests.
//!
//! The rules are those of pytest's cache plugin, also where they surprise. Under `--last-failed` the
//! files with failures are collected first; from the first of them that has a failure outside of its
//! classes on, files without failures are passed over and functions without one are left out, and
//! neither counts as deselected. What is collected nevertheless and has not failed does count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::part::{Part, Silent};
use super::select::{SelectedFile, SelectedTest, Selection};
use crate::discovery::{DiscoveredFile, Discovery, Test};
use crate::workspace::{History, LastOutcome};

/// What the outcomes of earlier runs change about a run. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rerun {
    /// Run only the tests that failed when they last ran, or all if none did.
    pub last_failed: bool,
    /// Run the tests that failed when they last ran before all others.
    pub failed_first: bool,
    /// Run tests that never ran before all others, both in the order of their files' ages, the
    /// youngest first.
    pub new_first: bool,
    /// Whether `last_failed` leaves nothing, rather than everything, if no failure is known.
    pub none_without_failures: bool,
}

impl Rerun {
    /// Whether it changes anything.
    pub fn is_active(&self) -> bool {
        self.last_failed || self.failed_first || self.new_first
    }
}

/// Narrows and orders a selection.
///
/// `named` are the files that were named, absolute.
pub(crate) fn rerun(
    selection: &mut Selection,
    discovery: &Discovery,
    history: &History,
    named: &BTreeSet<PathBuf>,
    asked: Rerun,
) {
    let failures = Failures::of(history);
    if asked.last_failed || asked.failed_first {
        let status = if failures.is_none() {
            no_failures(selection, asked)
        } else {
            let known = failures.count();
            let mut past = Past {
                discovery,
                named,
                failures,
                skipped: 0,
            };
            let failed = match asked.last_failed {
                true => past.last_failed(selection),
                false => past.failed_first(selection),
            };
            let mut status = match failed {
                0 => format!("{known} known failures not in selected tests"),
                1 => "rerun previous 1 failure".to_owned(),
                count => format!("rerun previous {count} failures"),
            };
            if failed > 0 && asked.failed_first {
                status.push_str(" first");
            }
            match past.skipped {
                0 => {}
                1 => status.push_str(" (skipped 1 file)"),
                files => status.push_str(&format!(" (skipped {files} files)")),
            }
            status
        };
        selection.rerun = Some(status);
    }
    if asked.new_first {
        new_first(selection, discovery, history);
    }
}

/// The files in which something is open that may be a failed test, when no failure is certain to be
/// among the discovered tests: whether any is left decides what `--last-failed` runs.
pub(crate) fn is_undecided(discovery: &Discovery, history: &History) -> bool {
    let failures = Failures::of(history);
    let mut open = false;
    for file in &discovery.files {
        let failed = failures.in_file(file);
        if !failed.tests.is_empty() {
            return false;
        }
        open |= failed.open > 0;
    }
    open
}

fn no_failures(selection: &mut Selection, asked: Rerun) -> String {
    let status = "no previously failed tests, ";
    if !(asked.last_failed && asked.none_without_failures) {
        return format!("{status}not deselecting items.");
    }
    selection.deselected += selection.tests().count();
    selection.files.clear();
    format!("{status}deselecting all items.")
}

/// What failed in the last run of each, by file.
struct Failures<'h> {
    tests: BTreeMap<&'h str, BTreeSet<&'h str>>,
    history: &'h History,
}

/// The failures of one file as discovery sees it.
#[derive(Default)]
struct FailedIn {
    /// The places of failed tests among the tests of the file.
    tests: BTreeSet<usize>,
    /// Whether one of them failed itself and stands outside of classes, or a class could not be
    /// collected.
    directly: bool,
    /// How many failures may belong to tests that only Python knows.
    open: usize,
    /// Node ids of all of them, and of the file if it could not be collected.
    ids: BTreeSet<String>,
    /// Whether anything below the file failed, also what is no longer there.
    any: bool,
}

impl<'h> Failures<'h> {
    fn of(history: &'h History) -> Self {
        let mut tests = BTreeMap::new();
        for (path, of_file) in history.files() {
            let failed = of_file
                .iter()
                .filter(|test| test.outcome == LastOutcome::Failed);
            let names: BTreeSet<&str> = failed.map(|test| test.name.as_str()).collect();
            if !names.is_empty() {
                tests.insert(path, names);
            }
        }
        Self { tests, history }
    }

    fn is_none(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        self.tests.values().map(BTreeSet::len).sum::<usize>()
            + self.history.failed_collectors().count()
    }

    fn in_file(&self, file: &DiscoveredFile) -> FailedIn {
        let mut found = FailedIn::default();
        let path = file.path.as_str();
        let none = BTreeSet::new();
        let names = self.tests.get(path).unwrap_or(&none);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let file_failed = [path, folder]
            .into_iter()
            .any(|id| !id.is_empty() && self.history.is_failed_collector(id));
        if file_failed {
            found.ids.insert(path.to_owned());
            found.any = true;
        }
        if names.is_empty() && !file_failed && !self.has_failed_class(path) {
            return found;
        }
        found.any = true;
        let mut matched: BTreeSet<&str> = BTreeSet::new();
        for (at, test) in file.tests.iter().enumerate() {
            let name = &test.id.as_str()[path.len() + 2..];
            let around = parent(path, test);
            let class_failed = around
                .as_deref()
                .is_some_and(|id| self.history.is_failed_collector(id));
            let failed = names.get(name);
            if failed.is_some() || class_failed || (file_failed && around.is_none()) {
                matched.extend(failed);
                found.tests.insert(at);
                found.ids.insert(test.id.as_str().to_owned());
                found.directly |= class_failed || (failed.is_some() && around.is_none());
            }
        }
        let is_open = |name: &str| {
            let stem = name.split('[').next().unwrap_or(name);
            let mut tests = file.tests.iter();
            !file.open.is_empty()
                || tests
                    .any(|test| test.open.is_some() && test.id.as_str()[path.len() + 2..] == *stem)
        };
        for name in names.iter().filter(|name| !matched.contains(*name)) {
            if is_open(name) {
                let stem = name.split('[').next().unwrap_or(name);
                found.directly |= !stem.contains("::");
                found.open += 1;
                found.ids.insert(format!("{path}::{name}"));
            }
        }
        found.open += usize::from(file_failed && !file.open.is_empty());
        found
    }

    fn has_failed_class(&self, path: &str) -> bool {
        let inside = |id: &str| {
            id.strip_prefix(path)
                .is_some_and(|rest| rest.starts_with("::"))
        };
        self.history.failed_collectors().any(inside)
    }
}

/// The node id of the class around a test.
fn parent(path: &str, test: &Test) -> Option<String> {
    (!test.classes.is_empty()).then(|| format!("{path}::{}", test.classes.join("::")))
}

struct Past<'h> {
    discovery: &'h Discovery,
    /// Files that were named, absolute.
    named: &'h BTreeSet<PathBuf>,
    failures: Failures<'h>,
    /// How many files are passed over.
    skipped: usize,
}

impl Past<'_> {
    /// Leaves what failed; gives how many tests that are.
    fn last_failed(&mut self, selection: &mut Selection) -> usize {
        let files = &self.discovery.files;
        let failed: Vec<FailedIn> = files.iter().map(|f| self.failures.in_file(f)).collect();
        let mut order: Vec<usize> = (0..files.len()).collect();
        failures_first(files, &mut order, 0, &|at| failed[at].any);

        let mut selected: BTreeMap<usize, SelectedFile> = std::mem::take(&mut selection.files)
            .into_iter()
            .map(|file| (file.index, file))
            .collect();
        let mut collected = Vec::new();
        let mut filtering = false;
        for at in order {
            let (file, failed) = (&files[at], &failed[at]);
            if !failed.any && filtering {
                self.skipped += 1;
                continue;
            }
            filtering |= failed.directly;
            // Files that were named are taken whole.
            let is_named = self.named.contains(&file.abspath);
            collected.push(Collected {
                found: file,
                failed,
                selected: selected.remove(&at),
                deselected: selection.left_out.get(&at).copied().unwrap_or_default(),
                filtered: failed.any && filtering && !is_named,
            });
        }
        let count = collected.iter().map(Collected::failures).sum();
        selection.deselected = 0;
        for file in collected {
            let (deselected, left) = if count == 0 {
                file.all()
            } else {
                file.failed()
            };
            selection.deselected += deselected;
            selection.files.extend(left);
        }
        count
    }

    /// Puts what failed before all else; gives how many tests that are.
    fn failed_first(&mut self, selection: &mut Selection) -> usize {
        let (mut first, mut then) = (Vec::new(), Vec::new());
        let mut count = 0;
        for file in std::mem::take(&mut selection.files) {
            let found = &self.discovery.files[file.index];
            let failed = self.failures.in_file(found);
            let is_failed = |test: &&SelectedTest| failed.ids.contains(test.id.as_str());
            let failures = file.tests.iter().filter(is_failed).count();
            count += failures + failed.open;
            // Whether the failures are all there is to tell the file's tests apart.
            let certain = found.open.is_empty() && failed.open == 0;
            if failures == 0 && certain {
                then.push(file);
            } else if failures == file.tests.len() && certain && !file.maybe {
                first.push(file);
            } else {
                let (a, b) = file.split(&failed.ids);
                first.push(a);
                then.push(b);
            }
        }
        if count == 0 {
            // Nothing is reordered; a file that was split is put together again.
            then = first.into_iter().chain(then).collect();
            first = Vec::new();
        }
        for file in &mut then {
            file.rank += 1;
        }
        selection.ordered |= count > 0;
        selection.files = first.into_iter().chain(then).collect();
        count
    }
}

/// A file that is collected under `--last-failed`.
struct Collected<'d> {
    found: &'d DiscoveredFile,
    failed: &'d FailedIn,
    /// What filters leave of it.
    selected: Option<SelectedFile>,
    /// How many of its tests filters leave out.
    deselected: usize,
    /// Whether functions that have not failed are as if they were not there.
    filtered: bool,
}

impl<'d> Collected<'d> {
    fn is_open(&self) -> bool {
        let mut tests = self.found.tests.iter();
        !self.found.open.is_empty() || tests.any(|test| test.open.is_some())
    }

    /// How many of the tests to run have failed.
    fn failures(&self) -> usize {
        let Some(file) = &self.selected else { return 0 };
        let tests = file.tests.iter();
        let failed = tests.filter(|test| self.failed.ids.contains(test.id.as_str()));
        failed.count() + self.failed.open
    }

    /// The node ids of the tests that are there at all.
    fn there(&self) -> BTreeSet<&'d str> {
        let tests = self.found.tests.iter();
        let is_there = |test: &&Test| {
            let id = test.id.as_str();
            !self.filtered || !test.classes.is_empty() || self.failed.ids.contains(id)
        };
        tests
            .filter(is_there)
            .map(|test| test.id.as_str())
            .collect()
    }

    /// How many tests filters leave out of those that are there.
    fn left_out(&self, there: &BTreeSet<&str>) -> usize {
        let Some(file) = self.selected.as_ref().filter(|_| self.filtered) else {
            return self.deselected.min(there.len());
        };
        let kept: BTreeSet<&str> = file.tests.iter().map(|test| test.id.as_str()).collect();
        there.difference(&kept).count()
    }

    /// All that is there: the count of what filters leave out, and what runs.
    fn all(self) -> (usize, Option<SelectedFile>) {
        let there = self.there();
        let deselected = self.left_out(&there);
        let is_whole = there.len() == self.found.tests.len() || self.is_open();
        let there: Vec<String> = there.into_iter().map(ToOwned::to_owned).collect();
        let Some(mut file) = self.selected else {
            return (deselected, None);
        };
        if !is_whole {
            file.tests
                .retain(|test| there.iter().any(|id| id == test.id.as_str()));
            (file.whole, file.deselected) = (false, deselected);
            file.part = Some(Part {
                ids: there,
                wanted: true,
                silent: Silent::All,
            });
        }
        let is_left = !is_whole || !file.tests.is_empty() || file.whole || file.maybe;
        (deselected, is_left.then_some(file))
    }

    /// What failed: the count of all else that is there, and what runs.
    fn failed(self) -> (usize, Option<SelectedFile>) {
        let there = self.there();
        let is_open = self.is_open();
        let mut deselected = self.left_out(&there);
        let Some(mut file) = self.selected else {
            return (deselected, None);
        };
        let before = file.tests.len();
        let dropped = |id: &str| there.contains(id) && !self.failed.ids.contains(id);
        deselected += file
            .tests
            .iter()
            .filter(|test| dropped(test.id.as_str()))
            .count();
        file.tests
            .retain(|test| self.failed.ids.contains(test.id.as_str()));
        if file.tests.is_empty() && !is_open {
            return (deselected, None);
        }
        file.deselected = deselected;
        let is_whole = there.len() == self.found.tests.len() && file.tests.len() == before;
        if !is_whole || is_open {
            file.whole = false;
            file.part = Some(Part {
                ids: self.failed.ids.iter().cloned().collect(),
                wanted: true,
                silent: match self.filtered {
                    true => Silent::Functions,
                    false => Silent::None,
                },
            });
        }
        (deselected, Some(file))
    }
}

impl SelectedFile {
    /// The tests that `ids` mean, and the others.
    fn split(self, ids: &BTreeSet<String>) -> (Self, Self) {
        let (mut a, mut b) = (self.clone(), self);
        let part = |wanted| Part {
            ids: ids.iter().cloned().collect(),
            wanted,
            silent: Silent::All,
        };
        let is_meant = |test: &SelectedTest| ids.contains(test.id.as_str());
        a.tests.retain(is_meant);
        b.tests.retain(|test| !is_meant(test));
        // Each part counts what filters drop of it; what is known of that is told once.
        (a.deselected, a.whole, b.whole) = (0, false, false);
        (a.part, b.part) = (Some(part(true)), Some(part(false)));
        (a, b)
    }
}

/// Sorts files as if each folder's entries with failures came before the others.
fn failures_first(
    files: &[DiscoveredFile],
    order: &mut [usize],
    depth: usize,
    has: &dyn Fn(usize) -> bool,
) {
    let component = |at: usize| files[at].path.split('/').nth(depth);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &at in order.iter() {
        match groups.last_mut() {
            Some(group) if component(group[0]) == component(at) && component(at).is_some() => {
                group.push(at);
            }
            _ => groups.push(vec![at]),
        }
    }
    groups.sort_by_key(|group| !group.iter().any(|&at| has(at)));
    for group in groups.iter_mut().filter(|group| group.len() > 1) {
        failures_first(files, group, depth + 1, has);
    }
    let sorted: Vec<usize> = groups.concat();
    order.copy_from_slice(&sorted);
}

/// Puts tests that never ran before all others, and both in the order of their files' ages.
fn new_first(selection: &mut Selection, discovery: &Discovery, history: &History) {
    let mut keyed = Vec::new();
    for file in std::mem::take(&mut selection.files) {
        let found = &discovery.files[file.index];
        let age = std::cmp::Reverse(changed_at(&found.abspath));
        let path = file.path.clone();
        let known: BTreeSet<String> = history
            .file(&path)
            .iter()
            .map(|test| format!("{path}::{}", test.name))
            .collect();
        let is_known = |id: &str| history.test(&path, &id[path.len() + 2..]).is_some();
        let certain = found.open.is_empty() && found.tests.iter().all(|test| test.open.is_none());
        let new = file
            .tests
            .iter()
            .filter(|t| !is_known(t.id.as_str()))
            .count();
        let is_all_new = known.is_empty() || (certain && new == file.tests.len());
        match &file.part {
            _ if is_all_new => keyed.push((false, age, file)),
            // What failed has run before.
            Some(part) if part.wanted => keyed.push((true, age, file)),
            _ if certain && new == 0 => keyed.push((true, age, file)),
            part => {
                let failed: &[String] = part.as_ref().map_or(&[], |part| &part.ids);
                let failed: BTreeSet<&String> = failed.iter().collect();
                let (mut old, mut new) = file.clone().split(&known);
                if let Some(part) = &mut old.part {
                    part.ids.retain(|id| !failed.contains(id));
                    old.tests
                        .retain(|test| part.ids.iter().any(|id| id == test.id.as_str()));
                }
                std::mem::swap(&mut old.deselected, &mut new.deselected);
                keyed.push((false, age, new));
                keyed.push((true, age, old));
            }
        }
    }
    keyed.sort_by_key(|(old, age, _)| (*old, *age));
    selection.ordered = true;
    selection.files = keyed
        .into_iter()
        .map(|(old, _, mut file)| {
            file.rank = u32::from(old);
            file
        })
        .collect();
}

fn changed_at(path: &Path) -> SystemTime {
    let metadata = path.metadata().and_then(|metadata| metadata.modified());
    metadata.unwrap_or(SystemTime::UNIX_EPOCH)
}
