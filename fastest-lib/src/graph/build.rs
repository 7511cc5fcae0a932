//! From files to the graph: all of it, or what edits touch.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::assemble::{Edge, assemble};
use super::environment::Environment;
use super::flat::{Flat, flag, sum};
use super::kind::NodeKind;
use super::names::Names;
use super::probes::{self, probe};
use super::problems;
use super::projects::{self, Project};
use super::rule::Rule;
use super::rules::{self, Edges, Setup, Source};
use super::tree::{Tree, is_project_file, number};
use crate::syntax::{Identity, References, SiteKind, references, settled};
use crate::{Problem, ProblemKind};

/// What files say that holds for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Globals {
    /// Folders that files put on `sys.path`.
    pub(super) search_path: Vec<String>,
    /// Packages that look for modules elsewhere than in their folder, too.
    pub(super) extended: Vec<String>,
    /// Archives on the search path that are there.
    pub(super) zips: Vec<String>,
    pub(super) projects: Vec<Project>,
    /// Folders in which names differ by case only.
    pub(super) clashes: Vec<Problem>,
    pub(super) environment: u64,
}

/// A file as it was read, or as an earlier graph has it.
pub(super) struct Read {
    pub(super) identity: [u64; 7],
    pub(super) digest: [u8; 32],
    pub(super) references: Option<References>,
    /// The node of the earlier graph, whose references are the same.
    pub(super) old: Option<u32>,
    pub(super) flags: u32,
}

impl Read {
    fn none() -> Self {
        Self {
            identity: [0; 7],
            digest: [0; 32],
            references: None,
            old: None,
            flags: 0,
        }
    }
}

/// Makes the graph of a tree out of an earlier one, an empty one to begin with. `stale` are the files
/// of the earlier graph whose content may be another now.
///
/// The edges of a file are made anew where the file, or something that it names, has changed. Without
/// `keeps` the graph has no references, which only a graph that is made out of it needs.
pub(super) fn build(
    old: &Flat,
    old_globals: &Globals,
    environment: &Environment,
    tree: &Tree,
    stale: &FxHashSet<u32>,
    keeps: bool,
) -> Flat {
    let old_of = correspondence(old, tree);
    let mut reads = read_all(old, tree, &old_of, stale);
    let names = Names::new(tree);
    let globals = globals(
        old,
        old_globals,
        environment,
        tree,
        &names,
        &old_of,
        stale,
        &reads,
    );
    let setup = setup(environment, tree, names, &globals);
    let everything = globals != *old_globals;
    let touched = if everything {
        None
    } else {
        Some(touched(old, tree, environment, &setup, &old_of, &globals))
    };
    let edges: Vec<Edge> = reads
        .par_iter_mut()
        .enumerate()
        .map(|(at, read)| {
            let file = &tree.files[at];
            if !file.kind.is_source() {
                return Edge::None;
            }
            if let (Some(touched), Some(before), None) = (&touched, read.old, &read.references)
                && !touched.contains(&number(at))
            {
                return Edge::Kept(before);
            }
            let decoded;
            let references = match (&read.references, read.old) {
                (Some(references), _) => references,
                (None, Some(before)) => {
                    decoded = known(old, before, tree, at);
                    &decoded
                }
                (None, None) => {
                    decoded = References::default();
                    &decoded
                }
            };
            let folder = &tree.folders[file.folder as usize].path;
            let source = Source {
                setup: &setup,
                file: number(at),
                folder: file.folder,
                is_test: environment.is_test(folder, &file.name),
                references,
            };
            let Edges { list, flags } = rules::edges(&source);
            let ghost = read.flags & flag_if(file.is_ghost, flag::LOADER | flag::WALKER);
            read.flags = flags
                | ghost
                | flag_if(!references.problems.is_empty(), flag::PROBLEM)
                | flag_if(is_global(references), flag::GLOBAL);
            Edge::Fresh(list)
        })
        .collect();
    assemble(
        old,
        environment,
        tree,
        &setup,
        &globals,
        &old_of,
        reads,
        edges,
        keeps,
    )
}

fn flag_if(condition: bool, flag: u32) -> u32 {
    if condition { flag } else { 0 }
}

/// For each file of the tree, the node of the earlier graph that it was.
fn correspondence(old: &Flat, tree: &Tree) -> Vec<Option<u32>> {
    let mut folders: Vec<Option<u32>> = Vec::with_capacity(tree.folders.len());
    for folder in &tree.folders {
        folders.push(old.find_folder(&folder.path));
    }
    let files = tree.files.iter().map(|file| {
        let folder = &old.folders[folders[file.folder as usize]? as usize];
        let (from, to) = (folder.files_from as usize, folder.files_to as usize);
        let files = old.files.get(from..to)?;
        let found = files.binary_search_by(|one| old.text(one.name).cmp(&file.name));
        found.ok().map(|at| number(from + at))
    });
    files.collect()
}

/// The references of a file that an earlier graph kept; none when they are damaged.
pub(super) fn decode(flat: &Flat, file: u32) -> Option<References> {
    let record = flat.files.get(file as usize)?;
    let bytes = flat.references_of(record);
    let encoded = (sum(bytes) == record.sum).then_some(bytes)?;
    postcard::from_bytes(encoded).ok()
}

/// The references of a file that an earlier graph kept, or else as they are now.
fn known(old: &Flat, before: u32, tree: &Tree, file: usize) -> References {
    decode(old, before).unwrap_or_else(|| {
        let path = tree.rootdir.join(tree.path_of(number(file)));
        std::fs::read(path)
            .map(|bytes| references(&bytes))
            .unwrap_or_default()
    })
}

fn read_all(old: &Flat, tree: &Tree, old_of: &[Option<u32>], stale: &FxHashSet<u32>) -> Vec<Read> {
    let paths: Vec<PathBuf> = tree
        .folders
        .iter()
        .map(|folder| tree.rootdir.join(&folder.path))
        .collect();
    let read = |buffer: &mut Vec<u8>, (at, file): (usize, &super::tree::File)| {
        let before = old_of[at].map(|before| (before, &old.files[before as usize]));
        let is_tracked = file.kind.is_source() || is_project_file(&file.name);
        if file.is_ghost {
            // What it held is not known: it may have loaded and walked anything.
            return Read {
                flags: flag::LOADER | flag::WALKER,
                ..Read::none()
            };
        }
        if !is_tracked {
            return Read::none();
        }
        if let Some((before, record)) = before
            && !stale.contains(&before)
        {
            return Read {
                identity: record.identity,
                digest: record.digest,
                references: None,
                old: Some(before),
                flags: record.flags,
            };
        }
        let path = paths[file.folder as usize].join(&file.name);
        let known = before.map(|(before, record)| (before, record.digest));
        let mut read = read_one(&path, file.kind.is_source(), known, buffer);
        if let (Some(before), Some((_, record))) = (read.old, before) {
            debug_assert_eq!(Some(before), old_of[at]);
            read.flags = record.flags;
        }
        read
    };
    let files = tree.files.par_iter().enumerate();
    files.map_init(Vec::new, read).collect()
}

/// Reads a file, by way of a buffer. If its content is the `known` one, which a node of the earlier graph
/// had, so are its references.
fn read_one(
    path: &Path,
    is_source: bool,
    known: Option<(u32, [u8; 32])>,
    buffer: &mut Vec<u8>,
) -> Read {
    let asked = SystemTime::now();
    buffer.clear();
    let content = std::fs::File::open(path).and_then(|mut file| {
        use std::io::Read as _;
        let metadata = file.metadata()?;
        let size = usize::try_from(metadata.len()).unwrap_or(0);
        buffer.try_reserve_exact(size)?;
        file.read_to_end(buffer)?;
        Ok(metadata)
    });
    let metadata = match content {
        Ok(metadata) => metadata,
        Err(error) => {
            let message = format!("the file cannot be read, so its imports are not known: {error}");
            let mut references = References::default();
            references
                .problems
                .push(Problem::new(ProblemKind::Io, message));
            return Read {
                references: Some(references),
                ..Read::none()
            };
        }
    };
    let identity = Identity::of(&metadata);
    let digest: [u8; 32] = blake3::hash(buffer).into();
    let same = known.filter(|(_, known)| *known == digest);
    Read {
        identity: match settled(&identity, asked) {
            true => identity.0,
            false => [0; 7],
        },
        digest,
        references: (is_source && same.is_none()).then(|| references(buffer)),
        old: same.map(|(before, _)| before),
        flags: 0,
    }
}

fn is_global(references: &References) -> bool {
    let mut sites = references.sites.iter();
    sites.any(|site| matches!(site.kind, SiteKind::SearchPath(_) | SiteKind::ExtendPath))
}

#[expect(clippy::too_many_arguments, reason = "all of it has a say")]
fn globals(
    old: &Flat,
    old_globals: &Globals,
    environment: &Environment,
    tree: &Tree,
    names: &Names<'_>,
    old_of: &[Option<u32>],
    stale: &FxHashSet<u32>,
    reads: &[Read],
) -> Globals {
    let is_project = |at: &usize| is_project_file(&tree.files[*at].name);
    let now: Vec<usize> = (0..tree.files.len()).filter(is_project).collect();
    let before = old
        .files
        .iter()
        .filter(|file| is_project_file(old.text(file.name)));
    let same = before.count() == now.len()
        && now.iter().all(|at| {
            old_of[*at].is_some_and(|before| {
                let record = &old.files[before as usize];
                !stale.contains(&before) || record.digest == reads[*at].digest
            })
        });
    let projects = match same && !old.files.is_empty() {
        true => old_globals.projects.clone(),
        false => projects::read(tree),
    };
    let mut search_path = FxHashSet::default();
    let mut extended = FxHashSet::default();
    for (at, read) in reads.iter().enumerate() {
        let decoded;
        let references = match (&read.references, read.old) {
            (Some(references), _) => references,
            (None, Some(before)) if old.files[before as usize].flags & flag::GLOBAL != 0 => {
                decoded = known(old, before, tree, at);
                &decoded
            }
            _ => continue,
        };
        let folder = tree.files[at].folder;
        for site in &references.sites {
            match &site.kind {
                SiteKind::SearchPath(place) => {
                    let found = rules::search_path::folders(tree, names, folder, references, place);
                    search_path.extend(found);
                }
                SiteKind::ExtendPath => {
                    extended.insert(folder);
                }
                _ => {}
            }
        }
    }
    let paths = |folders: FxHashSet<u32>| {
        let folders = folders.into_iter();
        let mut paths: Vec<String> = folders
            .map(|folder| tree.folders[folder as usize].path.clone())
            .collect();
        paths.sort_unstable();
        paths
    };
    Globals {
        search_path: paths(search_path),
        extended: paths(extended),
        zips: {
            let zips = environment.zips.iter();
            zips.filter(|path| tree.file(path).is_some())
                .cloned()
                .collect()
        },
        projects,
        clashes: problems::of_names(tree),
        environment: environment.key,
    }
}

fn setup<'s>(
    environment: &Environment,
    tree: &'s Tree,
    mut names: Names<'s>,
    globals: &'s Globals,
) -> Setup<'s> {
    let mut roots: FxHashSet<u32> = FxHashSet::default();
    let configured = environment.roots.iter().chain(&globals.search_path);
    roots.extend(configured.filter_map(|path| tree.folder(path)));
    for project in &globals.projects {
        let Some(folder) = tree.folder(&project.folder) else {
            continue;
        };
        // A `setup.py` within a package is its own affair.
        if names.init(folder).is_none() && !project.folder.ends_with("-info") {
            roots.insert(folder);
            let layouts = ["src", "lib", "python"].into_iter();
            roots.extend(
                layouts
                    .filter_map(|name| names.subfolder(folder, name))
                    .filter(|folder| names.init(*folder).is_none()),
            );
        }
        roots.extend(project.roots.iter().filter_map(|path| tree.folder(path)));
    }
    let mapped = environment.mapped.iter().filter_map(|(_, path)| {
        let folder = tree.folder(path)?;
        let path = tree.folders[folder as usize].path.as_str();
        Some((path.rsplit('/').next().unwrap_or_default(), folder))
    });
    let mapped: Vec<(&str, u32)> = mapped.collect();
    let extended = globals.extended.iter().filter_map(|path| tree.folder(path));
    let inserted = tree.files.iter().filter(|file| {
        let folder = &tree.folders[file.folder as usize].path;
        file.kind == NodeKind::Conftest || environment.is_test(folder, &file.name)
    });
    let inserted = inserted.map(|file| names.base(file.folder)).collect();
    names.set_roots(roots, mapped, extended, inserted);
    let mut plugins = environment.plugins.clone();
    for project in &globals.projects {
        for entry in &project.entry_points {
            if entry.group == "pytest11" {
                plugins.push((entry.target.clone(), Rule::PluginEntryPoint));
            }
        }
    }
    plugins.dedup();
    let folders = tree.folders.iter();
    let folder_names = folders.map(|folder| folder.path.rsplit('/').next().unwrap_or_default());
    let files = tree.files.iter().map(|file| file.name.as_str());
    let entries = folder_names.chain(files).collect();
    Setup {
        names,
        projects: &globals.projects,
        plugins,
        conftests: environment
            .conftests
            .as_ref()
            .map(|path| tree.folder(path).unwrap_or(0)),
        installed: environment.installed.clone(),
        doctests: environment.doctests,
        zips: globals
            .zips
            .iter()
            .filter_map(|path| tree.file(path))
            .collect(),
        disabled: environment.disabled.clone(),
        entries,
    }
}

/// The files whose edges may have changed because files came or went.
fn touched(
    old: &Flat,
    tree: &Tree,
    environment: &Environment,
    setup: &Setup<'_>,
    old_of: &[Option<u32>],
    globals: &Globals,
) -> FxHashSet<u32> {
    let mut touched = FxHashSet::default();
    let kept: FxHashMap<u32, u32> = old_of
        .iter()
        .enumerate()
        .filter_map(|(at, before)| before.map(|before| (before, number(at))))
        .collect();
    let added = (0..tree.files.len()).filter(|at| old_of[*at].is_none());
    let mut changed: Vec<(String, String)> = added
        .map(|at| {
            let file = &tree.files[at];
            let folder = &tree.folders[file.folder as usize].path;
            (folder.clone(), file.name.clone())
        })
        .collect();
    for (at, file) in old.files.iter().enumerate() {
        if !kept.contains_key(&number(at)) {
            let folder = old.text(old.folders[file.folder as usize].path);
            changed.push((folder.to_owned(), old.text(file.name).to_owned()));
        }
    }
    let folders: FxHashSet<&str> = tree.folders.iter().map(|f| f.path.as_str()).collect();
    let old_folders: FxHashSet<&str> = old.folders.iter().map(|f| old.text(f.path)).collect();
    if changed.is_empty() && folders == old_folders {
        return touched;
    }
    let mut keys: FxHashSet<u32> = FxHashSet::default();
    let mut below: Vec<String> = Vec::new();
    for folder in folders.symmetric_difference(&old_folders) {
        keys.insert(probe(folder.rsplit('/').next().unwrap_or_default()));
    }
    let had_python = had_python(old);
    for (folder, name) in &changed {
        keys.insert(probe(name));
        keys.insert(probe(name.split('.').next().unwrap_or_default()));
        let mut around = folder.as_str();
        for _ in 0..2 {
            let own = around.rsplit('/').next().unwrap_or_default();
            keys.insert(probes::children(own));
            around = around.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        if matches!(name.as_str(), "conftest.py" | "__init__.py") {
            below.push(folder.clone());
        }
        if name == "conftest.py" || environment.is_test(folder, name) {
            // The names in a folder that tests are in hide those of others.
            let mut around = folder.as_str();
            while tree.folder(around).is_none() && !around.is_empty() {
                around = around.rsplit_once('/').map_or("", |(parent, _)| parent);
            }
            let base = setup.names.base(tree.folder(around).unwrap_or(0));
            let (from, to) = tree.folders[base as usize].files;
            let files = tree.files[from as usize..to as usize].iter();
            keys.extend(files.map(|file| probe(file.name.split('.').next().unwrap_or_default())));
            let folders = setup.names.within(base).iter();
            let folders = folders.map(|folder| tree.folders[*folder as usize].path.as_str());
            keys.extend(folders.map(|path| probe(path.rsplit('/').next().unwrap_or_default())));
        }
        let mut around = folder.as_str();
        while !around.is_empty() {
            let has = tree
                .folder(around)
                .is_some_and(|at| setup.names.has_python(at));
            if has != had_python.contains(around) {
                keys.insert(probe(around.rsplit('/').next().unwrap_or_default()));
            }
            around = around.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    let is_below = |path: &str| {
        below.iter().any(|folder| {
            let rest = path.strip_prefix(folder.as_str());
            rest.is_some_and(|rest| folder.is_empty() || rest.is_empty() || rest.starts_with('/'))
        })
    };
    // A folder that becomes a package, or is none any more, gives its names to others.
    for file in &tree.files {
        if is_below(&tree.folders[file.folder as usize].path) {
            keys.insert(probe(file.name.split('.').next().unwrap_or_default()));
        }
    }
    for folder in &tree.folders {
        if is_below(&folder.path) {
            keys.insert(probe(folder.path.rsplit('/').next().unwrap_or_default()));
        }
    }
    let plugins = setup.plugins.iter().map(|(name, _)| name.as_str());
    let entry_points = globals
        .projects
        .iter()
        .flat_map(|project| &project.entry_points);
    let targets = plugins.chain(entry_points.map(|entry| entry.target.as_str()));
    let any_target = targets
        .flat_map(|target| target.split(['.', ':']))
        .any(|part| keys.contains(&probe(part)));
    for (at, before) in old_of.iter().enumerate() {
        let Some(before) = before else { continue };
        let record = &old.files[*before as usize];
        let probes = old.probes_of(record);
        let is_touched = any_target
            || record.flags & flag::VOLATILE != 0
            || probes.iter().any(|probe| keys.contains(probe))
            || is_below(&tree.folders[tree.files[at].folder as usize].path);
        if is_touched {
            touched.insert(number(at));
        }
    }
    touched
}

/// The folders of an earlier graph with Python files in or below them.
fn had_python(old: &Flat) -> FxHashSet<&str> {
    let mut found = FxHashSet::default();
    for file in old.files.iter() {
        let name = old.text(file.name);
        if !probes::is_python(name) {
            continue;
        }
        let mut folder = old.text(old.folders[file.folder as usize].path);
        while found.insert(folder) {
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    found
}
