//! What leads to what: closures and shortest paths, under the conditions that hold for a test.

use std::collections::VecDeque;

use fixedbitset::FixedBitSet;
use petgraph::visit::{Bfs, Reversed, Visitable};

use super::flat::{Counted, Flat, View, flag};
use super::kind::Condition;

/// The conditions that hold for everyone, by what was asked for.
pub(super) fn base(type_checking: bool, strict: bool) -> Counted {
    let mut counted = Counted::of(&[Condition::Always]);
    if type_checking {
        counted = counted.and(Condition::TypeChecking);
    }
    if strict {
        counted = counted.and(Condition::Strict);
    }
    counted
}

/// Everything that nodes lead to, themselves included, and the conditions that hold there.
///
/// Strings count once something that is reached loads computed names, and packages that strings name
/// once something walks packages; what that adds may load and walk in turn.
pub(super) fn closure(flat: &Flat, from: &[u32], base: Counted) -> (FixedBitSet, Counted) {
    let mut counted = base;
    loop {
        let reached = all(flat, from, counted);
        let mut wanted = counted;
        for node in reached.ones() {
            let flags = flat.flags(node as u32);
            if flags & flag::LOADER != 0 {
                wanted = wanted.and(Condition::Loader);
            }
            if flags & flag::WALKER != 0 {
                wanted = wanted.and(Condition::Walker);
            }
        }
        if wanted == counted {
            return (reached, counted);
        }
        counted = wanted;
    }
}

fn all(flat: &Flat, from: &[u32], counted: Counted) -> FixedBitSet {
    let view = View { flat, counted };
    let mut reached = view.visit_map();
    for &start in from {
        if reached.contains(start as usize) {
            continue;
        }
        reached.insert(start as usize);
        let mut walk = Bfs {
            stack: VecDeque::from([start]),
            discovered: reached,
        };
        while walk.next(view).is_some() {}
        reached = walk.discovered;
    }
    reached
}

/// Everything that leads to one of the nodes, themselves included.
fn all_back(flat: &Flat, to: &[u32], counted: Counted) -> FixedBitSet {
    let view = View { flat, counted };
    let mut reached = view.visit_map();
    let mut stack = VecDeque::new();
    for &start in to {
        if !reached.put(start as usize) {
            stack.push_back(start);
        }
    }
    let mut walk = Bfs {
        stack,
        discovered: reached,
    };
    while walk.next(Reversed(view)).is_some() {}
    walk.discovered
}

/// A shortest path from a node to another, as the numbers of its edges.
pub(super) fn path(flat: &Flat, from: u32, to: u32, counted: Counted) -> Option<Vec<u32>> {
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
            if counted.has(edge) && !seen.put(edge.target as usize) {
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
    fn new(flat: &Flat, to: &[u32], counted: Counted) -> Self {
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
                if counted.has(edge) && !back.reached.put(reverse.source as usize) {
                    back.next[reverse.source as usize] = reverse.edge;
                    queue.push_back(reverse.source);
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

/// Which nodes lead to some others, each under the conditions that hold for it.
pub(super) struct Dependents {
    /// Whether names that are loaded, and packages that are walked, count for each node.
    loads: FixedBitSet,
    walks: FixedBitSet,
    /// By whether both, and which, count.
    back: [Option<Back>; 4],
}

impl Dependents {
    pub(super) fn of(flat: &Flat, to: &[u32], base: Counted) -> Self {
        let with = |wanted: u32| -> Vec<u32> {
            let nodes = 0..flat.count() as u32;
            nodes
                .filter(|node| flat.flags(*node) & wanted != 0)
                .collect()
        };
        let (loaders, walkers) = (with(flag::LOADER), with(flag::WALKER));
        let by_loader = base.and(Condition::Loader);
        let by_walker = base.and(Condition::Walker);
        let mut loads = all_back(flat, &loaders, base);
        let mut walks = all_back(flat, &walkers, base);
        let mut walks_by_loading = all_back(flat, &walkers, by_loader);
        walks_by_loading.intersect_with(&loads);
        let mut loads_by_walking = all_back(flat, &loaders, by_walker);
        loads_by_walking.intersect_with(&walks);
        loads.union_with(&loads_by_walking);
        walks.union_with(&walks_by_loading);
        let both = by_loader.and(Condition::Walker);
        let back = [base, by_loader, by_walker, both];
        let needed = |class: usize| match class {
            0 => true,
            1 => !loaders.is_empty(),
            2 => !walkers.is_empty(),
            _ => !loaders.is_empty() && !walkers.is_empty(),
        };
        let mut class = 0;
        let back = back.map(|counted| {
            let wanted = needed(class);
            class += 1;
            wanted.then(|| Back::new(flat, to, counted))
        });
        Self { loads, walks, back }
    }

    fn back(&self, node: u32) -> Option<&Back> {
        let loads = usize::from(self.loads.contains(node as usize));
        let walks = usize::from(self.walks.contains(node as usize));
        self.back[loads + 2 * walks].as_ref()
    }

    pub(super) fn has(&self, node: u32) -> bool {
        self.back(node)
            .is_some_and(|back| back.reached.contains(node as usize))
    }

    pub(super) fn path(&self, flat: &Flat, node: u32) -> Vec<u32> {
        self.back(node)
            .map(|back| back.path(flat, node))
            .unwrap_or_default()
    }
}
