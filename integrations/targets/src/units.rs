//! From groups of files to targets.

use std::collections::{BTreeMap, BTreeSet};

use fastest_lib::graph::{Group, Groups, ImportGraph, NodeKind};

use crate::links::{Links, Place, Seen};
use crate::options::{Known, TargetsOptions};
use crate::packages::{Packages, with_prefix};
use crate::system::{Kind, System, folder_of, inside, is_within, join};
use crate::unit::{Rule, Unit};

/// Modules that every test has, whatever it declares.
const GIVEN: &[&str] = &["_pytest", "fastest", "py", "pytest"];

/// What targets are made of.
pub(crate) struct Sources<'a> {
    pub(crate) system: &'a System,
    pub(crate) graph: &'a ImportGraph,
    pub(crate) options: &'a TargetsOptions,
    pub(crate) known: &'a Known,
    pub(crate) packages: &'a Packages,
    pub(crate) links: &'a Links,
    pub(crate) prefix: &'a str,
}

/// The targets, and what of the graph they cannot have.
#[derive(Debug, Default)]
pub(crate) struct Units {
    pub(crate) units: Vec<Unit>,
    /// Files that are inputs and cannot be declared, with the reason.
    pub(crate) left_out: BTreeMap<String, &'static str>,
}

struct Maker<'a> {
    sources: &'a Sources<'a>,
    groups: &'a [Group],
    /// The files that each group brings, by their paths from the root of the workspace.
    files: Vec<Vec<File>>,
    /// Files of each group that other packages bring, which links lead into.
    seen: Vec<Vec<(String, Seen)>>,
    /// Files of each group that no package can have, with the reason.
    refused: Vec<Vec<(String, &'static str)>>,
    is_needed: Vec<bool>,
    /// The package in which each group has its target.
    home: Vec<String>,
    /// The target of each group.
    unit_of: Vec<Option<usize>>,
    /// The target that brings each file.
    unit_with: BTreeMap<String, usize>,
    import_roots: Vec<String>,
    made: Units,
}

#[derive(Clone, Debug)]
struct File {
    path: String,
    is_source: bool,
    package: String,
}

/// Makes the targets of all groups and tests.
pub(crate) fn units(sources: &Sources<'_>, groups: &Groups) -> Units {
    let mut maker = Maker::new(sources, &groups.groups);
    maker.find_needed(groups);
    for at in 0..groups.groups.len() {
        maker.library(at);
    }
    for test in &groups.tests {
        let path = with_prefix(sources.prefix, &test.test);
        maker.test(&path, &test.depends_on, &test.distributions);
    }
    maker.made
}

impl<'a> Maker<'a> {
    fn new(sources: &'a Sources<'a>, groups: &'a [Group]) -> Self {
        let mut import_roots = sources.graph.import_roots();
        import_roots.sort_by_key(|root| std::cmp::Reverse(root.len()));
        let mut maker = Self {
            sources,
            groups,
            files: Vec::with_capacity(groups.len()),
            seen: Vec::with_capacity(groups.len()),
            refused: Vec::with_capacity(groups.len()),
            is_needed: vec![false; groups.len()],
            home: Vec::with_capacity(groups.len()),
            unit_of: vec![None; groups.len()],
            unit_with: BTreeMap::new(),
            import_roots,
            made: Units::default(),
        };
        for group in groups {
            let (mut files, mut seen, mut refused) = (Vec::new(), Vec::new(), Vec::new());
            for file in &group.files {
                let path = with_prefix(sources.prefix, file);
                match maker.place(&path) {
                    Ok(Place::Package(package)) => files.push(File {
                        is_source: is_source_file(&path),
                        package,
                        path,
                    }),
                    Ok(Place::Seen(found)) => seen.push((path, found)),
                    Err(reason) => refused.push((path, reason)),
                }
            }
            let first = || group.members.first().map_or("", String::as_str);
            let homes = files.iter().map(|file| file.package.as_str());
            let home = homes.min().map(str::to_owned).unwrap_or_else(|| {
                let folder = with_prefix(sources.prefix, folder_of(first()));
                let around = sources.packages.around(&folder);
                around.unwrap_or_default().to_owned()
            });
            maker.files.push(files);
            maker.seen.push(seen);
            maker.refused.push(refused);
            maker.home.push(home);
        }
        maker
    }

    /// Where a file belongs, or why it can be in no package.
    fn place(&self, path: &str) -> Result<Place, &'static str> {
        let Sources {
            system,
            packages,
            links,
            ..
        } = self.sources;
        links.place(system, packages, path)
    }

    /// Sources have targets in any case, and other things where something leads to them.
    fn find_needed(&mut self, groups: &Groups) {
        for (at, group) in self.groups.iter().enumerate() {
            let is_code = |file: &File| file.is_source && !file.path.ends_with(".pyi");
            self.is_needed[at] = self.files[at].iter().any(is_code) || {
                let node = group
                    .files
                    .first()
                    .and_then(|file| self.sources.graph.node(file));
                node.is_some_and(|node| node.kind == NodeKind::Extension)
            };
        }
        for test in &groups.tests {
            for at in &test.depends_on {
                self.is_needed[*at] = true;
            }
        }
        for at in (0..self.groups.len()).rev() {
            if self.is_needed[at] {
                for other in &self.groups[at].depends_on {
                    self.is_needed[*other] = true;
                }
            }
        }
    }

    /// One file that is no source and depends on nothing: it stands among the data of others.
    fn leaf(&self, at: usize) -> Option<&File> {
        match self.files[at].as_slice() {
            [file] if !file.is_source && self.groups[at].depends_on.is_empty() => Some(file),
            _ => None,
        }
    }

    /// Folders and nothing else.
    fn is_folder(&self, at: usize) -> bool {
        self.groups[at].files.is_empty()
            && self.groups[at]
                .members
                .iter()
                .all(|member| is_folder(member))
    }

    fn library(&mut self, at: usize) {
        // What stands among the data of others gets a target when one of another package needs it.
        if !self.is_needed[at] || self.leaf(at).is_some() {
            return;
        }
        let refused = self.refused[at].iter().cloned();
        self.made.left_out.extend(refused);
        let home = self.home[at].clone();
        let files = self.files[at].clone();
        let (own, others): (Vec<File>, Vec<File>) =
            files.into_iter().partition(|file| file.package == home);
        let mut parts: BTreeMap<String, Vec<File>> = BTreeMap::new();
        for file in others {
            parts.entry(file.package.clone()).or_default().push(file);
        }
        if own.is_empty() && parts.is_empty() && self.groups[at].depends_on.is_empty() {
            return;
        }
        let mut deps = Vec::new();
        for (package, files) in parts {
            let hint = format!("{}_sources", hint_of(&package, &files));
            deps.push(self.brings(&package, hint, &files));
        }
        let hint = match own.as_slice() {
            [] => self.hint_of_members(at),
            files => hint_of(&home, files),
        };
        let unit = self.brings(&home, hint, &own);
        self.unit_of[at] = Some(unit);
        let distributions = self.groups[at].distributions.clone();
        let depends_on = self.groups[at].depends_on.clone();
        let from_folder = self.is_folder(at).then_some(at);
        self.made.units[unit].deps = deps;
        self.see(unit, at);
        self.depend(unit, &depends_on, from_folder);
        self.import(unit, &distributions);
    }

    /// Lets a target have the files of a group that links lead to: from the targets that have them where
    /// they are, by the labels which these have behind the link.
    fn see(&mut self, unit: usize, at: usize) {
        for (path, Seen { package, file }) in self.seen[at].clone() {
            let mut own = self.groups[at].files.iter();
            if own.any(|own| with_prefix(self.sources.prefix, own) == file) {
                let reason =
                    "it is reached by a symbolic link, and what this points to depends on it";
                self.made.left_out.insert(path, reason);
                continue;
            }
            let known = self.unit_with.get(&file).copied();
            let dep = known.or_else(|| {
                let leaf = (0..self.groups.len()).find(|at| {
                    let leaf = self.leaf(*at);
                    leaf.is_some_and(|leaf| leaf.path == file)
                })?;
                Some(self.bring_leaf(leaf))
            });
            match dep {
                Some(dep) => self.made.units[unit].seen.push((package, dep)),
                None => {
                    let reason = "it is reached by a symbolic link, and no target has what this \
                                  points to";
                    self.made.left_out.insert(path, reason);
                }
            }
        }
    }

    /// The target of a file that stands among the data of others in its own package.
    fn bring_leaf(&mut self, at: usize) -> usize {
        if let Some(known) = self.unit_of[at] {
            return known;
        }
        let files = self.files[at].clone();
        let package = files[0].package.clone();
        let made = self.brings(&package, hint_of(&package, &files), &files);
        self.unit_of[at] = Some(made);
        made
    }

    /// A library of files of one package.
    fn brings(&mut self, package: &str, hint: String, files: &[File]) -> usize {
        let mut unit = Unit::new(Rule::Library, package, hint);
        let mut roots: Vec<String> = Vec::new();
        for file in files {
            if file.is_source {
                unit.srcs.push(file.path.clone());
            } else {
                unit.data.push(file.path.clone());
            }
            roots.extend(self.import_root(&file.path));
        }
        roots.sort_unstable();
        roots.dedup();
        unit.imports = roots.iter().map(|root| relative(package, root)).collect();
        let at = self.made.units.len();
        let paths = files.iter().map(|file| (file.path.clone(), at));
        self.unit_with.extend(paths);
        self.made.units.push(unit);
        at
    }

    /// The folder from which a module is imported, where that is not the root of the workspace. The
    /// folders of tests and conftests are found by pytest.
    fn import_root(&self, path: &str) -> Option<String> {
        let graph = self.sources.graph;
        let file = match self.sources.prefix {
            "" => path,
            prefix => path.strip_prefix(prefix)?.strip_prefix('/')?,
        };
        let node = graph.node(file)?;
        let is_module = matches!(
            node.kind,
            NodeKind::Module | NodeKind::Package | NodeKind::Extension | NodeKind::Stub
        );
        if !is_module || node.is_test {
            return None;
        }
        let mut base = folder_of(file);
        while !base.is_empty() && graph.node(&format!("{base}/__init__.py")).is_some() {
            base = folder_of(base);
        }
        let mut roots = self.import_roots.iter();
        let root = roots.find(|root| is_within(base, root))?;
        let root = with_prefix(self.sources.prefix, root);
        (!root.is_empty()).then_some(root)
    }

    /// Lets a target depend on groups.
    fn depend(&mut self, unit: usize, groups: &[usize], from_folder: Option<usize>) {
        let package = self.made.units[unit].package.clone();
        let mut rest = groups.to_vec();
        let mut seen: BTreeSet<usize> = rest.iter().copied().collect();
        while let Some(at) = rest.pop() {
            if let Some(file) = self.leaf(at).cloned() {
                if file.package == package {
                    self.made.units[unit].data.push(file.path);
                } else {
                    let dep = self.bring_leaf(at);
                    self.made.units[unit].deps.push(dep);
                }
                continue;
            }
            // What lies below a folder stands in one target, as far as it is one package.
            let is_inside = from_folder.is_some() && self.is_folder(at) && self.home[at] == package;
            match self.unit_of[at] {
                Some(dep) if !is_inside => self.made.units[unit].deps.push(dep),
                _ => {
                    let below = self.groups[at].depends_on.iter();
                    rest.extend(below.filter(|other| seen.insert(**other)));
                }
            }
        }
        let unit = &mut self.made.units[unit];
        unit.data.sort_unstable();
        unit.data.dedup();
        unit.deps.sort_unstable();
        unit.deps.dedup();
    }

    /// Lets a target have distributions, by the modules that are imported of them.
    fn import(&mut self, unit: usize, modules: &[String]) {
        let options = self.sources.options;
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for module in modules {
            if GIVEN.contains(&module.as_str()) {
                continue;
            }
            match self.sources.known.distributions_of.get(module) {
                Some(distributions) => names.extend(distributions.iter().map(String::as_str)),
                None => {
                    names.insert(module);
                }
            }
        }
        for name in names {
            let unit = &mut self.made.units[unit];
            match options.label_of(name) {
                Some(label) => unit.labels.push(label),
                None => unit.distributions.push(name.to_owned()),
            }
        }
    }

    fn test(&mut self, path: &str, depends_on: &[usize], distributions: &[String]) {
        let package = match self.place(path) {
            Ok(Place::Package(package)) => package,
            // The test's target is there, because that of the file which the link leads to is.
            Ok(Place::Seen(_)) => return,
            Err(reason) => {
                self.made.left_out.insert(path.to_owned(), reason);
                return;
            }
        };
        let stem = stem_of(&package, path);
        let cases = self.sources.known.cases.get(path);
        let single: Vec<Option<&String>> = match cases {
            Some(cases) if cases.is_single => cases.names.iter().map(Some).collect(),
            _ => vec![None],
        };
        for test in single {
            let hint = match test {
                Some(test) => format!("{stem}.{}", test.replace("::", ".")),
                None => stem.clone(),
            };
            let mut unit = Unit::new(Rule::Test, &package, hint);
            unit.src = Some(path.to_owned());
            unit.test = test.cloned();
            if let (None, Some(cases), Kind::Buck2) = (test, cases, self.sources.system.kind) {
                unit.cases.clone_from(&cases.names);
            }
            self.made.units.push(unit);
            let at = self.made.units.len() - 1;
            self.depend(at, depends_on, None);
            self.import(at, distributions);
        }
    }

    /// A name for what has no files of its own.
    fn hint_of_members(&self, at: usize) -> String {
        let members = &self.groups[at].members;
        let loads = if self.groups[at].loads { "_loads" } else { "" };
        if let Some(file) = members.iter().find(|member| !is_folder(member)) {
            let path = with_prefix(self.sources.prefix, file);
            return format!("{}{loads}", stem_of(folder_of(&path), &path));
        }
        let folder = members.first().map_or("", |member| folder_of(member));
        let folder = with_prefix(self.sources.prefix, folder);
        let within = inside(&self.home[at], &folder);
        let own = self.home[at].rsplit('/').next().unwrap_or_default();
        let name = match (within, own) {
            ("", "") => "root",
            ("", own) => own,
            (within, _) => within,
        };
        let is_whole = members.iter().any(|member| member.ends_with('/'));
        let kind = if is_whole { "files" } else { "modules" };
        format!("{}_{kind}{loads}", word(name))
    }
}

fn is_folder(member: &str) -> bool {
    member.ends_with('/') || member.ends_with("*.py")
}

/// Whether the rules take a file for a source.
fn is_source_file(path: &str) -> bool {
    path.ends_with(".py") || path.ends_with(".pyi")
}

/// A name for a library: that of the package, or of its first file.
fn hint_of(package: &str, files: &[File]) -> String {
    let init = join(package, "__init__.py");
    let first = match files.iter().find(|file| file.path == init) {
        Some(file) => file,
        None => match files.iter().find(|file| file.is_source) {
            Some(file) => file,
            None => {
                return files
                    .first()
                    .map_or_else(String::new, |file| word(inside(package, &file.path)));
            }
        },
    };
    stem_of(package, &first.path)
}

/// The name of a source file without its suffix; of the package for its `__init__.py`.
fn stem_of(package: &str, path: &str) -> String {
    let inside = inside(package, path);
    let stem = inside.rsplit_once('.').map_or(inside, |(stem, _)| stem);
    if stem == "__init__" {
        let name = package.rsplit('/').next().filter(|name| !name.is_empty());
        return name.unwrap_or("root").to_owned();
    }
    if let Some(folder) = stem.strip_suffix("/__init__") {
        return word(folder);
    }
    word(stem)
}

/// A text as the name of a target.
fn word(text: &str) -> String {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.chars()
        .map(|c| if is_fit(c) { c } else { '_' })
        .collect()
}

/// The way from the folder of a package to another folder.
fn relative(package: &str, folder: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (from, to) = (parts(package), parts(folder));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - common);
    let way: Vec<String> = up.chain(to[common..].iter().cloned()).collect();
    if way.is_empty() {
        ".".to_owned()
    } else {
        way.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_folders() {
        let check = |package, folder, expected: &str| {
            assert_eq!(relative(package, folder), expected, "{package} {folder}");
        };
        check("a/b", "a/b", ".");
        check("a/b", "a", "..");
        check("a/b", "a/c", "../c");
        check("", "src", "src");
        check("src/m", "", "../..");
    }
}
