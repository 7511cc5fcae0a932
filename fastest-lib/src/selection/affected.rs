//! From changes to the tests that they concern.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Serialize;

use super::candidates::Candidates;
use super::changes::{
    Change, ChangeKind, Changes, ConfigChange, Distributions, FileRole, changed_distributions,
    config_change, top_levels, what_it_is,
};
use crate::graph::{Edge, ImportGraph, NodeKind, Reached};
use crate::workspace::Workspace;
use crate::{Problem, ProblemKind};

/// The test files that changes concern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AffectedSet {
    /// The test files, by path.
    pub tests: Vec<AffectedTest>,
    /// How many test files there are, affected or not.
    pub test_files: usize,
    /// Changed files that concern no test.
    pub without_tests: Vec<String>,
    /// What could not be known.
    pub problems: Vec<Problem>,
    /// The nodes of the graph that count as changed.
    #[serde(skip)]
    pub(super) nodes: BTreeSet<String>,
    /// The test files that changes concern besides what they depend on.
    #[serde(skip)]
    pub(super) wide: BTreeSet<String>,
}

/// A test file that changes concern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AffectedTest {
    /// The file, relative to the rootdir.
    pub file: String,
    /// Why: the nearest of the changes that concern it.
    pub reason: AffectedReason,
}

/// Why a change concerns a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum AffectedReason {
    /// The test file itself has changed.
    Changed {
        /// What happened to it.
        change: ChangeKind,
    },
    /// It depends on a file that has changed, or on one that is not there any more.
    Depends {
        /// The file, or the distribution.
        on: String,
        /// The changed file that `on` stands for, where it is not `on` itself: a file beside it that
        /// nothing is known to read, or the requirements that name it.
        changed: Option<String>,
        /// The way to it.
        path: Vec<Edge>,
    },
    /// A setting of `[tool.fastest.affected]` says so.
    Rule {
        /// The changed file.
        file: String,
    },
    /// The change concerns all tests.
    Everything {
        /// The changed file.
        file: String,
        /// What it is.
        why: &'static str,
    },
}

impl AffectedReason {
    /// The file that has changed; none when it is the test file itself.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Changed { .. } => None,
            Self::Depends { on, changed, .. } => Some(changed.as_ref().unwrap_or(on)),
            Self::Rule { file } | Self::Everything { file, .. } => Some(file),
        }
    }
}

/// What is found out about changes before the graph is asked.
struct Causes<'c> {
    workspace: &'c Workspace,
    graph: &'c ImportGraph,
    changes: &'c Changes,
    /// Whether a file that no edge leads to stands for others.
    looks_nearby: bool,
    /// The nodes that count as changed, with the changed files that they stand for.
    nodes: BTreeMap<String, BTreeSet<String>>,
    /// Nodes that have not changed themselves, and stand for a file that lies near them.
    near: BTreeSet<String>,
    /// Changed files that concern all tests, and why.
    everything: Vec<(String, &'static str)>,
    /// Globs of tests, by the changed file that a setting ties to them.
    ruled: Vec<(String, GlobSet)>,
    without_tests: Vec<String>,
    problems: Vec<Problem>,
    candidates: Candidates,
    /// What any test leads to.
    reached: OnceCell<Reached>,
}

/// The test files that changes concern, each with a reason.
///
/// What is deleted is looked for as if it were there. A file that is no Python concerns the tests that
/// name it or its folder; where there are none, and it is not one of
/// [`HARMLESS`](super::changes::HARMLESS), those that depend on the Python files nearest to it. Any file
/// concerns the tests that `[tool.fastest.affected]` says besides, and is then not looked for nearby.
/// Requirements and lock files concern the tests that import the distributions which changed, and all
/// tests where these cannot be known; so does configuration that pytest or Python reads. All tests are
/// those of the project, and what depends on its files, where the file lies at the top of a project within
/// the workspace. A file that a hook of a conftest may collect is a test file that depends on itself and on
/// the conftests that apply to it.
pub fn affected(workspace: &Workspace, graph: &ImportGraph, changes: &Changes) -> AffectedSet {
    find(workspace, graph, changes, true)
}

/// [`affected`] where tests read nothing but their declared inputs: a file that no edge leads to does not
/// stand for the Python files nearest to it.
pub fn affected_units(
    workspace: &Workspace,
    graph: &ImportGraph,
    changes: &Changes,
) -> AffectedSet {
    find(workspace, graph, changes, false)
}

fn find(
    workspace: &Workspace,
    graph: &ImportGraph,
    changes: &Changes,
    looks_nearby: bool,
) -> AffectedSet {
    let gone = gone(workspace, graph, changes);
    let ghosts;
    let graph = if gone.is_empty() {
        graph
    } else {
        let paths: Vec<&str> = gone.iter().map(|(path, _)| path.as_str()).collect();
        ghosts = graph.with_ghosts(workspace, &paths);
        &ghosts
    };
    let mut causes = Causes {
        workspace,
        graph,
        changes,
        looks_nearby,
        nodes: BTreeMap::new(),
        near: BTreeSet::new(),
        everything: Vec::new(),
        ruled: Vec::new(),
        without_tests: Vec::new(),
        problems: changes.problems.clone(),
        candidates: Candidates::of(workspace, graph),
        reached: OnceCell::new(),
    };
    causes.outside();
    for (path, change) in gone {
        if path != change && !causes.is_ignored(change) {
            causes.count(path, change);
        }
    }
    causes.find();
    causes.tests()
}

/// Files that are not there, each with the change that took it away: what was deleted, by its own path and
/// by those that links to folders give it, and the package that a link, or a folder of which nothing
/// more is known, may have been.
fn gone<'c>(
    workspace: &Workspace,
    graph: &ImportGraph,
    changes: &'c Changes,
) -> Vec<(String, &'c str)> {
    let is_deleted = |change: &&Change| change.kind == ChangeKind::Deleted;
    let mut gone: Vec<(String, &str)> = Vec::new();
    let mut links = None;
    for change in changes.changes.iter().filter(is_deleted) {
        let path = change.path.as_str();
        gone.push((path.to_owned(), path));
        let links = links.get_or_insert_with(|| graph.folder_links());
        for (link, target) in links.iter() {
            let inside = path.strip_prefix(target.as_str());
            if let Some(inside) = inside.filter(|inside| inside.starts_with('/')) {
                gone.push((format!("{link}{inside}"), path));
            }
        }
    }
    for change in &changes.changes {
        let path = change.path.as_str();
        let name = path.rsplit('/').next().unwrap_or(path);
        let may_be_package =
            !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric());
        let is_link = || workspace.rootdir().join(path).is_symlink();
        if may_be_package && (is_deleted(&change) || is_link()) {
            gone.push((format!("{path}/__init__.py"), path));
        }
    }
    gone
}

impl Causes<'_> {
    fn is_ignored(&self, path: &str) -> bool {
        let config = &self.workspace.fastest_config().affected;
        globs(&config.ignore, &mut Vec::new()).is_match(path)
    }

    /// What lies elsewhere may be read all the same, and the graph does not see by whom.
    fn outside(&mut self) {
        if let Some(first) = self.changes.outside.first() {
            let message = format!(
                "{} changed files lie outside of the rootdir, where the graph does not look: what \
                 they concern is not known; the first is {first}",
                self.changes.outside.len()
            );
            self.problems
                .push(Problem::new(ProblemKind::Discovery, message));
        }
    }

    /// `node` counts as changed, because `path` has.
    fn count(&mut self, node: String, path: &str) {
        self.nodes.entry(node).or_default().insert(path.to_owned());
    }

    fn find(&mut self) {
        let config = &self.workspace.fastest_config().affected;
        let ignored = globs(&config.ignore, &mut self.problems);
        let rules: Vec<(GlobSet, GlobSet)> = config
            .rules
            .iter()
            .map(|rule| {
                let files = globs(&rule.files, &mut self.problems);
                (files, globs(&rule.tests, &mut self.problems))
            })
            .collect();
        for change in &self.changes.changes {
            let path = change.path.as_str();
            if ignored.is_match(path) {
                self.without_tests.push(path.to_owned());
                continue;
            }
            let role = what_it_is(path);
            self.specially(change, role);
            let mut any = false;
            for (files, tests) in &rules {
                if files.is_match(path) {
                    self.ruled.push((path.to_owned(), tests.clone()));
                    any = true;
                }
            }
            if self.candidates.has(path) {
                self.count(path.to_owned(), path);
                any = true;
            }
            let is_source = matches!(role, FileRole::Python | FileRole::Conftest);
            let kind = self.graph.node(path).map(|node| node.kind);
            if kind.is_some_and(NodeKind::is_file) {
                if is_source || self.is_reached(path) {
                    self.count(path.to_owned(), path);
                    any = true;
                }
                // Of two ways to say what a module is, only type checkers read a stub.
                any |= kind == Some(NodeKind::Stub);
            }
            let below = self.graph.files_below(path);
            // Of a folder that is gone it is not known what was in it.
            any |= !below.is_empty() && change.kind != ChangeKind::Deleted;
            below.into_iter().for_each(|node| self.count(node, path));
            if !any && role == FileRole::Other && self.looks_nearby {
                for node in self.neighbours(path) {
                    self.near.insert(node.clone());
                    self.count(node, path);
                }
            }
        }
    }

    fn is_reached(&self, path: &str) -> bool {
        let reached = self.reached.get_or_init(|| self.graph.reached());
        reached.has(self.graph, path)
    }

    /// Files that are more than their content.
    fn specially(&mut self, change: &Change, role: FileRole) {
        let path = change.path.as_str();
        let is_read = matches!(role, FileRole::Requirements | FileRole::PytestConfig);
        let (before, after) = if is_read {
            let after = std::fs::read(self.workspace.rootdir().join(path)).ok();
            (self.changes.before(path), after)
        } else {
            (None, None)
        };
        let (before, after) = (before.as_deref(), after.as_deref());
        let distributions = match role {
            FileRole::Interpreter => {
                self.everything(path, "it says which Python is used");
                return;
            }
            FileRole::Requirements => changed_distributions(path, before, after),
            FileRole::PytestConfig => match config_change(path, before, after) {
                ConfigChange::All => {
                    self.everything(path, "it configures the tests or their projects");
                    return;
                }
                ConfigChange::Distributions(distributions) => distributions,
                ConfigChange::Nothing => return,
            },
            _ => return,
        };
        let names = match distributions {
            Distributions::None => return,
            Distributions::All => {
                self.everything(path, "it may change any distribution");
                return;
            }
            Distributions::Some(names) => names,
        };
        let installed = self.workspace.fixed_import_roots().installed;
        let tops = top_levels(&installed, &names);
        if let Some(name) = tops.unknown.iter().next() {
            let message = format!(
                "the distribution {name} has changed and is not installed, so all tests may be \
                 concerned"
            );
            let problem = Problem::new(ProblemKind::Discovery, message);
            self.problems.push(problem.at(path, None));
            self.everything(path, "it changes a distribution that is not installed");
        } else if !tops.everywhere.is_empty() {
            self.everything(path, "it changes a distribution that every test loads");
        }
        tops.names
            .into_iter()
            .for_each(|node| self.count(node, path));
    }

    /// The change concerns all tests; of a project within the workspace, what depends on the project and
    /// the tests in it.
    fn everything(&mut self, path: &str, why: &'static str) {
        match self.project(path) {
            Some(folder) => {
                let files = self.graph.files_below(folder).into_iter();
                let is_source = |file: &String| {
                    let node = self.graph.node(file);
                    node.is_some_and(|node| node.kind.is_source())
                };
                let files: Vec<String> = files.filter(is_source).collect();
                files.into_iter().for_each(|node| self.count(node, path));
            }
            None => {
                self.everything.push((path.to_owned(), why));
            }
        }
    }

    /// The folder of the project that a file at its top configures; none when that is the workspace.
    fn project<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut folder = path.rsplit_once('/')?.0;
        while let Some((around, "requirements" | "constraints" | "reqs")) = folder.rsplit_once('/')
        {
            folder = around;
        }
        let inipath = self.workspace.inipath();
        let own = inipath.and_then(|path| path.strip_prefix(self.workspace.rootdir()).ok());
        let is_project = ["pyproject.toml", "setup.py", "setup.cfg"]
            .iter()
            .any(|name| {
                let path = format!("{folder}/{name}");
                self.graph.node(&path).is_some()
            });
        (is_project && own.is_none_or(|own| own != std::path::Path::new(path))).then_some(folder)
    }

    /// The Python files of the nearest folder around a file that has any; not those of the rootdir,
    /// where everything lies that is nobody's.
    fn neighbours(&self, path: &str) -> Vec<String> {
        let mut folder = path;
        while let Some((around, _)) = folder.rsplit_once('/') {
            folder = around;
            let found = self.graph.sources_in(folder);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn tests(self) -> AffectedSet {
        let Self {
            workspace,
            graph,
            changes,
            looks_nearby: _,
            nodes,
            near,
            everything,
            ruled,
            mut without_tests,
            problems,
            candidates,
            reached,
        } = self;
        let collects = workspace.collects();
        let names: Vec<&str> = nodes.keys().map(String::as_str).collect();
        let mut tests: BTreeMap<String, AffectedReason> = BTreeMap::new();
        let kinds: BTreeMap<&str, ChangeKind> = changes
            .changes
            .iter()
            .map(|change| (change.path.as_str(), change.kind))
            .collect();
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut wide: BTreeSet<String> = near;
        let changed: BTreeSet<&str> = names.iter().copied().collect();
        let mut concerned = graph.tests_of(&names);
        // What their content means is not known, so it is not compared either.
        wide.extend(candidates.paths().cloned());
        concerned.extend(candidates.concerned(graph, &changed));
        for (file, path) in concerned {
            let on = path.last().map_or(file.as_str(), |last| &*last.to);
            let reason = match kinds.get(file.as_str()) {
                Some(change) if path.is_empty() => AffectedReason::Changed { change: *change },
                _ => {
                    let causes = nodes.get(on);
                    let other = causes.filter(|causes| !causes.contains(on));
                    AffectedReason::Depends {
                        on: on.to_owned(),
                        changed: other.and_then(|causes| causes.first().cloned()),
                        path,
                    }
                }
            };
            used.insert(reason.cause().unwrap_or(&file).to_owned());
            tests.insert(file, reason);
        }
        let mut all: Vec<String> = graph.tests().filter(|test| collects.file(test)).collect();
        all.extend(candidates.paths().cloned());
        all.sort_unstable();
        all.dedup();
        for test in &all {
            for (file, globs) in &ruled {
                if globs.is_match(test) {
                    let file = file.clone();
                    used.insert(file.clone());
                    wide.insert(test.clone());
                    let reason = AffectedReason::Rule { file };
                    tests.entry(test.clone()).or_insert(reason);
                }
            }
            if let Some((file, why)) = everything.first() {
                used.extend(everything.iter().map(|(file, _)| file.clone()));
                wide.insert(test.clone());
                let reason = AffectedReason::Everything {
                    file: file.clone(),
                    why,
                };
                tests.entry(test.clone()).or_insert(reason);
            }
        }
        // The graph that is narrowed by does not have what was deleted.
        let is_deleted = |change: &Change| change.kind == ChangeKind::Deleted;
        if changes.changes.iter().any(is_deleted) {
            let closures = graph.closures();
            for (file, reason) in &tests {
                let is_changed = matches!(reason, AffectedReason::Changed { .. });
                let leads = |name: &str| name != file && nodes.contains_key(name);
                if is_changed && closures.of([file.as_str()]).names().any(leads) {
                    wide.insert(file.clone());
                }
            }
        }
        tests.retain(|test, _| all.binary_search(test).is_ok());
        // Only the nearest change is any test's reason: the others have to be asked for.
        let mut open = nodes
            .iter()
            .filter(|(_, causes)| causes.iter().any(|cause| !used.contains(cause)))
            .peekable();
        let mut concerning: BTreeSet<&String> = BTreeSet::new();
        if open.peek().is_some() {
            let reached = reached.get_or_init(|| graph.reached());
            let open = open.filter(|(node, _)| reached.has(graph, node));
            concerning.extend(open.flat_map(|(_, causes)| causes));
        }
        let idle = changes.changes.iter().filter(|change| {
            !used.contains(&change.path)
                && !without_tests.contains(&change.path)
                && !concerning.contains(&change.path)
        });
        let idle: Vec<String> = idle.map(|change| change.path.clone()).collect();
        without_tests.extend(idle);
        without_tests.sort_unstable();
        AffectedSet {
            tests: tests
                .into_iter()
                .map(|(file, reason)| AffectedTest { file, reason })
                .collect(),
            test_files: all.len(),
            without_tests,
            problems,
            nodes: nodes.into_keys().collect(),
            wide,
        }
    }
}

fn globs(texts: &[String], problems: &mut Vec<Problem>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for text in texts {
        match GlobBuilder::new(text).literal_separator(true).build() {
            Ok(glob) => {
                set.add(glob);
            }
            Err(error) => {
                let message = format!("[tool.fastest.affected]: `{text}` is no glob: {error}");
                let problem = Problem::new(ProblemKind::Config, message);
                problems.push(problem.at("pyproject.toml", None));
            }
        }
    }
    set.build().unwrap_or_else(|_| GlobSet::empty())
}
