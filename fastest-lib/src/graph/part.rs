use std::collections::HashSet;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::import_graph::ImportGraph;
use super::model::{Edge, Node};

/// The version of the schema; it changes when a reader of an older one could not go on.
const SCHEMA: u32 = 1;

/// What lies at and below some paths of a graph, and what that leads to.
///
/// It serializes as the graph itself does: one object with `schema`, `rootdir`, `nodes`, `edges` and
/// `problems`.
pub struct Part<'g> {
    graph: &'g ImportGraph,
    paths: &'g [String],
    /// What the edges lead to.
    targets: HashSet<Arc<str>>,
}

impl<'g> Part<'g> {
    /// The paths are relative to the rootdir; the empty one is everything.
    pub(super) fn new(graph: &'g ImportGraph, paths: &'g [String]) -> Self {
        let mut part = Self {
            graph,
            paths,
            targets: HashSet::new(),
        };
        if !part.is_all() {
            part.targets = part.edges().map(|edge| edge.to).collect();
        }
        part
    }

    fn is_all(&self) -> bool {
        self.paths.iter().any(String::is_empty)
    }

    fn has(&self, name: &str) -> bool {
        self.is_all()
            || self.paths.iter().any(|path| {
                let rest = name.strip_prefix(path.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }

    /// The nodes: of what lies elsewhere, folders and distributions that an edge leads to.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        let is_target =
            |node: &Node| !node.kind.is_file() && self.targets.contains(node.path.as_str());
        let nodes = self.graph.nodes();
        nodes.filter(move |node| self.has(&node.path) || is_target(node))
    }

    /// The edges from what lies at and below the paths.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        self.graph.edges().filter(|edge| self.has(&edge.from))
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("ImportGraph", 5)?;
        document.serialize_field("schema", &SCHEMA)?;
        document.serialize_field("rootdir", self.graph.rootdir())?;
        document.serialize_field("nodes", &Sequence(|| self.nodes()))?;
        document.serialize_field("edges", &Sequence(|| self.edges()))?;
        document.serialize_field("problems", &self.graph.problems())?;
        document.end()
    }
}

/// What a function makes, one after the other: the whole is never held.
struct Sequence<F>(F);

impl<F, I> Serialize for Sequence<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}
