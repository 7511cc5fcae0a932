//! A small tree, and what the graph must say of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fastest_lib::graph::{ImportGraph, NodeKind};
use fastest_lib::workspace::{Workspace, WorkspaceOptions};

use crate::python;

/// Paths and texts; `{root}` stands for the folder of the tree, and a text `-> path` makes a symbolic
/// link.
pub(crate) type Files<'c> = &'c [(&'c str, &'c str)];

/// What the graph of a tree must say.
#[derive(Clone, Copy, Default)]
pub(crate) struct Case<'c> {
    pub(crate) files: Files<'c>,
    /// Edges that must be there: `from -> to kind rule`.
    pub(crate) edges: &'c [&'c str],
    /// Edges that must not: `from -> to`, of any kind or of one.
    pub(crate) absent: &'c [&'c str],
    /// `file: what it leads to | what it does not lead to`.
    pub(crate) closures: &'c [&'c str],
    /// Whether the tests of the tree cannot be run.
    pub(crate) is_static: bool,
}

pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    _folder: tempfile::TempDir,
}

impl Tree {
    pub(crate) fn new(files: Files<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("-> ") {
                Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
                None => {
                    fs::write(&path, text.replace("{root}", root.to_str().unwrap())).unwrap();
                    if path.ends_with("bin/python") {
                        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
                    }
                }
            }
        }
        Self {
            root,
            _folder: folder,
        }
    }

    /// The interpreter is that of the tree, where it has one.
    pub(crate) fn workspace(&self) -> Workspace {
        let mut options = WorkspaceOptions::new(&self.root);
        options.rootdir = Some(self.root.clone());
        options.python = Some(self.root.join(".venv/bin/python")).filter(|path| path.exists());
        Workspace::open(options).unwrap()
    }

    pub(crate) fn graph(&self) -> ImportGraph {
        ImportGraph::new(&self.workspace())
    }
}

pub(crate) fn edges(graph: &ImportGraph) -> Vec<String> {
    let edges = graph.edges();
    edges
        .map(|edge| {
            let kind = edge.kind.as_str();
            format!("{} -> {} {kind} {}", edge.from, edge.to, edge.rule)
        })
        .collect()
}

/// Checks a case in which some edges are there and others are not.
pub(crate) fn check_edges(files: Files<'_>, edges: &[&str], absent: &[&str]) {
    check(Case {
        files,
        edges,
        absent,
        ..Case::default()
    });
}

/// Checks a case of what files lead to.
pub(crate) fn check_closures(files: Files<'_>, closures: &[&str]) {
    check(Case {
        files,
        closures,
        ..Case::default()
    });
}

pub(crate) fn check(case: Case<'_>) {
    let tree = Tree::new(case.files);
    let graph = tree.graph();
    let all = edges(&graph);
    let print = || all.join("\n");
    for edge in case.edges {
        assert!(
            all.iter().any(|one| one == edge),
            "no {edge} in\n{}",
            print()
        );
    }
    for edge in case.absent {
        assert!(edge.contains(" -> "), "{edge}");
        let start = format!("{edge} ");
        let found = all
            .iter()
            .find(|one| one == edge || one.starts_with(&start));
        assert_eq!(found, None, "of\n{}", print());
    }
    for closure in case.closures {
        let (from, others) = closure.split_once(": ").unwrap();
        let (wanted, unwanted) = others.split_once('|').unwrap_or((others, ""));
        let files = graph.closure([from]).files;
        for file in wanted.split_whitespace() {
            let has = files.iter().any(|one| one == file);
            assert!(has, "{from} does not lead to {file}\n{}", print());
        }
        for file in unwanted.split_whitespace() {
            assert!(tree.root.join(file).exists(), "{file}");
            let has = files.iter().any(|one| one == file);
            assert!(!has, "{from} leads to {file}: {:#?}", graph.why(from, file));
        }
    }
    both_ways(&graph);
    if !case.is_static {
        observed(&tree, &graph, case.files);
    }
}

/// What a file leads to is what leads back to it.
fn both_ways(graph: &ImportGraph) {
    let files: Vec<_> = graph.nodes().filter(|node| node.kind.is_file()).collect();
    for test in files.iter().filter(|node| node.is_test) {
        let closure = graph.closure([test.path.as_str()]).files;
        for file in &files {
            let back = graph.dependents_closure([file.path.as_str()]);
            let (forth, back) = (closure.contains(&file.path), back.contains(&test.path));
            assert_eq!(forth, back, "{} and {}", test.path, file.path);
        }
    }
}

/// What each test file really reads is what it leads to.
fn observed(tree: &Tree, graph: &ImportGraph, files: Files<'_>) {
    let is_test = |path: &str| {
        graph
            .node(path)
            .is_some_and(|node| node.is_test && node.kind != NodeKind::Conftest)
    };
    for (test, _) in files.iter().filter(|(path, _)| is_test(path)) {
        let Some(seen) = python::files_read(&tree.root, test) else {
            return;
        };
        let closure = graph.closure([*test]);
        for (file, _) in files {
            if is_configuration(file) || !is_seen(&tree.root, file, &seen) {
                continue;
            }
            let has = closure.files.iter().any(|one| one == file);
            assert!(has, "{test} reads {file}\n{}", edges(graph).join("\n"));
        }
    }
}

fn is_seen(root: &Path, file: &str, seen: &[String]) -> bool {
    let path = root.join(file);
    seen.iter().any(|one| Path::new(one) == path)
}

/// What pytest and the interpreter read for themselves.
fn is_configuration(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or_default();
    matches!(
        name,
        "pytest.ini" | "pyproject.toml" | "setup.cfg" | "tox.ini"
    ) || file.starts_with(".venv/")
}
