//! Who does what: the files of a plan, the attempts at each, and the tests still owed.

use std::collections::{BTreeSet, VecDeque};
use std::sync::OnceLock;

use crate::plan::{Engine, Plan, PlannedFile};

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
    /// Whether files are handed out strictly in the order of the plan, whatever their engines.
    in_order: bool,
}

impl<'a> Ledger<'a> {
    /// Opens a ledger; `engine` decides for each file anew.
    pub(super) fn open(
        plan: &'a Plan,
        found: &'a OnceLock<Vec<PlannedFile>>,
        workers: usize,
        in_order: bool,
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
            in_order,
        };
        let mut order: Vec<usize> = (0..plan.files.len()).collect();
        if workers > 1 {
            // The longest first, so that no worker is left alone with it at the end.
            order.sort_by_key(|&file| std::cmp::Reverse(plan.files[file].tests));
        }
        for file in order {
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
        if self.in_order {
            at = self
                .queue(engine)
                .partition_point(|&other| self.entries[other].file < file);
        }
        self.queue_mut(engine).insert(at, seq);
    }

    /// How many files `engine` may take now.
    fn available(&self, engine: Engine) -> usize {
        let queue = self.queue(engine);
        let other = match engine {
            Engine::Native => self.pytest.front(),
            Engine::Pytest => self.native.front(),
        };
        match other {
            Some(&other) if self.in_order => {
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

    /// The number of files that wait for `engine`, and of the tests they are thought to hold.
    pub(super) fn waiting(&self, engine: Engine) -> (usize, usize) {
        let available = self.available(engine);
        let queue = self.queue(engine).iter().take(available);
        let tests = queue.map(|&seq| self.file(seq).tests.max(1)).sum();
        (available, tests)
    }

    /// The first attempts at all files that can be imported, in pytest's order.
    pub(super) fn imports(&self) -> impl Iterator<Item = usize> {
        let deadly = |seq: &usize| self.deadly.contains(&self.entries[*seq].file);
        self.first.iter().copied().filter(move |seq| !deadly(seq))
    }

    /// Notes that the file of `seq` cannot be imported, as it kills workers; nobody tries it again.
    pub(super) fn condemn(&mut self, seq: usize) {
        self.deadly.insert(self.entries[seq].file);
        let file = self.entries[seq].file;
        let entries = &mut self.entries;
        for queue in [&mut self.native, &mut self.pytest] {
            queue.retain(|&other| entries[other].file != file);
        }
        for entry in entries.iter_mut().filter(|entry| entry.file == file) {
            entry.done = true;
        }
    }

    /// Takes up to `most` files from the queue of `engine`.
    pub(super) fn take(&mut self, engine: Engine, most: usize) -> Vec<usize> {
        let count = most.min(self.available(engine));
        self.queue_mut(engine).drain(..count).collect()
    }

    pub(super) fn get(&self, seq: usize) -> Option<&Entry> {
        self.entries.get(seq)
    }

    pub(super) fn entry(&self, seq: usize) -> &Entry {
        &self.entries[seq]
    }

    pub(super) fn file(&self, seq: usize) -> &'a PlannedFile {
        let (at, planned) = (self.entries[seq].file, &self.plan.files);
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
    }
}
