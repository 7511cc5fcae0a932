//! What a conftest means for the tests below it.

use std::path::{Path, PathBuf};

use super::classes::Module;
use super::engine;
use super::fixtures::{Holder, Place};
use super::ids::IdRules;
use super::model::OpenReason;
use super::scope::Names;
use super::value::Value;
use crate::syntax::{BindingKind, EffectKind, Expr, FileFacts};
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
            conftest.read_ignored(name, &module, facts, folder, place);
        }
        conftest
    }

    fn read_ignored(
        &mut self,
        name: &str,
        module: &Module<'_>,
        facts: &FileFacts,
        folder: &Path,
        place: Place<'_>,
    ) {
        for binding in facts.bindings.iter().filter(|found| found.name == name) {
            let reason = place.reason(binding.line, format!("`{name}` may leave it out"));
            let items = match &binding.kind {
                BindingKind::Value(value) => module.names().items(value),
                BindingKind::Mutated => added_items(name, module.names(), facts, binding.line),
                _ => None,
            };
            let Some(items) = items else {
                self.open.push(reason);
                continue;
            };
            for item in items {
                match module.names().value(&item) {
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

/// What `name.append(…)` or `name.extend(…)` on a line adds.
fn added_items(name: &str, names: Names<'_>, facts: &FileFacts, line: u32) -> Option<Vec<Expr>> {
    let effect = facts.effects.iter().find(|effect| effect.line == line)?;
    let EffectKind::Call(Expr::Call(call)) = &effect.kind else {
        return None;
    };
    let (Expr::Attribute(object, method), [only]) = (&call.function, call.arguments.as_slice())
    else {
        return None;
    };
    if **object != Expr::Name(name.to_owned()) {
        return None;
    }
    match method.as_str() {
        "append" => Some(vec![only.value.clone()]),
        "extend" => names.items(&only.value),
        _ => None,
    }
}
