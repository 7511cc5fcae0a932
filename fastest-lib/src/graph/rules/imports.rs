//! Import statements, of every form and depth.

use super::{By, Edges, Source, Target};
use crate::environment::{is_outside, is_stdlib};
use crate::graph::flat::flag;
use crate::graph::kind::{Condition, EdgeKind, NodeKind};
use crate::graph::names::Found;
use crate::graph::rule::Rule;
use crate::syntax::{ImportContext, ImportStatement};

/// Modules of the standard library that load others by names which they are given.
const LOADING: &[&str] = &["doctest", "logging.config", "pydoc", "runpy", "pkgutil"];

/// Distributions that load nothing by names which they find in strings of the program.
const HARMLESS: &[&str] = &[
    "_pytest",
    "attr",
    "attrs",
    "certifi",
    "chardet",
    "charset_normalizer",
    "click",
    "colorama",
    "dateutil",
    "exceptiongroup",
    "flaky",
    "freezegun",
    "hypothesis",
    "idna",
    "iniconfig",
    "markupsafe",
    "more_itertools",
    "numpy",
    "packaging",
    "platformdirs",
    "pluggy",
    "psutil",
    "pytest",
    "pytest_mock",
    "pytz",
    "regex",
    "requests",
    "simplejson",
    "six",
    "sortedcontainers",
    "toml",
    "tomli",
    "tomlkit",
    "typing_extensions",
    "tzdata",
    "tzlocal",
    "ujson",
    "urllib3",
    "wcwidth",
];

/// Names of harmless distributions that programs put the names of modules in.
const LOADING_NAMES: &[&str] = &["AVAILABLE_PROVIDERS"];

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    for import in &source.references.imports {
        statement(source, import, out);
    }
}

fn statement(source: &Source<'_>, import: &ImportStatement, out: &mut Edges) {
    let kind = match import.context {
        ImportContext::TypeChecking => EdgeKind::TypeChecking,
        ImportContext::Function => EdgeKind::Lazy,
        ImportContext::Conditional => EdgeKind::Conditional,
        _ if import.names.is_empty() => EdgeKind::Import,
        _ => EdgeKind::FromImport,
    };
    let mut by = By::new(import.line, kind, Rule::Import);
    if kind == EdgeKind::TypeChecking {
        by = by.when(Condition::TypeChecking);
    }
    let top = import.module.split('.').next().unwrap_or_default();
    if import.level == 0 && is_outside(top) {
        out.add(Target::Distribution(top.into()), by);
        return;
    }
    let found = match import.level {
        0 => source.absolute(&import.module),
        level => match source.relative(level, &import.module) {
            Some(found) => found,
            None => {
                beyond(import, by, out);
                return;
            }
        },
    };
    let parts = match import.module.as_str() {
        "" => 0,
        module => module.split('.').count(),
    };
    out.files(&found.files, by);
    if found.depth < parts {
        out.files(&found.parents, by);
        elsewhere(source, import, &found, by, out);
        return;
    }
    in_the_way(source, &found, by, out);
    let mut any = !found.files.is_empty() || import.names.is_empty();
    if import.names.is_empty() {
        may_walk(&found, by, out);
    }
    for name in import.names.iter().filter(|name| *name != "*") {
        let below = source.names().below(&found.folders, name);
        any |= !below.is_empty();
        out.files(&below.files, by);
        may_walk(&below, by, out);
    }
    if !any {
        // A folder that is no package has no attributes.
        if import.level > 0 {
            out.flags |= flag::PROBLEM;
        }
        for name in import.names.iter().filter(|name| *name != "*") {
            out.add(Target::Missing(spelled(import, Some(name)).into()), by);
        }
    }
}

/// A package may be given to something that walks it.
fn may_walk(package: &Found, by: By, out: &mut Edges) {
    if by.kind == EdgeKind::TypeChecking {
        return;
    }
    let walk = By::new(by.line, EdgeKind::PackageWalk, Rule::PackageWalk).when(Condition::Walker);
    out.folders(&package.folders, Target::Modules, walk);
}

/// A relative import that leads out of the workspace.
fn beyond(import: &ImportStatement, by: By, out: &mut Edges) {
    out.flags |= flag::PROBLEM;
    if import.module.is_empty() {
        for name in &import.names {
            out.add(Target::Missing(spelled(import, Some(name)).into()), by);
        }
    } else {
        out.add(Target::Missing(spelled(import, None).into()), by);
    }
}

/// Modules that have the name of a package on the way to what is imported: Python may take them for it.
fn in_the_way(source: &Source<'_>, found: &Found, by: By, out: &mut Edges) {
    let tree = source.names().tree;
    let folder = |file: u32| tree.files[file as usize].folder;
    for &parent in &found.parents {
        let is_package = tree.files[parent as usize].kind == NodeKind::Package;
        let mut files = found.files.iter();
        let is_around = files.any(|file| tree.around(folder(*file)).any(|f| f == folder(parent)));
        if !is_package || !is_around {
            out.add(Target::File(parent), by);
        }
    }
}

/// A name that the workspace has not, or not all of it.
fn elsewhere(
    source: &Source<'_>,
    import: &ImportStatement,
    found: &Found,
    by: By,
    out: &mut Edges,
) {
    let top = import.module.split('.').next().unwrap_or_default();
    let is_own = found.depth > 0 || import.level > 0;
    if import.level == 0 && is_stdlib(top) {
        if LOADING.contains(&import.module.as_str())
            || import
                .names
                .iter()
                .any(|name| LOADING.contains(&format!("{top}.{name}").as_str()))
        {
            out.flags |= flag::LOADER;
        }
        return;
    }
    if import
        .names
        .iter()
        .any(|name| LOADING_NAMES.contains(&name.as_str()))
    {
        out.flags |= flag::LOADER;
    }
    let installed = &source.setup.installed;
    let is_installed = installed.as_ref().is_none_or(|names| names.contains(top));
    if import.level > 0 {
        out.flags |= flag::PROBLEM;
    } else if installed.is_none() || !is_installed {
        out.files(&source.setup.zips, by);
    }
    if is_own && !(import.level == 0 && installed.is_some() && is_installed) {
        out.add(Target::Missing(spelled(import, None).into()), by);
    } else if is_installed {
        out.add(Target::Distribution(top.into()), by);
    } else {
        out.add(Target::Missing(top.into()), by);
    }
}

fn spelled(import: &ImportStatement, name: Option<&String>) -> String {
    let dots = ".".repeat(import.level as usize);
    let between = if import.module.is_empty() { "" } else { "." };
    match name {
        Some(name) => format!("{dots}{}{between}{name}", import.module),
        None => format!("{dots}{}", import.module),
    }
}

/// Whether a distribution may load modules whose names it finds in strings.
pub(in crate::graph) fn may_load(distribution: &str) -> bool {
    HARMLESS.binary_search(&distribution).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(HARMLESS.is_sorted());
    }
}
