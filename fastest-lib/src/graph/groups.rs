//! The graph as build systems want it: without cycles, and without edges that count in some company only.

use fixedbitset::FixedBitSet;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;

use super::flat::flag;
use super::import_graph::ImportGraph;
use super::kind::{Condition, NodeKind};
use super::reach::{self, Base};
use super::view::View;

/// A test file, and what it depends on besides what the graph says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestRoots {
    /// The test file.
    pub test: String,
    /// Files whose closures are its inputs too.
    pub with: Vec<String>,
}

impl TestRoots {
    /// A test file with files whose closures are its inputs too.
    pub fn new(test: impl Into<String>, with: Vec<String>) -> Self {
        Self {
            test: test.into(),
            with,
        }
    }
}

/// Files that depend on each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The files that it brings, by path.
    pub files: Vec<String>,
    /// All nodes that it stands for, files and folders, by name.
    pub members: Vec<String>,
    /// Whether it brings no files and adds what strings in its members name, for tests that load modules
    /// by computed names.
    pub loads: bool,
    /// The groups that its files lead to, by position, itself left out.
    pub depends_on: Vec<usize>,
    /// The top-level modules from elsewhere that its files import.
    pub distributions: Vec<String>,
}

/// A test file among groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupedTest {
    /// The test file. It is in a group as well where other files lead to it.
    pub test: String,
    /// The groups that it leads to, by position.
    pub depends_on: Vec<usize>,
    /// The top-level modules from elsewhere that it imports itself.
    pub distributions: Vec<String>,
}

/// The graph in groups: what a test reaches by them is what [`ImportGraph::closure`] gives for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Groups {
    /// The groups, dependencies before what depends on them.
    pub groups: Vec<Group>,
    /// The test files, in the order in which they were asked for.
    pub tests: Vec<GroupedTest>,
}

impl ImportGraph {
    /// Groups the files, so that each test reaches its closure and nothing else. Files for which `leave`
    /// holds are left out.
    ///
    /// Strings that name modules count for some tests only. Files whose strings name something, and that
    /// lead to such files, have a second group, for those tests for which it counts.
    pub fn groups(&self, tests: &[TestRoots], leave: impl Fn(&str) -> bool) -> Groups {
        let base = self.base();
        let mut grouping = Grouping::new(self, &base, tests, &leave);
        grouping.connect();
        grouping.groups()
    }
}

/// A node of the graph, as it is for tests that load computed names, or for the others.
type Layered = (u32, bool);

struct Grouping<'g> {
    graph: &'g ImportGraph,
    plain: View<'g>,
    loading: View<'g>,
    left_out: FixedBitSet,
    /// The nodes that tests which load computed names reach.
    in_loading: FixedBitSet,
    /// Where strings make a difference.
    differs: FixedBitSet,
    /// The test files, each with its further roots, and whether it loads computed names.
    tests: Vec<(u32, Vec<u32>, bool)>,
    numbers: FxHashMap<Layered, NodeIndex>,
    layered: DiGraph<Layered, ()>,
}

impl<'g> Grouping<'g> {
    fn new(
        graph: &'g ImportGraph,
        base: &'g Base,
        tests: &[TestRoots],
        leave: &dyn Fn(&str) -> bool,
    ) -> Self {
        let flat = &graph.flat;
        let (plain, loading) = (base.view(flat), base.loading(flat));
        let loads = base.leads_to_loaders(flat);
        let tests = tests.iter().filter_map(|roots| {
            let test = flat.find(&roots.test)?;
            let with = graph.find_all(roots.with.iter().map(String::as_str));
            let is_loading = {
                let mut all = with.iter().chain([&test]);
                all.any(|node| loads.contains(*node as usize))
            };
            Some((test, with, is_loading))
        });
        let tests: Vec<(u32, Vec<u32>, bool)> = tests.collect();
        let loading_tests = tests.iter().filter(|(.., loads)| *loads);
        let roots = loading_tests.flat_map(|(test, with, _)| with.iter().chain([test]));
        let in_loading = reach::all(loading, &roots.copied().collect::<Vec<u32>>());
        let named: Vec<u32> = in_loading
            .ones()
            .map(|node| node as u32)
            .filter(|node| names_more(loading, *node))
            .collect();
        let mut left_out = FixedBitSet::with_capacity(flat.count());
        for file in 0..flat.files.len() as u32 {
            if flat.flags(file) & flag::GHOST != 0 || leave(&flat.name(file)) {
                left_out.insert(file as usize);
            }
        }
        Self {
            graph,
            plain,
            loading,
            left_out,
            differs: reach::all_back(loading, &named),
            in_loading,
            tests,
            numbers: FxHashMap::default(),
            layered: DiGraph::new(),
        }
    }

    /// The node that stands for one in a layer: the plain one wherever strings make no difference.
    fn placed(&self, node: u32, is_loading: bool) -> Layered {
        let at = node as usize;
        let has_both = self.in_loading.contains(at) && self.differs.contains(at);
        (node, is_loading && has_both)
    }

    fn has_place(&self, node: u32) -> bool {
        let kind = self.graph.flat.kind(node);
        let is_place = kind.is_file() || matches!(kind, NodeKind::Folder | NodeKind::Modules);
        is_place && !self.left_out.contains(node as usize)
    }

    fn number(&mut self, node: Layered, rest: &mut Vec<Layered>) -> NodeIndex {
        if let Some(number) = self.numbers.get(&node) {
            return *number;
        }
        let number = self.layered.add_node(node);
        self.numbers.insert(node, number);
        rest.push(node);
        number
    }

    /// Makes the graph of both layers, from all files and tests on.
    fn connect(&mut self) {
        let mut rest: Vec<Layered> = Vec::new();
        for file in 0..self.graph.flat.files.len() as u32 {
            if self.has_place(file) {
                for is_loading in [false, true] {
                    self.number(self.placed(file, is_loading), &mut rest);
                }
            }
        }
        while let Some(node) = rest.pop() {
            let from = self.number(node, &mut rest);
            for to in self.targets(node) {
                let to = self.number(to, &mut rest);
                if to != from {
                    self.layered.update_edge(from, to, ());
                }
            }
        }
    }

    fn view(&self, is_loading: bool) -> View<'g> {
        if is_loading { self.loading } else { self.plain }
    }

    fn targets(&self, (node, is_loading): Layered) -> Vec<Layered> {
        let flat = &self.graph.flat;
        let view = self.view(is_loading);
        let edges = flat.edges(node).iter();
        let edges = edges.filter(|edge| view.counts(node, edge) && self.has_place(edge.target));
        let mut targets: Vec<Layered> = edges
            .map(|edge| self.placed(edge.target, is_loading))
            .collect();
        if is_loading {
            targets.push((node, false));
        }
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    fn distributions(&self, nodes: &[Layered]) -> Vec<String> {
        let flat = &self.graph.flat;
        let mut found: Vec<String> = Vec::new();
        for (node, is_loading) in nodes {
            let view = self.view(*is_loading);
            let edges = flat.edges(*node).iter();
            let edges = edges.filter(|edge| {
                view.counts(*node, edge) && flat.kind(edge.target) == NodeKind::Distribution
            });
            found.extend(edges.map(|edge| flat.name(edge.target)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn groups(self) -> Groups {
        let flat = &self.graph.flat;
        let components = kosaraju_scc(&self.layered);
        let mut place = vec![usize::MAX; self.layered.node_count()];
        for (at, component) in components.iter().enumerate() {
            for node in component {
                place[node.index()] = at;
            }
        }
        let mut groups: Vec<Group> = Vec::with_capacity(components.len());
        for (at, component) in components.iter().enumerate() {
            let nodes: Vec<Layered> = component.iter().map(|node| self.layered[*node]).collect();
            let brings = |(node, is_loading): &&Layered| flat.kind(*node).is_file() && !is_loading;
            let mut group = Group {
                files: nodes
                    .iter()
                    .filter(brings)
                    .map(|(node, _)| flat.name(*node))
                    .collect(),
                members: nodes.iter().map(|(node, _)| flat.name(*node)).collect(),
                loads: nodes.iter().any(|(_, is_loading)| *is_loading),
                depends_on: Vec::new(),
                distributions: self.distributions(&nodes),
            };
            for node in component {
                let neighbours = self.layered.neighbors(*node);
                let others = neighbours.map(|other| place[other.index()]);
                group.depends_on.extend(others.filter(|other| *other != at));
            }
            group.depends_on.sort_unstable();
            group.depends_on.dedup();
            group.files.sort_unstable();
            group.members.sort_unstable();
            group.members.dedup();
            groups.push(group);
        }
        self.finish(groups, &place)
    }

    /// Lets tests depend on what they lead to, and takes out the groups that only stand for a test file.
    /// What a test depends on is the same, whether other files lead to it or not.
    fn finish(&self, groups: Vec<Group>, place: &[usize]) -> Groups {
        let at = |node: Layered| {
            let number = self.numbers.get(&node)?;
            Some(place[number.index()])
        };
        let mut is_test = vec![false; groups.len()];
        let mut tests: Vec<GroupedTest> = Vec::with_capacity(self.tests.len());
        for (test, with, is_loading) in &self.tests {
            let own = self.placed(*test, *is_loading);
            let roots = with.iter().map(|root| self.placed(*root, *is_loading));
            let is_alone =
                |node: Layered| at(node).is_some_and(|group| groups[group].members.len() == 1);
            let plain = (*test, false);
            let (direct, nodes) = if is_alone(own) && is_alone(plain) {
                for group in [at(own), at(plain)].into_iter().flatten() {
                    is_test[group] = true;
                }
                let direct = self.targets(own).into_iter();
                let direct = direct.filter(|target| target.0 != *test);
                (direct.collect::<Vec<Layered>>(), vec![own])
            } else {
                (vec![own], Vec::new())
            };
            let mut depends_on: Vec<usize> = roots.chain(direct).filter_map(at).collect();
            depends_on.sort_unstable();
            depends_on.dedup();
            tests.push(GroupedTest {
                test: self.graph.flat.name(*test),
                depends_on,
                distributions: self.distributions(&nodes),
            });
        }
        let mut is_needed: Vec<bool> = is_test.iter().map(|is_test| !is_test).collect();
        for group in tests.iter().flat_map(|test| &test.depends_on) {
            is_needed[*group] = true;
        }
        for group in (0..groups.len()).rev() {
            if is_needed[group] {
                for other in &groups[group].depends_on {
                    is_needed[*other] = true;
                }
            }
        }
        let gone: Vec<bool> = is_needed.iter().map(|is_needed| !is_needed).collect();
        // Nobody depends on those that go.
        let mut now = Vec::with_capacity(groups.len());
        let mut left = 0;
        for is_gone in &gone {
            now.push(left);
            left += usize::from(!is_gone);
        }
        let renumber = |list: &mut Vec<usize>| list.iter_mut().for_each(|at| *at = now[*at]);
        let groups = groups.into_iter().zip(&gone).filter(|(_, gone)| !**gone);
        let mut groups: Vec<Group> = groups.map(|(group, _)| group).collect();
        groups
            .iter_mut()
            .for_each(|group| renumber(&mut group.depends_on));
        tests
            .iter_mut()
            .for_each(|test| renumber(&mut test.depends_on));
        Groups { groups, tests }
    }
}

/// Whether strings in a file name what it does not lead to anyway.
fn names_more(loading: View<'_>, node: u32) -> bool {
    let edges = loading.flat.edges(node);
    let counted = || edges.iter().filter(|edge| loading.counts(node, edge));
    let is_named = |edge: u8| edge == Condition::Loader as u8;
    counted().any(|edge| {
        is_named(edge.condition)
            && edge.target != node
            && !counted().any(|other| other.target == edge.target && !is_named(other.condition))
    })
}
