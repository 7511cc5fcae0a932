//! What is open, what the cache still knows of it, and what an interpreter has to collect.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;

use super::answer::{Answer, FileAnswer};
use super::cache::{Kept, KeptFile, Store, Whole};
use super::collector::{Collector, Outcome, Request};
use super::inputs::{self, Digest, Shared};
use super::report::{ExactOptions, ExactReport};
use super::{merge, names};
use crate::discovery::{DiscoveredFile, Discovery};
use crate::execution::cancel::CancelToken;
use crate::execution::harness;
use crate::workspace::{ImportMode, Workspace};
use crate::{Error, ErrorKind, Result};

/// How many files may end an interpreter before the call gives up.
const MOST_DEATHS: usize = 16;

/// What resolving needs to know besides the discovery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExactContext<'a> {
    pub(crate) workspace: &'a Workspace,
    /// The arguments of the pytest session.
    pub(crate) args: &'a [String],
    pub(crate) cache_dir: &'a Path,
    pub(crate) cancel: &'a CancelToken,
    pub(crate) options: &'a ExactOptions,
}

/// Replaces what is open in `discovery` by what pytest collects.
pub(crate) fn resolve(context: ExactContext<'_>, discovery: &mut Discovery) -> Result<ExactReport> {
    let statics = Statics::new(context, discovery)?;
    if statics.open.is_empty() && !statics.has_stray_hooks {
        return Ok(ExactReport::default());
    }
    let python = context.workspace.interpreter()?.path;
    let store = Store::new(context.cache_dir, &key(context, discovery, &python));
    let kept = context.options.cache.then(|| store.load()).flatten();
    let kept = kept.filter(|kept| kept.shared.is_unchanged());
    let kept = kept.filter(|kept| match &kept.whole {
        Some(whole) => {
            let same = |(path, file): (&String, &KeptFile)| inputs::of_file(path) == file.digest;
            whole.listing == statics.listing && kept.files.par_iter().all(same)
        }
        None => !statics.is_tied,
    });
    if let Some(Kept {
        whole: Some(whole),
        files,
        ..
    }) = kept
    {
        let report = ExactReport {
            from_cache: files.len(),
            whole_session: Some(whole.reason),
            ..ExactReport::default()
        };
        let answers = files.into_iter().map(|(path, file)| (path, file.answer));
        let answers = answers.collect();
        merge::replace_session(
            discovery,
            &statics.paths,
            &whole.paths,
            &whole.order,
            answers,
        );
        return Ok(report);
    }
    let mut resolution = Resolution {
        context,
        statics: &statics,
        store: &store,
        report: ExactReport::default(),
    };
    resolution.by_file(discovery, kept, python)?;
    Ok(resolution.report)
}

/// What static discovery says.
struct Statics {
    /// The paths of the discovered files, as Python spells them.
    paths: Vec<String>,
    /// Those that an interpreter has to look at.
    open: BTreeSet<String>,
    /// Files of which each is collected only if no other of the group was before.
    groups: Vec<Vec<String>>,
    /// Whether a conftest below which no test file was found may define hooks.
    has_stray_hooks: bool,
    /// Whether tests of different files are known to be drawn together.
    is_tied: bool,
    listing: Digest,
}

impl Statics {
    fn new(context: ExactContext<'_>, discovery: &Discovery) -> Result<Self> {
        let directory = context.workspace.invocation_dir();
        let real = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
        // Python's current folder has no links in its name.
        let spelled = |path: &Path| match path.strip_prefix(directory) {
            Ok(rest) => text(&real.join(rest)).map(str::to_owned),
            Err(_) => text(path).map(str::to_owned),
        };
        let paths: Vec<String> = discovery
            .files
            .iter()
            .map(|file| spelled(&file.abspath))
            .collect::<Result<_>>()?;
        let is_open = |file: &DiscoveredFile| {
            !file.open.is_empty() || file.tests.iter().any(|test| test.open.is_some())
        };
        let mut open: BTreeSet<String> = paths
            .iter()
            .zip(&discovery.files)
            .filter(|(_, file)| is_open(file))
            .map(|(path, _)| path.clone())
            .collect();
        let mut groups = Vec::new();
        if context.workspace.config().import_mode != ImportMode::Importlib {
            for group in names::of_same_module(paths.iter().map(Path::new)) {
                let group = group.into_iter().filter_map(Path::to_str);
                let group: Vec<String> = group.map(str::to_owned).collect();
                open.extend(group.iter().cloned());
                groups.push(group);
            }
        }
        Ok(Self {
            listing: inputs::of_parts(paths.iter().map(String::as_bytes)),
            paths,
            open,
            groups,
            has_stray_hooks: has_stray_hooks(discovery),
            is_tied: discovery.session_order.is_some(),
        })
    }

    /// The open files whose answers are not kept.
    fn needed(&self, kept: &HashMap<String, FileAnswer>) -> HashSet<String> {
        let mut needed: HashSet<String> = self
            .open
            .iter()
            .filter(|path| !kept.contains_key(*path))
            .cloned()
            .collect();
        for group in &self.groups {
            if group.iter().any(|path| needed.contains(path)) {
                needed.extend(group.iter().cloned());
            }
        }
        needed
    }
}

fn has_stray_hooks(discovery: &Discovery) -> bool {
    let of_files: HashSet<&PathBuf> = discovery
        .files
        .iter()
        .flat_map(|file| &file.conftests)
        .collect();
    let mut stray = discovery
        .conftests
        .iter()
        .filter(|path| !of_files.contains(path));
    stray.any(|path| {
        let text = fs::read(path).unwrap_or_default();
        let has = |word: &str| memchr::memmem::find(&text, word.as_bytes()).is_some();
        has("pytest_") || has("import *")
    })
}

/// What answers are kept under: whatever is known before any file is looked at.
fn key(context: ExactContext<'_>, discovery: &Discovery, python: &Path) -> Digest {
    let workspace = context.workspace;
    let bytes = |path: &Path| path.as_os_str().as_encoded_bytes().to_vec();
    let mut parts: Vec<Vec<u8>> = vec![
        harness::digest().as_bytes().to_vec(),
        inputs::of_interpreter(python).into_bytes(),
        inputs::of_python_variables().into_bytes(),
        bytes(workspace.rootdir()),
        workspace.inipath().map(bytes).unwrap_or_default(),
        bytes(workspace.invocation_dir()),
        bytes(workspace.confcutdir()),
    ];
    parts.extend(context.args.iter().map(|arg| arg.clone().into_bytes()));
    parts.extend(discovery.conftests.iter().map(|path| bytes(path)));
    inputs::of_parts(parts.iter().map(Vec::as_slice))
}

struct Resolution<'a> {
    context: ExactContext<'a>,
    statics: &'a Statics,
    store: &'a Store,
    report: ExactReport,
}

impl Resolution<'_> {
    /// Takes from `kept` what holds still, and collects the rest.
    fn by_file(
        &mut self,
        discovery: &mut Discovery,
        kept: Option<Kept>,
        python: PathBuf,
    ) -> Result<()> {
        let statics = self.statics;
        let is_open = |path: &String| statics.open.contains(path);
        let known: HashSet<&String> = statics.paths.iter().collect();
        let mut answers = HashMap::new();
        let mut must_run = kept.is_none();
        let (files, shared) = match kept {
            Some(kept) => (kept.files, Some(kept.shared)),
            None => (BTreeMap::new(), None),
        };
        for (path, file) in files {
            let is_stranger = !known.contains(&path);
            if inputs::of_file(&path) != file.digest {
                must_run |= is_stranger;
            } else if is_stranger || is_open(&path) {
                answers.insert(path, file.answer);
            }
        }
        let needed = statics.needed(&answers);
        if needed.is_empty() && !must_run {
            self.report.from_cache = answers.len();
            merge::replace_files(discovery, &statics.paths, answers);
            return Ok(());
        }
        answers.retain(|path, _| known.contains(path) && !needed.contains(path));

        let start = SystemTime::now();
        let pass_over: Vec<String> = if statics.is_tied {
            Vec::new()
        } else {
            let known = statics.paths.iter();
            known
                .filter(|path| !needed.contains(*path))
                .cloned()
                .collect()
        };
        let passes_over = !pass_over.is_empty();
        let Some((answer, is_whole)) = self.collect(pass_over, python)? else {
            return Ok(());
        };
        let errors = &answer.session.errors;
        self.report.errors = errors.len();
        let wide = answer.session.wide.clone();
        let wide = wide.or_else(|| {
            let reason = "parameters draw tests of different files together";
            statics.is_tied.then(|| reason.to_owned())
        });
        let mut problems: Vec<_> = errors
            .iter()
            .map(|(node, message)| merge::problem(node, message))
            .collect();
        let keeping = if is_whole || !passes_over {
            answers.clear();
            Keeping {
                start,
                earlier: None,
            }
        } else {
            Keeping {
                start,
                earlier: shared,
            }
        };
        self.report.from_cache = answers.len();
        let is_ignored = |path: &&String| !answer.files.contains_key(*path);
        let ignored: Vec<String> = needed.iter().filter(is_ignored).cloned().collect();
        self.report.by_python = answer.files.len() + ignored.len();
        answers.extend(answer.files.iter().map(|(p, f)| (p.clone(), f.clone())));
        for path in ignored {
            let answer = FileAnswer {
                is_ignored: true,
                ..FileAnswer::default()
            };
            answers.insert(path, answer);
        }
        if self.context.options.cache {
            self.report.not_kept = self.keep(keeping, &answers, &answer, wide.as_deref());
        }
        match wide {
            Some(reason) => {
                self.report.whole_session = Some(reason);
                let (paths, order) = (&answer.paths, &answer.session.order);
                merge::replace_session(discovery, &statics.paths, paths, order, answers);
            }
            None => merge::replace_files(discovery, &statics.paths, answers),
        }
        discovery.problems.append(&mut problems);
        Ok(())
    }

    /// Has an interpreter collect; none when that was interrupted. Also gives whether it had to
    /// take in all files.
    fn collect(
        &mut self,
        mut pass_over: Vec<String>,
        python: PathBuf,
    ) -> Result<Option<(Answer, bool)>> {
        let context = self.context;
        let mut is_whole = false;
        let own_folders = [text(context.cache_dir)?.to_owned()];
        let mut deadly = BTreeMap::new();
        let mut collector = Collector::new(
            python,
            context.workspace.invocation_dir(),
            text(context.workspace.rootdir())?,
            context.cache_dir,
            context.cancel,
        );
        loop {
            self.report.collections += 1;
            let outcome = collector.collect(&Request {
                args: context.args,
                known: &pass_over,
                deadly: &deadly,
                own_folders: &own_folders,
            })?;
            match outcome {
                Outcome::Answer(answer) => {
                    is_whole |= answer.session.wide.is_some();
                    return Ok(Some((*answer, is_whole)));
                }
                Outcome::Wide => {
                    is_whole = true;
                    pass_over.clear();
                }
                Outcome::Interrupted(reason) => {
                    self.report.interrupted = Some(reason);
                    return Ok(None);
                }
                Outcome::Died { loading, how } => {
                    let message = format!("the interpreter that collected it {how}");
                    let Some(path) = loading.filter(|path| !deadly.contains_key(path)) else {
                        let message = format!("the interpreter that was to collect {how}");
                        return Err(Error::new(ErrorKind::Execution, message)
                            .with_help("a conftest or a plugin ends it, or the system does"));
                    };
                    deadly.insert(path, message);
                    if deadly.len() > MOST_DEATHS {
                        let message = format!("{} files end the interpreter", deadly.len());
                        return Err(Error::new(ErrorKind::Execution, message));
                    }
                }
            }
        }
    }

    /// Keeps the answers, or says why not.
    fn keep(
        &self,
        keeping: Keeping,
        answers: &HashMap<String, FileAnswer>,
        answer: &Answer,
        wide: Option<&str>,
    ) -> Option<String> {
        let session = &answer.session;
        if let Some(reason) = &session.inputs.opaque {
            return Some(reason.clone());
        }
        let failed: HashSet<&str> = session
            .errors
            .iter()
            .map(|(node, _)| node.split("::").next().unwrap_or_default())
            .collect();
        let nodes: HashSet<&str> = answers.values().map(|file| file.node.as_str()).collect();
        if !failed.is_subset(&nodes) || (wide.is_some() && !failed.is_empty()) {
            return Some("not everything could be collected".to_owned());
        }
        let paths: Vec<&str> = answers.keys().map(String::as_str).collect();
        let is_python = |path: &&String| path.ends_with(".py") && !answers.contains_key(*path);
        let helpers = session.inputs.files.iter().filter(is_python);
        let helpers: Vec<&str> = helpers.map(String::as_str).collect();
        let mut imported: HashSet<&str> = session.entangled.iter().map(String::as_str).collect();
        if wide.is_none() {
            imported.extend(names::mentioned(&paths, &helpers));
        }
        let is_shared = |path: &str| !answers.contains_key(path) || imported.contains(path);
        let mut inputs = session.inputs.clone();
        inputs
            .files
            .extend(imported.iter().map(|&path| path.to_owned()));
        let shared = Shared::new(&inputs, is_shared, keeping.earlier);
        let mut changed = answer.files.keys().map(String::as_str);
        let changed = changed
            .find(|path| inputs::is_newer(path, keeping.start))
            .or_else(|| shared.changed_since(keeping.start));
        if let Some(path) = changed {
            return Some(format!("{path} changed meanwhile"));
        }
        let kept = Kept {
            shared,
            files: answers
                .iter()
                .filter(|(_, file)| file.is_ignored || !failed.contains(file.node.as_str()))
                .map(|(path, file)| {
                    let digest = inputs::of_file(path);
                    let answer = file.clone();
                    (path.clone(), KeptFile { digest, answer })
                })
                .collect(),
            whole: wide.map(|reason| Whole {
                reason: reason.to_owned(),
                listing: self.statics.listing.clone(),
                paths: answer.paths.clone(),
                order: session.order.clone(),
            }),
        };
        let saved = self.store.save(&kept);
        saved
            .err()
            .map(|error| format!("the cache cannot be written: {error}"))
    }
}

/// What a new answer is kept with.
struct Keeping {
    start: SystemTime,
    /// Inputs of the answers that are kept on.
    earlier: Option<Shared>,
}

/// A path that an interpreter can be told of.
fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        Error::new(ErrorKind::Usage, "the path is not UTF-8")
            .with_path(path)
            .with_help("use a folder whose name is")
    })
}
