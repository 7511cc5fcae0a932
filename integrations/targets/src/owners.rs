use std::collections::{BTreeMap, BTreeSet, HashMap};

use fastest_lib::graph::ImportGraph;

use crate::links::Links;
use crate::note::Note;
use crate::owned::rule_of;
use crate::packages::{Package, Packages, Unreadable, prefix};
use crate::starlark::{BuildFile, Call, Glob, StatementKind, normal};
use crate::system::{Label, System, folder_of};
use crate::unit::Rule;

/// Attributes in which no label stands, and that change nothing about how tests run.
const IDLE: &[&str] = &[
    "name",
    "visibility",
    "testonly",
    "tags",
    "deprecation",
    "licenses",
    "labels",
];

/// The targets of a workspace as its build files have them.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    pub(crate) targets: Vec<Target>,
    pub(crate) by_label: HashMap<Label, usize>,
    /// Targets of other rules, and macros, by their packages.
    foreign: HashMap<String, Vec<usize>>,
    /// What else than targets the build file of each package says.
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) links: Links,
    /// Build files that cannot be read.
    pub notes: Vec<Note>,
}

/// One target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) label: Label,
    /// Ours; none for somebody else's.
    pub(crate) rule: Option<Rule>,
    /// The rule, as it is called where it is loaded from.
    pub(crate) kind: String,
    /// The file that the rule is loaded from, as the build file names it.
    pub(crate) loaded_from: Option<String>,
    /// The file of tests that it is about, for a test of ours or something that stands for one.
    pub(crate) src: Option<String>,
    pub(crate) files: Vec<String>,
    pub(crate) globs: Vec<Glob>,
    pub(crate) deps: Vec<Label>,
    pub(crate) imports: Vec<String>,
    pub(crate) distributions: Vec<String>,
    /// What else of it has a say in its actions.
    pub(crate) rest: String,
    /// The labels that people give to targets of Buck2, or the tags of Bazel.
    pub(crate) labels: Vec<String>,
    pub(crate) oncall: Option<String>,
}

/// Attributes of our rules in which labels stand.
const LABELS: &[&str] = &["data", "deps", "durations", "src", "srcs", "toolchain"];

impl Owners {
    /// Reads the build files below the rootdir.
    pub fn read(system: &System, graph: &ImportGraph) -> Self {
        let links = Links::of(graph, &prefix(system, graph.rootdir()));
        let mut packages = Packages::read(system, graph, &links);
        packages.see(system, &links);
        Self {
            links,
            ..Self::of(system, &packages)
        }
    }

    pub(crate) fn of(system: &System, packages: &Packages) -> Self {
        let mut owners = Self::default();
        for (folder, package) in &packages.0 {
            owners.package(system, folder, package);
        }
        owners.index();
        owners
    }

    /// Notes which target has which label.
    pub(crate) fn index(&mut self) {
        self.by_label.clear();
        self.foreign.clear();
        for (at, target) in self.targets.iter().enumerate() {
            self.by_label.entry(target.label.clone()).or_insert(at);
            if target.rule.is_none() {
                let foreign = self.foreign.entry(target.label.package.clone());
                foreign.or_default().push(at);
            }
        }
    }

    fn package(&mut self, system: &System, folder: &str, package: &Package) {
        if let Some(error) = &package.error {
            let (line, what) = match error {
                Unreadable::Syntax(error) => (Some(error.line), error.message.clone()),
                Unreadable::Io(error) => (None, error.clone()),
            };
            let message = format!("its targets are not known: {what}");
            self.notes
                .push(Note::new(package.path(folder), line, message).error());
        }
        let mut settings = String::new();
        let oncall = package
            .file
            .calls()
            .find(|(_, call)| call.function == "oncall");
        let oncall = oncall.and_then(|(_, call)| call.arguments.first()?.strings.first().cloned());
        for statement in &package.file.statements {
            match &statement.kind {
                StatementKind::Load(_) => {}
                StatementKind::Call(call) if call.name().is_some() => {
                    let mut target = target(system, folder, &package.file, call);
                    target.oncall.clone_from(&oncall);
                    self.targets.push(target);
                }
                // Files that others may name.
                StatementKind::Call(call) if call.function == "exports_files" => {}
                _ => {
                    settings.push_str(&normal(&package.file.text[statement.at.clone()]));
                    settings.push('\n');
                }
            }
        }
        self.settings.insert(folder.to_owned(), settings);
    }

    /// Whether there is no target.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The labels of the targets that test a file, by the path of the file.
    pub fn tests_of(&self, path: &str) -> Vec<&Label> {
        let targets = self.targets.iter();
        let tests =
            targets.filter(|target| target.is_test() && target.src.as_deref() == Some(path));
        tests.map(|target| &target.label).collect()
    }

    /// Every file that a target reaches by what build files say, by path.
    pub fn inputs(&self, label: &Label) -> Vec<String> {
        let reached = self.reach(label);
        let files = reached.into_iter().flat_map(|at| &self.targets[at].files);
        let files: BTreeSet<&String> = files.collect();
        files.into_iter().cloned().collect()
    }

    /// The targets that one depends on, itself included.
    pub(crate) fn reach(&self, label: &Label) -> BTreeSet<usize> {
        let mut rest: Vec<usize> = self.by_label.get(label).copied().into_iter().collect();
        let mut reached: BTreeSet<usize> = rest.iter().copied().collect();
        while let Some(at) = rest.pop() {
            for other in self.deps(at) {
                if reached.insert(other) {
                    rest.push(other);
                }
            }
        }
        reached
    }

    /// The targets that a target names.
    pub(crate) fn deps(&self, at: usize) -> impl Iterator<Item = usize> {
        let deps = self.targets[at].deps.iter();
        deps.flat_map(|label| self.named(label))
            .filter(move |other| *other != at)
    }

    /// The target of a label; those that may make it, where no target has it by name.
    fn named(&self, label: &Label) -> Vec<usize> {
        if let Some(at) = self.by_label.get(label) {
            return vec![*at];
        }
        let foreign = self.foreign.get(&label.package).into_iter().flatten();
        let makers = foreign.filter(|at| label.name.starts_with(&self.targets[**at].label.name));
        makers.copied().collect()
    }
}

impl Target {
    pub(crate) fn is_test(&self) -> bool {
        match self.rule {
            Some(rule) => rule == Rule::Test,
            None => self.src.is_some(),
        }
    }

    /// Whether it names a file.
    pub(crate) fn has(&self, path: &str) -> bool {
        if self.files.iter().any(|file| file == path) {
            return true;
        }
        let package = &self.label.package;
        let inside = match package.as_str() {
            "" => Some(path),
            package => path
                .strip_prefix(package)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        inside.is_some_and(|inside| self.globs.iter().any(|glob| glob.matches(inside)))
    }
}

fn target(system: &System, folder: &str, file: &BuildFile, call: &Call) -> Target {
    let rule = rule_of(file, call);
    let origin = file.origin(&call.function);
    let mut target = Target {
        label: Label::new(folder, call.name().unwrap_or_default()),
        rule,
        kind: origin
            .map_or(call.function.as_str(), |(_, there)| there)
            .to_owned(),
        loaded_from: origin.map(|(label, _)| label.to_owned()),
        src: call
            .text("src")
            .and_then(|src| Some(system.resolve(src, folder)?.path())),
        files: Vec::new(),
        globs: Vec::new(),
        deps: Vec::new(),
        imports: Vec::new(),
        distributions: Vec::new(),
        rest: target_rest(file, call, rule),
        labels: Vec::new(),
        oncall: None,
    };
    for argument in &call.arguments {
        let name = argument.name.as_deref().unwrap_or_default();
        target
            .globs
            .extend(argument.value.globs().into_iter().cloned());
        match name {
            "labels" => target.labels.clone_from(&argument.strings),
            "imports" if rule.is_some() => {
                let roots = argument.strings.iter();
                target.imports = roots.map(|root| format!("{folder}/{root}")).collect();
            }
            "distributions" if rule.is_some() => {
                target.distributions.clone_from(&argument.strings);
                target.distributions.sort_unstable();
            }
            name if IDLE.contains(&name) => {}
            name if rule.is_some() && !LABELS.contains(&name) => {}
            _ => {
                let named = argument.strings.iter();
                let named = named.filter_map(|text| system.resolve(text, folder));
                let mut named: Vec<Label> = named.collect();
                if rule.is_some() {
                    // As our rules do, so that another order of the list is none.
                    named.sort_by_key(ToString::to_string);
                }
                for label in named {
                    if name != "deps" || rule.is_none() {
                        target.files.push(label.path());
                    }
                    target.deps.push(label);
                }
            }
        }
    }
    target
}

/// What has a say in the actions of a target, and is neither a file nor a target.
fn target_rest(file: &BuildFile, call: &Call, rule: Option<Rule>) -> String {
    let mut rest = String::new();
    let (from, there) = file.origin(&call.function).unwrap_or(("", &call.function));
    rest.push_str(&format!("{from} {there}\n"));
    let mut arguments: Vec<_> = call.arguments.iter().collect();
    arguments.sort_by(|a, b| a.name.cmp(&b.name));
    for argument in arguments {
        let name = argument.name.as_deref().unwrap_or_default();
        let is_idle = match rule {
            Some(Rule::Library) => true,
            Some(Rule::Test) => {
                matches!(
                    name,
                    "name" | "srcs" | "data" | "deps" | "imports" | "distributions" | "visibility"
                )
            }
            None => matches!(name, "name" | "visibility"),
        };
        if !is_idle {
            rest.push_str(&normal(&file.text[argument.at.clone()]));
            rest.push('\n');
        }
    }
    rest
}

/// The files that a file of rules loads, by path, itself included.
pub(crate) fn loaded_by(
    system: &System,
    label: &str,
    folder: &str,
    known: &mut HashMap<String, Vec<String>>,
) -> Vec<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    let mut rest: Vec<String> = Vec::new();
    rest.extend(system.resolve(label, folder).map(|label| label.path()));
    while let Some(path) = rest.pop() {
        if !all.insert(path.clone()) {
            continue;
        }
        let loads = known.entry(path.clone()).or_insert_with(|| {
            let text = std::fs::read_to_string(system.root.join(&path)).unwrap_or_default();
            let file = BuildFile::parse(text).unwrap_or_default();
            let loads = file.loads();
            let labels =
                loads.filter_map(|(_, load)| system.resolve(&load.label, folder_of(&path)));
            labels.map(|label| label.path()).collect()
        });
        rest.extend(loads.iter().cloned());
    }
    all.into_iter().collect()
}
