//! The graph as petgraph sees it: with the edges that count.

use std::ops::Range;

use fixedbitset::FixedBitSet;
use petgraph::visit::{
    GraphBase, GraphRef, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers,
    NodeCompactIndexable, NodeCount, NodeIndexable, Visitable,
};

use super::flat::{EdgeRecord, Flat, ReverseRecord};
use super::kind::Condition;

/// Which edges count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted(pub(super) u8);

impl Counted {
    pub(super) fn of(conditions: &[Condition]) -> Self {
        let bits = conditions
            .iter()
            .fold(0, |bits, one| bits | 1 << *one as u8);
        Self(bits)
    }

    pub(super) fn has(self, edge: &EdgeRecord) -> bool {
        self.0 >> edge.condition & 1 == 1
    }

    pub(super) fn and(self, condition: Condition) -> Self {
        Self(self.0 | 1 << condition as u8)
    }
}

/// A graph with some of its edges, for petgraph's algorithms.
#[derive(Clone, Copy)]
pub(super) struct View<'f> {
    pub(super) flat: &'f Flat,
    pub(super) counted: Counted,
    /// Where packages that are named count as walked; everywhere without.
    pub(super) walks: Option<&'f FixedBitSet>,
}

impl View<'_> {
    /// Whether an edge counts, of those from a node.
    pub(super) fn counts(&self, source: u32, edge: &EdgeRecord) -> bool {
        let is_walk = edge.condition == Condition::Walker as u8;
        let walks = |walks: &FixedBitSet| walks.contains(source as usize);
        self.counted.has(edge) && (!is_walk || self.walks.is_none_or(walks))
    }
}

impl GraphBase for View<'_> {
    type NodeId = u32;
    type EdgeId = u32;
}

impl GraphRef for View<'_> {}

impl NodeCount for View<'_> {
    fn node_count(&self) -> usize {
        self.flat.count()
    }
}

impl NodeIndexable for View<'_> {
    fn node_bound(&self) -> usize {
        self.flat.count()
    }

    fn to_index(&self, node: u32) -> usize {
        node as usize
    }

    fn from_index(&self, index: usize) -> u32 {
        index as u32
    }
}

impl NodeCompactIndexable for View<'_> {}

impl Visitable for View<'_> {
    type Map = FixedBitSet;

    fn visit_map(&self) -> FixedBitSet {
        FixedBitSet::with_capacity(self.flat.count())
    }

    fn reset_map(&self, map: &mut FixedBitSet) {
        map.clear();
        map.grow(self.flat.count());
    }
}

impl IntoNodeIdentifiers for View<'_> {
    type NodeIdentifiers = Range<u32>;

    fn node_identifiers(self) -> Range<u32> {
        0..self.flat.count() as u32
    }
}

/// The neighbours of a node, in one direction.
pub(super) enum Neighbors<'f> {
    Out(View<'f>, u32, std::slice::Iter<'f, EdgeRecord>),
    In(View<'f>, std::slice::Iter<'f, ReverseRecord>),
}

impl Iterator for Neighbors<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Out(view, source, edges) => edges
                .find(|edge| view.counts(*source, edge))
                .map(|edge| edge.target),
            Self::In(view, edges) => edges
                .find(|reverse| {
                    let edge = view.flat.edges.get(reverse.edge as usize);
                    edge.is_some_and(|edge| view.counts(reverse.source, edge))
                })
                .map(|reverse| reverse.source),
        }
    }
}

impl<'f> IntoNeighbors for View<'f> {
    type Neighbors = Neighbors<'f>;

    fn neighbors(self, node: u32) -> Neighbors<'f> {
        Neighbors::Out(self, node, self.flat.edges(node).iter())
    }
}

impl<'f> IntoNeighborsDirected for View<'f> {
    type NeighborsDirected = Neighbors<'f>;

    fn neighbors_directed(self, node: u32, direction: petgraph::Direction) -> Neighbors<'f> {
        match direction {
            petgraph::Direction::Outgoing => self.neighbors(node),
            petgraph::Direction::Incoming => Neighbors::In(self, self.flat.reverse(node).iter()),
        }
    }
}
