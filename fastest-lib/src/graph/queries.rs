//! What the choice of tests asks a graph.

use std::ops::Range;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::flat::flag;
use super::import_graph::ImportGraph;
use super::kind::NodeKind;
use super::model::Edge;
use super::reach;

/// Paths of files, with what the file system said of them when the graph was made: the times of the
/// content and of the inode, the size, the inode.
#[derive(Default)]
pub(crate) struct RealFiles {
    text: String,
    files: Vec<(Range<usize>, Option<[u64; 6]>)>,
}

impl RealFiles {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<[u64; 6]>)> {
        let files = self.files.iter();
        files.map(|(range, stat)| (&self.text[range.clone()], *stat))
    }
}

/// A set of nodes of one graph.
pub(crate) struct Reached(FixedBitSet);

impl Reached {
    pub(crate) fn has(&self, graph: &ImportGraph, name: &str) -> bool {
        let node = graph.flat.find(name);
        node.is_some_and(|node| self.0.contains(node as usize))
    }
}

impl ImportGraph {
    /// The files, those behind symbolic links left out.
    pub(crate) fn real_files(&self) -> RealFiles {
        let mut all = RealFiles::default();
        for folder in self
            .flat
            .folders
            .iter()
            .filter(|folder| folder.behind_link == 0)
        {
            let path = self.flat.text(folder.path);
            for file in self.flat.files_in(folder.files_from..folder.files_to) {
                if file.flags & flag::GHOST != 0 {
                    continue;
                }
                let from = all.text.len();
                all.text.push_str(path);
                if !path.is_empty() {
                    all.text.push('/');
                }
                all.text.push_str(self.flat.text(file.name));
                let [a, b, c, d, e, f, _] = file.identity;
                let is_known = file.identity != [0; 7] && file.flags & flag::LINK == 0;
                let stat = is_known.then_some([a, b, c, d, e, f]);
                all.files.push((from..all.text.len(), stat));
            }
        }
        all
    }

    /// The test files that depend on one of these nodes, each with a shortest way to it.
    pub(crate) fn tests_of(&self, names: &[&str]) -> Vec<(String, Vec<Edge>)> {
        let to = self.find_all(names.iter().copied());
        if to.is_empty() {
            return Vec::new();
        }
        let dependents = reach::Dependents::of(&self.flat, &to, &self.base());
        let files = 0..self.flat.files.len() as u32;
        let tests = files.filter(|file| {
            let flags = self.flat.flags(*file);
            flags & flag::TEST != 0 && flags & flag::GHOST == 0 && dependents.has(*file)
        });
        // Most ways have their ends in common.
        let mut names: FxHashMap<u32, Arc<str>> = FxHashMap::default();
        let mut name = |node: u32| {
            let name = names.entry(node);
            Arc::clone(name.or_insert_with(|| self.flat.name(node).into()))
        };
        tests
            .map(|file| {
                let mut at = file;
                let path = dependents.path(&self.flat, file).into_iter();
                let path = path.map(|edge| {
                    let record = &self.flat.edges[edge as usize];
                    let from = std::mem::replace(&mut at, record.target);
                    self.edge_named(from, record, &mut name)
                });
                (self.flat.name(file), path.collect())
            })
            .collect()
    }

    /// Everything that any test file leads to.
    pub(crate) fn reached(&self) -> Reached {
        let files = 0..self.flat.files.len() as u32;
        let tests = files.filter(|file| self.flat.flags(*file) & flag::TEST != 0);
        let tests: Vec<u32> = tests.collect();
        let base = self.base();
        Reached(reach::closure(&self.flat, &tests, &base).0)
    }

    /// What the file system said of a file when it was read for the graph, and the digest of its content
    /// then; none for a file that was not read, or only just written.
    pub(crate) fn content(&self, path: &str) -> Option<([u64; 7], [u8; 32])> {
        let file = &self.flat.files[self.flat.find_file(path)? as usize];
        let is_known = file.identity != [0; 7] && file.digest != [0; 32];
        is_known.then_some((file.identity, file.digest))
    }

    /// The source files that lie directly in a folder.
    pub(crate) fn sources_in(&self, folder: &str) -> Vec<String> {
        let Some(folder) = self.flat.find_folder(folder) else {
            return Vec::new();
        };
        let record = &self.flat.folders[folder as usize];
        let files = record.files_from..record.files_to;
        let sources = files.filter(|file| self.flat.kind(*file).is_source());
        sources.map(|file| self.flat.name(file)).collect()
    }

    /// The files below a folder; none when there is no such folder.
    pub(crate) fn files_below(&self, folder: &str) -> Vec<String> {
        let Some(start) = self.flat.find_folder(folder) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut rest = vec![self.flat.folder_node(start)];
        while let Some(node) = rest.pop() {
            if self.flat.kind(node) == NodeKind::Folder {
                rest.extend(self.flat.edges(node).iter().map(|edge| edge.target));
            } else {
                found.push(self.flat.name(node));
            }
        }
        found
    }

    /// Every `conftest.py`.
    pub(crate) fn conftests(&self) -> impl Iterator<Item = String> {
        let files = 0..self.flat.files.len() as u32;
        files
            .filter(|file| self.flat.kind(*file) == NodeKind::Conftest)
            .map(|file| self.flat.name(file))
    }

    /// Every test file, by its name.
    pub(crate) fn tests(&self) -> impl Iterator<Item = String> {
        let files = self.flat.files.iter().enumerate();
        files
            .filter(|(_, file)| file.flags & flag::TEST != 0 && file.flags & flag::GHOST == 0)
            .map(|(at, _)| self.flat.name(at as u32))
    }
}
