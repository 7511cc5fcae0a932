//! What a conftest means for the tests below it.

use std::path::{Path, PathBuf};

use super::classes::Module;
use super::engine;
use super::fixtures::{Holder, Place};
use super::ids::IdRules;
use super::model::OpenReason;
use super::value::Value;
use crate::syntax::{BindingKind, FileFacts};
use crate::workspace::Fnmatch;

/// A conftest, read.
pub(super) struct Conftest {
    pub(super) holder: Holder,
    /// What may change which tests there are, wherever they are below it.
    pub(super) open: Vec<OpenReason>,
    /// Whether it generates tests: no id below it is certain.
    pub(super) generates: Option<OpenReason>,
    pub(super) needs_pytest: Vec<OpenReason>,
    /// The files that it takes out, and the patterns of those.
    ignored: Vec<(PathBuf, OpenReason)>,
    ignored_globs: Vec<(Fnmatch, OpenReason)>,
}

/// The hooks of a module or conftest.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) open: Vec<OpenReason>,
    pub(super) generates: Option<OpenReason>,
    pub(super) needs_pytest: Vec<OpenReason>,
}

/// What the hooks and plugins named in a module's top level mean.
pub(super) fn hooks(module: &Module<'_>, place: Place<'_>) -> Hooks {
    let mut hooks = Hooks::default();
    for entry in module.scope.entries() {
        let name = entry.name;
        if !name.starts_with("pytest_") {
            continue;
        }
        let line = entry.last().map_or(0, |binding| binding.line);
        let (attributes, imported) = match entry.last().map(|binding| &binding.kind) {
            Some(BindingKind::Function(function)) => {
                let names = module.names();
                if super::marks::decorated(&function.decorators, names)
                    .fixture
                    .is_some()
                {
                    continue;
                }
                (function.attributes.as_slice(), false)
            }
            Some(BindingKind::Class(_)) => continue,
            _ => (&[][..], true),
        };
        let what = if name == "pytest_plugins" {
            "loads plugins"
        } else {
            "is a hook"
        };
        let reason = place.reason(line, format!("`{name}` {what}"));
        hooks.needs_pytest.push(reason.clone());
        if name == "pytest_generate_tests" {
            hooks.generates = Some(reason);
        } else if imported || engine::changes_collection(name, attributes) {
            hooks.open.push(reason);
        }
    }
    hooks
}

impl Conftest {
    pub(super) fn new(facts: &FileFacts, path: &Path, place: Place<'_>, rules: &IdRules) -> Self {
        let module = Module::new(facts);
        let hooks = hooks(&module, place);
        let mut conftest = Self {
            holder: Holder::of_module(&module, facts, place, rules),
            open: hooks.open,
            generates: hooks.generates,
            needs_pytest: hooks.needs_pytest,
            ignored: Vec::new(),
            ignored_globs: Vec::new(),
        };
        for problem in &facts.problems {
            let line = problem.line.unwrap_or_default();
            conftest.open.push(place.reason(line, &*problem.message));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for name in ["collect_ignore", "collect_ignore_glob"] {
            conftest.read_ignored(name, &module, folder, place);
        }
        conftest
    }

    fn read_ignored(&mut self, name: &str, module: &Module<'_>, folder: &Path, place: Place<'_>) {
        let Some(entry) = module.scope.get(name) else {
            return;
        };
        let line = entry.last().map_or(0, |binding| binding.line);
        let reason = place.reason(line, format!("`{name}` may leave it out"));
        let names = module.names();
        let items = match entry.only().map(|binding| &binding.kind) {
            Some(BindingKind::Value(value)) if !entry.mutated => names.items(value),
            _ => None,
        };
        let Some(items) = items else {
            self.open.push(reason);
            return;
        };
        for item in items {
            match names.value(&item) {
                Value::Str(text) if name == "collect_ignore" => {
                    self.ignored.push((folder.join(text), reason.clone()));
                }
                Value::Str(text) => {
                    let pattern = folder.join(text);
                    let pattern = Fnmatch::new(&pattern.to_string_lossy());
                    self.ignored_globs.push((pattern, reason.clone()));
                }
                _ => self.open.push(reason.clone()),
            }
        }
    }

    /// Why the file may be left out of the collection.
    pub(super) fn ignores(&self, file: &Path) -> Option<&OpenReason> {
        let named = self
            .ignored
            .iter()
            .find(|(ignored, _)| file.starts_with(ignored))
            .map(|(_, reason)| reason);
        named.or_else(|| {
            let globs = self.ignored_globs.iter();
            let mut matching = globs.filter(|(pattern, _)| {
                file.ancestors()
                    .any(|path| pattern.matches(&path.to_string_lossy()))
            });
            matching.next().map(|(_, reason)| reason)
        })
    }
}
