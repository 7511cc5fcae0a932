//! The graph as JSON.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::import_graph::ImportGraph;

/// The version of the schema; it changes when a reader of an older one could not go on.
const SCHEMA: u32 = 1;

/// A graph, or what lies below some paths of it and what that leads to.
pub(super) struct Document<'g> {
    graph: &'g ImportGraph,
    below: Option<&'g [String]>,
}

impl<'g> Document<'g> {
    pub(super) fn new(graph: &'g ImportGraph, below: Option<&'g [String]>) -> Self {
        Self { graph, below }
    }

    fn has(&self, name: &str) -> bool {
        self.below.is_none_or(|paths| {
            paths.iter().any(|path| {
                let rest = name.strip_prefix(path.as_str());
                rest.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
            })
        })
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let graph = self.graph;
        let nodes = || {
            let nodes = graph.nodes();
            nodes.filter(|node| !node.kind.is_file() || self.has(&node.path))
        };
        let edges = || graph.edges().filter(|edge| self.has(&edge.from));
        let mut document = serializer.serialize_struct("ImportGraph", 5)?;
        document.serialize_field("schema", &SCHEMA)?;
        document.serialize_field("rootdir", graph.rootdir())?;
        document.serialize_field("nodes", &Sequence(nodes))?;
        document.serialize_field("edges", &Sequence(edges))?;
        document.serialize_field("problems", &graph.problems())?;
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
