//! From the names of modules to files.
//!
//! Python takes the first folder of `sys.path` that has a name. Which comes first often depends on how
//! tests are started, so every folder that may be on it counts: a name leads to all that it may be.

use rustc_hash::{FxHashMap, FxHashSet};

use super::kind::NodeKind;
use super::tree::{Tree, number};
use crate::environment::is_stdlib;

const NONE: u32 = u32::MAX;

/// The files that one name stands for in a folder.
#[derive(Clone, Copy, Debug)]
struct Module {
    source: u32,
    stub: u32,
    extension: u32,
}

/// What lies in folders, by name.
pub(super) struct Names<'t> {
    pub(super) tree: &'t Tree,
    modules: FxHashMap<(u32, &'t str), Module>,
    folders: FxHashMap<(u32, &'t str), u32>,
    /// The `__init__.py` of each folder.
    inits: Vec<u32>,
    /// Whether Python files lie in or below each folder.
    has_python: Vec<bool>,
    /// The first folder upward, from each, that is no package.
    bases: Vec<u32>,
    /// Where top-level names lie: below the import roots, and below any other base.
    tops: FxHashMap<&'t str, Tops>,
    roots: FxHashSet<u32>,
    /// The folders that pytest puts on the path for test files and conftests.
    inserted: FxHashSet<u32>,
    /// Packages that are found in one folder only, by an editable installation.
    mapped: FxHashMap<&'t str, u32>,
    /// Packages that also look elsewhere than in their folder.
    extended: FxHashSet<u32>,
    /// The folders within each.
    below: Vec<Vec<u32>>,
}

#[derive(Default)]
struct Tops {
    roots: Vec<u32>,
    others: Vec<u32>,
}

/// Where a name leads.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The files of the whole name: a module, or a package's `__init__.py`.
    pub(super) files: Vec<u32>,
    /// The folders of the whole name, where it is a package, with or without `__init__.py`.
    pub(super) folders: Vec<u32>,
    /// The files of the names before the last.
    pub(super) parents: Vec<u32>,
    /// How many parts of the name were found.
    pub(super) depth: usize,
}

impl Found {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }
}

impl<'t> Names<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        let count = tree.folders.len();
        let mut names = Self {
            tree,
            modules: FxHashMap::default(),
            folders: FxHashMap::default(),
            inits: vec![NONE; count],
            has_python: vec![false; count],
            bases: vec![0; count],
            tops: FxHashMap::default(),
            roots: FxHashSet::default(),
            inserted: FxHashSet::default(),
            mapped: FxHashMap::default(),
            extended: FxHashSet::default(),
            below: vec![Vec::new(); count],
        };
        for (at, file) in tree.files.iter().enumerate() {
            names.add(number(at), file.folder, &file.name, file.kind);
        }
        for (at, folder) in tree.folders.iter().enumerate().skip(1) {
            let name = folder.path.rsplit('/').next().unwrap_or_default();
            names.folders.insert((folder.parent, name), number(at));
            names.below[folder.parent as usize].push(number(at));
        }
        // A folder comes after those around it.
        for at in 0..count {
            let parent = tree.folders[at].parent as usize;
            names.bases[at] = match names.inits[at] {
                NONE => number(at),
                _ if at == 0 => 0,
                _ => names.bases[parent],
            };
        }
        for at in (1..count).rev() {
            if names.has_python[at] {
                names.has_python[tree.folders[at].parent as usize] = true;
            }
        }
        names
    }

    fn add(&mut self, at: u32, folder: u32, name: &'t str, kind: NodeKind) {
        let (stem, is_python) = match kind {
            NodeKind::Module | NodeKind::Package | NodeKind::Conftest => {
                (&name[..name.len() - 3], true)
            }
            NodeKind::Stub => (&name[..name.len() - 4], true),
            NodeKind::Extension => (name.split('.').next().unwrap_or_default(), true),
            // Sources of compiled modules, and sourceless ones.
            _ => match name.rsplit_once('.') {
                Some((stem, "pyx" | "pyc" | "pyw")) => (stem, true),
                _ => return,
            },
        };
        if kind == NodeKind::Package {
            self.inits[folder as usize] = at;
        }
        if is_python {
            self.has_python[folder as usize] = true;
        }
        let module = self.modules.entry((folder, stem)).or_insert(Module {
            source: NONE,
            stub: NONE,
            extension: NONE,
        });
        match kind {
            NodeKind::Stub => module.stub = at,
            NodeKind::Extension => module.extension = at,
            NodeKind::Data if module.source != NONE || module.extension != NONE => {}
            NodeKind::Data => module.extension = at,
            _ => module.source = at,
        }
    }

    /// Says which folders are on `sys.path` for everyone, and what editable installations map.
    pub(super) fn set_roots(
        &mut self,
        roots: impl IntoIterator<Item = u32>,
        mapped: impl IntoIterator<Item = (&'t str, u32)>,
        extended: impl IntoIterator<Item = u32>,
        inserted: FxHashSet<u32>,
    ) {
        self.inserted = inserted;
        self.roots = roots.into_iter().collect();
        self.mapped = mapped.into_iter().collect();
        self.extended = extended.into_iter().collect();
        let mut tops: FxHashMap<&'t str, Tops> = FxHashMap::default();
        let folders = self.folders.iter();
        let folders = folders.filter(|(_, child)| self.has_python[**child as usize]);
        let names = self.modules.keys().chain(folders.map(|(key, _)| key));
        for &(folder, name) in names {
            if self.roots.contains(&folder) {
                tops.entry(name).or_default().roots.push(folder);
            } else if self.bases[folder as usize] == folder {
                tops.entry(name).or_default().others.push(folder);
            }
        }
        for tops in tops.values_mut() {
            for folders in [&mut tops.roots, &mut tops.others] {
                folders.sort_unstable();
                folders.dedup();
            }
        }
        self.tops = tops;
    }

    pub(super) fn base(&self, folder: u32) -> u32 {
        self.bases[folder as usize]
    }

    pub(super) fn init(&self, folder: u32) -> Option<u32> {
        Some(self.inits[folder as usize]).filter(|init| *init != NONE)
    }

    /// The import root around a folder.
    pub(super) fn root_around(&self, folder: u32) -> u32 {
        let mut around = self.tree.around(folder);
        around
            .find(|folder| self.is_root(*folder) && self.bases[*folder as usize] == *folder)
            .unwrap_or(0)
    }

    fn is_root(&self, folder: u32) -> bool {
        self.roots.contains(&folder)
    }

    /// The folders within a folder.
    pub(super) fn within(&self, folder: u32) -> &[u32] {
        &self.below[folder as usize]
    }

    /// Whether Python files lie in or below a folder.
    pub(super) fn has_python(&self, folder: u32) -> bool {
        self.has_python[folder as usize]
    }

    pub(super) fn subfolder(&self, folder: u32, name: &str) -> Option<u32> {
        self.folders.get(&(folder, name)).copied()
    }

    pub(super) fn stub(&self, folder: u32, stem: &str) -> Option<u32> {
        let module = self.modules.get(&(folder, stem))?;
        Some(module.stub).filter(|stub| *stub != NONE)
    }

    /// The folders of the workspace from which a file's absolute imports may be found: what is surely
    /// looked at, and only where that has nothing of the name, what may be.
    pub(super) fn start(&self, folder: u32, name: &str) -> Vec<u32> {
        let mut starts = self.near(folder, name);
        let others = self.tops.get(name).map(|tops| &tops.others);
        let others = others.into_iter().flatten();
        // A folder that is no package stands back behind a package of its name, wherever that lies.
        let is_sure = starts.iter().any(|start| self.has_module(*start, name));
        if !is_sure && !is_stdlib(name) {
            starts.extend(others);
            starts.sort_unstable();
            starts.dedup();
        } else if !self.inserted.contains(&self.bases[folder as usize]) {
            // The folder of a test comes first, also for what the test imports.
            starts.extend(others.filter(|other| self.inserted.contains(other)));
            starts.sort_unstable();
            starts.dedup();
        }
        starts
    }

    /// Those of the import roots and of the folders around the file.
    pub(super) fn near(&self, folder: u32, name: &str) -> Vec<u32> {
        let mut starts = Vec::new();
        if let Some(&folder) = self.mapped.get(name) {
            starts.push(self.tree.folders[folder as usize].parent);
        }
        for around in self.tree.around(folder) {
            let base = self.bases[around as usize];
            if !starts.contains(&base) && self.has(base, name) {
                starts.push(base);
            }
        }
        let tops = self.tops.get(name);
        let roots = tops.map_or(&[][..], |tops| &tops.roots);
        starts.extend(roots);
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    fn has(&self, folder: u32, name: &str) -> bool {
        let is_package = |child: &u32| self.has_python[*child as usize];
        self.modules.contains_key(&(folder, name))
            || self.folders.get(&(folder, name)).is_some_and(is_package)
    }

    /// Whether a name is a module or a package with an `__init__.py` in a folder.
    fn has_module(&self, folder: u32, name: &str) -> bool {
        let below = self.folders.get(&(folder, name));
        self.modules.contains_key(&(folder, name))
            || below.is_some_and(|below| self.modules.contains_key(&(*below, "__init__")))
    }

    /// What an absolute name leads to, from a file in that folder; as far as its parts are found.
    pub(super) fn absolute(&self, folder: u32, name: &str) -> Found {
        let top = name.split('.').next().unwrap_or_default();
        let starts = self.start(folder, top);
        self.below(&starts, name)
    }

    /// What a name leads to below these folders; as far as its parts are found.
    pub(super) fn below(&self, starts: &[u32], name: &str) -> Found {
        let mut found = Found {
            folders: starts.to_vec(),
            ..Found::default()
        };
        // Packages on the way that are found in one place and look in others.
        let mut extended: Vec<u32> = Vec::new();
        for part in name.split('.') {
            let mut files = Vec::new();
            let mut folders = Vec::new();
            for &folder in &found.folders {
                self.step(folder, part, &mut files, &mut folders);
            }
            if files.is_empty() && folders.is_empty() {
                for &folder in &found.folders {
                    if self.extended.contains(&folder) {
                        self.anywhere_below(folder, part, &mut files, &mut folders);
                    }
                }
            }
            if files.is_empty() && folders.is_empty() {
                break;
            }
            let others = found.folders.iter();
            let others = others.filter(|folder| self.extended.contains(folder));
            extended.extend(others.filter_map(|folder| self.init(*folder)));
            found.parents.append(&mut found.files);
            found.files = files;
            found.folders = folders;
            found.depth += 1;
        }
        if found.depth == 0 {
            found.folders.clear();
        }
        if found.depth > 1 {
            extended.retain(|init| !found.files.contains(init));
            found.files.append(&mut extended);
        }
        found
    }

    /// A package comes before a module of its name.
    fn step(&self, folder: u32, part: &str, files: &mut Vec<u32>, folders: &mut Vec<u32>) {
        let below = self.folders.get(&(folder, part));
        let below = below.filter(|child| self.has_python[**child as usize]);
        if let Some(&child) = below {
            folders.push(child);
            if let Some(init) = self.init(child) {
                files.push(init);
                return;
            }
            // Of a package that is compiled, or known by its stub.
            if let Some(module) = self.modules.get(&(child, "__init__")) {
                push(module, files);
            }
        }
        if let Some(module) = self.modules.get(&(folder, part)) {
            push(module, files);
        }
    }

    fn anywhere_below(
        &self,
        folder: u32,
        part: &str,
        files: &mut Vec<u32>,
        folders: &mut Vec<u32>,
    ) {
        let path = &self.tree.folders[folder as usize].path;
        for (at, other) in self.tree.folders.iter().enumerate() {
            let inside = other.path.strip_prefix(path.as_str());
            if inside.is_some_and(|rest| rest.starts_with('/') || path.is_empty()) {
                self.step(number(at), part, files, folders);
            }
        }
    }

    /// The modules and packages that lie directly in a folder and whose names begin so.
    pub(super) fn children(&self, folder: u32, prefix: &str, out: &mut Vec<u32>) {
        let (from, to) = self.tree.folders[folder as usize].files;
        for at in from..to {
            let file = &self.tree.files[at as usize];
            if file.name.starts_with(prefix)
                && (file.kind.is_source() || file.kind == NodeKind::Extension)
                && file.kind != NodeKind::Package
            {
                out.push(at);
            }
        }
        for &child in &self.below[folder as usize] {
            let path = &self.tree.folders[child as usize].path;
            let name = path.rsplit('/').next().unwrap_or_default();
            if name.starts_with(prefix) {
                out.extend(self.init(child));
            }
        }
        out.sort_unstable();
    }
}

fn push(module: &Module, files: &mut Vec<u32>) {
    let before = files.len();
    files.extend(
        [module.source, module.extension]
            .into_iter()
            .filter(|at| *at != NONE),
    );
    if files.len() == before && module.stub != NONE {
        files.push(module.stub);
    }
}
