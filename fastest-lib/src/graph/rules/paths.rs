//! Files and folders that strings name.
//!
//! Which folder a path is relative to is decided at run time: the file's own, the rootdir, one in
//! between. So a path counts wherever it leads to something, from the file's folder or one above it.

use super::{By, Edges, Source, Target, callee};
use crate::graph::flat::flag;
use crate::graph::kind::{EdgeKind, NodeKind};
use crate::graph::rule::Rule;
use crate::graph::tree::Tree;
use crate::syntax::{Place, SiteKind, StringReference, Whereabouts};

/// Functions whose arguments are paths, or parts of them, by the last part of how they are called.
const PATHS: &[&str] = &[
    "Path",
    "PosixPath",
    "PurePath",
    "abspath",
    "chdir",
    "copy",
    "copyfile",
    "copytree",
    "discover",
    "exists",
    "fixture_path",
    "get_data_path",
    "glob",
    "iglob",
    "is_dir",
    "is_file",
    "isdir",
    "isfile",
    "join",
    "joinpath",
    "listdir",
    "load",
    "open",
    "read",
    "realpath",
    "rglob",
    "scandir",
    "walk",
];

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    let covered = from_file(source, out);
    beside(source, out);
    let mut sites = source.references.sites.iter();
    let lists = sites.any(|site| matches!(site.kind, SiteKind::List(_)));
    for string in &source.references.strings {
        let value = string.value.as_str();
        let is_covered = covered
            .iter()
            .any(|(line, part)| *line <= string.line && string.line - line < 12 && part == value);
        let may_be_path = may_be_path(string) || lists && is_bare(string);
        if !is_covered && may_be_path && !is_left_out(string) {
            for path in spellings(value) {
                named(source, string, path, out);
            }
        }
    }
    listed(source, out);
    runs_unknown(source, out);
    datadir(source, out);
}

/// A command line holds paths among its words.
fn spellings(value: &str) -> Vec<&str> {
    let mut spellings = vec![value];
    if value.contains(' ') {
        let words = value.split_ascii_whitespace();
        spellings.extend(words.filter(|word| word.ends_with(".py")));
    }
    spellings
}

fn may_be_path(string: &StringReference) -> bool {
    let value = string.value.as_str();
    // What it is joined to counts.
    if matches!(string.place, Place::Joined | Place::Code | Place::Doctest) {
        return false;
    }
    if value.contains(['/', '\\']) {
        return true;
    }
    let has_extension = value
        .rsplit_once('.')
        .is_some_and(|(stem, extension)| !stem.is_empty() && (1..=8).contains(&extension.len()));
    // A text's `join` makes no path of it.
    let is_text =
        matches!(&string.place, Place::Argument { callee, .. } if callee.starts_with("''"));
    let is_cwd =
        matches!(&string.place, Place::Argument { keyword: Some(name), .. } if name == "cwd");
    has_extension
        || is_cwd
        || string.place == Place::Path
        || !is_text && callee(string).is_some_and(|callee| PATHS.binary_search(&callee).is_ok())
}

/// Whether a string is a name that no function was given: it may be that of a folder which is listed.
fn is_bare(string: &StringReference) -> bool {
    let is_free = match &string.place {
        Place::Assigned(name) => name != "__all__",
        Place::Other => true,
        Place::Argument { callee, .. } => callee.ends_with("parametrize"),
        _ => false,
    };
    is_free && !string.is_prefix
}

/// Whether a string says what pytest leaves out, which it compares and does not read.
fn is_left_out(string: &StringReference) -> bool {
    let name = match &string.place {
        Place::Assigned(name) => name.as_str(),
        Place::Argument { callee, .. } => callee.split('.').next().unwrap_or_default(),
        _ => return false,
    };
    matches!(name, "collect_ignore" | "collect_ignore_glob")
}

/// What a path leads to.
pub(super) enum Leads {
    File(u32),
    Folder(u32),
}

/// Follows a path from a folder, up to a part with a wildcard.
pub(super) fn follow(source: &Source<'_>, from: u32, path: &str, is_prefix: bool) -> Option<Leads> {
    let tree: &Tree = source.names().tree;
    let mut folder = from;
    let mut any = false;
    let mut parts = path
        .split(['/', '\\'])
        .filter(|part| !part.is_empty())
        .peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            "." => continue,
            ".." if folder == 0 => return None,
            ".." => {
                folder = tree.folders[folder as usize].parent;
                continue;
            }
            _ => {}
        }
        if part.contains(['*', '?', '[', '{', '%'])
            || (is_last && is_prefix && !path.ends_with(['/', '\\']))
        {
            return any.then_some(Leads::Folder(folder));
        }
        match source.names().subfolder(folder, part) {
            Some(below) => folder = below,
            None if is_last => return tree.file_in(folder, part).map(Leads::File),
            None => return None,
        }
        any = true;
    }
    any.then_some(Leads::Folder(folder))
}

fn named(source: &Source<'_>, string: &StringReference, path: &str, out: &mut Edges) {
    let first = path
        .split(['/', '\\'])
        .find(|part| !matches!(*part, "" | "." | ".."));
    let is_entry = first.is_some_and(|first| source.setup.entries.contains(first));
    if !is_entry {
        return;
    }
    let is_search_path = is_search_path(source, string);
    let tree = source.names().tree;
    let rootdir = tree.rootdir.to_string_lossy();
    let path = match path.strip_prefix(&*rootdir) {
        Some(inside) => inside,
        None => path,
    };
    for folder in tree.around(source.folder) {
        match follow(source, folder, path, string.is_prefix) {
            Some(Leads::Folder(_)) if is_search_path => {}
            Some(leads) if is_module_path(source, string.line, &leads) => {}
            Some(leads) => add(source, leads, string.line, Rule::PathString, out),
            None => {}
        }
    }
}

/// Folders on `sys.path` are no data; archives are.
fn is_search_path(source: &Source<'_>, string: &StringReference) -> bool {
    source.references.sites.iter().any(|site| {
        let is_part = |at: &Whereabouts| {
            at.parts.contains(&string.value) || at.parts.join("/") == string.value
        };
        matches!(&site.kind, SiteKind::SearchPath(at) if is_part(at))
            && site.line <= string.line
            && string.line - site.line < 12
    })
}

/// Python files are run, as other programs or by loading them from their path.
fn add(source: &Source<'_>, leads: Leads, line: u32, rule: Rule, out: &mut Edges) {
    let tree = source.names().tree;
    match leads {
        Leads::File(file) => {
            let sites = &source.references.sites;
            let has = |wanted: fn(&SiteKind) -> bool| sites.iter().any(|site| wanted(&site.kind));
            let kind = match tree.files[file as usize].kind {
                NodeKind::Module | NodeKind::Package
                    if has(|kind| matches!(kind, SiteKind::Spawn)) =>
                {
                    EdgeKind::Subprocess
                }
                NodeKind::Module | NodeKind::Package
                    if has(|kind| matches!(kind, SiteKind::Run)) =>
                {
                    EdgeKind::DynamicLiteral
                }
                _ => EdgeKind::Data,
            };
            out.add(Target::File(file), By::new(line, kind, rule));
        }
        Leads::Folder(folder) => {
            out.add(Target::Folder(folder), By::new(line, EdgeKind::Data, rule));
        }
    }
}

/// Paths made from `__file__`; the strings that they are made of lead nowhere else.
fn from_file(source: &Source<'_>, out: &mut Edges) -> Vec<(u32, String)> {
    let mut covered = Vec::new();
    for site in &source.references.sites {
        let SiteKind::Here(at) = &site.kind else {
            continue;
        };
        named_after(source, &at.parts, site.line, out);
        if at.parts.is_empty() {
            continue;
        }
        let path = at.parts.join("/");
        if path.split('/').all(|part| matches!(part, "" | "." | "..")) {
            continue;
        }
        for folder in above(source, at) {
            if let Some(leads) = follow(source, folder, &path, false) {
                if !is_module_path(source, site.line, &leads) {
                    add(source, leads, site.line, Rule::FilePath, out);
                }
                covered.extend(at.parts.iter().map(|part| (site.line, part.clone())));
                covered.push((site.line, path.clone()));
            }
        }
    }
    covered
}

/// Files beside this one that have its name and another ending.
fn named_after(source: &Source<'_>, parts: &[String], line: u32, out: &mut Edges) {
    let given = source.references.strings.iter().filter(|string| {
        !string.is_prefix && callee(string).is_some_and(|callee| callee == "with_suffix")
    });
    let endings = parts.iter().chain(given.map(|string| &string.value));
    for ending in endings.filter(|ending| !ending.contains('/') && !ending.is_empty()) {
        for stem in [source.name(), source.name().trim_end_matches(".py")] {
            let name = format!("{stem}{ending}");
            if let Some(file) = source.names().tree.file_in(source.folder, &name) {
                add(source, Leads::File(file), line, Rule::FilePath, out);
            }
        }
    }
}

/// Whether a path is put on `sys.path`, or on the `__path__` of the package that it lies in.
fn is_module_path(source: &Source<'_>, line: u32, leads: &Leads) -> bool {
    let around = source.names().tree.folders[source.folder as usize]
        .path
        .as_str();
    let is_inside = || match leads {
        Leads::Folder(folder) => {
            let path = source.names().tree.folders[*folder as usize].path.as_str();
            let rest = path.strip_prefix(around);
            rest.is_some_and(|rest| around.is_empty() || rest.starts_with('/'))
        }
        Leads::File(_) => false,
    };
    let mut sites = source.references.sites.iter();
    sites.any(|site| {
        site.line == line
            && match site.kind {
                SiteKind::SearchPath(_) => matches!(leads, Leads::Folder(_)),
                SiteKind::ExtendPath => is_inside(),
                _ => false,
            }
    })
}

/// Names of what lies beside a path that is made from `__file__`, in the same file.
fn beside(source: &Source<'_>, out: &mut Edges) {
    let mut bases: Vec<u32> = Vec::new();
    for site in &source.references.sites {
        let SiteKind::Here(at) = &site.kind else {
            continue;
        };
        for folder in above(source, at) {
            let path = at.parts.join("/");
            match follow(source, folder, &path, false) {
                Some(Leads::Folder(below)) => bases.push(below),
                None if path.is_empty() => bases.push(folder),
                _ => {}
            }
        }
    }
    bases.sort_unstable();
    bases.dedup();
    for string in &source.references.strings {
        let first = string.value.split('/').next().unwrap_or_default();
        let is_entry = source.setup.entries.contains(first);
        if matches!(string.place, Place::Joined | Place::Code | Place::Doctest)
            || string.is_prefix
            || !is_entry
            || is_search_path(source, string)
        {
            continue;
        }
        for base in &bases {
            if let Some(leads) = follow(source, *base, &string.value, false) {
                let is_around = matches!(leads, Leads::Folder(folder)
                    if source.names().tree.around(source.folder).any(|around| around == folder));
                if !is_around && !is_module_path(source, string.line, &leads) {
                    add(source, leads, string.line, Rule::FilePath, out);
                }
            }
        }
    }
}

/// The folders that a path begins at: one, unless it is not known whose `__file__` is meant.
fn above(source: &Source<'_>, at: &Whereabouts) -> Vec<u32> {
    let Some(up) = at.up else {
        return Vec::new();
    };
    let tree = source.names().tree;
    let up = up.max(1) as usize - 1;
    let mut folders = match &at.module {
        None => vec![source.folder],
        Some(written) => {
            let files = source.modules(written).into_iter();
            files.map(|file| tree.files[file as usize].folder).collect()
        }
    };
    folders = folders
        .into_iter()
        .filter_map(|folder| tree.around(folder).nth(up))
        .collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// A file that lists the folder it lies in, or one above it.
fn listed(source: &Source<'_>, out: &mut Edges) {
    let lists = || {
        let sites = source.references.sites.iter();
        sites.filter_map(|site| match &site.kind {
            SiteKind::List(words) => Some((site.line, words)),
            _ => None,
        })
    };
    if lists().next().is_none() {
        return;
    }
    for site in &source.references.sites {
        let SiteKind::Here(at) = &site.kind else {
            continue;
        };
        if !at.parts.iter().all(|part| part.contains(['*', '?'])) {
            continue;
        }
        let is_near = at.up.unwrap_or(0) <= 1;
        let is_listed = |(line, words): (u32, &Vec<String>)| {
            line == site.line || at.name.as_ref().is_some_and(|name| words.contains(name))
        };
        if is_near || lists().any(is_listed) {
            out.flags |= flag::VOLATILE;
            let by = By::new(site.line, EdgeKind::Data, Rule::Listing);
            out.folders(&above(source, at), Target::Folder, by);
        }
    }
}

/// A file that is run by a path which leads nowhere, as far as its strings tell.
fn runs_unknown(source: &Source<'_>, out: &mut Edges) {
    let mut runs = source.references.sites.iter();
    let runs = runs
        .by_ref()
        .filter(|site| matches!(site.kind, SiteKind::Run));
    let files = &source.names().tree.files;
    let is_known = out.list.iter().any(|edge| {
        matches!(
            edge.rule,
            Rule::PathString | Rule::FilePath | Rule::Listing | Rule::Resource
        ) && match edge.target {
            Target::File(file) => files[file as usize].kind.is_source(),
            Target::Folder(folder) => source.names().has_python(folder),
            _ => false,
        }
    });
    if !is_known {
        for site in runs {
            out.unresolved(source, site.line, Rule::PathString);
        }
    }
}

/// Folders and snapshots that plugins look for beside a test file, by its name.
fn datadir(source: &Source<'_>, out: &mut Edges) {
    if !source.is_test {
        return;
    }
    let (names, tree) = (source.names(), source.names().tree);
    let stem = source.name().trim_end_matches(".py");
    let by = By::new(0, EdgeKind::Data, Rule::Datadir);
    if let Some(folder) = names.subfolder(source.folder, stem) {
        out.add(Target::Folder(folder), by);
    }
    for shared in ["__snapshots__", "snapshots", "cassettes"] {
        let Some(folder) = names.subfolder(source.folder, shared) else {
            continue;
        };
        if let Some(own) = names.subfolder(folder, stem) {
            out.add(Target::Folder(own), by);
        }
        let (from, to) = tree.folders[folder as usize].files;
        for at in from..to {
            let name = &tree.files[at as usize].name;
            if name.split('.').next() == Some(stem) {
                out.add(Target::File(at), by);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(PATHS.is_sorted());
    }
}
