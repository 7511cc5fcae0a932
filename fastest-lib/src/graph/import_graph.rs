use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use petgraph::algo::kosaraju_scc;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::build::{Globals, build, decode};
use super::changed;
use super::environment::{self, Environment};
use super::flat::{EdgeRecord, Flat, flag};
use super::kind::{EdgeKind, NodeKind};
use super::reach::{self, Base};
use super::rule::Rule;
use super::store;
use super::tree::Tree;
use crate::workspace::{Policy, Workspace};
use crate::{Problem, ProblemKind};

/// Which files of a workspace depend on which: every file is a node, and so is every folder, and what
/// the files import from elsewhere.
///
/// Nodes go by their names: a file by its path relative to the rootdir, with `/`; a folder by its path
/// with a `/` at the end; a distribution by the name it is imported by. A graph is a value: it shows the
/// files as they were when it was made.
#[derive(Clone)]
pub struct ImportGraph {
    flat: Flat,
    rootdir: PathBuf,
    policy: Policy,
    type_checking: bool,
    problems: Vec<Problem>,
}

/// A node of an [`ImportGraph`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Node {
    /// Its name.
    pub path: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// Whether it is a test file by its name.
    pub is_test: bool,
}

/// An edge of an [`ImportGraph`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Edge {
    /// The name of the node that depends.
    pub from: Arc<str>,
    /// The name of the node that it depends on.
    pub to: Arc<str>,
    /// How.
    pub kind: EdgeKind,
    /// The name of the rule that made the edge; see [`Rule`].
    pub rule: &'static str,
    /// The line in `from`, counted from 1; 0 where no line is to blame.
    pub line: u32,
    /// Whether the edge counts only where something that is reached loads modules by computed names,
    /// or walks packages that are not known.
    pub conditional: bool,
}

/// Everything that some files can load or read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closure {
    /// The files, by path, those asked for included.
    pub files: Vec<String>,
    /// The distributions that are imported.
    pub distributions: Vec<String>,
    /// The places that could not be resolved.
    pub unresolved: Vec<Unresolved>,
}

/// A place in a file that loads something which cannot be known without running it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Unresolved {
    /// The file.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
    /// What happens there.
    pub what: &'static str,
}

/// Strongly connected components, and how they depend on one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Condensation {
    /// The names of the nodes of each component, dependencies before what depends on them.
    pub components: Vec<Vec<String>>,
    /// The components that each depends on, by position, itself left out.
    pub dependencies: Vec<Vec<usize>>,
}

/// How one graph differs from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphDiff {
    /// Nodes that only the newer graph has.
    pub added_nodes: Vec<String>,
    /// Nodes that only the older graph has.
    pub removed_nodes: Vec<String>,
    /// Edges that only the newer graph has; lines do not count.
    pub added_edges: Vec<Edge>,
    /// Edges that only the older graph has.
    pub removed_edges: Vec<Edge>,
}

/// How many of what a graph has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GraphStats {
    /// Python files.
    pub modules: usize,
    /// Test files among them.
    pub tests: usize,
    /// Other files.
    pub data: usize,
    /// What is imported from elsewhere.
    pub distributions: usize,
    /// Edges between files, and from files to folders and distributions.
    pub edges: usize,
    /// Places that cannot be resolved.
    pub unresolved: usize,
}

/// How a graph was come by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphCounts {
    /// Files that were read.
    pub read: usize,
    /// Whether the graph on disk was good as it was.
    pub from_cache: bool,
}

/// Paths of files, with what the file system said of them when the graph was made: the times of the
/// content and of the inode, the size, the inode.
#[derive(Default)]
pub(crate) struct RealFiles {
    text: String,
    files: Vec<(Range<usize>, Option<[u64; 6]>)>,
}

impl RealFiles {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<[u64; 6]>)> {
        let files = self.files.iter();
        files.map(|(range, stat)| (&self.text[range.clone()], *stat))
    }
}

/// A set of nodes of one graph.
pub(crate) struct Reached(FixedBitSet);

impl Reached {
    pub(crate) fn has(&self, graph: &ImportGraph, name: &str) -> bool {
        let node = graph.flat.find(name);
        node.is_some_and(|node| self.0.contains(node as usize))
    }
}

impl Closure {
    /// The files and the distributions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.files.iter().chain(&self.distributions);
        names.map(String::as_str)
    }
}

impl fmt::Debug for ImportGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportGraph")
            .field("rootdir", &self.rootdir)
            .field("nodes", &self.flat.count())
            .field("edges", &self.flat.edges.len())
            .finish_non_exhaustive()
    }
}

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
        };
        let path = cache_dir.map(|cache_dir| store::path(cache_dir, rootdir));
        let old = path.as_deref().and_then(store::read).unwrap_or_default();
        let globals: Globals = postcard::from_bytes(&old.globals).unwrap_or_default();
        let is_known = !old.folders.is_empty();
        let changed = is_known.then(|| changed::since(&old, rootdir)).flatten();
        let same_environment = globals.environment == environment.key;
        let mut counts = GraphCounts::default();
        let (tree, stale) = match changed {
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
                (tree, changed.files)
            }
            None => (Tree::list(rootdir), FxHashSet::default()),
        };
        let old = if is_known && stale.is_empty() && tree.folders.is_empty() {
            Flat::default()
        } else {
            old
        };
        graph.problems.extend(tree.problems.iter().cloned());
        counts.read = if is_known {
            stale.len()
        } else {
            let files = tree.files.iter();
            files.filter(|file| file.kind.is_source()).count()
        };
        graph.flat = build(&old, &globals, &environment, &tree, &stale);
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
        let flat = build(
            &self.flat,
            &globals,
            &environment,
            &tree,
            &FxHashSet::default(),
        );
        Self {
            flat,
            ..self.clone()
        }
    }

    /// The symbolic links to folders of the workspace, with these folders.
    pub(crate) fn folder_links(&self) -> Vec<(String, String)> {
        let folders = self.flat.folders.iter();
        let behind_link = folders.filter(|folder| folder.behind_link != 0);
        let Ok(root) = self.rootdir.canonicalize() else {
            return Vec::new();
        };
        behind_link
            .filter_map(|folder| {
                let link = self.flat.text(folder.path);
                let path = self.rootdir.join(link);
                let target = path.is_symlink().then(|| path.canonicalize().ok())??;
                let target = target.strip_prefix(&root).ok()?;
                Some((link.to_owned(), target.to_str()?.to_owned()))
            })
            .collect()
    }

    /// The folder that names are relative to.
    pub fn rootdir(&self) -> &Path {
        &self.rootdir
    }

    /// What is wrong with the files, and with the cache.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        for (at, file) in self.flat.files.iter().enumerate() {
            if file.flags & flag::PROBLEM != 0 {
                let path = self.flat.name(at as u32);
                let found = decode(&self.flat, at as u32).unwrap_or_default();
                let found = found.problems.into_iter();
                problems.extend(found.map(|problem| {
                    let line = problem.line;
                    problem.at(path.clone(), line)
                }));
            }
        }
        problems
    }

    /// The files, those behind symbolic links left out.
    pub(crate) fn real_files(&self) -> RealFiles {
        let mut all = RealFiles::default();
        for folder in self
            .flat
            .folders
            .iter()
            .filter(|folder| folder.behind_link == 0)
        {
            let path = self.flat.text(folder.path);
            for file in self.flat.files_in(folder.files_from..folder.files_to) {
                if file.flags & flag::GHOST != 0 {
                    continue;
                }
                let from = all.text.len();
                all.text.push_str(path);
                if !path.is_empty() {
                    all.text.push('/');
                }
                all.text.push_str(self.flat.text(file.name));
                let [a, b, c, d, e, f, _] = file.identity;
                let is_known = file.identity != [0; 7] && file.flags & flag::LINK == 0;
                let stat = is_known.then_some([a, b, c, d, e, f]);
                all.files.push((from..all.text.len(), stat));
            }
        }
        all
    }

    /// The nodes, files first, each kind by name.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.used().map(|node| self.node_at(node))
    }

    /// Nodes of folders that nothing leads to say nothing.
    fn used(&self) -> impl Iterator<Item = u32> {
        let nodes = 0..self.flat.count() as u32;
        nodes.filter(|node| {
            let is_folder = matches!(self.flat.kind(*node), NodeKind::Folder | NodeKind::Modules);
            !is_folder || !self.flat.reverse(*node).is_empty()
        })
    }

    fn node_at(&self, node: u32) -> Node {
        Node {
            path: self.flat.name(node),
            kind: self.flat.kind(node),
            is_test: self.flat.flags(node) & flag::TEST != 0,
        }
    }

    fn edge_at(&self, from: u32, edge: &EdgeRecord) -> Edge {
        self.edge_named(from, edge, &mut |node| self.flat.name(node).into())
    }

    fn edge_named(
        &self,
        from: u32,
        edge: &EdgeRecord,
        name: &mut dyn FnMut(u32) -> Arc<str>,
    ) -> Edge {
        use super::kind::Condition;

        Edge {
            from: name(from),
            to: name(edge.target),
            kind: edge.kind(),
            rule: edge.rule().name(),
            line: edge.line,
            conditional: [Condition::Loader as u8, Condition::Walker as u8]
                .contains(&edge.condition),
        }
    }

    fn numbered_edge(&self, edge: u32) -> Edge {
        let source = self.flat.source(edge);
        self.edge_at(source, &self.flat.edges[edge as usize])
    }

    /// The node of a name.
    pub fn node(&self, name: &str) -> Option<Node> {
        self.flat.find(name).map(|node| self.node_at(node))
    }

    /// The edges, by the order of the nodes that they come from.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        self.used().flat_map(move |node| {
            let edges = self.flat.edges(node).iter();
            edges.map(move |edge| self.edge_at(node, edge))
        })
    }

    /// The edges from a node; none when there is no such node.
    pub fn dependencies(&self, name: &str) -> Vec<Edge> {
        let Some(node) = self.flat.find(name) else {
            return Vec::new();
        };
        let edges = self.flat.edges(node).iter();
        edges.map(|edge| self.edge_at(node, edge)).collect()
    }

    /// The edges to a node; none when there is no such node.
    pub fn dependents(&self, name: &str) -> Vec<Edge> {
        let Some(node) = self.flat.find(name) else {
            return Vec::new();
        };
        let edges = self.flat.reverse(node).iter();
        edges
            .filter(|reverse| self.flat.edges[reverse.edge as usize].target == node)
            .map(|reverse| self.numbered_edge(reverse.edge))
            .collect()
    }

    fn base(&self) -> Base {
        Base::of(
            &self.flat,
            self.type_checking,
            self.policy == Policy::Strict,
        )
    }

    fn find_all<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<u32> {
        let names = names.into_iter();
        names.filter_map(|name| self.flat.find(name)).collect()
    }

    /// Everything that these files can load or read, together.
    pub fn closure<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Closure {
        let from = self.find_all(names);
        let base = self.base();
        let (reached, _) = reach::closure(&self.flat, &from, &base);
        let mut closure = Closure::default();
        for node in reached.ones() {
            let node = node as u32;
            let kind = self.flat.kind(node);
            if kind.is_file() {
                closure.files.push(self.flat.name(node));
                if self.flat.flags(node) & flag::UNRESOLVED != 0 {
                    closure.unresolved.extend(self.unresolved_at(node));
                }
            } else if kind == NodeKind::Distribution {
                closure.distributions.push(self.flat.name(node));
            }
        }
        closure.files.sort_unstable();
        closure
    }

    fn unresolved_at(&self, node: u32) -> impl Iterator<Item = Unresolved> {
        let edges = self.flat.edges(node).iter();
        edges
            .filter(|edge| edge.kind() == EdgeKind::Unresolved)
            .map(move |edge| Unresolved {
                path: self.flat.name(node),
                line: edge.line,
                what: match edge.rule() {
                    Rule::PackageWalk => "walks a package that is not known",
                    Rule::PathString => "loads a file from a computed path",
                    _ => "loads a module by a computed name",
                },
            })
    }

    /// The files that lead to one of these nodes, by path.
    pub fn dependents_closure<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        let to = self.find_all(names);
        let dependents = reach::Dependents::of(&self.flat, &to, &self.base());
        let files = 0..self.flat.files.len() as u32;
        let found = files.filter(|file| dependents.has(*file));
        let mut found: Vec<String> = found.map(|file| self.flat.name(file)).collect();
        found.sort_unstable();
        found
    }

    /// A shortest way from one node to another, by the edges that count for the first; none when there
    /// is none, or no such node.
    pub fn why(&self, from: &str, to: &str) -> Option<Vec<Edge>> {
        let (from, to) = (self.flat.find(from)?, self.flat.find(to)?);
        let base = self.base();
        let (_, view) = reach::closure(&self.flat, &[from], &base);
        let path = reach::path(view, from, to)?;
        Some(
            path.into_iter()
                .map(|edge| self.numbered_edge(edge))
                .collect(),
        )
    }

    /// Strongly connected components of the files, by the edges that always count: files that depend
    /// on each other are in one.
    pub fn condensation(&self) -> Condensation {
        let base = self.base();
        let view = base.view(&self.flat);
        let components = kosaraju_scc(view);
        let mut place = vec![usize::MAX; self.flat.count()];
        let mut condensation = Condensation::default();
        let mut members: Vec<Vec<u32>> = Vec::new();
        for mut component in components {
            component.retain(|node| self.flat.kind(*node).is_file());
            if component.is_empty() {
                continue;
            }
            component.sort_unstable();
            for node in &component {
                place[*node as usize] = members.len();
            }
            let names = component.iter().map(|node| self.flat.name(*node));
            condensation.components.push(names.collect());
            members.push(component);
        }
        for (at, component) in members.iter().enumerate() {
            let mut others: Vec<usize> = Vec::new();
            for node in component {
                for edge in self.flat.edges(*node) {
                    let other = place[edge.target as usize];
                    if view.counts(*node, edge) && other != usize::MAX && other != at {
                        others.push(other);
                    }
                }
            }
            others.sort_unstable();
            others.dedup();
            condensation.dependencies.push(others);
        }
        condensation
    }

    /// How this graph differs from an older one.
    pub fn diff(&self, older: &Self) -> GraphDiff {
        let names =
            |graph: &Self| -> FxHashSet<String> { graph.nodes().map(|node| node.path).collect() };
        let key = |edge: &Edge| (edge.from.clone(), edge.to.clone(), edge.kind, edge.rule);
        let keys =
            |graph: &Self| -> FxHashSet<_> { graph.edges().map(|edge| key(&edge)).collect() };
        let only_nodes = |of: &Self, other: &FxHashSet<String>| {
            let mut found: Vec<String> = of.nodes().map(|node| node.path).collect();
            found.retain(|name| !other.contains(name));
            found.sort_unstable();
            found
        };
        let only_edges = |of: &Self, other: &FxHashSet<_>| {
            let mut found: Vec<Edge> = of
                .edges()
                .filter(|edge| !other.contains(&key(edge)))
                .collect();
            found.sort_unstable();
            found
        };
        GraphDiff {
            added_nodes: only_nodes(self, &names(older)),
            removed_nodes: only_nodes(older, &names(self)),
            added_edges: only_edges(self, &keys(older)),
            removed_edges: only_edges(older, &keys(self)),
        }
    }

    /// How many of what there is.
    pub fn stats(&self) -> GraphStats {
        let mut stats = GraphStats::default();
        for (at, file) in self.flat.files.iter().enumerate() {
            match NodeKind::of(file.kind as u8) {
                kind if kind.is_source() => stats.modules += 1,
                _ => stats.data += 1,
            }
            stats.tests += usize::from(file.flags & flag::TEST != 0);
            let edges = self.flat.edges(at as u32);
            let sites = edges
                .iter()
                .filter(|edge| edge.kind() == EdgeKind::Unresolved);
            let sites = sites.count();
            stats.edges += edges.len() - sites;
            stats.unresolved += sites;
        }
        stats.distributions = self.flat.outside.len();
        stats
    }

    /// The test files, of those that are wanted, that depend on one of these nodes, each with a shortest
    /// way to it. `with` are files that count as if they were given besides, by their test.
    pub(crate) fn tests_of(&self, names: &[&str]) -> Vec<(String, Vec<Edge>)> {
        let to = self.find_all(names.iter().copied());
        if to.is_empty() {
            return Vec::new();
        }
        let dependents = reach::Dependents::of(&self.flat, &to, &self.base());
        let files = 0..self.flat.files.len() as u32;
        let tests = files.filter(|file| {
            let flags = self.flat.flags(*file);
            flags & flag::TEST != 0 && flags & flag::GHOST == 0 && dependents.has(*file)
        });
        // Most ways have their ends in common.
        let mut names: FxHashMap<u32, Arc<str>> = FxHashMap::default();
        let mut name = |node: u32| {
            let name = names.entry(node);
            Arc::clone(name.or_insert_with(|| self.flat.name(node).into()))
        };
        tests
            .map(|file| {
                let mut at = file;
                let path = dependents.path(&self.flat, file).into_iter();
                let path = path.map(|edge| {
                    let record = &self.flat.edges[edge as usize];
                    let from = std::mem::replace(&mut at, record.target);
                    self.edge_named(from, record, &mut name)
                });
                (self.flat.name(file), path.collect())
            })
            .collect()
    }

    /// Everything that any test file leads to.
    pub(crate) fn reached(&self) -> Reached {
        let files = 0..self.flat.files.len() as u32;
        let tests = files.filter(|file| self.flat.flags(*file) & flag::TEST != 0);
        let tests: Vec<u32> = tests.collect();
        let base = self.base();
        Reached(reach::closure(&self.flat, &tests, &base).0)
    }

    /// The source files that lie directly in a folder.
    pub(crate) fn sources_in(&self, folder: &str) -> Vec<String> {
        let Some(folder) = self.flat.find_folder(folder) else {
            return Vec::new();
        };
        let record = &self.flat.folders[folder as usize];
        let files = record.files_from..record.files_to;
        let sources = files.filter(|file| self.flat.kind(*file).is_source());
        sources.map(|file| self.flat.name(file)).collect()
    }

    /// The files below a folder; none when there is no such folder.
    pub(crate) fn files_below(&self, folder: &str) -> Vec<String> {
        let Some(start) = self.flat.find_folder(folder) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut rest = vec![self.flat.folder_node(start)];
        while let Some(node) = rest.pop() {
            if self.flat.kind(node) == NodeKind::Folder {
                rest.extend(self.flat.edges(node).iter().map(|edge| edge.target));
            } else {
                found.push(self.flat.name(node));
            }
        }
        found
    }

    /// Every test file, by its name.
    pub(crate) fn tests(&self) -> impl Iterator<Item = String> {
        let files = self.flat.files.iter().enumerate();
        files
            .filter(|(_, file)| file.flags & flag::TEST != 0 && file.flags & flag::GHOST == 0)
            .map(|(at, _)| self.flat.name(at as u32))
    }
}

/// Files that are read again each time cost less than a large graph that is written for few of them.
fn worth_keeping(old: &Flat, new: &Flat, stale: usize, same_environment: bool) -> bool {
    let same_files = old.files.len() == new.files.len() && old.folders.len() == new.folders.len();
    let is_small = new.files.len() < 4096;
    is_small || !same_environment || !same_files || stale > new.files.len() / 256
}
