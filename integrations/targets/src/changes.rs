//! Which tests changes concern, by what build files say.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::closure::Closures;
use crate::owners::{Owners, Target, loaded_by};
use crate::packages::{Package, Packages};
use crate::system::{Kind, Label, System, folder_of};

/// A file that is not what it was, by its path from the root of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileChange {
    /// The file.
    pub path: String,
    /// What a build file said before; none for any other file, where it was not there, and where that is
    /// not known.
    pub before: Option<String>,
    /// Whether what there was before is known.
    pub is_compared: bool,
}

impl FileChange {
    /// A file that has changed.
    pub fn new(path: impl Into<String>, before: Option<String>, is_compared: bool) -> Self {
        Self {
            path: path.into(),
            before,
            is_compared,
        }
    }
}

/// Why a target is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// A file of it has changed.
    Inputs,
    /// It was not there before.
    New,
    /// It is written otherwise.
    Hash,
    /// The file that defines its rule has changed.
    Rule,
    /// What its build file says besides targets has changed.
    Package,
    /// A file that has a say in everything has changed.
    UniversalFile,
}

/// A test target that changes concern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestTarget {
    /// Its label.
    pub label: Label,
    /// The file of tests.
    pub src: String,
    /// Why: what happened to the root of it.
    pub cause: Cause,
    /// The target that something happened to.
    pub root: Label,
    /// The target on the way to it that this one names; none where it is the root itself.
    pub through: Option<Label>,
    /// How many targets lie on the way.
    pub depth: usize,
    /// The rule, as it is called where it is loaded from.
    pub kind: String,
    /// The labels that people give to targets.
    pub labels: Vec<String>,
    /// Who looks after the package, where its build file says so.
    pub oncall: Option<String>,
    /// Whether no target depends on it.
    pub is_terminal: bool,
}

impl TestTarget {
    /// A test that is concerned for itself: by what the import graph says, where build files do not.
    fn alone(target: &Target, is_terminal: bool) -> Self {
        Self {
            label: target.label.clone(),
            src: target.src.clone().unwrap_or_default(),
            cause: Cause::Inputs,
            root: target.label.clone(),
            through: None,
            depth: 0,
            kind: target.kind.clone(),
            labels: target.labels.clone(),
            oncall: target.oncall.clone(),
            is_terminal,
        }
    }
}

/// The test targets that changes concern, by label.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Concerned {
    /// They.
    pub tests: Vec<TestTarget>,
    /// Files of tests that are concerned and have no target, by path, each with the label that
    /// [`Targets`](crate::Targets) would make for it.
    pub without_target: Vec<(String, Label)>,
}

impl Concerned {
    /// Adds the tests of files, by their paths, that the import graph says are concerned.
    pub fn add(&mut self, owners: &Owners, files: impl IntoIterator<Item = String>) {
        let mut of_file: HashMap<&str, Vec<&Target>> = HashMap::new();
        for target in owners.targets.iter().filter(|target| target.is_test()) {
            let src = target.src.as_deref().unwrap_or_default();
            of_file.entry(src).or_default().push(target);
        }
        let known: BTreeSet<Label> = self.tests.iter().map(|test| test.label.clone()).collect();
        for file in files {
            let targets = of_file.get(file.as_str()).map_or(&[][..], Vec::as_slice);
            if targets.is_empty() {
                let label = label_for(owners, &file);
                self.without_target.push((file, label));
                continue;
            }
            let new = targets
                .iter()
                .filter(|target| !known.contains(&target.label));
            self.tests.extend(new.map(|target| {
                let others = owners.targets.iter();
                let is_terminal = !others
                    .into_iter()
                    .any(|other| other.deps.contains(&target.label));
                TestTarget::alone(target, is_terminal)
            }));
        }
        self.tests.sort_by(|a, b| a.label.cmp(&b.label));
    }

    /// The labels, sorted, those that are not there yet included.
    pub fn labels(&self) -> BTreeSet<&Label> {
        let known = self.tests.iter().map(|test| &test.label);
        known
            .chain(self.without_target.iter().map(|(_, label)| label))
            .collect()
    }
}

/// The label that a file of tests gets where nothing is in its way.
fn label_for(owners: &Owners, file: &str) -> Label {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let label = Label::new(folder, stem);
    match owners.by_label.contains_key(&label) {
        true => Label::new(folder, format!("{stem}_test")),
        false => label,
    }
}

/// Files that may change how everything is built.
fn is_universal(kind: Kind, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match kind {
        Kind::Bazel => matches!(
            name,
            ".bazelrc"
                | ".bazelversion"
                | "MODULE.bazel"
                | "REPO.bazel"
                | "WORKSPACE"
                | "WORKSPACE.bazel"
        ),
        Kind::Buck2 => matches!(name, ".buckconfig" | ".buckroot" | ".buckversion"),
    }
}

/// How a target is concerned: how far it lies from the root, the root and what happened to it, and the
/// target through which it is.
type Way = (usize, usize, Cause, Option<usize>);

struct Search<'a> {
    system: &'a System,
    now: &'a Owners,
    before: Owners,
    /// What depends on each target.
    dependents: Vec<Vec<usize>>,
    /// What happened to targets.
    roots: BTreeMap<usize, Cause>,
    /// Targets that are written otherwise: what they bring is to be compared.
    rewritten: BTreeSet<usize>,
}

impl Owners {
    /// The test targets that changes of files concern, as the build system would find: those that reach a
    /// changed file, those that reach other files or settings than before, and new ones.
    pub fn concerned(&self, system: &System, changes: &[FileChange]) -> Concerned {
        let changes: Vec<FileChange> = changes
            .iter()
            .flat_map(|change| {
                let aliases = self.links.aliases(system, &change.path).into_iter();
                let paths = std::iter::once(change.path.clone()).chain(aliases);
                paths.map(|path| FileChange {
                    path,
                    ..change.clone()
                })
            })
            .collect();
        let changes = changes.as_slice();
        let mut search = Search {
            system,
            now: self,
            before: self.before(system, changes),
            dependents: vec![Vec::new(); self.targets.len()],
            roots: BTreeMap::new(),
            rewritten: BTreeSet::new(),
        };
        for at in 0..self.targets.len() {
            for dep in self.deps(at) {
                search.dependents[dep].push(at);
            }
        }
        search.files(changes);
        search.rules(changes);
        search.build_files(changes);
        search.concerned()
    }

    /// The targets as they were: where a build file is not known from before, as they are.
    fn before(&self, system: &System, changes: &[FileChange]) -> Self {
        let mut packages = Packages::default();
        let names = &system.file_names;
        for change in changes.iter().filter(|change| change.is_compared) {
            let (folder, name) = (folder_of(&change.path), file_name(&change.path));
            let rank = |name: &str| names.iter().position(|known| known == name);
            let Some(own) = rank(name) else { continue };
            let Some(text) = &change.before else { continue };
            let known = packages.0.get(folder);
            if known.is_none_or(|package: &Package| rank(&package.file_name) > Some(own)) {
                let package = Package::of(name.to_owned(), Ok(text.clone()));
                packages.0.insert(folder.to_owned(), package);
            }
        }
        let mut before = Self::of(system, &packages);
        let is_changed = |package: &str| {
            changes.iter().any(|change| {
                change.is_compared
                    && folder_of(&change.path) == package
                    && names.iter().any(|known| known == file_name(&change.path))
            })
        };
        let kept = self.targets.iter();
        let kept = kept.filter(|target| !is_changed(&target.label.package));
        before.targets.extend(kept.cloned());
        before.index();
        let settings = self.settings.iter();
        let settings = settings.filter(|(package, _)| !is_changed(package));
        let settings = settings.map(|(package, text)| (package.clone(), text.clone()));
        before.settings.extend(settings);
        before
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Search<'_> {
    fn root(&mut self, at: usize, cause: Cause) {
        let known = self.roots.entry(at).or_insert(cause);
        *known = cause.min(*known);
    }

    /// Targets that name a changed file.
    fn files(&mut self, changes: &[FileChange]) {
        let mut owners: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut with_globs: Vec<usize> = Vec::new();
        for (at, target) in self.now.targets.iter().enumerate() {
            for file in &target.files {
                owners.entry(file).or_default().push(at);
            }
            if !target.globs.is_empty() {
                with_globs.push(at);
            }
        }
        for change in changes {
            for at in owners.get(change.path.as_str()).into_iter().flatten() {
                self.root(*at, Cause::Inputs);
            }
            for at in &with_globs {
                if self.now.targets[*at].has(&change.path) {
                    self.root(*at, Cause::Inputs);
                }
            }
            if is_universal(self.system.kind, &change.path) {
                for at in 0..self.now.targets.len() {
                    self.root(at, Cause::UniversalFile);
                }
            }
        }
    }

    /// Targets of rules whose definition has changed.
    fn rules(&mut self, changes: &[FileChange]) {
        let changed: BTreeSet<&str> = changes
            .iter()
            .map(|change| change.path.as_str())
            .filter(|path| path.ends_with(".bzl"))
            .collect();
        if changed.is_empty() {
            return;
        }
        let mut known = HashMap::new();
        for (at, target) in self.now.targets.iter().enumerate() {
            let Some(label) = &target.loaded_from else {
                continue;
            };
            let loaded = loaded_by(self.system, label, &target.label.package, &mut known);
            if loaded.iter().any(|path| changed.contains(path.as_str())) {
                self.root(at, Cause::Rule);
            }
        }
    }

    /// Targets of build files that have changed.
    fn build_files(&mut self, changes: &[FileChange]) {
        let names = &self.system.file_names;
        let is_build_file = |path: &str| names.iter().any(|known| known == file_name(path));
        let mut packages: BTreeMap<&str, bool> = BTreeMap::new();
        for change in changes.iter().filter(|change| is_build_file(&change.path)) {
            let is_compared = packages.entry(folder_of(&change.path)).or_insert(true);
            *is_compared &= change.is_compared;
        }
        if packages.is_empty() {
            return;
        }
        for at in 0..self.now.targets.len() {
            let target = &self.now.targets[at];
            let Some(is_compared) = packages.get(target.label.package.as_str()) else {
                continue;
            };
            let was = self.before.by_label.get(&target.label);
            let was = was.map(|at| &self.before.targets[*at]);
            let settings = |owners: &Owners| owners.settings.get(&target.label.package).cloned();
            let cause = match was {
                _ if !is_compared => Some(Cause::Package),
                None => Some(Cause::New),
                _ if settings(self.now) != settings(&self.before) => Some(Cause::Package),
                Some(was) if was.rest != target.rest || was.kind != target.kind => {
                    Some(Cause::Hash)
                }
                Some(was) => {
                    let is_same = was.files == target.files
                        && was.globs == target.globs
                        && was.deps == target.deps
                        && was.imports == target.imports
                        && was.distributions == target.distributions;
                    if !is_same {
                        self.rewritten.insert(at);
                    }
                    None
                }
            };
            // A new library is nothing by itself: what depends on it is written otherwise.
            match cause {
                Some(Cause::New) if !target.is_test() => {
                    self.rewritten.insert(at);
                }
                Some(cause) => self.root(at, cause),
                None => {}
            }
        }
    }

    fn concerned(self) -> Concerned {
        let now = self.now;
        let mut came: Vec<Option<Way>> = vec![None; now.targets.len()];
        let mut queue: VecDeque<usize> = VecDeque::new();
        for (at, cause) in &self.roots {
            came[*at] = Some((0, *at, *cause, None));
            queue.push_back(*at);
        }
        self.spread(&mut came, &mut queue);
        // What is written otherwise concerns a test where that changes what the test has.
        let mut candidates: Vec<Option<Way>> = came.clone();
        for at in &self.rewritten {
            if candidates[*at].is_none() {
                candidates[*at] = Some((0, *at, Cause::Hash, None));
                queue.push_back(*at);
            }
        }
        self.spread(&mut candidates, &mut queue);
        let mut of_now = Closures::new(now, self.system.kind);
        let mut of_before = Closures::new(&self.before, self.system.kind);
        let mut tests = Vec::new();
        for (at, target) in now.targets.iter().enumerate() {
            let Some(src) = target.src.as_ref().filter(|_| target.is_test()) else {
                continue;
            };
            let way = match (came[at], candidates[at]) {
                (Some(way), _) => way,
                (None, Some(way)) => {
                    let was = self.before.by_label.get(&target.label);
                    let is_same = was.is_some_and(|was| of_before.of(*was) == of_now.of(at));
                    if is_same {
                        continue;
                    }
                    way
                }
                (None, None) => continue,
            };
            let (depth, root, cause, through) = way;
            let label = |at: usize| now.targets[at].label.clone();
            tests.push(TestTarget {
                label: target.label.clone(),
                src: src.clone(),
                cause,
                root: label(root),
                through: through.map(label),
                depth,
                kind: target.kind.clone(),
                labels: target.labels.clone(),
                oncall: target.oncall.clone(),
                is_terminal: self.dependents[at].is_empty(),
            });
        }
        tests.sort_by(|a, b| a.label.cmp(&b.label));
        Concerned {
            tests,
            without_target: Vec::new(),
        }
    }

    /// Goes on to what depends on the targets in the queue.
    fn spread(&self, came: &mut [Option<Way>], queue: &mut VecDeque<usize>) {
        while let Some(at) = queue.pop_front() {
            let Some((depth, root, cause, _)) = came[at] else {
                continue;
            };
            for other in &self.dependents[at] {
                if came[*other].is_none() {
                    came[*other] = Some((depth + 1, root, cause, Some(at)));
                    queue.push_back(*other);
                }
            }
        }
    }
}
