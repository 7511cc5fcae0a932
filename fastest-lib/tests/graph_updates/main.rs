//! A graph that is brought up to date is the graph that is made anew.
//!
//! Random edits of a small tree: files are written, changed, removed, moved; packages come and go. After
//! each of them the graph from the cache has to equal one that is read from nothing, edge by edge, and so
//! have the closures and the tests of each file.

mod pieces;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fastest_lib::graph::{Edge, ImportGraph};
use fastest_lib::selection::{Changes, affected, inputs, test_roots};
use fastest_lib::workspace::{Workspace, WorkspaceOptions};
use proptest::prelude::*;

use pieces::{Step, steps};

fn workspace(root: &Path) -> Workspace {
    let mut options = WorkspaceOptions::new(root);
    options.rootdir = Some(root.to_path_buf());
    Workspace::open(options).unwrap()
}

/// All that a graph says, in an order of its own.
fn told(graph: &ImportGraph) -> (Vec<String>, Vec<Edge>) {
    let nodes = graph.nodes();
    let nodes = nodes.map(|node| format!("{} {:?} {}", node.path, node.kind, node.is_test));
    let mut edges: Vec<Edge> = graph.edges().collect();
    edges.sort();
    let mut nodes: Vec<String> = nodes.collect();
    nodes.sort();
    (nodes, edges)
}

fn apply(root: &Path, step: &Step) {
    let at = |path: &str| root.join(path);
    match step {
        Step::Write(path, text) => {
            let path = at(path);
            if path.is_dir() || path.ancestors().skip(1).any(Path::is_file) {
                return;
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Step::Remove(path) => {
            let path = at(path);
            let _ = match path.is_dir() {
                true => fs::remove_dir_all(path),
                false => fs::remove_file(path),
            };
        }
        Step::Move(from, to) => {
            // A broken configuration at the rootdir is an error, and another test's affair.
            let is_config = |path: &str| path.ends_with(".toml");
            let to = at(to);
            if is_config(from)
                || is_config(to.to_str().unwrap())
                || to.exists()
                || to.ancestors().skip(1).any(Path::is_file)
            {
                return;
            }
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let _ = fs::rename(at(from), to);
        }
    }
}

fn check(all: &[Step]) {
    let folder = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::write(root.join("pytest.ini"), "[pytest]\npythonpath = lib\n").unwrap();
    for (done, step) in all.iter().enumerate() {
        apply(&root, step);
        let workspace = workspace(&root);
        let (updated, _) = ImportGraph::cached(&workspace, cache.path());
        let scratch = ImportGraph::new(&workspace);
        let (nodes, edges) = told(&scratch);
        let (updated_nodes, updated_edges) = told(&updated);
        assert_eq!(updated_nodes, nodes, "after {:#?}", &all[..=done]);
        let diff = updated.diff(&scratch);
        assert_eq!(updated_edges, edges, "{diff:#?} after {:#?}", &all[..=done]);
        for node in scratch.nodes() {
            let closure = |graph: &ImportGraph| graph.closure([node.path.as_str()]);
            assert_eq!(closure(&updated), closure(&scratch), "{}", node.path);
        }
    }
}

/// By groups each test reaches its closure, the configuration included, and nothing else.
fn check_groups(all: &[Step]) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::write(root.join("pytest.ini"), "[pytest]\npythonpath = lib\n").unwrap();
    all.iter().for_each(|step| apply(&root, step));
    let workspace = workspace(&root);
    let graph = ImportGraph::new(&workspace);
    let grouped = graph.groups(&test_roots(&workspace, &graph), |_| false);
    let mut brought: Vec<&String> = Vec::new();
    for (at, group) in grouped.groups.iter().enumerate() {
        assert!(group.depends_on.iter().all(|other| *other < at), "a cycle");
        brought.extend(&group.files);
    }
    let found = brought.len();
    brought.sort();
    brought.dedup();
    assert_eq!(brought.len(), found, "a file in two groups: {grouped:#?}");
    for test in &grouped.tests {
        let mut files = BTreeSet::from([test.test.clone()]);
        let mut modules: BTreeSet<&String> = test.distributions.iter().collect();
        let mut rest = test.depends_on.clone();
        while let Some(at) = rest.pop() {
            let group = &grouped.groups[at];
            files.extend(group.files.iter().cloned());
            modules.extend(&group.distributions);
            rest.extend(&group.depends_on);
        }
        let inputs = inputs(&workspace, &graph, &test.test).unwrap();
        let files: Vec<String> = files.into_iter().collect();
        assert_eq!(files, inputs.files, "{} of {grouped:#?}", test.test);
        let modules: Vec<&String> = modules.into_iter().collect();
        assert!(
            modules.into_iter().eq(&inputs.distributions),
            "{}",
            test.test
        );
    }
}

/// The closures of many files, in any order and company, are those that each has alone; and the more there
/// are, the less is left to look at.
fn check_closures(all: &[Step], order: &[prop::sample::Index]) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::write(root.join("pytest.ini"), "[pytest]\npythonpath = lib\n").unwrap();
    all.iter().for_each(|step| apply(&root, step));
    let graph = ImportGraph::new(&workspace(&root));
    let nodes: Vec<String> = graph.nodes().map(|node| node.path).collect();
    let closures = graph.closures();
    for pair in order.chunks(2) {
        let from = || pair.iter().map(|at| at.get(&nodes).as_str());
        let expected = graph.closure(from());
        assert_eq!(
            closures.of(from()),
            expected,
            "{:?}",
            from().collect::<Vec<_>>()
        );
    }
    let edges = graph.edges().count();
    for node in &nodes {
        assert_eq!(closures.of([node.as_str()]), graph.closure([node.as_str()]));
    }
    let followed = closures.followed();
    for node in &nodes {
        closures.of([node.as_str()]);
    }
    assert!(closures.followed() - followed <= edges + nodes.len());
}

/// Tests that a deletion concerns: those that led to the file before, and are still there.
fn check_deletions(all: &[Step]) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::write(root.join("pytest.ini"), "[pytest]\npythonpath = lib\n").unwrap();
    all.iter().for_each(|step| apply(&root, step));
    let before = ImportGraph::new(&workspace(&root));
    let files: Vec<String> = before
        .nodes()
        .filter(|node| node.kind.is_source())
        .map(|node| node.path)
        .collect();
    for file in files {
        let text = fs::read(root.join(&file)).unwrap();
        let led: Vec<String> = before.dependents_closure([file.as_str()]);
        fs::remove_file(root.join(&file)).unwrap();
        let workspace = workspace(&root);
        let graph = ImportGraph::new(&workspace);
        let changes = Changes::listed(&root, &root, [Path::new(&file)]);
        let set = affected(&workspace, &graph, &changes);
        let found: Vec<&str> = set.tests.iter().map(|test| test.file.as_str()).collect();
        for test in led {
            let is_test = before.node(&test).is_some_and(|node| node.is_test);
            if is_test && test != file && !found.contains(&test.as_str()) {
                panic!("{test} led to {file}, which is gone: {found:?} after {all:#?}");
            }
        }
        fs::write(root.join(&file), text).unwrap();
    }
}

/// Each case builds many graphs; `PROPTEST_CASES` asks for more of them.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let is_asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if is_asked { default.cases } else { 48 },
        max_shrink_iters: 400,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn groups_reach_what_closures_hold(all in steps(1..24)) {
        check_groups(&all);
    }

    #[test]
    fn an_updated_graph_is_one_made_anew(all in steps(1..14)) {
        check(&all);
    }

    #[test]
    fn closures_of_many_are_those_of_each(
        all in steps(1..24),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        check_closures(&all, &order);
    }

    #[test]
    fn a_deletion_concerns_what_led_to_the_file(all in steps(6..20)) {
        check_deletions(&all);
    }
}
