//! From files to the graph: all of it, or what edits touch.

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::assemble::{Edge, assemble};
use super::environment::Environment;
use super::flat::{Flat, flag};
use super::kind::NodeKind;
use super::names::Names;
use super::problems;
use super::projects::{self, Project};
use super::read::{Read, known, read_all};
use super::rule::Rule;
use super::rules::{self, Edges, Setup, Source};
use super::touched::touched;
use super::tree::{Tree, is_project_file, number};
use crate::Problem;
use crate::syntax::{References, SiteKind};

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
    /// Folders in which modules are looked for from everywhere.
    pub(super) roots: Vec<String>,
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
    let mut reads = read_all(old, tree, &old_of, stale, keeps);
    let names = Names::new(tree);
    let mut globals = globals(
        old,
        old_globals,
        environment,
        tree,
        &names,
        &old_of,
        stale,
        &reads,
    );
    let roots = roots(environment, tree, &names, &globals).into_iter();
    globals.roots = roots
        .map(|root| tree.folders[root as usize].path.clone())
        .collect();
    globals.roots.sort_unstable();
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
    if tree.is_as_known {
        return (0..number(tree.files.len())).map(Some).collect();
    }
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
    let before = old.files.iter().filter(|file| old.is_project_file(file));
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
        roots: Vec::new(),
    }
}

/// The folders in which modules are looked for from everywhere.
fn roots(
    environment: &Environment,
    tree: &Tree,
    names: &Names<'_>,
    globals: &Globals,
) -> FxHashSet<u32> {
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
    roots
}

fn setup<'s>(
    environment: &Environment,
    tree: &'s Tree,
    mut names: Names<'s>,
    globals: &'s Globals,
) -> Setup<'s> {
    let roots = roots(environment, tree, &names, globals);
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
