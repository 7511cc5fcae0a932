use super::candidates::Candidates;
use super::inputs::config_files;
use crate::graph::{ImportGraph, TestRoots};
use crate::workspace::Workspace;

/// Every test file that would be collected, by path, with the files besides it whose closures are its
/// inputs: pytest's configuration, and the conftests that collect it. For
/// [`ImportGraph::groups`].
pub fn test_roots(workspace: &Workspace, graph: &ImportGraph) -> Vec<TestRoots> {
    let candidates = Candidates::of(workspace, graph);
    let collects = workspace.collects();
    let mut tests: Vec<String> = graph.tests().filter(|test| collects.file(test)).collect();
    tests.extend(candidates.paths().cloned());
    tests.sort_unstable();
    tests.dedup();
    let roots = tests.into_iter().map(|test| {
        let mut with = candidates.conftests(&test).to_vec();
        with.extend(config_files(workspace, graph, &test));
        TestRoots::new(test, with)
    });
    roots.collect()
}
