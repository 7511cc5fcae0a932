//! Who does what: the files of a plan, the attempts at each, and the tests still owed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::OnceLock;

use super::affinity::{self, Group};
use crate::plan::{Engine, Plan, PlannedFile, RunOptions};
use crate::workspace::Strategy;

/// A file is given up when this many workers died over it without a test to blame.
const MAX_ATTEMPTS: u8 = 3;

/// One attempt at a file. Its place in the ledger is the `seq` of the wire, so that late frames
/// of an attempt that failed cannot be taken for those of the next.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) file: usize,
    pub(super) engine: Engine,
    /// The node ids that are wanted; none for all.
    pub(super) ids: Option<Vec<String>>,
    /// The tests it holds, once a worker has said so.
    pub(super) tests: Vec<String>,
    finished: Vec<bool>,
    pub(super) collected: bool,
    pub(super) done: bool,
    /// Whether it repeats an attempt, so that its collection is not news.
    pub(super) repeated: bool,
    attempts: u8,
}

impl Entry {
    /// The first attempt at a file.
    fn new(file: usize, engine: Engine, ids: Option<Vec<String>>) -> Self {
        Self {
            file,
            engine,
            ids,
            tests: Vec::new(),
            finished: Vec::new(),
            collected: false,
            done: false,
            repeated: false,
            attempts: 0,
        }
    }

    /// The tests that have not finished, of those that are known.
    fn left(&self) -> Vec<String> {
        let tests = self.tests.iter().zip(&self.finished);
        tests
            .filter(|(_, finished)| !**finished)
            .map(|(id, _)| id.clone())
            .collect()
    }
}

/// In which order files are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Strictly that of the plan, whatever the files' engines.
    Strict,
    /// That of the plan, for each engine.
    Plan,
    /// The longest first, and near to each other what shares a conftest.
    LongestFirst,
}

impl Order {
    pub(super) fn of(plan: &Plan, options: &RunOptions, workers: usize) -> Self {
        let simple = options.strategy == Strategy::Simple;
        match options.strategy {
            // With one worker, the failure that ends a run is the one that would end pytest's.
            _ if workers == 1 && (simple || plan.ordered || options.maxfail > 0) => Self::Strict,
            Strategy::Optimized if workers > 1 => Self::LongestFirst,
            _ => Self::Plan,
        }
    }
}

/// A file that costs more than this part of a worker's share of what is left is long.
const LONG: f64 = 0.5;

/// What takes longer by this part takes much longer.
const LATE: f64 = 0.25;

#[derive(Debug)]
pub(super) struct Ledger<'a> {
    plan: &'a Plan,
    /// Files that only a worker found; they count after those of the plan.
    found: &'a OnceLock<Vec<PlannedFile>>,
    entries: Vec<Entry>,
    /// The first attempt at each file of the plan.
    first: Vec<usize>,
    /// Files that killed a worker by being imported.
    deadly: BTreeSet<usize>,
    native: VecDeque<usize>,
    pytest: VecDeque<usize>,
    /// The seconds that all waiting files are thought to take, natively and under pytest.
    waiting: [f64; 2],
    /// Files of which an earlier entry of the plan is another part.
    later_parts: BTreeSet<usize>,
    order: Order,
    workers: usize,
    /// By file of the plan, what it may have in common with others.
    groups: Vec<Group<'a>>,
    /// The seconds that files which have to run in one worker are thought to take, by their number;
    /// nothing where each file has a process of its own.
    together: BTreeMap<u32, f64>,
}

impl<'a> Ledger<'a> {
    /// Opens a ledger; `engine` decides for each file anew, and each runs in a process of its own where it
    /// is `alone`.
    pub(super) fn open(
        plan: &'a Plan,
        found: &'a OnceLock<Vec<PlannedFile>>,
        workers: usize,
        order: Order,
        alone: bool,
        engine: impl Fn(&PlannedFile) -> Engine,
    ) -> Self {
        let mut ledger = Self {
            plan,
            found,
            entries: Vec::new(),
            first: vec![0; plan.files.len()],
            deadly: BTreeSet::new(),
            native: VecDeque::new(),
            pytest: VecDeque::new(),
            waiting: [0.0; 2],
            later_parts: later_parts(plan),
            order,
            workers,
            groups: affinity::groups(plan),
            together: BTreeMap::new(),
        };
        for file in plan.files.iter().filter(|_| !alone && workers > 1) {
            if let Some(number) = file.together {
                *ledger.together.entry(number).or_default() += cost(file, file.engine);
            }
        }
        let mut files: Vec<usize> = (0..plan.files.len()).collect();
        if order == Order::LongestFirst {
            let weight = |file: &PlannedFile| {
                let of_all = file
                    .together
                    .and_then(|number| ledger.together.get(&number));
                of_all.copied().unwrap_or_else(|| cost(file, file.engine))
            };
            // The longest first, so that no worker is left alone with it at the end.
            files.sort_by(|&a, &b| {
                let (a, b) = (&plan.files[a], &plan.files[b]);
                let costs = weight(b).total_cmp(&weight(a));
                a.rank.cmp(&b.rank).then(costs)
            });
        }
        for file in files {
            ledger.first[file] = ledger.entries.len();
            let planned = &plan.files[file];
            ledger.push(Entry::new(file, engine(planned), planned.ids.clone()));
        }
        ledger
    }

    /// Queues files that a worker found; whether this is the first time that any are.
    pub(super) fn add(&mut self, files: Vec<PlannedFile>) -> bool {
        let engines: Vec<Engine> = files.iter().map(|file| file.engine).collect();
        if self.found.set(files).is_err() {
            return false;
        }
        for (at, engine) in engines.into_iter().enumerate() {
            self.push(Entry::new(self.plan.files.len() + at, engine, None));
        }
        true
    }

    /// The files that `add` was given.
    pub(super) fn found(&self) -> &'a [PlannedFile] {
        self.found.get().map_or(&[], Vec::as_slice)
    }

    fn push(&mut self, entry: Entry) {
        let seq = self.entries.len();
        let (file, engine) = (entry.file, entry.engine);
        self.entries.push(entry);
        let mut at = self.queue(engine).len();
        if self.order == Order::Strict {
            at = self
                .queue(engine)
                .partition_point(|&other| self.entries[other].file < file);
        }
        self.queue_mut(engine).insert(at, seq);
        self.waiting[engine as usize] += cost(self.file(seq), engine);
    }

    /// How many files `engine` may take now.
    fn available(&self, engine: Engine) -> usize {
        let queue = self.queue(engine);
        let other = match engine {
            Engine::Native => self.pytest.front(),
            Engine::Pytest => self.native.front(),
        };
        match other {
            Some(&other) if self.order == Order::Strict => {
                let file = self.entries[other].file;
                queue.partition_point(|&seq| self.entries[seq].file < file)
            }
            _ => queue.len(),
        }
    }

    fn queue(&self, engine: Engine) -> &VecDeque<usize> {
        match engine {
            Engine::Native => &self.native,
            Engine::Pytest => &self.pytest,
        }
    }

    fn queue_mut(&mut self, engine: Engine) -> &mut VecDeque<usize> {
        match engine {
            Engine::Native => &mut self.native,
            Engine::Pytest => &mut self.pytest,
        }
    }

    /// The number of files that wait for `engine`, and the seconds that they are thought to take.
    pub(super) fn waiting(&self, engine: Engine) -> (usize, f64) {
        (
            self.available(engine),
            self.waiting[engine as usize].max(0.0),
        )
    }

    fn count_anew(&mut self) {
        for engine in [Engine::Native, Engine::Pytest] {
            let queue = self.queue(engine).iter();
            self.waiting[engine as usize] = queue.map(|&seq| cost(self.file(seq), engine)).sum();
        }
    }

    /// The first attempts at all files that can be imported, in pytest's order.
    pub(super) fn imports(&self) -> impl Iterator<Item = usize> {
        let is_left_out = |seq: &usize| {
            let file = &self.entries[*seq].file;
            self.deadly.contains(file) || self.later_parts.contains(file)
        };
        self.first
            .iter()
            .copied()
            .filter(move |seq| !is_left_out(seq))
    }

    /// Notes that the file of `seq` cannot be imported, as it kills workers; nobody tries it again.
    pub(super) fn condemn(&mut self, seq: usize) {
        self.deadly.insert(self.entries[seq].file);
        let file = self.entries[seq].file;
        let entries = &mut self.entries;
        for queue in [&mut self.native, &mut self.pytest] {
            queue.retain(|&other| entries[other].file != file);
        }
        self.count_anew();
        for entry in self.entries.iter_mut().filter(|entry| entry.file == file) {
            entry.done = true;
        }
    }

    /// Takes up to `most` files from the queue of `engine`, and more only where these have to run in the
    /// same worker.
    pub(super) fn take(&mut self, engine: Engine, most: usize) -> Vec<usize> {
        let mut taken = Vec::new();
        while taken.len() < most && self.available(engine) > 0 {
            taken.extend(self.take_at(engine, 0));
        }
        taken
    }

    /// Takes what is at a place of the queue of `engine`, with what has to run in the same worker.
    fn take_at(&mut self, engine: Engine, at: usize) -> Vec<usize> {
        let Some(seq) = self.queue_mut(engine).remove(at) else {
            return Vec::new();
        };
        let mut taken = vec![seq];
        if let Some(bond) = self.bond(seq) {
            let queue = self.queue(engine).iter().copied();
            let (bound, rest) = queue.partition(|&other| self.bond(other) == Some(bond));
            let bound: VecDeque<usize> = bound;
            *self.queue_mut(engine) = rest;
            taken.extend(bound);
        }
        for &seq in &taken {
            self.waiting[engine as usize] -= cost(self.file(seq), engine);
        }
        taken
    }

    /// [`take`](Self::take), for a worker whose last file of the plan is `last` while other workers
    /// were given `others` last: as long as nothing long waits, it gets what shares fixtures with it,
    /// or its conftest, so that wide fixtures are set up by few workers, else what shares neither with
    /// another worker.
    pub(super) fn take_near(
        &mut self,
        engine: Engine,
        most: usize,
        mut last: Option<usize>,
        others: &[usize],
    ) -> Vec<usize> {
        let first = self.group(0);
        let is_one = self.groups.iter().all(|group| *group == first);
        if self.order != Order::LongestFirst || is_one {
            return self.take(engine, most);
        }
        let mut taken = Vec::new();
        while taken.len() < most && self.available(engine) > 0 {
            let near = self.nearest(engine, last, others);
            let at = if self.is_urgent(engine, near) && !self.stays(engine, last) {
                0
            } else {
                near
            };
            taken.extend(self.take_at(engine, at));
            last = taken.last().map(|&seq| self.entries[seq].file);
        }
        taken
    }

    /// The place in the queue of what a worker should do next, unless something long waits.
    fn nearest(&self, engine: Engine, last: Option<usize>, others: &[usize]) -> usize {
        let others: Vec<Group<'_>> = others.iter().map(|&other| self.group(other)).collect();
        let last = last.map(|last| self.group(last));
        affinity::nearest(self.same_rank(engine), last, &others)
    }

    /// The files that wait for `engine` and may start now.
    fn same_rank(&self, engine: Engine) -> impl Iterator<Item = Group<'a>> + Clone {
        let queue = self.queue(engine);
        let first = queue.front().map(|&seq| self.file(seq).rank);
        let same = queue
            .iter()
            .take_while(move |seq| Some(self.file(**seq).rank) == first);
        same.map(|&seq| self.group(self.entries[seq].file))
    }

    fn group(&self, file: usize) -> Group<'a> {
        self.groups.get(file).copied().unwrap_or_default()
    }

    /// Whether the file at the head of the queue should not wait for another place of it: it is long, and
    /// much longer than what is there.
    fn is_urgent(&self, engine: Engine, place: usize) -> bool {
        let weight = |at| self.queue(engine).get(at).map(|&seq| self.weight(seq));
        let (Some(first), Some(other)) = (weight(0), weight(place)) else {
            return false;
        };
        first > self.share(engine) * LONG && first > other * (1.0 + LATE)
    }

    /// Whether a worker should finish the package of its last file before it begins the file at the head
    /// of the queue: the fixtures of a package that it comes back to are set up again. It should not
    /// where that ends the run much later.
    fn stays(&self, engine: Engine, last: Option<usize>) -> bool {
        let (Some(last), Some(&first)) = (last, self.queue(engine).front()) else {
            return false;
        };
        let last = self.group(last);
        if last.packages_in_common(last) == 0 {
            return false;
        }
        let waiting = self.queue(engine).iter().zip(self.same_rank(engine));
        let rest = waiting.filter(|(_, group)| last.packages_in_common(*group) > 0);
        let rest: f64 = rest.map(|(&seq, _)| cost(self.file(seq), engine)).sum();
        let (first, share) = (self.weight(first), self.share(engine));
        // No run ends before its longest file does, nor before what waits has been shared.
        let is_little = rest + first <= share || rest <= LATE * share.max(first);
        rest > 0.0 && is_little
    }

    /// What each worker has left to do of what waits for `engine`, in seconds.
    fn share(&self, engine: Engine) -> f64 {
        self.waiting(engine).1 / usize_to_f64(self.workers)
    }

    /// The seconds that a worker is busy with an entry and what it takes with it.
    fn weight(&self, seq: usize) -> f64 {
        let entry = &self.entries[seq];
        let own = || cost(self.file(seq), entry.engine);
        let of_all = |together| self.together.get(&together).copied();
        self.bond(seq).and_then(of_all).unwrap_or_else(own)
    }

    /// The number of the files that have to run in one worker, if an entry belongs to such.
    fn bond(&self, seq: usize) -> Option<u32> {
        let bond = self.plan.files.get(self.entries[seq].file)?.together?;
        self.together.contains_key(&bond).then_some(bond)
    }

    pub(super) fn get(&self, seq: usize) -> Option<&Entry> {
        self.entries.get(seq)
    }

    pub(super) fn entry(&self, seq: usize) -> &Entry {
        &self.entries[seq]
    }

    pub(super) fn file(&self, seq: usize) -> &'a PlannedFile {
        self.planned(self.entries[seq].file)
    }

    /// A file by its place in the plan, or behind it.
    pub(super) fn planned(&self, at: usize) -> &'a PlannedFile {
        let planned = &self.plan.files;
        match planned.get(at) {
            Some(file) => file,
            None => &self.found()[at - planned.len()],
        }
    }

    pub(super) fn collect(&mut self, seq: usize, tests: Vec<String>) {
        let entry = &mut self.entries[seq];
        entry.finished = vec![false; tests.len()];
        entry.tests = tests;
        entry.collected = true;
    }

    /// Notes the end of a test and gives its node id; none if it has ended before.
    pub(super) fn finish_test(&mut self, seq: usize, index: usize) -> Option<String> {
        let entry = self.entries.get_mut(seq)?;
        let finished = entry.finished.get_mut(index)?;
        if std::mem::replace(finished, true) {
            return None;
        }
        Some(entry.tests[index].clone())
    }

    pub(super) fn finish_file(&mut self, seq: usize) {
        if let Some(entry) = self.entries.get_mut(seq) {
            entry.done = true;
        }
    }

    /// Queues what is left of `seq` for `engine`: `ids`, or all that has not finished.
    pub(super) fn hand_over(&mut self, seq: usize, engine: Engine, ids: Option<Vec<String>>) {
        let entry = &self.entries[seq];
        let left = || entry.collected.then(|| entry.left());
        let ids = ids.or_else(left);
        self.again(seq, engine, ids, 0);
    }

    /// Queues what is left of `seq` again after its worker died; whether it is worth another try.
    /// A death counts against the file unless something else is to blame.
    pub(super) fn retry(&mut self, seq: usize, counts: bool) -> bool {
        let entry = &self.entries[seq];
        let (engine, attempts) = (entry.engine, entry.attempts + u8::from(counts));
        let left = entry.left();
        if attempts >= MAX_ATTEMPTS {
            self.finish_file(seq);
            return false;
        }
        if !entry.collected {
            self.again(seq, engine, entry.ids.clone(), attempts);
        } else if left.is_empty() {
            self.finish_file(seq);
        } else {
            // Progress was made if a test has finished; only deaths without any count.
            let attempts = if left.len() < entry.tests.len() {
                0
            } else {
                attempts
            };
            self.again(seq, engine, Some(left), attempts);
        }
        true
    }

    fn again(&mut self, seq: usize, engine: Engine, ids: Option<Vec<String>>, attempts: u8) {
        let old = &mut self.entries[seq];
        old.done = true;
        let ids = ids.or_else(|| old.ids.clone());
        let entry = Entry {
            repeated: old.collected || old.repeated,
            attempts,
            ..Entry::new(old.file, engine, ids)
        };
        self.push(entry);
    }

    /// Drops everything that waits.
    pub(super) fn clear(&mut self) {
        self.native.clear();
        self.pytest.clear();
        self.waiting = [0.0; 2];
    }
}

/// How long a file is thought to take, in seconds.
fn cost(file: &PlannedFile, engine: Engine) -> f64 {
    file.seconds.unwrap_or_default() + usize_to_f64(file.tests.max(1)) * engine.cost()
}

#[allow(clippy::cast_precision_loss)]
fn usize_to_f64(number: usize) -> f64 {
    number as f64
}

fn later_parts(plan: &Plan) -> BTreeSet<usize> {
    let mut seen: BTreeSet<&Path> = BTreeSet::new();
    let files = plan.files.iter().enumerate();
    files
        .filter(|(_, file)| file.part.is_some() && !seen.insert(&file.abspath))
        .map(|(at, _)| at)
        .collect()
}
