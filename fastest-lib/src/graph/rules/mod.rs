//! What makes edges, one unit a rule.
//!
//! Every unit looks at one file's references, and at the names of the files there are: never at what
//! other files say. So an edit changes the edges of the file that was edited and of no other.

mod commands;
pub(super) mod imports;
mod lazy;
mod loaders;
pub(super) mod packages;
mod paths;
mod plugins;
mod resources;
pub(super) mod search_path;
pub(super) mod strings;
mod walks;

use rustc_hash::FxHashSet;

use super::flat::flag;
use super::kind::{Condition, EdgeKind, NodeKind};
use super::names::{Found, Names};
use super::projects::Project;
use super::rule::Rule;
use crate::environment::is_stdlib;
use crate::syntax::{Place, References, StringReference};

/// What all files are looked at with.
pub(super) struct Setup<'s> {
    pub(super) names: Names<'s>,
    pub(super) projects: &'s [Project],
    /// Modules that are plugins of every test, and the rule that says so.
    pub(super) plugins: Vec<(String, Rule)>,
    /// Above this folder no `conftest.py` applies; none when none does at all.
    pub(super) conftests: Option<u32>,
    /// The top-level names of what is installed; none when that is not known.
    pub(super) installed: Option<FxHashSet<String>>,
    /// Whether the examples in docstrings are tests.
    pub(super) doctests: bool,
    /// Archives on the search path.
    pub(super) zips: Vec<u32>,
    pub(super) disabled: Vec<Rule>,
    /// Names of files and folders, to tell quickly that a string is none.
    pub(super) entries: FxHashSet<&'s str>,
}

/// One file, looked at.
pub(super) struct Source<'s> {
    pub(super) setup: &'s Setup<'s>,
    pub(super) file: u32,
    pub(super) folder: u32,
    pub(super) is_test: bool,
    pub(super) references: &'s References,
}

/// What an edge leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    File(u32),
    Folder(u32),
    Modules(u32),
    Distribution(Box<str>),
    Missing(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawEdge {
    pub(super) target: Target,
    pub(super) line: u32,
    pub(super) kind: EdgeKind,
    pub(super) rule: Rule,
    pub(super) condition: Condition,
}

/// The edges of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    pub(super) list: Vec<RawEdge>,
    pub(super) flags: u32,
}

/// How edges come about: what is the same for several of them.
#[derive(Clone, Copy)]
struct By {
    line: u32,
    kind: EdgeKind,
    rule: Rule,
    condition: Condition,
}

impl By {
    fn new(line: u32, kind: EdgeKind, rule: Rule) -> Self {
        Self {
            line,
            kind,
            rule,
            condition: Condition::Always,
        }
    }

    fn when(self, condition: Condition) -> Self {
        Self { condition, ..self }
    }
}

impl Edges {
    fn add(&mut self, target: Target, by: By) {
        let By {
            line,
            kind,
            rule,
            condition,
        } = by;
        self.list.push(RawEdge {
            target,
            line,
            kind,
            rule,
            condition,
        });
    }

    fn files(&mut self, files: &[u32], by: By) {
        for file in files {
            self.add(Target::File(*file), by);
        }
    }

    /// A place that cannot be resolved, found by that rule.
    fn unresolved(&mut self, source: &Source<'_>, line: u32, rule: Rule) {
        self.flags |= flag::UNRESOLVED;
        let root = source.names().root_around(source.folder);
        let by = By::new(line, EdgeKind::Unresolved, rule).when(Condition::Strict);
        self.add(Target::Folder(root), by);
    }

    fn folders(&mut self, folders: &[u32], target: fn(u32) -> Target, by: By) {
        for folder in folders {
            self.add(target(*folder), by);
        }
    }

    /// Drops edges of rules that are switched off, to the file itself, and all but the first of those
    /// that say the same. An edge under a condition says nothing beside one that always counts.
    fn finish(&mut self, source: &Source<'_>) {
        let disabled = &source.setup.disabled;
        let own = Target::File(source.file);
        let keeps_unresolved = !disabled.contains(&Rule::Unresolved);
        self.list.retain(|edge| {
            edge.target != own
                && !disabled.contains(&edge.rule)
                && (keeps_unresolved || edge.kind != EdgeKind::Unresolved)
        });
        let key = |edge: &RawEdge| (edge.kind, edge.condition as u8, edge.line, edge.rule);
        self.list
            .sort_by(|a, b| a.target.cmp(&b.target).then_with(|| key(a).cmp(&key(b))));
        self.list.dedup_by(|next, edge| {
            next.target == edge.target
                && next.kind == edge.kind
                && next.condition == edge.condition
                && (edge.kind != EdgeKind::Unresolved || next.line == edge.line)
        });
        let mut at = 0;
        while at < self.list.len() {
            let same = self.list[at..]
                .iter()
                .take_while(|edge| edge.target == self.list[at].target)
                .count();
            let always = self.list[at..at + same]
                .iter()
                .any(|edge| edge.condition == Condition::Always);
            if same > 1 && always {
                let target = self.list[at].target.clone();
                let mut kept = 0;
                self.list.retain(|edge| {
                    let drops = edge.target == target
                        && matches!(edge.condition, Condition::Loader | Condition::Walker);
                    kept += usize::from(edge.target == target && !drops);
                    !drops
                });
                at += kept;
            } else {
                at += same;
            }
        }
    }
}

/// The edges of a file.
pub(super) fn edges(source: &Source<'_>) -> Edges {
    let mut out = Edges::default();
    if source.is_test {
        out.flags |= flag::TEST;
    }
    imports::apply(source, &mut out);
    packages::apply(source, &mut out);
    plugins::apply(source, &mut out);
    loaders::apply(source, &mut out);
    lazy::apply(source, &mut out);
    strings::apply(source, &mut out);
    walks::apply(source, &mut out);
    commands::apply(source, &mut out);
    paths::apply(source, &mut out);
    resources::apply(source, &mut out);
    out.finish(source);
    out
}

impl<'s> Source<'s> {
    fn names(&self) -> &Names<'s> {
        &self.setup.names
    }

    /// The name of the file, without its folder.
    fn name(&self) -> &'s str {
        &self.setup.names.tree.files[self.file as usize].name
    }

    fn kind(&self) -> NodeKind {
        self.setup.names.tree.files[self.file as usize].kind
    }

    fn absolute(&self, name: &str) -> Found {
        self.names().absolute(self.folder, name)
    }

    /// What a relative name leads to; one dot is the file's own folder.
    fn relative(&self, level: u32, name: &str) -> Option<Found> {
        let folder = self
            .names()
            .tree
            .around(self.folder)
            .nth((level as usize).saturating_sub(1))?;
        if name.is_empty() {
            return Some(Found {
                files: self.names().init(folder).into_iter().collect(),
                folders: vec![folder],
                parents: Vec::new(),
                depth: 0,
            });
        }
        Some(self.names().below(&[folder], name))
    }

    /// What a dotted string leads to: `a.b`, `a.b:C`, `a.b.C`, `.b`; as far as its parts are found.
    fn dotted(&self, text: &str) -> Found {
        let text = text.split(':').next().unwrap_or_default();
        let name = text.trim_start_matches('.');
        let level = text.len() - name.len();
        if name.is_empty() {
            return Found::default();
        }
        if level == 0 {
            self.absolute(name)
        } else {
            let level = u32::try_from(level).unwrap_or(u32::MAX);
            self.relative(level, name).unwrap_or_default()
        }
    }

    /// The folders of the package that a name of this file stands for, as it is written there.
    fn package(&self, written: &str) -> Vec<u32> {
        let (names, own) = (self.names(), self.folder);
        let written = written
            .strip_suffix(".__path__")
            .or(written.strip_suffix(".__name__"))
            .or(written.strip_suffix(".__package__"))
            .unwrap_or(written);
        if matches!(
            written,
            "__path__" | "__name__" | "__package__" | "__spec__.parent"
        ) {
            return vec![own];
        }
        let (first, rest) = match written.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (written, None),
        };
        let mut folders = Vec::new();
        for import in &self.references.imports {
            let module = match import.level {
                0 => self.absolute(&import.module),
                level => self.relative(level, &import.module).unwrap_or_default(),
            };
            if import.names.iter().any(|name| name == first) {
                let mut found = names.below(&module.folders, first);
                if let Some(rest) = rest {
                    found = names.below(&found.folders, rest);
                }
                folders.extend(found.folders);
            } else if import.names.is_empty() && import.module.split('.').next() == Some(first) {
                folders.extend(self.absolute(written).folders);
            }
        }
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    /// The files of the modules that a name of this file may stand for, as it is written there: of all
    /// that are imported, where none has that name.
    fn modules(&self, written: &str) -> Vec<u32> {
        let (first, rest) = match written.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (written, None),
        };
        let (mut named, mut all) = (Vec::new(), Vec::new());
        let mut is_bound = false;
        for import in &self.references.imports {
            let module = match import.level {
                0 => self.absolute(&import.module),
                level => self.relative(level, &import.module).unwrap_or_default(),
            };
            for name in &import.names {
                let mut found = self.names().below(&module.folders, name);
                all.extend_from_slice(&found.files);
                if name == first {
                    is_bound = true;
                    if let Some(rest) = rest {
                        found = self.names().below(&found.folders, rest);
                    }
                    named.append(&mut found.files);
                }
            }
            if import.names.is_empty() && import.module.split('.').next() == Some(first) {
                is_bound = true;
                named.extend(self.absolute(written).files);
            }
            all.extend(module.files);
        }
        let mut files = if is_bound { named } else { all };
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Whether a top-level name is neither the workspace's nor the standard library's.
    fn is_foreign(&self, top: &str) -> bool {
        !is_stdlib(top) && self.names().start(self.folder, top).is_empty()
    }
}

/// The last part of what is called.
fn callee(string: &StringReference) -> Option<&str> {
    match &string.place {
        Place::Argument { callee, .. } => callee.rsplit('.').next(),
        _ => None,
    }
}

/// Whether a text is made of identifiers with dots between them, with a `:` among them at most once.
fn is_dotted(text: &str) -> bool {
    let body = text.trim_start_matches('.');
    let is_part = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
            && chars.all(|c| c == '_' || c.is_alphanumeric())
    };
    body.matches(':').count() <= 1 && body.split(['.', ':']).all(is_part)
}
