//! Which files depend on which.

mod assemble;
mod build;
mod changed;
mod environment;
mod flat;
mod import_graph;
mod kind;
mod names;
mod part;
mod probes;
mod problems;
mod projects;
mod reach;
mod rule;
mod rules;
mod store;
mod tree;

pub(crate) use import_graph::Reached;
pub use import_graph::{
    Closure, Condensation, Edge, GraphCounts, GraphDiff, GraphStats, ImportGraph, Node, Unresolved,
};
pub use kind::{EdgeKind, NodeKind};
pub use part::Part;
pub use rule::Rule;
pub use store::{StoredGraphs, clear_graphs, stored_graphs};
