//! Which files to look at again when others come or go.

use rustc_hash::{FxHashMap, FxHashSet};

use super::build::Globals;
use super::environment::Environment;
use super::flat::{Flat, flag};
use super::probes::{self, probe};
use super::rules::Setup;
use super::tree::{Tree, number};

/// The files whose edges may have changed because files came or went.
pub(super) fn touched(
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
