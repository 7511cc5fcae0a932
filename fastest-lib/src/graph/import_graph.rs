use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use petgraph::algo::kosaraju_scc;
use rustc_hash::FxHashSet;
use serde::{Serialize, Serializer};

use super::build::Globals;
use super::closures::Closures;
use super::flat::{EdgeRecord, Flat, flag};
use super::kind::{Condition, EdgeKind, NodeKind};
use super::model::{Closure, Condensation, Edge, GraphDiff, GraphStats, Node, Unresolved};
use super::part::Part;
use super::problems;
use super::reach::{self, Base};
use super::read::decode;
use super::rule::Rule;
use crate::Problem;
use crate::workspace::{Policy, Records};

/// Which files of a workspace depend on which: every file is a node, and so is every folder, and what
/// the files import from elsewhere.
///
/// Nodes go by their names: a file by its path relative to the rootdir, with `/`; a folder by its path
/// with a `/` at the end; a distribution by the name it is imported by. A graph is a value: it shows the
/// files as they were when it was made.
#[derive(Clone)]
pub struct ImportGraph {
    pub(super) flat: Flat,
    pub(super) rootdir: PathBuf,
    pub(super) policy: Policy,
    pub(super) type_checking: bool,
    pub(super) problems: Vec<Problem>,
    pub(super) records: Option<Arc<Records>>,
    /// Whether another graph can be made out of this one, without all files being read again.
    pub(super) has_references: bool,
}

/// One object with `schema`, `rootdir`, `nodes`, `edges` and `problems`.
impl Serialize for ImportGraph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.part(&[String::new()]).serialize(serializer)
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
    /// What lies at and below some paths, and what that leads to. The paths are relative to the rootdir;
    /// the empty one is everything.
    pub fn part<'g>(&'g self, paths: &'g [String]) -> Part<'g> {
        Part::new(self, paths)
    }

    /// The symbolic links to folders of the workspace, with these folders.
    pub fn folder_links(&self) -> Vec<(String, String)> {
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

    /// The folders, relative to the rootdir, in which modules are looked for from everywhere; the empty
    /// one is the rootdir.
    pub fn import_roots(&self) -> Vec<String> {
        let globals: Globals = postcard::from_bytes(&self.flat.globals).unwrap_or_default();
        globals.roots
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
                problems.extend(problems::of_imports(&self.flat, at as u32));
            }
        }
        let globals: Globals = postcard::from_bytes(&self.flat.globals).unwrap_or_default();
        problems.extend(globals.clashes);
        problems
    }

    /// The nodes, files first, each kind by name.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.used().map(|node| self.node_at(node))
    }

    /// Nodes of folders that no file leads to say nothing.
    fn used(&self) -> impl Iterator<Item = u32> {
        let folders =
            self.flat.files.len() as u32..(self.flat.count() - self.flat.outside.len()) as u32;
        let mut used = FixedBitSet::with_capacity(self.flat.count());
        let files = 0..folders.start;
        let targets = files
            .flat_map(|file| self.flat.edges(file))
            .map(|edge| edge.target);
        let mut rest: Vec<u32> = targets.filter(|target| folders.contains(target)).collect();
        while let Some(folder) = rest.pop() {
            if !used.put(folder as usize) {
                let below = self.flat.edges(folder).iter().map(|edge| edge.target);
                rest.extend(below.filter(|target| folders.contains(target)));
            }
        }
        let nodes = 0..self.flat.count() as u32;
        nodes.filter(move |node| !folders.contains(node) || used.contains(*node as usize))
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

    pub(super) fn edge_named(
        &self,
        from: u32,
        edge: &EdgeRecord,
        name: &mut dyn FnMut(u32) -> Arc<str>,
    ) -> Edge {
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

    pub(super) fn numbered_edge(&self, edge: u32) -> Edge {
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

    pub(super) fn base(&self) -> Base {
        Base::of(
            &self.flat,
            self.type_checking,
            self.policy == Policy::Strict,
        )
    }

    pub(super) fn find_all<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<u32> {
        let names = names.into_iter();
        names.filter_map(|name| self.flat.find(name)).collect()
    }

    /// Everything that these files can load or read, together.
    pub fn closure<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Closure {
        let from = self.find_all(names);
        let base = self.base();
        let (reached, _) = reach::closure(&self.flat, &from, &base);
        self.closure_of(reached.ones().map(|node| node as u32))
    }

    /// Gives the closures of many files, for less than each costs alone.
    pub fn closures(&self) -> Closures<'_> {
        Closures::new(self)
    }

    /// What a closure of these nodes, in their order, is to those who go by names.
    pub(super) fn closure_of(&self, nodes: impl IntoIterator<Item = u32>) -> Closure {
        let mut closure = Closure::default();
        for node in nodes {
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
        // Folder by folder they are sorted already.
        closure.files.sort();
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
}
