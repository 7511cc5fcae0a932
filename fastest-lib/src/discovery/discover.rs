use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::collect::{Collected, Rules, collect};
use super::conftest::Conftest;
use super::engine;
use super::fixtures::{Holder, Place};
use super::ids::IdRules;
use super::model::{DiscoveredFile, Discovery, OpenReason};
use super::naming::Naming;
use super::reorder::{Item, reorder};
use crate::syntax::{FileFacts, Sources, parse};
use crate::workspace::{FileKind, FileSet, TestFile, Workspace};
use crate::{Problem, ProblemKind};

/// Finds the tests of `files` with pytest's node ids, in pytest's order, without running Python.
///
/// What the sources alone do not decide is marked open and never guessed. Every file of `files`
/// is in the answer, also one without tests: pytest imports it all the same. Files that cannot be
/// read or parsed give a problem, and whatever could be read of them.
///
/// Plugins of the interpreter that the configuration does not name are not visible here; one that
/// changes what is collected makes the answer differ from pytest's.
pub fn discover(workspace: &Workspace, files: &FileSet, sources: &Sources) -> Discovery {
    let (rootdir, config) = (workspace.rootdir(), workspace.config());
    let rules = Rules {
        ids: IdRules::new(config),
        classes: Naming::new(&config.python_classes),
        functions: Naming::new(&config.python_functions),
        imported: config.collect_imported_tests,
        usefixtures: &config.usefixtures,
        builtin: Holder::builtin(),
        open: open_options(&config.addopts),
    };
    let (conftests, mut problems, mut imports_pytest) =
        read_conftests(rootdir, files, &rules, sources);
    let first_number = conftests.len();
    let packages = package_xunit(rootdir, files);
    let collected: Vec<(Collected, Vec<Problem>, bool)> = files
        .files
        .par_iter()
        .enumerate()
        .map(|(at, file)| {
            let chain: Vec<&Conftest> = file
                .conftests
                .iter()
                .filter_map(|path| conftests.get(path.as_path()))
                .collect();
            let mut collected =
                collect_file(file, &chain, &rules, number(first_number + at), sources);
            for folder in folders(rootdir, file) {
                let needs = &mut collected.0.file.needs_pytest;
                needs.extend(packages.get(folder).cloned());
            }
            collected
        })
        .collect();
    let mut discovered = Vec::with_capacity(collected.len());
    let mut wide = Vec::with_capacity(collected.len());
    for ((mut collected, found, imports), file) in collected.into_iter().zip(&files.files) {
        problems.extend(found);
        imports_pytest |= imports;
        collected.file.abspath.clone_from(&file.path);
        collected.file.conftests.clone_from(&file.conftests);
        collected.file.names.clone_from(&file.names);
        discovered.push(collected.file);
        wide.push(collected.wide);
    }
    let of_files = files.files.iter().flat_map(|file| &file.conftests);
    let mut all_conftests: Vec<PathBuf> = of_files.chain(&files.conftests).cloned().collect();
    all_conftests.sort();
    all_conftests.dedup();
    let session_order = order_session(&mut discovered, &wide);
    Discovery {
        files: discovered,
        problems,
        session_order,
        unreadable: files.unreadable().collect(),
        conftests: all_conftests,
        imports_pytest,
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Options of the ini file that let other code decide what is collected.
fn open_options(addopts: &[String]) -> Vec<OpenReason> {
    let mut open = Vec::new();
    let mut options = addopts.iter();
    while let Some(option) = options.next() {
        let plugin = match option.strip_prefix("-p") {
            Some("") => options.next().map(String::as_str),
            Some(plugin) => Some(plugin),
            None => None,
        };
        if let Some(plugin) = plugin.filter(|plugin| !plugin.starts_with("no:")) {
            let message = format!("addopts loads the plugin `{plugin}`");
            open.push(OpenReason::new(0, message));
        } else if option.starts_with("--doctest-modules") {
            open.push(OpenReason::new(0, "addopts collects doctests"));
        }
    }
    open
}

fn read(sources: &Sources, path: &Path, id: &str) -> Result<FileFacts, Problem> {
    match sources.facts(path) {
        Ok(mut facts) => {
            for problem in &mut facts.problems {
                problem.path = Some(id.to_owned());
            }
            Ok(facts)
        }
        Err(error) => Err(Problem::new(
            ProblemKind::Io,
            format!("the file cannot be read: {error}"),
        )
        .at(id, None)),
    }
}

type Conftests<'a> = HashMap<&'a Path, Conftest>;

fn read_conftests<'a>(
    rootdir: &Path,
    files: &'a FileSet,
    rules: &Rules<'_>,
    sources: &Sources,
) -> (Conftests<'a>, Vec<Problem>, bool) {
    let mut paths: Vec<&PathBuf> = files
        .files
        .iter()
        .flat_map(|file| &file.conftests)
        .collect();
    paths.sort();
    paths.dedup();
    let read: Vec<(&Path, Conftest, Vec<Problem>, bool)> = paths
        .par_iter()
        .enumerate()
        .map(|(at, path)| {
            let id = relative(rootdir, path);
            let (facts, problems) = facts_or_empty(sources, path, &id);
            let place = Place {
                file: number(at),
                conftest: Some(&id),
            };
            let conftest = Conftest::new(&facts, path, place, &rules.ids);
            (path.as_path(), conftest, problems, imports_pytest(&facts))
        })
        .collect();
    let mut conftests = HashMap::new();
    let mut problems = Vec::new();
    let mut any_imports_pytest = false;
    for (path, conftest, found, imports) in read {
        conftests.insert(path, conftest);
        problems.extend(found);
        any_imports_pytest |= imports;
    }
    (conftests, problems, any_imports_pytest)
}

/// The folders from the rootdir down to a file's own, its own first.
fn folders<'a>(rootdir: &Path, file: &'a TestFile) -> impl Iterator<Item = &'a Path> {
    let folders = file.path.ancestors().skip(1);
    folders.take_while(move |folder| folder.starts_with(rootdir))
}

/// The packages whose `__init__.py` has functions that pytest calls around all tests below.
fn package_xunit<'a>(rootdir: &Path, files: &'a FileSet) -> HashMap<&'a Path, OpenReason> {
    let mut packages: Vec<&Path> = files
        .files
        .iter()
        .flat_map(|file| folders(rootdir, file))
        .collect();
    packages.sort();
    packages.dedup();
    let found = packages.par_iter().filter_map(|folder| {
        let path = folder.join("__init__.py");
        let bytes = std::fs::read(&path).ok()?;
        let mut names = engine::PACKAGE_XUNIT.iter();
        let name = names.find(|name| memchr::memmem::find(&bytes, name.as_bytes()).is_some())?;
        let id = relative(rootdir, &path);
        let reason = OpenReason::new(0, format!("{id}: `{name}` is an xunit function"));
        Some((*folder, reason))
    });
    found.collect()
}

/// The facts of a file, or none and the problem of reading it.
fn facts_or_empty(sources: &Sources, path: &Path, id: &str) -> (FileFacts, Vec<Problem>) {
    match read(sources, path, id) {
        Ok(facts) => {
            let problems = facts.problems.clone();
            (facts, problems)
        }
        Err(problem) => {
            let mut facts = parse(b"");
            facts.problems.push(problem.clone());
            (facts, vec![problem])
        }
    }
}

fn relative(rootdir: &Path, path: &Path) -> String {
    let path = path.strip_prefix(rootdir).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

fn collect_file(
    file: &TestFile,
    conftests: &[&Conftest],
    rules: &Rules<'_>,
    number: u32,
    sources: &Sources,
) -> (Collected, Vec<Problem>, bool) {
    if file.kind == FileKind::Doctest {
        return (doctests(file), Vec::new(), false);
    }
    let (facts, problems) = facts_or_empty(sources, &file.path, &file.id);
    let collected = collect(file, &facts, conftests, rules, number);
    (collected, problems, imports_pytest(&facts))
}

fn imports_pytest(facts: &FileFacts) -> bool {
    facts
        .imports
        .iter()
        .any(|import| import.module.split('.').next() == Some("pytest"))
}

/// A file of which only doctests are collected.
fn doctests(file: &TestFile) -> Collected {
    let reason = OpenReason::new(0, "only pytest collects doctests");
    Collected {
        file: DiscoveredFile {
            path: file.id.clone(),
            tests: Vec::new(),
            open: vec![reason.clone()],
            needs_pytest: vec![reason],
            abspath: PathBuf::new(),
            conftests: Vec::new(),
            names: Vec::new(),
        },
        wide: Vec::new(),
    }
}

/// Puts the tests of each file in the session's order; gives the order across files where that
/// is not the order of the files.
fn order_session(
    files: &mut [DiscoveredFile],
    wide: &[Vec<Vec<super::parametrize::WideParameter>>],
) -> Option<Vec<(usize, usize)>> {
    if wide.iter().flatten().all(Vec::is_empty) {
        return None;
    }
    let mut places = Vec::new();
    let mut items = Vec::new();
    for (at, (file, wide)) in files.iter().zip(wide).enumerate() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (test, wide) in wide.iter().enumerate() {
            places.push((at, test));
            items.push(Item {
                file: at,
                folder,
                classes: &file.tests[test].classes,
                wide,
            });
        }
    }
    let order = reorder(&items);
    let mut positions: Vec<Vec<usize>> = files.iter().map(|_| Vec::new()).collect();
    let mut session = Vec::with_capacity(order.len());
    for item in order {
        let (file, test) = places[item];
        session.push((file, positions[file].len()));
        positions[file].push(test);
    }
    for (file, positions) in files.iter_mut().zip(positions) {
        let mut tests: Vec<Option<_>> = file.tests.drain(..).map(Some).collect();
        let moved = positions.into_iter().filter_map(|at| tests[at].take());
        file.tests = moved.collect();
    }
    let in_files = session.is_sorted_by_key(|(file, _)| *file);
    (!in_files).then_some(session)
}
