//! The graph as arrays, in memory or mapped.

use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use memmap2::Mmap;

use xxhash_rust::xxh3::xxh3_64;

use super::kind::{Condition, EdgeKind, NodeKind};
use super::rule::Rule;
use super::tree::is_project_file;

/// Values in a row: owned, or a part of a mapped file.
#[derive(Clone, Debug)]
pub(super) enum Column<T> {
    Owned(Arc<Vec<T>>),
    Mapped(Arc<Mmap>, Range<usize>),
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self::Owned(Arc::default())
    }
}

impl<T: Pod> Deref for Column<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            Self::Mapped(map, range) => {
                let bytes = map.get(range.clone()).unwrap_or_default();
                bytemuck::try_cast_slice(bytes).unwrap_or_default()
            }
        }
    }
}

impl<T> From<Vec<T>> for Column<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Owned(Arc::new(values))
    }
}

/// A piece of the column of text.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Span {
    pub(super) from: u32,
    pub(super) len: u32,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct FolderRecord {
    pub(super) stamp: [u64; 7],
    pub(super) path: Span,
    pub(super) parent: u32,
    pub(super) files_from: u32,
    pub(super) files_to: u32,
    pub(super) behind_link: u32,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct FileRecord {
    /// What the file system said when it was read; zero when that cannot be relied on, and for files
    /// that are not read.
    pub(super) identity: [u64; 7],
    pub(super) digest: [u8; 32],
    /// Where its references are.
    pub(super) references_from: u64,
    pub(super) references_to: u64,
    pub(super) probes_from: u32,
    pub(super) probes_to: u32,
    pub(super) name: Span,
    pub(super) folder: u32,
    pub(super) flags: u32,
    pub(super) kind: u32,
    /// The checksum of the encoded references.
    pub(super) sum: u32,
}

/// A module that is not the workspace's.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct OutsideRecord {
    pub(super) name: Span,
    pub(super) flags: u32,
    pub(super) kind: u32,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable, PartialEq, Eq)]
#[repr(C)]
pub(super) struct EdgeRecord {
    pub(super) target: u32,
    pub(super) line: u32,
    pub(super) kind: u8,
    pub(super) rule: u8,
    pub(super) condition: u8,
    pub(super) pad: u8,
}

impl EdgeRecord {
    /// From a test file to what it was seen to read.
    pub(super) fn recorded(target: u32) -> Self {
        Self {
            target,
            line: 0,
            kind: EdgeKind::Recorded.code(),
            rule: Rule::Recorded.code(),
            condition: Condition::Always as u8,
            pad: 0,
        }
    }

    pub(super) fn kind(&self) -> EdgeKind {
        EdgeKind::of(self.kind)
    }

    pub(super) fn rule(&self) -> Rule {
        Rule::of(self.rule)
    }
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct ReverseRecord {
    pub(super) source: u32,
    pub(super) edge: u32,
}

/// What is known of a node besides its kind.
pub(super) mod flag {
    /// It loads modules by computed names.
    pub(in super::super) const LOADER: u32 = 1;
    /// It walks a package that is not known.
    pub(in super::super) const WALKER: u32 = 2;
    /// It has places that cannot be resolved.
    pub(in super::super) const UNRESOLVED: u32 = 4;
    /// What it leads to may change with any file that comes or goes.
    pub(in super::super) const VOLATILE: u32 = 8;
    /// It is a test file by its name.
    pub(in super::super) const TEST: u32 = 16;
    /// Something is wrong with it.
    pub(in super::super) const PROBLEM: u32 = 32;
    /// It is not there; it stands for what was.
    pub(in super::super) const GHOST: u32 = 64;
    /// It is a symbolic link.
    pub(in super::super) const LINK: u32 = 128;
    /// It has a say in where modules are looked for, for all.
    pub(in super::super) const GLOBAL: u32 = 256;
}

/// Nodes are numbered: files, folders, the modules of folders, what is outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Flat {
    pub(super) text: Column<u8>,
    pub(super) folders: Column<FolderRecord>,
    pub(super) files: Column<FileRecord>,
    pub(super) outside: Column<OutsideRecord>,
    /// Where the edges of each node begin; one more than there are nodes.
    pub(super) starts: Column<u32>,
    pub(super) edges: Column<EdgeRecord>,
    pub(super) reverse_starts: Column<u32>,
    pub(super) reverse: Column<ReverseRecord>,
    pub(super) references: Column<u8>,
    pub(super) probes: Column<u32>,
    /// What comes after them: of files that were read since they were mapped.
    pub(super) more_references: Column<u8>,
    pub(super) more_probes: Column<u32>,
    pub(super) globals: Column<u8>,
}

impl Flat {
    pub(super) fn text(&self, span: Span) -> &str {
        let bytes = self
            .text
            .get(span.from as usize..(span.from as usize).saturating_add(span.len as usize));
        std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    }

    pub(super) fn count(&self) -> usize {
        self.files.len() + 2 * self.folders.len() + self.outside.len()
    }

    pub(super) fn folder_node(&self, folder: u32) -> u32 {
        self.files.len() as u32 + folder
    }

    pub(super) fn modules_node(&self, folder: u32) -> u32 {
        (self.files.len() + self.folders.len()) as u32 + folder
    }

    fn split(&self, node: u32) -> Part<'_> {
        let at = node as usize;
        let (files, folders) = (self.files.len(), self.folders.len());
        if at < files {
            Part::File(&self.files[at])
        } else if at < files + folders {
            Part::Folder(&self.folders[at - files])
        } else if at < files + 2 * folders {
            Part::Modules(&self.folders[at - files - folders])
        } else {
            Part::Outside(&self.outside[at - files - 2 * folders])
        }
    }

    pub(super) fn kind(&self, node: u32) -> NodeKind {
        match self.split(node) {
            Part::File(file) => NodeKind::of(file.kind as u8),
            Part::Folder(_) => NodeKind::Folder,
            Part::Modules(_) => NodeKind::Modules,
            Part::Outside(outside) => NodeKind::of(outside.kind as u8),
        }
    }

    pub(super) fn flags(&self, node: u32) -> u32 {
        match self.split(node) {
            Part::File(file) => file.flags,
            Part::Outside(outside) => outside.flags,
            _ => 0,
        }
    }

    pub(super) fn name(&self, node: u32) -> String {
        let slash = |path: &str| if path.is_empty() { "" } else { "/" };
        match self.split(node) {
            Part::File(file) => {
                let folder = self.folders.get(file.folder as usize);
                let folder = folder.map_or("", |folder| self.text(folder.path));
                format!("{folder}{}{}", slash(folder), self.text(file.name))
            }
            Part::Folder(folder) => match self.text(folder.path) {
                "" => "./".to_owned(),
                path => format!("{path}/"),
            },
            Part::Modules(folder) => {
                let path = self.text(folder.path);
                format!("{path}{}*.py", slash(path))
            }
            Part::Outside(outside) => self.text(outside.name).to_owned(),
        }
    }

    /// The node of that name: a file by its path, a folder with a `/` at its end, what is outside.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        if let Some(path) = name.strip_suffix('/') {
            let path = if path == "." { "" } else { path };
            return self.find_folder(path).map(|at| self.folder_node(at));
        }
        if let Some(path) = name.strip_suffix("*.py") {
            let folder = self.find_folder(path.trim_end_matches('/'))?;
            return Some(self.modules_node(folder));
        }
        self.find_file(name).or_else(|| {
            let from = self.files.len() + 2 * self.folders.len();
            let found = self
                .outside
                .binary_search_by(|outside| self.text(outside.name).cmp(name));
            found.ok().map(|at| (from + at) as u32)
        })
    }

    pub(super) fn find_file(&self, path: &str) -> Option<u32> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = &self.folders[self.find_folder(folder)? as usize];
        let (from, to) = (folder.files_from as usize, folder.files_to as usize);
        let files = self.files.get(from..to)?;
        let found = files.binary_search_by(|file| self.text(file.name).cmp(name));
        found.ok().map(|at| (from + at) as u32)
    }

    pub(super) fn find_folder(&self, path: &str) -> Option<u32> {
        let found = self
            .folders
            .binary_search_by(|folder| self.text(folder.path).cmp(path));
        found.ok().map(|at| at as u32)
    }

    pub(super) fn edge_range(&self, node: u32) -> Range<usize> {
        let at = node as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        }
    }

    pub(super) fn edges(&self, node: u32) -> &[EdgeRecord] {
        self.edges.get(self.edge_range(node)).unwrap_or_default()
    }

    pub(super) fn reverse(&self, node: u32) -> &[ReverseRecord] {
        let at = node as usize;
        match (self.reverse_starts.get(at), self.reverse_starts.get(at + 1)) {
            (Some(from), Some(to)) => self
                .reverse
                .get(*from as usize..*to as usize)
                .unwrap_or_default(),
            _ => &[],
        }
    }

    /// The source of an edge.
    pub(super) fn source(&self, edge: u32) -> u32 {
        let after = self.starts.partition_point(|start| *start <= edge);
        after.saturating_sub(1) as u32
    }

    /// Whether a file says how a project is laid out and installed.
    pub(super) fn is_project_file(&self, file: &FileRecord) -> bool {
        // Most names need not be looked at.
        matches!(file.name.len, 8 | 9 | 14 | 16) && is_project_file(self.text(file.name))
    }

    /// A range of files.
    pub(super) fn files_in(&self, range: Range<u32>) -> &[FileRecord] {
        let range = range.start as usize..range.end as usize;
        self.files.get(range).unwrap_or_default()
    }

    /// The encoded references of a file.
    pub(super) fn references_of(&self, file: &FileRecord) -> &[u8] {
        let range = file.references_from as usize..file.references_to as usize;
        part(&self.references, &self.more_references, range)
    }

    /// What a file asks for by name.
    pub(super) fn probes_of(&self, file: &FileRecord) -> &[u32] {
        let range = file.probes_from as usize..file.probes_to as usize;
        part(&self.probes, &self.more_probes, range)
    }

    /// Puts the references of all files in a row, and drops those of none.
    pub(super) fn compact(&mut self) {
        if self.more_references.is_empty() {
            return;
        }
        let mut files = self.files.to_vec();
        let (mut references, mut probes) = (Vec::new(), Vec::new());
        for file in &mut files {
            let from = (references.len() as u64, probes.len() as u32);
            references.extend_from_slice(self.references_of(file));
            probes.extend_from_slice(self.probes_of(file));
            (file.references_from, file.probes_from) = from;
            file.references_to = references.len() as u64;
            file.probes_to = probes.len() as u32;
        }
        self.files = files.into();
        self.references = references.into();
        self.probes = probes.into();
        self.more_references = Column::default();
        self.more_probes = Column::default();
    }

    /// The same graph with more edges, which are given with their sources.
    pub(super) fn with_edges(&self, mut more: Vec<(u32, EdgeRecord)>) -> Self {
        more.sort_by_key(|(source, _)| *source);
        let mut more = more.into_iter().peekable();
        let mut flat = self.clone();
        let mut edges = Vec::with_capacity(self.edges.len() + more.len());
        let mut starts = Vec::with_capacity(self.starts.len());
        for node in 0..self.count() as u32 {
            starts.push(edges.len() as u32);
            let own = self.edges(node);
            edges.extend_from_slice(own);
            while let Some((_, edge)) = more.next_if(|(source, _)| *source == node) {
                let is_new = |known: &EdgeRecord| {
                    known.target != edge.target || known.condition != Condition::Always as u8
                };
                if own.iter().all(is_new) {
                    edges.push(edge);
                }
            }
        }
        starts.push(edges.len() as u32);
        flat.edges = edges.into();
        flat.starts = starts.into();
        flat.turn();
        flat
    }

    /// Makes the edges of the opposite direction.
    pub(super) fn turn(&mut self) {
        let count = self.count();
        let mut starts = vec![0u32; count + 1];
        for edge in self.edges.iter() {
            starts[edge.target as usize + 1] += 1;
        }
        for at in 0..count {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut reverse = vec![ReverseRecord::zeroed(); self.edges.len()];
        for node in 0..count as u32 {
            for at in self.edge_range(node) {
                let target = self.edges[at].target as usize;
                reverse[next[target] as usize] = ReverseRecord {
                    source: node,
                    edge: at as u32,
                };
                next[target] += 1;
            }
        }
        self.reverse_starts = starts.into();
        self.reverse = reverse.into();
    }

    /// Whether every number that leads elsewhere leads to something.
    pub(super) fn is_sound(&self) -> bool {
        let count = self.count();
        let rising = |starts: &[u32], end: usize| {
            starts.len() == count + 1
                && starts.is_sorted()
                && starts.last().is_some_and(|last| *last as usize == end)
        };
        let folders = self.folders.len() as u32;
        rising(&self.starts, self.edges.len())
            && rising(&self.reverse_starts, self.reverse.len())
            && self.edges.iter().all(|edge| (edge.target as usize) < count)
            && self.files.iter().all(|file| {
                file.folder < folders
                    && file.references_from <= file.references_to
                    && file.references_to <= self.references.len() as u64
                    && file.probes_from <= file.probes_to
                    && file.probes_to as usize <= self.probes.len()
            })
            && self.folders.iter().all(|folder| folder.parent < folders)
    }
}

/// What encoded references are checked by.
pub(super) fn sum(encoded: &[u8]) -> u32 {
    xxh3_64(encoded) as u32
}

/// A part of two rows that follow each other; a part lies in one of them.
fn part<'f, T: Pod>(first: &'f Column<T>, second: &'f Column<T>, range: Range<usize>) -> &'f [T] {
    let found = match range.start.checked_sub(first.len()) {
        Some(from) => second.get(from..range.end - first.len()),
        None => first.get(range),
    };
    found.unwrap_or_default()
}

enum Part<'f> {
    File(&'f FileRecord),
    Folder(&'f FolderRecord),
    Modules(&'f FolderRecord),
    Outside(&'f OutsideRecord),
}
