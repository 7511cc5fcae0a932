//! What leads to what: closures and shortest paths, under the conditions that hold for a test.

use std::collections::VecDeque;

use fixedbitset::FixedBitSet;
use petgraph::visit::{Bfs, Reversed, Visitable};

use super::flat::{Flat, flag};
use super::kind::Condition;
use super::view::{Counted, View};

/// The edges that count whatever a test reaches.
pub(super) struct Base {
    counted: Counted,
    /// The nodes that lead to something which walks a package that is not known: what they name may be
    /// walked.
    walks: FixedBitSet,
}

impl Base {
    pub(super) fn of(flat: &Flat, type_checking: bool, strict: bool) -> Self {
        let mut counted = Counted::of(&[Condition::Always, Condition::Walker]);
        if type_checking {
            counted = counted.and(Condition::TypeChecking);
        }
        if strict {
            counted = counted.and(Condition::Strict);
        }
        let walkers = flagged(flat, flag::WALKER);
        let all = FixedBitSet::with_capacity(flat.count());
        let any = View {
            flat,
            counted: counted.and(Condition::Loader),
            walks: None,
        };
        let walks = if walkers.is_empty() {
            all
        } else {
            all_back(any, &walkers)
        };
        Self { counted, walks }
    }

    pub(super) fn view<'f>(&'f self, flat: &'f Flat) -> View<'f> {
        View {
            flat,
            counted: self.counted,
            walks: Some(&self.walks),
        }
    }

    pub(super) fn loading<'f>(&'f self, flat: &'f Flat) -> View<'f> {
        View {
            counted: self.counted.and(Condition::Loader),
            ..self.view(flat)
        }
    }

    /// The nodes that lead to something which loads computed names.
    pub(super) fn leads_to_loaders(&self, flat: &Flat) -> FixedBitSet {
        all_back(self.view(flat), &flagged(flat, flag::LOADER))
    }
}

pub(super) fn flagged(flat: &Flat, flag: u32) -> Vec<u32> {
    let nodes = 0..flat.count() as u32;
    nodes.filter(|node| flat.flags(*node) & flag != 0).collect()
}

/// Everything that nodes lead to, themselves included, by the edges that count there.
///
/// Strings count once something that is reached loads computed names.
pub(super) fn closure<'f>(flat: &'f Flat, from: &[u32], base: &'f Base) -> (FixedBitSet, View<'f>) {
    let view = base.view(flat);
    let reached = all(view, from);
    let loads = reached
        .ones()
        .any(|node| flat.flags(node as u32) & flag::LOADER != 0);
    if !loads {
        return (reached, view);
    }
    let view = base.loading(flat);
    (all(view, from), view)
}

pub(super) fn all(view: View<'_>, from: &[u32]) -> FixedBitSet {
    let mut walk = Bfs {
        stack: VecDeque::new(),
        discovered: view.visit_map(),
    };
    for &start in from {
        if !walk.discovered.put(start as usize) {
            walk.stack.push_back(start);
        }
    }
    while walk.next(view).is_some() {}
    walk.discovered
}

/// Everything that leads to one of the nodes, themselves included.
pub(super) fn all_back(view: View<'_>, to: &[u32]) -> FixedBitSet {
    let mut walk = Bfs {
        stack: VecDeque::new(),
        discovered: view.visit_map(),
    };
    for &start in to {
        if !walk.discovered.put(start as usize) {
            walk.stack.push_back(start);
        }
    }
    while walk.next(Reversed(view)).is_some() {}
    walk.discovered
}

/// A shortest path from a node to another, as the numbers of its edges.
pub(super) fn path(view: View<'_>, from: u32, to: u32) -> Option<Vec<u32>> {
    let flat = view.flat;
    let mut came = vec![u32::MAX; flat.count()];
    let mut queue = VecDeque::from([from]);
    let mut seen = FixedBitSet::with_capacity(flat.count());
    seen.insert(from as usize);
    while let Some(node) = queue.pop_front() {
        if node == to {
            let mut path = Vec::new();
            let mut at = to;
            while at != from {
                let edge = came[at as usize];
                path.push(edge);
                at = flat.source(edge);
            }
            path.reverse();
            return Some(path);
        }
        for at in flat.edge_range(node) {
            let edge = &flat.edges[at];
            if view.counts(node, edge) && !seen.put(edge.target as usize) {
                came[edge.target as usize] = at as u32;
                queue.push_back(edge.target);
            }
        }
    }
    None
}

/// What leads to some nodes, with a shortest way from each that does.
pub(super) struct Back {
    reached: FixedBitSet,
    /// The edge by which each goes on.
    next: Vec<u32>,
}

impl Back {
    fn new(view: View<'_>, to: &[u32]) -> Self {
        let flat = view.flat;
        let mut back = Self {
            reached: FixedBitSet::with_capacity(flat.count()),
            next: vec![u32::MAX; flat.count()],
        };
        let mut queue = VecDeque::new();
        for &start in to {
            if !back.reached.put(start as usize) {
                queue.push_back(start);
            }
        }
        while let Some(node) = queue.pop_front() {
            for reverse in flat.reverse(node) {
                let edge = &flat.edges[reverse.edge as usize];
                let source = reverse.source;
                if view.counts(source, edge) && !back.reached.put(source as usize) {
                    back.next[source as usize] = reverse.edge;
                    queue.push_back(source);
                }
            }
        }
        back
    }

    /// The edges from a node to the nearest of those that were asked for.
    fn path(&self, flat: &Flat, from: u32) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = from;
        while self.next[at as usize] != u32::MAX {
            let edge = self.next[at as usize];
            path.push(edge);
            at = flat.edges[edge as usize].target;
        }
        path
    }
}

/// Which nodes lead to some others, each by the edges that count for it.
pub(super) struct Dependents {
    /// The nodes that lead to something which loads computed names.
    loads: FixedBitSet,
    plain: Back,
    loading: Option<Back>,
}

impl Dependents {
    pub(super) fn of(flat: &Flat, to: &[u32], base: &Base) -> Self {
        let loads = base.leads_to_loaders(flat);
        Self {
            plain: Back::new(base.view(flat), to),
            loading: (!loads.is_clear()).then(|| Back::new(base.loading(flat), to)),
            loads,
        }
    }

    fn back(&self, node: u32) -> &Back {
        match &self.loading {
            Some(loading) if self.loads.contains(node as usize) => loading,
            _ => &self.plain,
        }
    }

    pub(super) fn has(&self, node: u32) -> bool {
        self.back(node).reached.contains(node as usize)
    }

    pub(super) fn path(&self, flat: &Flat, node: u32) -> Vec<u32> {
        self.back(node).path(flat, node)
    }
}
