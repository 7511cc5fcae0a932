//! Runs that leave out what is as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::prelude::*;

use super::Session;
use crate::execution::{
    Attribution, EVENT_SCHEMA, Entry, Event, Found, Keeping, Python, Store, harness_digest,
};
use crate::plan::{
    Canonical, Capture, Contents, Digest, Digests, Foundation, HermeticSpecs, Network, Plan,
    PlannedFile, RunOptions, UnitDigest, installed,
};
use crate::{Error, ErrorKind, Problem, ProblemKind, Result};

/// What an incremental run knows before its first test.
pub(super) struct Incremental {
    store: Store,
    /// What the outcomes of each file are kept below; none of files that are always run.
    keys: BTreeMap<String, Digest>,
    session: [u8; 32],
    contents: Contents,
    python: Python,
    pytest: Option<String>,
    /// What the run says of the files that need not run, until it says that.
    pub(super) replay: Vec<Event>,
    /// How many files these are.
    pub(super) unchanged: usize,
    /// What is left to run.
    pub(super) left: Plan,
    pub(super) problems: Vec<Problem>,
    /// What was told of what is told once a run.
    pub(super) said: BTreeSet<String>,
    pub(super) attribution: Attribution,
}

/// What is known of a file before a run.
enum Known {
    /// What the run says of it, with a key where that is told once.
    Told(Vec<(Option<String>, Event)>),
    Damaged(PathBuf, String),
    Nothing,
}

impl Session {
    /// What the outcomes of each file of a plan depend on, each part with its digest, if the file runs as
    /// a closed unit with these options.
    ///
    /// # Errors
    ///
    /// When there is no interpreter, or it does not say what it is; when an input cannot be read.
    pub fn digests(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<UnitDigest>> {
        let store = Store::new(&self.cache_dir);
        let contents = Contents::open(store.index(self.workspace.rootdir()));
        let python = Python::ask(&self.workspace.interpreter()?.path, &self.cache_dir)?;
        let unreadable = |what: &str| {
            let message = format!("{what} cannot be read, so there is no digest");
            Error::new(ErrorKind::Io, message).with_help("give the reading user access to it")
        };
        let found = self.with_digests(options, &contents, &python, |specs, digests| {
            let one = |file: &PlannedFile| {
                let unit = digests.of(&specs.of(&file.path), file.engine, true);
                unit.ok_or_else(|| unreadable(&format!("an input of {}", file.path)))
            };
            plan.files.iter().map(one).collect::<Result<_>>()
        })?;
        // Without what was learnt the next call reads the files again.
        let _ = contents.save();
        found.unwrap_or_else(|| Err(unreadable("what is installed")))
    }

    /// None if the environment cannot be read in full.
    fn with_digests<R>(
        &self,
        options: &RunOptions,
        contents: &Contents,
        python: &Python,
        call: impl FnOnce(&HermeticSpecs<'_>, &Digests<'_>) -> R,
    ) -> Result<Option<R>> {
        let workspace = &self.workspace;
        let executable = workspace.interpreter()?.path;
        let roots = workspace.fixed_import_roots();
        let found = installed(
            workspace.rootdir(),
            &roots.installed,
            &roots.configured,
            contents,
        );
        let interpreter = python.entries(&executable, contents);
        let (Some(importable), Some(interpreter)) = (found, interpreter) else {
            return Ok(None);
        };
        let (graph, _) = self.joined_graph(true);
        let specs = HermeticSpecs::new(workspace, Some(&graph), options)?;
        let foundation = Foundation {
            interpreter,
            importable,
            harness: Digest::from(*harness_digest().as_bytes()),
        };
        let digests = Digests::new(workspace, &graph, contents, options, foundation);
        Ok(Some(call(&specs, &digests)))
    }

    /// Looks for the files of a plan whose outcomes are known.
    pub(super) fn look_up(&self, plan: &Plan, options: &RunOptions) -> Result<Incremental> {
        let store = Store::new(&self.cache_dir);
        let contents = Contents::open(store.index(self.workspace.rootdir()));
        let python = Python::ask(&self.workspace.interpreter()?.path, &self.cache_dir)?;
        let mut incremental = Incremental {
            keys: BTreeMap::new(),
            session: session_digest(plan, self.workspace.rootdir()),
            contents,
            python,
            pytest: None,
            replay: Vec::new(),
            unchanged: 0,
            left: plan.clone(),
            problems: Vec::new(),
            said: BTreeSet::new(),
            attribution: Attribution::default(),
            store,
        };
        if let Some(why) = why_all_run(options) {
            let message = format!("no unchanged file is left out: {why}");
            incremental
                .problems
                .push(Problem::new(ProblemKind::Config, message));
            return Ok(incremental);
        }
        let units = candidates(plan);
        let Incremental {
            contents, python, ..
        } = &incremental;
        let keys = self.with_digests(options, contents, python, |specs, digests| {
            let keys = units.par_iter().filter_map(|file| {
                let unit = digests.of(&specs.of(&file.path), file.engine, false)?;
                Some((file.path.clone(), key(&unit, plan, file)))
            });
            keys.collect()
        })?;
        match keys {
            Some(keys) => incremental.keys = keys,
            None => incremental.problems.push(Problem::new(
                ProblemKind::Io,
                "what is installed cannot be read in full, so no unchanged file is left out",
            )),
        }
        // What was learnt serves the next run; without it that one reads the files again.
        let _ = incremental.contents.save();
        incremental.pytest = self.installed_pytest();
        incremental.take_known();
        Ok(incremental)
    }

    /// The version of the installed pytest.
    fn installed_pytest(&self) -> Option<String> {
        let roots = self.workspace.fixed_import_roots().installed;
        let names = roots
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok());
        names.flatten().flatten().find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix("pytest-")?.strip_suffix(".dist-info")?;
            Some(version.to_owned())
        })
    }

    /// Keeps what a run saw of its units, where everything that they depend on is as it was before.
    pub(super) fn keep(
        &self,
        incremental: &Incremental,
        keeping: Keeping,
        plan: &Plan,
        options: &RunOptions,
    ) -> Result<Option<Problem>> {
        if incremental.keys.is_empty() || incremental.left.files.is_empty() {
            return Ok(None);
        }
        if !keeping.enforced {
            let message = "no outcome is kept: this system does not keep tests from using what they do \
                           not declare";
            return Ok(Some(Problem::new(ProblemKind::Config, message)));
        }
        let session = incremental.session;
        let mut entries = keeping.entries(&incremental.attribution, session, plan.asks_plugins);
        entries.retain(|path, _| incremental.keys.contains_key(path));
        if entries.is_empty() {
            return Ok(None);
        }
        let before = &incremental.contents;
        let contents = Contents::open(incremental.store.index(self.workspace.rootdir()));
        let files = candidates(plan);
        let files = files
            .into_iter()
            .filter(|file| entries.contains_key(&file.path));
        let files: Vec<&PlannedFile> = files.collect();
        let (python, keys) = (&incremental.python, &incremental.keys);
        let same = self.with_digests(options, &contents, python, |specs, digests| {
            let is_same = |file: &&&PlannedFile| {
                let spec = specs.of(&file.path);
                let unit = digests.of(&spec, file.engine, false);
                let now = unit.map(|unit| key(&unit, plan, file));
                let mut paths = spec.inputs.iter().map(|path| specs.rootdir().join(path));
                now.as_ref() == keys.get(&file.path)
                    && paths.all(|path| before.is_same(&contents, &path))
            };
            let same = files.par_iter().filter(is_same);
            same.map(|file| file.path.clone())
                .collect::<BTreeSet<String>>()
        })?;
        let _ = contents.save();
        let same = same.unwrap_or_default();
        entries.retain(|path, _| same.contains(path));
        Ok(incremental.store_all(&entries))
    }
}

impl Incremental {
    /// Moves the files whose outcomes are known from what is left to what is told again.
    fn take_known(&mut self) {
        let known: Vec<Known> = {
            let (store, keys, session) = (&self.store, &self.keys, &self.session);
            let known = |file: &PlannedFile| match keys.get(&file.path) {
                Some(key) => known(store, key, session, &file.path),
                None => Known::Nothing,
            };
            self.left.files.par_iter().map(known).collect()
        };
        let files = std::mem::take(&mut self.left.files);
        for (file, known) in files.into_iter().zip(known) {
            match known {
                Known::Told(events) => {
                    self.unchanged += 1;
                    for (key, event) in events {
                        if key.is_none_or(|key| self.said.insert(key)) {
                            self.replay.push(event);
                        }
                    }
                    self.left.left_out.push(file.abspath);
                    continue;
                }
                Known::Damaged(path, why) => {
                    let message = format!(
                        "{}: what is kept of a test file is not used, and the file runs: {why}",
                        path.display()
                    );
                    let problem = Problem::new(ProblemKind::Io, message);
                    self.problems.push(problem.at(file.path.clone(), None));
                }
                Known::Nothing => {}
            }
            self.left.files.push(file);
        }
    }

    /// What a run says first that starts no interpreter.
    pub(super) fn started(&self, rootdir: &str) -> Event {
        Event::RunStarted {
            schema: EVENT_SCHEMA,
            rootdir: rootdir.to_owned(),
            python: self.python.version.clone(),
            pytest: self.pytest.clone(),
            workers: 0,
            files: 0,
        }
    }

    fn store_all(&self, entries: &BTreeMap<String, Entry>) -> Option<Problem> {
        let mut failed = None;
        for (path, entry) in entries {
            let Some(key) = self.keys.get(path) else {
                continue;
            };
            let put = match (entry, self.store.get(key)) {
                // The same digest has failed before: something else decides.
                (Entry::Kept(_), Found::Entry(Entry::Failed)) => Ok(()),
                _ => self.store.put(key, entry),
            };
            failed = put.err().or(failed);
        }
        self.store.sweep_sometimes();
        let error = failed?;
        let message = format!(
            "what tests gave cannot be kept ({error}), so the next run runs them again; set \
             FASTEST_CACHE_DIR to a folder that can be written"
        );
        Some(Problem::new(ProblemKind::Io, message))
    }
}

fn known(store: &Store, key: &Digest, session: &[u8; 32], path: &str) -> Known {
    match store.get(key) {
        Found::Entry(Entry::Kept(unit))
            if unit.path == path && unit.session.as_ref().is_none_or(|own| own == session) =>
        {
            unit.events().map_or(Known::Nothing, Known::Told)
        }
        Found::Damaged(path, why) => Known::Damaged(path, why),
        _ => Known::Nothing,
    }
}

/// Why a run with these options leaves nothing out.
fn why_all_run(options: &RunOptions) -> Option<&'static str> {
    let hermetic = options.hermetic.as_ref();
    if hermetic.is_some_and(|hermetic| hermetic.network == Network::Host) {
        Some("tests may use the network, which nobody knows, as `network` says")
    } else if hermetic.is_some_and(|hermetic| !hermetic.outputs.is_empty()) {
        Some("what tests leave in `outputs` is not kept")
    } else if options.coverage.is_on() {
        Some("coverage is measured of what runs")
    } else if options.record_inputs {
        Some("inputs are recorded of what runs")
    } else if options.capture == Capture::No {
        Some("what tests print is wanted, as -s says")
    } else {
        None
    }
}

/// The files whose outcomes may be kept: those that a plan names once and runs in one piece.
fn candidates(plan: &Plan) -> Vec<&PlannedFile> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &plan.files {
        *times.entry(&file.path).or_default() += 1;
    }
    let is_unit = |file: &&PlannedFile| {
        let is_inside = !file.path.starts_with("../") && !file.path.starts_with('/');
        let once = times.get(file.path.as_str()) == Some(&1);
        is_inside && once && file.part.is_none() && !file.is_candidate
    };
    plan.files.iter().filter(is_unit).collect()
}

/// What the outcomes of a unit are kept below: its digest, and which of its tests are wanted. Tests may
/// depend on those that run before them in their file, and hooks may look at the expressions.
fn key(unit: &UnitDigest, plan: &Plan, file: &PlannedFile) -> Digest {
    let mut key = Canonical::new("result");
    key.field(unit.digest.as_bytes());
    key.text(&plan.keyword);
    key.text(&plan.markexpr);
    let concerns = |id: &&String| file.path.starts_with(*id) || id.starts_with(&file.path);
    let lists = [
        Some(plan.deselect.iter().filter(concerns).collect::<Vec<_>>()),
        file.ids.as_ref().map(|ids| ids.iter().collect()),
    ];
    for list in lists {
        let length = list.as_ref().map_or(u64::MAX, |list| list.len() as u64);
        key.field(&length.to_le_bytes());
        for id in list.into_iter().flatten() {
            key.text(id);
        }
    }
    Digest::from(key.finish())
}

/// What sessions of pytest are told besides, and no native engine: the arguments.
fn session_digest(plan: &Plan, rootdir: &std::path::Path) -> [u8; 32] {
    let mut session = Canonical::new("session");
    let rootdir = rootdir.to_string_lossy();
    for argument in &plan.pytest_args {
        if !argument.starts_with("--maxfail=") {
            session.text(&argument.replace(rootdir.as_ref(), "<rootdir>"));
        }
    }
    session.finish()
}
