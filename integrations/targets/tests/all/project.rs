//! A project in a folder of its own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use fastest_lib::Session;
use fastest_lib::graph::ImportGraph;
use fastest_lib::workspace::{Granularity, WorkspaceOptions};
use fastest_targets::{Kind, Owners, System, Targets, TargetsOptions};
use tempfile::TempDir;

pub(crate) struct Project {
    _folder: TempDir,
    pub(crate) system: System,
    pub(crate) options: TargetsOptions,
}

impl Project {
    /// A project of files, each with its text.
    pub(crate) fn new<'t>(kind: Kind, files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let options = TargetsOptions {
            rules: "@fastest//:defs.bzl".to_owned(),
            ..TargetsOptions::default()
        };
        let project = Self {
            system: System::new(kind, root),
            _folder: folder,
            options,
        };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.system.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Makes a symbolic link; what it points to is relative to the link's folder.
    pub(crate) fn link(&self, path: &str, target: &str) {
        symlink(target, self.path(path)).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    pub(crate) fn open(&self) -> (Session, ImportGraph) {
        let root: &Path = &self.system.root;
        let mut options = WorkspaceOptions::new(root);
        options.rootdir = Some(root.to_path_buf());
        let session = Session::open(options).unwrap();
        let (graph, _) = session.graph(false);
        (session, graph)
    }

    /// What there is to change.
    pub(crate) fn plan(&self) -> Targets {
        let (session, graph) = self.open();
        Targets::of(&self.system, &session, &graph, &self.options)
    }

    /// Changes it; once more changes nothing.
    pub(crate) fn update(&self) -> Targets {
        let targets = self.plan();
        targets.apply(&self.system.root).unwrap();
        let again = self.plan();
        assert_eq!(again.changes, [], "twice is not once");
        targets
    }

    pub(crate) fn owners(&self) -> Owners {
        let (_, graph) = self.open();
        Owners::read(&self.system, &graph)
    }

    pub(crate) fn single_tests(mut self) -> Self {
        self.options.granularity = Granularity::Test;
        self
    }

    /// By build files every test has the inputs that the graph gives it, but for build files.
    pub(crate) fn check_inputs(&self) {
        let (session, graph) = self.open();
        let owners = Owners::read(&self.system, &graph);
        let tests = graph.nodes().filter(|node| node.is_test);
        for test in tests.map(|node| node.path) {
            let inputs = session.inputs(&graph, &self.path(&test)).unwrap();
            let is_build_file = |path: &String| {
                let name = path.rsplit('/').next().unwrap_or(path);
                self.system.is_build_file(name)
            };
            let expected: Vec<&String> = inputs
                .files
                .iter()
                .filter(|path| !is_build_file(path))
                .collect();
            let labels = owners.tests_of(&test);
            assert!(!labels.is_empty(), "{test} has no target");
            for label in labels {
                let found = owners.inputs(label);
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{label:?}");
            }
        }
    }
}
