//! What a graph answers with.

use std::sync::Arc;

use serde::Serialize;

use super::kind::{EdgeKind, NodeKind};

/// A node of an [`ImportGraph`](super::ImportGraph).
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

/// An edge of an [`ImportGraph`](super::ImportGraph).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Edge {
    /// The name of the node that depends.
    pub from: Arc<str>,
    /// The name of the node that it depends on.
    pub to: Arc<str>,
    /// How.
    pub kind: EdgeKind,
    /// The name of the rule that made the edge; see [`Rule`](super::Rule).
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

impl Closure {
    /// The files and the distributions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.files.iter().chain(&self.distributions);
        names.map(String::as_str)
    }
}
