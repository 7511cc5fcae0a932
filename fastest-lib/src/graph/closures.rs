//! The closures of many files, which share what they have in common.

use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use fixedbitset::FixedBitSet;

use super::flat::flag;
use super::import_graph::ImportGraph;
use super::model::Closure;
use super::reach::Base;
use super::view::View;

/// Gives the closures of one file after the other, each the same as [`ImportGraph::closure`] does, and
/// follows every edge once for all of them: what the files lead to in common is looked at for the first.
pub struct Closures<'g> {
    graph: &'g ImportGraph,
    /// Made for the first answer.
    ground: OnceLock<Ground>,
    /// What is known of the edges that count for most files, and of those that count for files which
    /// lead to something that loads computed names.
    plain: Mutex<Components>,
    loading: Mutex<Components>,
}

/// What is the same for all answers.
struct Ground {
    base: Base,
    /// The nodes that lead to something which loads computed names.
    loads: FixedBitSet,
}

impl fmt::Debug for Closures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closures").finish_non_exhaustive()
    }
}

impl<'g> Closures<'g> {
    /// How many bytes of sets are kept for each kind of edges; what comes after them goes on from these.
    const LIMIT: usize = 64 << 20;

    pub(super) fn new(graph: &'g ImportGraph) -> Self {
        Self::with_limit(graph, Self::LIMIT)
    }

    fn with_limit(graph: &'g ImportGraph, limit: usize) -> Self {
        let components = || {
            Mutex::new(Components {
                limit,
                ..Components::default()
            })
        };
        Self {
            graph,
            ground: OnceLock::new(),
            plain: components(),
            loading: components(),
        }
    }

    /// Everything that these files can load or read, together.
    pub fn of<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Closure {
        let from = self.graph.find_all(names);
        let flat = &self.graph.flat;
        let Ground { base, loads } = self.ground.get_or_init(|| {
            let base = self.graph.base();
            let loads = base.leads_to_loaders(flat);
            Ground { base, loads }
        });
        let nodes = if from.iter().any(|node| loads.contains(*node as usize)) {
            lock(&self.loading).reached(base.loading(flat), &from)
        } else {
            lock(&self.plain).reached(base.view(flat), &from)
        };
        self.graph.closure_of(nodes)
    }

    /// How many edges were followed for all answers so far: what they cost, on any machine.
    pub fn followed(&self) -> usize {
        lock(&self.plain).followed + lock(&self.loading).followed
    }
}

/// What is known stays true whoever panicked.
fn lock(components: &Mutex<Components>) -> MutexGuard<'_, Components> {
    components.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a node or component that is not known yet.
const UNKNOWN: u32 = u32::MAX;

/// The strongly connected components of what was asked for so far, by Tarjan's algorithm, which numbers
/// those that a component leads to before itself.
#[derive(Default)]
struct Components {
    /// The component of each node.
    of: Vec<u32>,
    /// When the search came to each node, and the earliest node on its stack that each leads to.
    found: Vec<u32>,
    lowest: Vec<u32>,
    times: u32,
    stack: Vec<u32>,
    all: Vec<Component>,
    /// How many bytes the sets of all have, and may have.
    kept: usize,
    limit: usize,
    followed: usize,
}

struct Component {
    members: Vec<u32>,
    /// The components that its members lead to, itself left out.
    next: Vec<u32>,
    /// All components that it leads to, itself included, by number; none where that is not kept.
    set: Option<FixedBitSet>,
}

impl Components {
    /// All nodes that these lead to, themselves included, in their order.
    fn reached(&mut self, view: View<'_>, from: &[u32]) -> Vec<u32> {
        for known in [&mut self.of, &mut self.found, &mut self.lowest] {
            known.resize(view.flat.count(), UNKNOWN);
        }
        for node in from {
            self.search(view, *node);
        }
        let from = from.iter().map(|node| self.of[*node as usize]).collect();
        let found = self.lead_to(from);
        let members = found.ones().flat_map(|at| &self.all[at].members);
        let mut nodes: Vec<u32> = members.copied().collect();
        nodes.sort_unstable();
        nodes
    }

    /// All components that some lead to, themselves included.
    fn lead_to(&mut self, mut rest: Vec<u32>) -> FixedBitSet {
        let mut found = FixedBitSet::with_capacity(self.all.len());
        while let Some(at) = rest.pop() {
            if found.contains(at as usize) {
                continue;
            }
            let component = &self.all[at as usize];
            if let Some(set) = &component.set {
                found.union_with(set);
            } else {
                found.insert(at as usize);
                rest.extend(&component.next);
                self.followed += component.next.len();
            }
        }
        found
    }

    /// Finds the component of a node, and those of all that it leads to.
    fn search(&mut self, view: View<'_>, from: u32) {
        if self.of[from as usize] != UNKNOWN {
            return;
        }
        // The nodes on the way to the one that is looked at, each with the edges that are left of it.
        let mut way: Vec<(u32, Range<usize>)> = vec![self.enter(view, from)];
        while let Some((node, edges)) = way.last_mut() {
            let node = *node;
            let Some(edge) = edges.next().map(|at| view.flat.edges[at]) else {
                way.pop();
                if let Some((before, _)) = way.last() {
                    self.lower(*before, self.lowest[node as usize]);
                }
                if self.lowest[node as usize] == self.found[node as usize] {
                    self.close(view, node);
                }
                continue;
            };
            self.followed += 1;
            let target = edge.target as usize;
            if !view.counts(node, &edge) || self.of[target] != UNKNOWN {
                continue;
            }
            if self.found[target] == UNKNOWN {
                way.push(self.enter(view, edge.target));
            } else {
                self.lower(node, self.found[target]);
            }
        }
    }

    fn enter(&mut self, view: View<'_>, node: u32) -> (u32, Range<usize>) {
        self.found[node as usize] = self.times;
        self.lowest[node as usize] = self.times;
        self.times += 1;
        self.stack.push(node);
        (node, view.flat.edge_range(node))
    }

    fn lower(&mut self, node: u32, time: u32) {
        let lowest = &mut self.lowest[node as usize];
        *lowest = time.min(*lowest);
    }

    /// Makes a component of all that lies above a node on the stack, and of it.
    fn close(&mut self, view: View<'_>, first: u32) {
        let own = self.all.len() as u32;
        let from = self.stack.iter().rposition(|node| *node == first);
        let members = self.stack.split_off(from.unwrap_or_default());
        for node in &members {
            self.of[*node as usize] = own;
        }
        let mut next: Vec<u32> = Vec::new();
        for node in &members {
            let edges = view.flat.edges(*node).iter();
            self.followed += edges.len();
            let edges = edges.filter(|edge| view.counts(*node, edge));
            next.extend(edges.map(|edge| self.of[edge.target as usize]));
        }
        next.sort_unstable();
        next.dedup();
        next.retain(|other| *other != own);
        // What leads nowhere needs no set, nor does a test: few others lead to one. What others do lead
        // to is at most one such step away from a set.
        let is_test = |node: &u32| view.flat.flags(*node) & flag::TEST != 0;
        let has_none = |other: &u32| {
            let other = &self.all[*other as usize];
            other.set.is_none() && !other.next.is_empty()
        };
        let is_shared = !members.iter().all(is_test) || next.iter().any(has_none);
        let set = (is_shared && !next.is_empty() && self.kept < self.limit).then(|| {
            let mut set = self.lead_to(next.clone());
            set.grow(own as usize + 1);
            set.insert(own as usize);
            self.kept += set.len().div_ceil(8);
            set
        });
        self.all.push(Component { members, next, set });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Workspace, WorkspaceOptions};

    #[test]
    fn closures_are_the_same_where_few_sets_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..30 {
            // Rows that cross, with cycles in them.
            let text = format!("import m{}, m{}, m{}\n", n + 1, (n * 7) % 30, n / 2 + 5);
            std::fs::write(folder.path().join(format!("m{n}.py")), text).unwrap();
            let text = format!("import m{}\n", 29 - n);
            std::fs::write(folder.path().join(format!("test_{n}.py")), text).unwrap();
        }
        let workspace = Workspace::open(WorkspaceOptions::new(folder.path())).unwrap();
        let graph = ImportGraph::new(&workspace);
        for limit in [0, 1, 8] {
            let closures = Closures::with_limit(&graph, limit);
            for node in graph.nodes() {
                let name = node.path.as_str();
                assert_eq!(closures.of([name]), graph.closure([name]), "{limit} {name}");
            }
            let sets = lock(&closures.plain);
            let kept = sets.all.iter().filter(|one| one.set.is_some()).count();
            assert!(kept <= limit, "{kept}");
        }
    }
}
