//! Fixtures: where they are defined, which ones a test sees, and which ones it uses.

use std::path::Path;

use rustc_hash::FxHashMap;

use super::classes::Lineage;
use super::engine;
use super::ids::{IdRules, ParameterSet, set_ids};
use super::marks::{self, Decorated, FixtureDecorator};
use super::model::OpenReason;
use super::parametrize::{given_ids, parameter_sets};
use super::project::World;
use super::scope::{Entry, Imported, Kind, MAX_HOPS, Meaning, Names};
use super::value::Value;
use crate::environment::is_stdlib;
use crate::syntax::{Expr, Function, ParameterKind};

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
    by_name: FxHashMap<String, Vec<usize>>,
    /// What may define fixtures that tests use without naming them.
    pub(super) open: Vec<OpenReason>,
}

/// Where a holder's definitions stand, for messages.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// A number for the file.
    pub(super) file: u32,
    /// The file, when it is not the test file itself.
    pub(super) elsewhere: Option<&'a str>,
    /// What paths are shown relative to.
    pub(super) rootdir: &'a Path,
}

impl Place<'_> {
    pub(super) fn reason(&self, line: u32, message: impl Into<String>) -> OpenReason {
        let message = message.into();
        match self.elsewhere {
            Some(path) => OpenReason::new(0, format!("{path}:{line}: {message}")),
            None => OpenReason::new(line, message),
        }
    }

    /// A path as messages show it.
    pub(super) fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(self.rootdir).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    }

    fn moved(&self, reason: OpenReason) -> OpenReason {
        self.reason(reason.line, reason.message)
    }
}

impl Holder {
    /// The fixtures of a module or conftest, those that it imports included.
    pub(super) fn of_module(module: Names<'_>, place: Place<'_>, rules: &IdRules) -> Self {
        let entries = module.module.scope.entries().iter();
        let entries = entries.map(|entry| (entry, module)).collect();
        let definer = Definer {
            in_class: false,
            place,
            rules,
        };
        Self::of_entries(entries, &definer)
    }

    /// The fixtures of a class, inherited ones included.
    pub(super) fn of_class<'a>(
        world: &'a dyn World,
        lineage: &Lineage<'a>,
        place: Place<'_>,
        rules: &IdRules,
    ) -> Self {
        let classes = lineage.classes.iter();
        let entries = classes.flat_map(|&class| {
            let names = class.names(world);
            lineage.own_entries(class).map(move |entry| (entry, names))
        });
        let definer = Definer {
            in_class: true,
            place,
            rules,
        };
        Self::of_entries(entries.collect(), &definer)
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

    fn of_entries(mut entries: Vec<(&Entry<'_>, Names<'_>)>, definer: &Definer<'_>) -> Self {
        entries.sort_by_key(|(entry, _)| entry.name);
        let mut holder = Self::default();
        for (entry, names) in entries {
            holder.add(entry, names, definer);
        }
        holder
    }

    fn add(&mut self, entry: &Entry<'_>, names: Names<'_>, definer: &Definer<'_>) {
        let mut found = None;
        let place = definer.place;
        let name = entry.name;
        for bound in &entry.current {
            let possible = match bound.kind {
                Kind::Function(function) => match definer.function(name, function, names) {
                    Definition::Fixture(fixture) => {
                        found = Some(*fixture);
                        continue;
                    }
                    Definition::Possible(reason) => reason,
                    Definition::None => continue,
                },
                Kind::Import(imported) => {
                    if imported.name.is_none() {
                        continue;
                    }
                    match definer.imported(name, imported, names, bound.line) {
                        Definition::Fixture(fixture) => {
                            found = Some(*fixture);
                            continue;
                        }
                        Definition::Possible(reason) => {
                            if !imported.used {
                                let message = format!(
                                    "`{name}` is imported and not used: it may be an autouse \
                                     fixture"
                                );
                                self.open.push(place.reason(bound.line, message));
                            }
                            reason
                        }
                        Definition::None => continue,
                    }
                }
                Kind::Value(Expr::Call(_) | Expr::Name(_) | Expr::Attribute(..)) | Kind::Other => {
                    place.reason(bound.line, format!("`{name}` is computed"))
                }
                _ => continue,
            };
            found.get_or_insert_with(|| definer.possible(name, bound.line, possible));
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

/// What a name of a module or class is, seen as a fixture.
enum Definition {
    Fixture(Box<Fixture>),
    /// It may be one.
    Possible(OpenReason),
    None,
}

impl Definer<'_> {
    /// A fixture of which nothing but the name is known.
    fn possible(&self, name: &str, line: u32, reason: OpenReason) -> Fixture {
        Fixture {
            name: name.to_owned(),
            file: self.place.file,
            line,
            scope: Scope::Function,
            arguments: Vec::new(),
            parameters: None,
            autouse: false,
            open: Some(reason),
            fails: false,
            needs_pytest: None,
        }
    }

    fn function(&self, name: &str, function: &Function, names: Names<'_>) -> Definition {
        let decorated = marks::decorated(&function.decorators, names);
        match (decorated.fixture, &decorated.unknown) {
            (Some(decorator), _) => {
                let fixture = self.define(name, function, &decorated, decorator, names);
                Definition::Fixture(Box::new(fixture))
            }
            (None, Some(reason)) => Definition::Possible(self.place.moved(reason.clone())),
            (None, None) => Definition::None,
        }
    }

    /// What is imported under `name`.
    fn imported(
        &self,
        name: &str,
        imported: Imported<'_>,
        names: Names<'_>,
        line: u32,
    ) -> Definition {
        let possible = || {
            let message = format!("`{name}` is imported");
            Definition::Possible(self.place.reason(line, message))
        };
        match names.import(imported, MAX_HOPS) {
            Meaning::Entry(entry, names) => match entry.only() {
                Some(Kind::Function(function)) => {
                    let file = self.place.shown(names.module.path);
                    let place = Place {
                        elsewhere: Some(&file),
                        ..self.place
                    };
                    let mut found = Definer { place, ..*self }.function(name, function, names);
                    if let Definition::Fixture(fixture) = &mut found {
                        fixture.line = line;
                    }
                    found
                }
                Some(Kind::Class(_)) => Definition::None,
                Some(Kind::Value(value)) => match names.value(value) {
                    Value::Unknown | Value::Object => possible(),
                    _ => Definition::None,
                },
                _ => possible(),
            },
            Meaning::Module(_) | Meaning::Missing => Definition::None,
            Meaning::Outside(path) if holds_no_fixture(&path) => Definition::None,
            Meaning::Outside(_) | Meaning::Unknown => possible(),
        }
    }

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
                }
                (Some("params"), Value::None) | (Some("ids"), Value::None) => {}
                (Some("params"), _) => values = Some((&argument.value, names)),
                (Some("ids"), _) => ids = Some((&argument.value, names)),
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
            let parameters = given_ids(ids).and_then(|given| {
                let sets = parameter_sets(&arguments, true, values, self.rules)?;
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
        if !decorator.is_pytest && !decorator.is_asyncio {
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

/// Whether it is known that what goes by this dotted name is no fixture. Names imported from the
/// package `_pytest` are modules; its fixtures are functions in those, beside classes.
fn holds_no_fixture(path: &str) -> bool {
    let (module, name) = path.rsplit_once('.').unwrap_or((path, ""));
    let top = module.split('.').next().unwrap_or_default();
    let is_class = name.starts_with(|first: char| first.is_ascii_uppercase());
    is_stdlib(top) || top == "pytest" || module == "_pytest" || (top == "_pytest" && is_class)
}
