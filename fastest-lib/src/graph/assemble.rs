//! Puts nodes and edges into arrays.

use std::path::PathBuf;

use bytemuck::Zeroable;
use globset::{GlobBuilder, GlobMatcher};
use rustc_hash::FxHashMap;

use super::build::Globals;
use super::environment::Environment;
use super::flat::{EdgeRecord, FileRecord, Flat, FolderRecord, OutsideRecord, Span, flag, sum};
use super::kind::{Condition, EdgeKind, NodeKind};
use super::names::Names;
use super::probes;
use super::read::Read;
use super::rule::Rule;
use super::rules::imports::may_load;
use super::rules::packages::around;
use super::rules::{RawEdge, Setup, Target};
use super::tree::{File, Tree, number};

/// The edges of a file: made now, or those of a node of the earlier graph.
pub(super) enum Edge {
    None,
    Fresh(Vec<RawEdge>),
    Kept(u32),
}

/// What the arrays are filled from.
struct Filling<'f> {
    old: &'f Flat,
    tree: &'f Tree,
    flat: Flat,
    edges: Vec<EdgeRecord>,
    starts: Vec<u32>,
    /// Nodes outside of the workspace by name, and what they are.
    outside: FxHashMap<Box<str>, u32>,
    /// What each node of the earlier graph is now.
    now: Vec<u32>,
    disabled: &'f [Rule],
}

const GONE: u32 = u32::MAX;

#[expect(clippy::too_many_arguments, reason = "all of it goes into the arrays")]
pub(super) fn assemble(
    old: &Flat,
    environment: &Environment,
    tree: &Tree,
    setup: &Setup<'_>,
    globals: &Globals,
    old_of: &[Option<u32>],
    reads: Vec<Read>,
    edges: Vec<Edge>,
    keeps: bool,
) -> Flat {
    let mut filling = Filling {
        old,
        tree,
        flat: Flat::default(),
        edges: Vec::new(),
        starts: Vec::new(),
        outside: FxHashMap::default(),
        now: Vec::new(),
        disabled: &setup.disabled,
    };
    filling.nodes(reads, keeps);
    filling.put_outside(&edges);
    filling.renumber(old_of);
    let declared = Declared::new(environment, tree);
    let links = Links::new(tree);
    for (at, edge) in edges.into_iter().enumerate() {
        filling.starts.push(number(filling.edges.len()));
        match edge {
            Edge::Fresh(list) => {
                for edge in list {
                    filling.raw(&edge);
                }
            }
            Edge::Kept(before) => filling.kept(before),
            Edge::None => filling.plain(&setup.names, &tree.files[at]),
        }
        filling.link(&links, number(at));
        declared.apply(number(at), &mut filling);
    }
    filling.folders(&setup.names);
    for _ in 0..=filling.flat.outside.len() {
        filling.starts.push(number(filling.edges.len()));
    }
    let mut flat = filling.flat;
    flat.edges = filling.edges.into();
    flat.starts = filling.starts.into();
    flat.globals = postcard::to_stdvec(globals).unwrap_or_default().into();
    flat.turn();
    flat
}

fn put(text: &mut Vec<u8>, piece: &str) -> Span {
    let from = number(text.len());
    text.extend_from_slice(piece.as_bytes());
    Span {
        from,
        len: number(piece.len()),
    }
}

impl Filling<'_> {
    fn nodes(&mut self, reads: Vec<Read>, keeps: bool) {
        let mut text = Vec::new();
        let folders = self.tree.folders.iter().map(|folder| FolderRecord {
            stamp: folder.stamp,
            path: put(&mut text, &folder.path),
            parent: folder.parent,
            files_from: folder.files.0,
            files_to: folder.files.1,
            behind_link: u32::from(folder.behind_link),
        });
        self.flat.folders = folders.collect::<Vec<_>>().into();
        let encoded: Vec<Option<(Vec<u8>, Vec<u32>)>> = {
            use rayon::prelude::*;
            let encode = |(at, read): (usize, &Read)| {
                let references = read.references.as_ref()?;
                if !keeps && references.problems.is_empty() {
                    return None;
                }
                let mut probes = Vec::new();
                probes::of(&self.tree.files[at].name, references, &mut probes);
                Some((postcard::to_stdvec(references).unwrap_or_default(), probes))
            };
            reads.par_iter().enumerate().map(encode).collect()
        };
        // Those that are known stay where they are.
        let base = (
            self.old.references.len() as u64,
            number(self.old.probes.len()),
        );
        let mut references: Vec<u8> = self.old.more_references.to_vec();
        let mut all_probes: Vec<u32> = self.old.more_probes.to_vec();
        let mut files = Vec::with_capacity(reads.len());
        for ((file, read), encoded) in self.tree.files.iter().zip(reads).zip(encoded) {
            let mut record = FileRecord {
                identity: read.identity,
                digest: read.digest,
                name: put(&mut text, &file.name),
                folder: file.folder,
                kind: u32::from(file.kind.code()),
                flags: read.flags,
                ..FileRecord::zeroed()
            };
            for (is, flag) in [(file.is_ghost, flag::GHOST), (file.is_link, flag::LINK)] {
                record.flags = if is {
                    record.flags | flag
                } else {
                    record.flags & !flag
                };
            }
            if let Some((bytes, probes)) = encoded {
                record.references_from = base.0 + references.len() as u64;
                record.probes_from = base.1 + number(all_probes.len());
                record.sum = sum(&bytes);
                references.extend(bytes);
                all_probes.extend(probes);
                record.references_to = base.0 + references.len() as u64;
                record.probes_to = base.1 + number(all_probes.len());
            } else if let Some(before) = read.old {
                let before = &self.old.files[before as usize];
                record.sum = before.sum;
                record.references_from = before.references_from;
                record.references_to = before.references_to;
                record.probes_from = before.probes_from;
                record.probes_to = before.probes_to;
            }
            files.push(record);
        }
        self.flat.files = files.into();
        if self.old.files.is_empty() {
            self.flat.references = references.into();
            self.flat.probes = all_probes.into();
        } else {
            self.flat.references = self.old.references.clone();
            self.flat.probes = self.old.probes.clone();
            self.flat.more_references = references.into();
            self.flat.more_probes = all_probes.into();
        }
        self.flat.text = text.into();
    }

    /// Nodes outside are numbered by name.
    fn put_outside(&mut self, edges: &[Edge]) {
        let mut names: Vec<(Box<str>, NodeKind)> = Vec::new();
        for edge in edges {
            match edge {
                Edge::Fresh(list) => {
                    names.extend(list.iter().filter_map(|edge| match &edge.target {
                        Target::Distribution(name) => Some((name.clone(), NodeKind::Distribution)),
                        Target::Missing(name) => Some((name.clone(), NodeKind::Missing)),
                        _ => None,
                    }));
                }
                Edge::Kept(before) => {
                    let first = self.old.files.len() + 2 * self.old.folders.len();
                    for edge in self.old.edges(*before) {
                        if edge.target as usize >= first {
                            let name = self.old.name(edge.target).into();
                            names.push((name, self.old.kind(edge.target)));
                        }
                    }
                }
                Edge::None => {}
            }
        }
        // What one file finds and another does not is there.
        names.sort_unstable();
        names.dedup_by(|next, first| next.0 == first.0);
        let first = number(self.flat.files.len() + 2 * self.flat.folders.len());
        let Flat { text, outside, .. } = &mut self.flat;
        let mut all = text.to_vec();
        let mut records = Vec::with_capacity(names.len());
        for (at, (name, kind)) in names.into_iter().enumerate() {
            let loads = kind == NodeKind::Distribution && may_load(&name);
            records.push(OutsideRecord {
                name: put(&mut all, &name),
                flags: if loads { flag::LOADER } else { 0 },
                kind: u32::from(kind.code()),
            });
            self.outside.insert(name, first + number(at));
        }
        *text = all.into();
        *outside = records.into();
    }

    fn renumber(&mut self, old_of: &[Option<u32>]) {
        let (old, flat) = (self.old, &self.flat);
        let mut now = vec![GONE; old.count()];
        for (at, before) in old_of.iter().enumerate() {
            if let Some(before) = before {
                now[*before as usize] = number(at);
            }
        }
        for at in 0..number(old.folders.len()) {
            let path = old.text(old.folders[at as usize].path);
            if let Some(folder) = self.tree.folder(path) {
                now[old.folder_node(at) as usize] = flat.folder_node(folder);
                now[old.modules_node(at) as usize] = flat.modules_node(folder);
            }
        }
        let first = old.files.len() + 2 * old.folders.len();
        for (at, outside) in old.outside.iter().enumerate() {
            if let Some(node) = self.outside.get(old.text(outside.name)) {
                now[first + at] = *node;
            }
        }
        self.now = now;
    }

    fn raw(&mut self, edge: &RawEdge) {
        let target = match &edge.target {
            Target::File(file) => Some(*file),
            Target::Folder(folder) => Some(self.flat.folder_node(*folder)),
            Target::Modules(folder) => Some(self.flat.modules_node(*folder)),
            Target::Distribution(name) | Target::Missing(name) => self.outside.get(name).copied(),
        };
        if let Some(target) = target {
            self.edges.push(EdgeRecord {
                target,
                line: edge.line,
                kind: edge.kind.code(),
                rule: edge.rule.code(),
                condition: edge.condition as u8,
                pad: 0,
            });
        }
    }

    fn kept(&mut self, before: u32) {
        for edge in self.old.edges(before) {
            // Those that the file itself did not make are made anew.
            let made_anew = [EdgeKind::Symlink, EdgeKind::Declared, EdgeKind::Recorded];
            if made_anew.contains(&edge.kind()) {
                continue;
            }
            let target = self.now[edge.target as usize];
            if target != GONE {
                self.edges.push(EdgeRecord { target, ..*edge });
            }
        }
    }

    fn add(&mut self, target: u32, kind: EdgeKind, rule: Rule) {
        // Without what lies in it a folder would be nothing.
        if rule != Rule::Folder && self.disabled.contains(&rule) {
            return;
        }
        self.edges.push(EdgeRecord {
            target,
            line: 0,
            kind: kind.code(),
            rule: rule.code(),
            condition: Condition::Always as u8,
            pad: 0,
        });
    }

    /// The edges of a file that is no source.
    fn plain(&mut self, names: &Names<'_>, file: &File) {
        let is_importable = file.kind == NodeKind::Extension || file.name.ends_with(".pyx");
        if !is_importable {
            return;
        }
        if let Some(init) = around(names, file.folder, file.kind) {
            self.add(init, EdgeKind::ParentInit, Rule::ParentInit);
        }
        let stem = file.name.split('.').next().unwrap_or_default();
        let (from, to) = self.tree.folders[file.folder as usize].files;
        for at in from..to {
            let other = &self.tree.files[at as usize];
            let is_source = other
                .name
                .rsplit_once('.')
                .is_some_and(|(name, extension)| {
                    name == stem
                        && matches!(
                            extension,
                            "pyx"
                                | "pxd"
                                | "pxi"
                                | "c"
                                | "cc"
                                | "cpp"
                                | "cxx"
                                | "f"
                                | "f90"
                                | "h"
                                | "rs"
                        )
                });
            if is_source && other.name != file.name {
                self.add(at, EdgeKind::Data, Rule::ExtensionSource);
            }
        }
    }

    fn link(&mut self, links: &Links, file: u32) {
        if let Some(target) = links.target(self.tree, file) {
            self.add(target, EdgeKind::Symlink, Rule::Symlink);
        }
    }

    fn folders(&mut self, names: &Names<'_>) {
        for folder in 0..number(self.tree.folders.len()) {
            self.starts.push(number(self.edges.len()));
            for below in names.within(folder) {
                let node = self.flat.folder_node(*below);
                self.add(node, EdgeKind::Contains, Rule::Folder);
            }
            let (from, to) = self.tree.folders[folder as usize].files;
            for file in from..to {
                self.add(file, EdgeKind::Contains, Rule::Folder);
            }
        }
        for folder in 0..number(self.tree.folders.len()) {
            self.starts.push(number(self.edges.len()));
            for below in names.within(folder) {
                if names.has_python(*below) {
                    let node = self.flat.modules_node(*below);
                    self.add(node, EdgeKind::Contains, Rule::Folder);
                }
            }
            let (from, to) = self.tree.folders[folder as usize].files;
            for file in from..to {
                let kind = self.tree.files[file as usize].kind;
                if kind.is_source() || kind == NodeKind::Extension {
                    self.add(file, EdgeKind::Contains, Rule::Folder);
                }
            }
        }
    }
}

/// Where symbolic links lead within the workspace.
struct Links {
    /// The files that links lead to.
    files: FxHashMap<u32, u32>,
    /// The folders that are links, or lie behind them, and where they are.
    folders: FxHashMap<u32, u32>,
}

impl Links {
    fn new(tree: &Tree) -> Self {
        let mut links = Self {
            files: FxHashMap::default(),
            folders: FxHashMap::default(),
        };
        let any = tree.folders.iter().any(|folder| folder.behind_link)
            || tree.files.iter().any(|file| file.is_link);
        let Some(root) = tree.rootdir.canonicalize().ok().filter(|_| any) else {
            return links;
        };
        let inside = |path: PathBuf| -> Option<String> {
            let real = path.canonicalize().ok()?;
            real.strip_prefix(&root).ok()?.to_str().map(str::to_owned)
        };
        for (at, folder) in tree.folders.iter().enumerate() {
            if folder.behind_link
                && let Some(real) = inside(tree.rootdir.join(&folder.path))
                && let Some(real) = tree.folder(&real)
            {
                links.folders.insert(number(at), real);
            }
        }
        for (at, file) in tree.files.iter().enumerate() {
            let at = number(at);
            if file.is_link
                && let Some(real) = inside(tree.rootdir.join(tree.path_of(at)))
                && let Some(real) = tree.file(&real)
            {
                links.files.insert(at, real);
            }
        }
        links
    }

    fn target(&self, tree: &Tree, file: u32) -> Option<u32> {
        let record = &tree.files[file as usize];
        let behind = || {
            let folder = self.folders.get(&record.folder)?;
            tree.file_in(*folder, &record.name)
        };
        let target = self.files.get(&file).copied().or_else(behind);
        target.filter(|target| *target != file)
    }
}

/// The edges that the configuration adds and removes.
struct Declared {
    added: Vec<(GlobMatcher, Vec<u32>)>,
    dropped: Vec<(GlobMatcher, GlobMatcher)>,
    paths: Vec<String>,
}

impl Declared {
    fn new(environment: &Environment, tree: &Tree) -> Self {
        let mut declared = Self {
            added: Vec::new(),
            dropped: Vec::new(),
            paths: Vec::new(),
        };
        if environment.declared.is_empty() && environment.dropped.is_empty() {
            return declared;
        }
        let files = 0..number(tree.files.len());
        declared.paths = files.map(|file| tree.path_of(file)).collect();
        let glob = |text: &str| {
            let glob = GlobBuilder::new(text).literal_separator(true).build();
            glob.ok().map(|glob| glob.compile_matcher())
        };
        for (from, to) in &environment.declared {
            if let (Some(from), Some(to)) = (glob(from), glob(to)) {
                let targets = declared.paths.iter().enumerate();
                let targets = targets.filter(|(_, path)| to.is_match(path));
                let targets = targets.map(|(at, _)| number(at)).collect();
                declared.added.push((from, targets));
            }
        }
        for (from, to) in &environment.dropped {
            if let (Some(from), Some(to)) = (glob(from), glob(to)) {
                declared.dropped.push((from, to));
            }
        }
        declared
    }

    fn apply(&self, file: u32, filling: &mut Filling<'_>) {
        let Some(path) = self.paths.get(file as usize) else {
            return;
        };
        for (from, to) in &self.dropped {
            if from.is_match(path) {
                let start = filling.starts[file as usize] as usize;
                let own = filling.edges.split_off(start);
                filling.edges.extend(own.into_iter().filter(|edge| {
                    let target = self.paths.get(edge.target as usize);
                    target.is_none_or(|target| !to.is_match(target))
                }));
            }
        }
        for (from, targets) in &self.added {
            if from.is_match(path) {
                for target in targets.iter().filter(|target| **target != file) {
                    filling.add(*target, EdgeKind::Declared, Rule::Declared);
                }
            }
        }
    }
}
