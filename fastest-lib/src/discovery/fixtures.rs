//! Fixtures: where they are defined, which ones a test sees, and which ones it uses.

use std::collections::HashMap;

use super::classes::{Lineage, Module};
use super::engine;
use super::ids::{IdRules, ParameterSet, set_ids};
use super::marks::{self, Decorated, FixtureDecorator};
use super::model::OpenReason;
use super::parametrize::{given_ids, parameter_sets};
use super::scope::{Entry, Names};
use super::value::Value;
use crate::syntax::{BindingKind, Expr, FileFacts, Function, ParameterKind};

/// How long a fixture lives; the order is pytest's, from the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    Function,
    Class,
    Module,
    Package,
    Session,
}

impl Scope {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "function" => Self::Function,
            "class" => Self::Class,
            "module" => Self::Module,
            "package" => Self::Package,
            "session" => Self::Session,
            _ => return None,
        })
    }
}

/// A fixture definition.
#[derive(Clone, Debug)]
pub(super) struct Fixture {
    pub(super) name: String,
    /// The file and line that define it; two fixtures are the same when these are.
    pub(super) file: u32,
    pub(super) line: u32,
    pub(super) scope: Scope,
    /// The fixtures that it asks for.
    pub(super) arguments: Vec<String>,
    pub(super) parameters: Option<Parameters>,
    pub(super) autouse: bool,
    /// Why the definition is not known in full.
    pub(super) open: Option<OpenReason>,
    /// Whether pytest refuses its parameters, so that no test of a file that uses it is collected.
    pub(super) fails: bool,
    /// Why the native engine does not run it.
    pub(super) needs_pytest: Option<OpenReason>,
}

/// The parameters of a fixture.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    pub(super) sets: Vec<ParameterSet>,
    pub(super) ids: Vec<Option<String>>,
}

/// The fixtures that one conftest, module or class defines.
#[derive(Clone, Debug, Default)]
pub(super) struct Holder {
    /// In the order in which pytest registers them: by attribute name.
    pub(super) fixtures: Vec<Fixture>,
    by_name: HashMap<String, Vec<usize>>,
    /// What may define fixtures that tests use without naming them.
    pub(super) open: Vec<OpenReason>,
}

/// Where a holder's definitions stand, for messages.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// A number for the file.
    pub(super) file: u32,
    /// The conftest's path, when it is one.
    pub(super) conftest: Option<&'a str>,
}

impl Place<'_> {
    pub(super) fn reason(&self, line: u32, message: impl Into<String>) -> OpenReason {
        let message = message.into();
        match self.conftest {
            Some(path) => OpenReason::new(0, format!("{path}:{line}: {message}")),
            None => OpenReason::new(line, message),
        }
    }

    fn moved(&self, reason: OpenReason) -> OpenReason {
        self.reason(reason.line, reason.message)
    }
}

impl Holder {
    /// The fixtures of a module or conftest.
    pub(super) fn of_module(
        module: &Module<'_>,
        facts: &FileFacts,
        place: Place<'_>,
        rules: &IdRules,
    ) -> Self {
        let entries = module.scope.entries().iter();
        let entries = entries.map(|entry| (entry, module.names())).collect();
        let mut holder = Self::of_entries(entries, false, place, rules);
        for binding in &facts.bindings {
            if let BindingKind::Star(from) = &binding.kind {
                let message = format!("`from {from} import *` may bring fixtures");
                holder.open.push(place.reason(binding.line, message));
            }
        }
        holder
    }

    /// The fixtures of a class, inherited ones included.
    pub(super) fn of_class(
        module: &Module<'_>,
        lineage: &Lineage,
        place: Place<'_>,
        rules: &IdRules,
    ) -> Self {
        let mut entries = Vec::new();
        for &class in &lineage.classes {
            for entry in module.classes[class].scope.entries() {
                let owner = module.attribute(lineage, entry.name);
                if owner.is_some_and(|(owner, _)| owner == class) {
                    entries.push((entry, module.names_in(class)));
                }
            }
        }
        Self::of_entries(entries, true, place, rules)
    }

    /// The fixtures that pytest itself brings.
    pub(super) fn builtin() -> Self {
        let fixtures = engine::BUILTIN_FIXTURES
            .iter()
            .map(|(name, scope, native)| Fixture {
                name: (*name).to_owned(),
                file: u32::MAX,
                line: 0,
                scope: *scope,
                arguments: Vec::new(),
                parameters: None,
                autouse: false,
                open: None,
                fails: false,
                needs_pytest: (!native).then(|| {
                    OpenReason::new(
                        0,
                        format!("fixture `{name}` is not one the native engine has"),
                    )
                }),
            });
        let mut holder = Self::default();
        for fixture in fixtures {
            holder.push(fixture);
        }
        holder
    }

    fn of_entries(
        mut entries: Vec<(&Entry<'_>, Names<'_>)>,
        in_class: bool,
        place: Place<'_>,
        rules: &IdRules,
    ) -> Self {
        entries.sort_by_key(|(entry, _)| entry.name);
        let mut holder = Self::default();
        let definer = Definer {
            in_class,
            place,
            rules,
        };
        for (entry, names) in entries {
            holder.add(entry, names, &definer);
        }
        holder
    }

    fn add(&mut self, entry: &Entry<'_>, names: Names<'_>, definer: &Definer<'_>) {
        let mut found = None;
        let place = definer.place;
        let name = entry.name;
        for binding in &entry.current {
            let possible = match &binding.kind {
                BindingKind::Function(function) => {
                    let decorated = marks::decorated(&function.decorators, names);
                    if let Some(decorator) = decorated.fixture {
                        found = Some(definer.define(name, function, &decorated, decorator, names));
                        continue;
                    }
                    match decorated.unknown {
                        Some(reason) => place.moved(reason),
                        None => continue,
                    }
                }
                BindingKind::Import(imported)
                    if imported.name.is_some() && !holds_no_fixture(&imported.module) =>
                {
                    if !imported.used {
                        let message = format!(
                            "`{name}` is imported and not used: it may be an autouse fixture"
                        );
                        self.open.push(place.reason(binding.line, message));
                    }
                    place.reason(binding.line, format!("`{name}` is imported"))
                }
                BindingKind::Value(Expr::Call(_) | Expr::Name(_) | Expr::Attribute(..))
                | BindingKind::Changed => {
                    place.reason(binding.line, format!("`{name}` is computed"))
                }
                _ => continue,
            };
            found.get_or_insert(Fixture {
                name: name.to_owned(),
                file: place.file,
                line: binding.line,
                scope: Scope::Function,
                arguments: Vec::new(),
                parameters: None,
                autouse: false,
                open: Some(possible),
                fails: false,
                needs_pytest: None,
            });
        }
        if let Some(mut fixture) = found {
            if entry.uncertain && fixture.open.is_none() {
                let message = format!("the fixture `{name}` is defined conditionally");
                fixture.open = Some(place.reason(fixture.line, message));
            }
            self.push(fixture);
        }
    }

    fn push(&mut self, fixture: Fixture) {
        let at = self.fixtures.len();
        self.by_name
            .entry(fixture.name.clone())
            .or_default()
            .push(at);
        self.fixtures.push(fixture);
    }

    /// The definitions of `name` here, the one that wins last.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Fixture> {
        let found = self.by_name.get(name).into_iter().flatten();
        found.map(|&at| &self.fixtures[at])
    }
}

/// What a fixture's definition depends on besides its function.
struct Definer<'a> {
    in_class: bool,
    place: Place<'a>,
    rules: &'a IdRules,
}

impl Definer<'_> {
    fn define(
        &self,
        attribute: &str,
        function: &Function,
        decorated: &Decorated<'_>,
        decorator: FixtureDecorator<'_>,
        names: Names<'_>,
    ) -> Fixture {
        let skip_self = self.in_class && !decorated.is_static;
        let mut fixture = Fixture {
            name: attribute.to_owned(),
            file: self.place.file,
            line: function.line,
            scope: Scope::Function,
            arguments: argument_names(function, skip_self, decorated.patched),
            parameters: None,
            autouse: false,
            open: decorated.unknown.clone(),
            fails: false,
            needs_pytest: None,
        };
        let line = function.line;
        let mut open = |message: String| {
            fixture.open.get_or_insert(OpenReason::new(line, message));
        };
        let mut needs = None;
        if decorator.is_wrapped {
            open(format!("other decorators hide the fixture `{attribute}`"));
        }
        let mut values = None;
        let mut ids = None;
        for argument in decorator.call.iter().flat_map(|call| &call.arguments) {
            let value = names.value(&argument.value);
            match (argument.name.as_deref(), value) {
                (Some("scope"), Value::Str(text)) if Scope::named(&text).is_some() => {
                    fixture.scope = Scope::named(&text).unwrap_or(Scope::Function);
                }
                (Some("scope"), _) => {
                    open(format!("the scope of fixture `{attribute}` is computed"));
                    needs = Some("has a dynamic scope");
                }
                (Some("params"), Value::None) | (Some("ids"), Value::None) => {}
                (Some("params"), _) => values = Some(&argument.value),
                (Some("ids"), _) => ids = Some(&argument.value),
                (Some("autouse"), Value::Bool(value)) => fixture.autouse = value,
                (Some("autouse"), _) => {
                    fixture.autouse = true;
                    open(format!("`autouse` of fixture `{attribute}` is computed"));
                }
                (Some("name"), Value::Str(text)) => fixture.name = text,
                (Some("name"), Value::None) => {}
                (Some("loop_scope"), _) if !decorator.is_pytest => {}
                _ => open(format!("arguments of fixture `{attribute}` are computed")),
            }
        }
        if let Some(values) = values {
            let arguments = [fixture.name.clone()];
            let parameters = given_ids(ids, names).and_then(|given| {
                let sets = parameter_sets(&arguments, true, values, names, self.rules)?;
                let ids = set_ids(&arguments, &sets, given.as_deref(), self.rules)?;
                Ok(Parameters { sets, ids })
            });
            match parameters {
                Ok(parameters) => fixture.parameters = Some(parameters),
                Err(why) => {
                    let message = why.message;
                    let message = format!("the parameters of fixture `{attribute}`: {message}");
                    fixture.fails = why.fails;
                    fixture.open.get_or_insert(OpenReason::new(line, message));
                }
            }
        }
        if fixture.scope == Scope::Package {
            needs = Some("has package scope");
        }
        if function.is_async {
            needs = Some("is async");
        }
        if !decorator.is_pytest {
            needs = Some("is made by a plugin's decorator");
        }
        fixture.open = fixture.open.map(|reason| self.place.moved(reason));
        fixture.needs_pytest = needs.map(|why| {
            let message = format!("fixture `{}` {why}", fixture.name);
            self.place.reason(line, message)
        });
        fixture
    }
}

/// The names of a function's parameters that pytest fills in with fixtures.
pub(super) fn argument_names(function: &Function, skip_first: bool, patched: usize) -> Vec<String> {
    let parameters = &function.parameters;
    let has_positional = parameters
        .iter()
        .any(|parameter| parameter.kind == ParameterKind::Positional);
    let skipped = usize::from(skip_first && !has_positional) + patched;
    parameters
        .iter()
        .filter(|parameter| {
            matches!(
                parameter.kind,
                ParameterKind::Plain | ParameterKind::Keyword
            ) && !parameter.has_default
        })
        .skip(skipped)
        .map(|parameter| parameter.name.clone())
        .collect()
}

/// Whether it is known that what is imported from `module` is no fixture. Names imported from the
/// package `_pytest` are modules; the fixtures are in those.
fn holds_no_fixture(module: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    KNOWN_MODULES.contains(&top) || module == "_pytest"
}

const KNOWN_MODULES: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "base64",
    "builtins",
    "calendar",
    "collections",
    "contextlib",
    "contextvars",
    "copy",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "errno",
    "fractions",
    "functools",
    "gc",
    "glob",
    "gzip",
    "hashlib",
    "html",
    "http",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "logging",
    "math",
    "multiprocessing",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "pprint",
    "pytest",
    "queue",
    "random",
    "re",
    "secrets",
    "shlex",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "sysconfig",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "typing_extensions",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zlib",
    "zoneinfo",
];
