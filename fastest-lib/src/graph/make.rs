//! How a graph is come by: from files, from the cache, from another graph.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::build::{Globals, build};
use super::changed;
use super::environment::{self, Environment};
use super::flat::{EdgeRecord, Flat};
use super::import_graph::ImportGraph;
use super::model::GraphCounts;
use super::store;
use super::tree::Tree;
use crate::workspace::{Records, Workspace};
use crate::{Problem, ProblemKind};

impl ImportGraph {
    /// The graph of a workspace, read from its files alone.
    pub fn new(workspace: &Workspace) -> Self {
        Self::make(workspace, None).0
    }

    /// The graph of a workspace. What did not change is taken from the cache below `cache_dir`, and
    /// what did is put there. A cache that cannot be used costs time, and gives a problem when it cannot
    /// be written.
    pub fn cached(workspace: &Workspace, cache_dir: &Path) -> (Self, GraphCounts) {
        Self::make(workspace, Some(cache_dir))
    }

    fn make(workspace: &Workspace, cache_dir: Option<&Path>) -> (Self, GraphCounts) {
        let environment = Environment::of(workspace);
        let rootdir = workspace.rootdir();
        let config = &workspace.fastest_config().graph;
        let mut graph = Self {
            flat: Flat::default(),
            rootdir: rootdir.to_path_buf(),
            policy: config.policy,
            type_checking: config.type_checking,
            problems: environment::problems(workspace),
            records: None,
            has_references: true,
        };
        let path = cache_dir.map(|cache_dir| store::path(cache_dir, rootdir));
        let old = path.as_deref().and_then(store::read).unwrap_or_default();
        let globals: Globals = postcard::from_bytes(&old.globals).unwrap_or_default();
        let is_known = !old.folders.is_empty();
        let changed = is_known.then(|| changed::since(&old, rootdir)).flatten();
        let same_environment = globals.environment == environment.key;
        let mut counts = GraphCounts::default();
        graph.has_references = cache_dir.is_some();
        let (old, tree, stale) = match changed {
            Some(changed) if changed.is_empty() && same_environment => {
                graph.flat = old;
                counts.from_cache = true;
                return (graph, counts);
            }
            Some(changed) => {
                let tree = changed::tree(&old, rootdir);
                let tree = match changed.folders.is_empty() {
                    true => tree,
                    false => tree.relisted(&changed.folders),
                };
                (old, tree, changed.files)
            }
            None => {
                let tree = Tree::list(rootdir, graph.has_references);
                (Flat::default(), tree, FxHashSet::default())
            }
        };
        graph.problems.extend(tree.problems.iter().cloned());
        counts.read = if !old.folders.is_empty() {
            stale.len()
        } else {
            let files = tree.files.iter();
            files.filter(|file| file.kind.is_source()).count()
        };
        graph.flat = build(
            &old,
            &globals,
            &environment,
            &tree,
            &stale,
            graph.has_references,
        );
        if let Some(path) = path
            && worth_keeping(&old, &graph.flat, stale.len(), same_environment)
            && let Err(error) = {
                graph.flat.compact();
                store::write(&path, &graph.flat)
            }
        {
            let message = format!(
                "{}: the graph cannot be kept ({error}), so the next query makes it again; set \
                 FASTEST_CACHE_DIR to a folder that can be written",
                path.display()
            );
            graph.problems.push(Problem::new(ProblemKind::Io, message));
        }
        (graph, counts)
    }

    /// The same graph with files that are not there, as they would be found if they were: what depends
    /// on them is what a deletion concerns.
    pub(crate) fn with_ghosts(&self, workspace: &Workspace, paths: &[&str]) -> Self {
        let environment = Environment::of(workspace);
        let globals: Globals = postcard::from_bytes(&self.flat.globals).unwrap_or_default();
        let mut tree = changed::tree(&self.flat, &self.rootdir);
        tree.add_ghosts(paths);
        let stale = FxHashSet::default();
        let flat = if self.has_references {
            build(&self.flat, &globals, &environment, &tree, &stale, true)
        } else {
            let (none, nothing) = (Flat::default(), Globals::default());
            build(&none, &nothing, &environment, &tree, &stale, false)
        };
        let graph = Self {
            flat,
            ..self.clone()
        };
        match &self.records {
            Some(records) => graph.joined(Arc::clone(records)),
            None => graph,
        }
    }

    /// The same graph, in which test files also depend on what they were seen to run and open, and on
    /// the folders without Python files that they were seen to list. What a record says of a file that
    /// has changed since counts as well: too much is no harm.
    #[must_use]
    pub fn joined(&self, records: impl Into<Arc<Records>>) -> Self {
        let records = records.into();
        let mut edges = Vec::new();
        for (test, record) in records.iter() {
            let Some(source) = self.flat.find_file(test) else {
                continue;
            };
            let files = record.executed.iter().chain(&record.opened);
            let files = files.filter_map(|path| self.flat.find_file(path));
            let folders = record.listed.iter();
            let folders = folders.filter_map(|path| {
                let folder = self.flat.find_folder(path)?;
                let modules = self.flat.modules_node(folder);
                let folder = self.flat.folder_node(folder);
                self.flat.edges(modules).is_empty().then_some(folder)
            });
            for target in files.chain(folders).filter(|target| *target != source) {
                edges.push((source, EdgeRecord::recorded(target)));
            }
        }
        Self {
            flat: self.flat.with_edges(edges),
            records: Some(records),
            ..self.clone()
        }
    }
}

/// Few files that are read again each time cost less than a graph that is written for them.
fn worth_keeping(old: &Flat, new: &Flat, stale: usize, same_environment: bool) -> bool {
    let same_files = old.files.len() == new.files.len() && old.folders.len() == new.folders.len();
    !same_environment || !same_files || stale > 8.max(new.files.len() / 256)
}
