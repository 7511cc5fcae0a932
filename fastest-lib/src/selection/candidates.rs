//! Files that only a hook of a conftest may collect: to the graph they are no test files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::graph::{Edge, EdgeKind, ImportGraph, Rule};
use crate::workspace::{FileKind, Workspace};

/// The candidates, each with the conftests that apply to it, the nearest first; all relative to the
/// rootdir.
#[derive(Default)]
pub(super) struct Candidates(BTreeMap<String, Arc<[String]>>);

impl Candidates {
    /// Lists the workspace only if a conftest may collect files.
    pub(super) fn of(workspace: &Workspace, graph: &ImportGraph) -> Self {
        let rootdir = workspace.rootdir();
        let mut conftests = graph.conftests();
        if !conftests.any(|conftest| workspace.may_collect(&rootdir.join(conftest))) {
            return Self::default();
        }
        let relative = |path: &Path| {
            let path = path.strip_prefix(rootdir).ok()?.to_str()?;
            Some(path.replace('\\', "/"))
        };
        let files = workspace.test_files().unwrap_or_default().files;
        let candidates = files
            .into_iter()
            .filter(|file| file.kind == FileKind::Candidate);
        let with_conftests = candidates.filter_map(|file| {
            let conftests = file.conftests.iter().rev();
            let conftests = conftests.filter_map(|path| relative(path));
            Some((relative(&file.path)?, conftests.collect()))
        });
        Self(with_conftests.collect())
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// The conftests that apply to a candidate; none for another file.
    pub(super) fn conftests(&self, path: &str) -> &[String] {
        self.0.get(path).map_or(&[], |conftests| conftests)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// The candidates that lead to one of the nodes, each with the way from its conftest on; empty
    /// for one that is such a node itself.
    pub(super) fn concerned(
        &self,
        graph: &ImportGraph,
        nodes: &BTreeSet<&str>,
    ) -> Vec<(String, Vec<Edge>)> {
        let mut ways: BTreeMap<&str, Option<Vec<Edge>>> = BTreeMap::new();
        let mut found = Vec::new();
        for (path, conftests) in &self.0 {
            if nodes.contains(path.as_str()) {
                found.push((path.clone(), Vec::new()));
                continue;
            }
            // A module may be imported when it is collected.
            let own = path
                .ends_with(".py")
                .then(|| way(graph, nodes, path))
                .flatten();
            let through = conftests.iter().filter_map(|conftest| {
                let way = ways
                    .entry(conftest.as_str())
                    .or_insert_with(|| way(graph, nodes, conftest));
                let edge = Edge {
                    from: path.as_str().into(),
                    to: conftest.as_str().into(),
                    kind: EdgeKind::Conftest,
                    rule: Rule::Conftest.name(),
                    line: 0,
                    conditional: false,
                };
                Some([vec![edge], way.clone()?].concat())
            });
            let shortest = through.chain(own).min_by_key(Vec::len);
            found.extend(shortest.map(|way| (path.clone(), way)));
        }
        found
    }
}

/// A shortest way from a file to one of the nodes.
fn way(graph: &ImportGraph, nodes: &BTreeSet<&str>, from: &str) -> Option<Vec<Edge>> {
    let closure = graph.closure([from]);
    let reached = closure.names().filter(|name| nodes.contains(name));
    let ways = reached.filter_map(|name| match name == from {
        true => Some(Vec::new()),
        false => graph.why(from, name),
    });
    ways.min_by_key(Vec::len)
}
