use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use fastest_lib::Session;
use fastest_lib::discovery::DiscoverOptions;
use fastest_lib::graph::{Groups, ImportGraph, NodeKind};
use fastest_lib::workspace::Granularity;

use crate::links::Links;
use crate::matching::{Matched, matched};
use crate::merge::{Merge, Merged, taken};
use crate::names::name_all;
use crate::note::Note;
use crate::options::{Cases, Known, TargetsOptions};
use crate::owned::{Existing, existing};
use crate::packages::{Packages, Unreadable, prefix, with_prefix};
use crate::system::{Kind, System, folder_of, inside, join};
use crate::unit::{Rule, Unit};
use crate::units::{Sources, units};

/// The build files of a workspace, as the import graph wants them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Targets {
    /// The build files that are not as they should be, by path.
    pub changes: Vec<Change>,
    /// What people should know.
    pub notes: Vec<Note>,
    /// How many libraries there are.
    pub libraries: usize,
    /// How many tests there are.
    pub tests: usize,
    /// How many build files there are.
    pub files: usize,
}

/// A build file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The file, relative to the root of the workspace.
    pub path: String,
    /// What it is to be; none where it is to go.
    pub text: Option<String>,
    /// Whether it is there.
    pub exists: bool,
}

impl Targets {
    /// Makes the targets of a session's workspace.
    pub fn of(
        system: &System,
        session: &Session,
        graph: &ImportGraph,
        options: &TargetsOptions,
    ) -> Self {
        let leave = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_starlark = [".bzl", ".bxl"].iter().any(|suffix| name.ends_with(suffix));
            system.is_build_file(name) || is_starlark
        };
        let groups = session.groups(graph, leave);
        let modules = groups.groups.iter().flat_map(|group| &group.distributions);
        let of_tests = groups.tests.iter().flat_map(|test| &test.distributions);
        let modules: BTreeSet<String> = modules.chain(of_tests).cloned().collect();
        let prefix = prefix(system, graph.rootdir());
        let known = Known {
            distributions_of: session.distributions_of(&modules),
            cases: cases(system, session, &prefix, options),
        };
        let links = Links::of(graph, &prefix);
        let mut packages = Packages::read(system, graph, &links);
        packages.add(
            system,
            folders(system, graph, &groups, &prefix, (&packages, &links)),
        );
        let made = units(
            &Sources {
                system,
                graph,
                options,
                known: &known,
                packages: &packages,
                links: &links,
                prefix: &prefix,
            },
            &groups,
        );
        let mut targets = Self::default();
        for (path, reason) in &made.left_out {
            let message = format!("it is an input of tests and no target has it: {reason}");
            targets.notes.push(Note::new(path.clone(), None, message));
        }
        targets.write(system, graph, options, &prefix, &packages, made.units);
        targets
            .notes
            .sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        targets
    }

    fn write(
        &mut self,
        system: &System,
        graph: &ImportGraph,
        options: &TargetsOptions,
        prefix: &str,
        packages: &Packages,
        mut units: Vec<Unit>,
    ) {
        let mut own: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for folder in packages.0.keys() {
            own.insert(folder, Vec::new());
        }
        for (at, unit) in units.iter().enumerate() {
            let folder = packages.0.get_key_value(&unit.package);
            let folder = folder.map_or("", |(folder, _)| folder.as_str());
            own.entry(folder).or_default().push(at);
        }
        let tests: BTreeSet<String> = units.iter().filter_map(|unit| unit.src.clone()).collect();
        let is_file = |path: &str| tests.contains(path);
        let is_in_tree = |path: &str| graph.node(inside(prefix, path)).is_some();
        let mut plans: Vec<(&str, Vec<Existing<'_>>, Matched)> = Vec::new();
        for (folder, package) in &packages.0 {
            let of_package: Vec<(usize, &Unit)> = own[folder.as_str()]
                .iter()
                .map(|at| (*at, &units[*at]))
                .collect();
            let files = of_package
                .iter()
                .flat_map(|(_, unit)| [&unit.srcs, &unit.data]);
            let files: Vec<&str> = files.flatten().map(String::as_str).collect();
            let calls = existing(system, folder, package, &is_file, &files);
            let matched = matched(&of_package, &calls);
            plans.push((folder, calls, matched));
        }
        for (folder, calls, matched) in &plans {
            let package = &packages.0[*folder];
            let names = taken(package, calls, matched);
            for (at, number) in matched.calls.iter().chain(&matched.covered) {
                units[*at].name = calls[*number].name.to_owned();
            }
            let mut nameless: Vec<(usize, Unit)> = own[*folder]
                .iter()
                .filter(|at| units[**at].name.is_empty())
                .map(|at| (*at, units[*at].clone()))
                .collect();
            let mut borrowed: Vec<&mut Unit> = nameless.iter_mut().map(|(_, unit)| unit).collect();
            name_all(&mut borrowed, names, &|rule, name| {
                let path = join(folder, name);
                is_in_tree(&path) || (rule == Rule::Test && is_in_tree(&format!("{path}/")))
            });
            for (at, unit) in nameless {
                units[at].name = unit.name;
            }
        }
        for unit in &units {
            match unit.rule {
                Rule::Library => self.libraries += 1,
                Rule::Test => self.tests += 1,
            }
        }
        for (folder, calls, matched) in &plans {
            let package = &packages.0[*folder];
            let path = package.path(folder);
            if let Some(error) = &package.error {
                let (line, what) = match error {
                    Unreadable::Syntax(error) => (Some(error.line), error.message.clone()),
                    Unreadable::Io(error) => (None, error.clone()),
                };
                let message = format!("the file cannot be read and is left alone: {what}");
                self.notes.push(Note::new(path, line, message).error());
                self.files += 1;
                continue;
            }
            let merge = Merge {
                system,
                folder,
                package,
                rules: &options.rules,
                units: &units,
                own: &own[*folder],
                calls,
                matched,
            };
            let Merged { text, notes } = merge.merge();
            let notes = notes.into_iter();
            self.notes
                .extend(notes.map(|(line, message)| Note::new(path.clone(), Some(line), message)));
            self.files += usize::from(!text.is_empty() || package.exists);
            if text == package.file.text {
                continue;
            }
            self.changes.push(Change {
                path,
                text: (!text.is_empty()).then_some(text),
                exists: package.exists,
            });
        }
    }

    /// Puts the changes on disk; a file is as before or as it should be, whatever happens.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn apply(&self, root: &Path) -> io::Result<()> {
        for change in &self.changes {
            let path = root.join(&change.path);
            let result = match &change.text {
                None => std::fs::remove_file(&path),
                Some(text) => replace(&path, text),
            };
            result.map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
        }
        Ok(())
    }
}

/// Writes a file beside its place, and moves it there.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut file = std::fs::File::create(&beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| {
        if let Ok(metadata) = path.metadata() {
            file.set_permissions(metadata.permissions())?;
        }
        std::fs::rename(&beside, &path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// The folders that become packages: those with sources or tests, and the top where nothing is around.
fn folders(
    system: &System,
    graph: &ImportGraph,
    groups: &Groups,
    prefix: &str,
    (packages, links): (&Packages, &Links),
) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    let mut others = BTreeSet::new();
    let members = groups.groups.iter().flat_map(|group| &group.files);
    let tests = groups.tests.iter().map(|test| &test.test);
    for file in members.chain(tests) {
        let folder = folder_of(file);
        let placed = with_prefix(prefix, folder);
        if system.is_ignored(&placed) {
            continue;
        }
        if links.is_behind(&placed) {
            if system.kind == Kind::Bazel {
                others.insert(links.folder_before(&placed).to_owned());
            }
            continue;
        }
        let kind = graph.node(file).map(|node| node.kind);
        let is_code = kind.is_some_and(|kind| kind.is_source() || kind == NodeKind::Extension);
        if is_code {
            folders.insert(placed);
        } else {
            others.insert(placed);
        }
    }
    // Folders that are listed belong to a package, too.
    for group in groups.groups.iter().filter(|group| group.files.is_empty()) {
        let member = group.members.first().map_or("", String::as_str);
        others.insert(with_prefix(prefix, folder_of(member)));
    }
    let has_package = |folder: &String| {
        packages.around(folder).is_some() || {
            let mut at = folder.as_str();
            loop {
                if folders.contains(at) {
                    break true;
                }
                if at.is_empty() {
                    break false;
                }
                at = folder_of(at);
            }
        }
    };
    if others.iter().any(|folder| !has_package(folder)) {
        folders.insert(prefix.to_owned());
    }
    folders
}

/// The tests of the files, where targets name them.
fn cases(
    system: &System,
    session: &Session,
    prefix: &str,
    targets: &TargetsOptions,
) -> BTreeMap<String, Cases> {
    let granularity = targets.granularity;
    if system.kind == Kind::Bazel && granularity == Granularity::File {
        return BTreeMap::new();
    }
    let mut options = DiscoverOptions::default();
    options.cache = targets.cache;
    let Ok(discovery) = session.discover_with(&options) else {
        return BTreeMap::new();
    };
    let mut all = BTreeMap::new();
    for file in &discovery.files {
        let mut names: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for test in &file.tests {
            let parts = test
                .classes
                .iter()
                .map(String::as_str)
                .chain([&*test.function]);
            let name = parts.collect::<Vec<_>>().join("::");
            if seen.insert(name.clone()) {
                names.push(name);
            }
        }
        // A file that may have tests besides has one target, for all of them.
        let is_single =
            granularity == Granularity::Test && !names.is_empty() && !file.may_have_more();
        names.sort_unstable();
        all.insert(
            with_prefix(prefix, &file.path),
            Cases::new(names, is_single),
        );
    }
    all
}
