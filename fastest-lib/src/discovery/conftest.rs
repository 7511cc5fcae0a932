//! What a conftest means for the tests below it.

use std::path::{Path, PathBuf};

use super::classes::Module;
use super::engine::{self, Reach};
use super::fixtures::{Holder, Place};
use super::ids::IdRules;
use super::ignored::IgnoreList;
use super::items::Element;
use super::model::OpenReason;
use super::project::{Found, World};
use super::scope::{Kind, Names};
use super::value::Value;
use crate::syntax::FileFacts;

/// A conftest, read.
pub(super) struct Conftest {
    /// The folder for which it holds.
    pub(super) folder: PathBuf,
    pub(super) holder: Holder,
    /// The fixtures of the modules that its `pytest_plugins` names, the first loaded first.
    pub(super) plugins: Vec<Holder>,
    /// What may change which tests there are, wherever they are below it.
    pub(super) open: Vec<OpenReason>,
    /// What may change which tests there are in the whole session.
    pub(super) session_open: Vec<OpenReason>,
    /// Whether it generates tests: no id below it is certain.
    pub(super) generates: Option<OpenReason>,
    pub(super) needs_pytest: Vec<OpenReason>,
    /// Hooks that the native engine calls.
    pub(super) asks_plugins: Vec<OpenReason>,
    /// Why files below it that are no test files may hold tests.
    pub(super) collects: Option<OpenReason>,
    /// `collect_ignore` and `collect_ignore_glob`, where it has them.
    pub(super) ignored: [Option<IgnoreList>; 2],
}

/// The hooks of a module or conftest.
#[derive(Default)]
pub(super) struct Hooks {
    /// What may change the tests below.
    pub(super) open: Vec<OpenReason>,
    /// What may change the tests of the whole session.
    pub(super) session_open: Vec<OpenReason>,
    pub(super) generates: Option<OpenReason>,
    /// The hook that any file is offered to.
    pub(super) collects: Option<OpenReason>,
    pub(super) needs_pytest: Vec<OpenReason>,
    /// Those that the native engine calls where they are a conftest's or a plugin's.
    pub(super) asks_plugins: Vec<OpenReason>,
}

/// What the hooks named in a module's top level mean.
pub(super) fn hooks(names: Names<'_>, place: Place<'_>) -> Hooks {
    let mut hooks = Hooks::default();
    for entry in names.module.scope.entries() {
        let name = entry.name;
        if !name.starts_with("pytest_") {
            continue;
        }
        let line = entry.line();
        let (attributes, is_known) = match entry.last().map(|bound| bound.kind) {
            Some(Kind::Function(function)) => {
                let decorated = super::marks::decorated(&function.decorators, names);
                if decorated.fixture.is_some() {
                    continue;
                }
                (function.attributes.as_slice(), true)
            }
            Some(Kind::Class(_)) => continue,
            _ => (&[][..], false),
        };
        let what = if name == "pytest_plugins" {
            "loads plugins"
        } else {
            "is a hook"
        };
        let reason = place.reason(line, format!("`{name}` {what}"));
        if engine::is_native(name) {
            hooks.asks_plugins.push(reason.clone());
        } else {
            hooks.needs_pytest.push(reason.clone());
        }
        if matches!(name, "pytest_collect_file" | "pytest_collect_directory") {
            hooks.collects.get_or_insert_with(|| reason.clone());
        }
        if name == "pytest_generate_tests" {
            hooks.generates = Some(reason);
            continue;
        }
        let reach = match is_known {
            true => engine::reach(name, attributes),
            false => Reach::Session,
        };
        match reach {
            Reach::None => {}
            Reach::Below => hooks.open.push(reason),
            Reach::Session => hooks.session_open.push(reason),
        }
    }
    hooks
}

impl Conftest {
    pub(super) fn new(
        facts: &FileFacts,
        module: &Module<'_>,
        world: &dyn World,
        place: Place<'_>,
        rules: &IdRules,
    ) -> Self {
        let names = Names::of(world, module);
        let hooks = hooks(names, place);
        let mut conftest = Self {
            folder: module.path.parent().unwrap_or(Path::new("")).to_path_buf(),
            holder: Holder::of_module(names, place, rules),
            plugins: Vec::new(),
            open: hooks.open,
            session_open: hooks.session_open,
            generates: hooks.generates,
            needs_pytest: hooks.needs_pytest,
            asks_plugins: hooks.asks_plugins,
            collects: hooks.collects,
            ignored: [None, None],
        };
        for problem in &facts.problems {
            let line = problem.line.unwrap_or_default();
            let reason = place.reason(line, &*problem.message);
            // What follows may not have been read.
            conftest.collects.get_or_insert_with(|| reason.clone());
            conftest.open.push(reason);
        }
        conftest.read_plugins(names, place, rules);
        for (at, name) in ["collect_ignore", "collect_ignore_glob"].iter().enumerate() {
            let read = IgnoreList::read(name, facts, names, &conftest.folder, place);
            let (list, open) = read;
            if let Some(entry) = names.module.scope.get(name) {
                let reason = place.reason(entry.line(), format!("`{name}` leaves files out"));
                conftest.asks_plugins.push(reason);
            }
            conftest.ignored[at] = list;
            conftest.open.extend(open);
        }
        conftest
    }

    /// The modules of a literal `pytest_plugins` are read as if they were conftests.
    fn read_plugins(&mut self, names: Names<'_>, place: Place<'_>, rules: &IdRules) {
        let Some(entry) = names.module.scope.get("pytest_plugins") else {
            return;
        };
        let mut plugins = Vec::new();
        let Some(modules) = plugin_names(names) else {
            return;
        };
        for module in &modules {
            let Found::Module(module) = names.world.find(names.module.path, module) else {
                return;
            };
            if module.is_opaque || module.scope.get("pytest_plugins").is_some() {
                return;
            }
            plugins.push(module);
        }
        // Nothing about them is unknown, so that they are there leaves nothing open.
        let loads = place.reason(entry.line(), "`pytest_plugins` loads plugins");
        self.session_open.retain(|reason| *reason != loads);
        for module in plugins {
            let file = place.shown(module.path);
            let place = Place {
                elsewhere: Some(&file),
                ..place
            };
            let names = Names::of(names.world, module);
            let hooks = hooks(names, place);
            // A plugin's hooks are called for every test.
            self.session_open.extend(hooks.open);
            self.session_open.extend(hooks.session_open);
            self.session_open.extend(hooks.generates);
            self.needs_pytest.extend(hooks.needs_pytest);
            self.asks_plugins.extend(hooks.asks_plugins);
            self.plugins.push(Holder::of_module(names, place, rules));
        }
    }
}

/// The modules that a `pytest_plugins` names, when they are literal.
fn plugin_names(names: Names<'_>) -> Option<Vec<String>> {
    let entry = names.module.scope.get("pytest_plugins")?;
    let Some(Kind::Value(value)) = entry.only() else {
        return None;
    };
    if entry.mutated {
        return None;
    }
    let listed = match names.value(value) {
        Value::Str(text) => vec![Value::Str(text)],
        _ => names.items(value)?.iter().map(Element::value).collect(),
    };
    let listed = listed.into_iter().map(|value| match value {
        Value::Str(name) => Some(name),
        _ => None,
    });
    listed.collect()
}
