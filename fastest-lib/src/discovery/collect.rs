//! The tests of one module, as pytest's collectors find them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::classes::{Lineage, Module};
use super::closure::{Chain, Closure};
use super::conftest::{Conftest, Hooks, hooks};
use super::fixtures::{Holder, Place};
use super::ids::IdRules;
use super::marks::{self, Mark};
use super::model::{DiscoveredFile, OpenReason, TestMark};
use super::naming::Naming;
use super::parametrize::WideParameter;
use super::project::{Found, World};
use super::scope::{Entry, Imported, Kind, MAX_HOPS, Meaning, Names};
use super::value::Value;
use crate::environment::{is_outside, is_stdlib};
use crate::syntax::{BindingKind, Effect, EffectKind, Expr, FileFacts};
use crate::workspace::TestFile;

/// What holds for every file of a discovery.
pub(super) struct Rules<'a> {
    pub(super) ids: IdRules,
    pub(super) classes: Naming,
    pub(super) functions: Naming,
    /// Whether imported functions and classes are collected as well.
    pub(super) imported: bool,
    /// The fixtures that the configuration makes every test use.
    pub(super) usefixtures: &'a [String],
    /// Whether anyio's plugin takes coroutines without its mark too.
    pub(super) anyio_auto: bool,
    pub(super) builtin: Holder,
    /// What in the configuration may change the tests of any file.
    pub(super) open: Vec<OpenReason>,
}

/// The tests of a file, and for each the parameters by which the session is ordered.
pub(super) struct Collected {
    pub(super) file: DiscoveredFile,
    pub(super) wide: Vec<Vec<WideParameter>>,
}

/// A test file, read, with what lies around it.
pub(super) struct Input<'a> {
    pub(super) file: &'a TestFile,
    pub(super) facts: &'a FileFacts,
    pub(super) module: &'a Module<'a>,
    pub(super) world: &'a dyn World,
    pub(super) rootdir: &'a Path,
    /// Outermost first.
    pub(super) conftests: &'a [&'a Conftest],
    /// Why it may be left out of the collection.
    pub(super) doubt: Option<OpenReason>,
    /// Tells its fixtures from those of other files.
    pub(super) number: u32,
}

/// Collects the tests of a file.
pub(super) fn collect(input: &Input<'_>, rules: &Rules<'_>) -> Collected {
    let Input { file, facts, .. } = *input;
    let place = Place {
        file: input.number,
        elsewhere: None,
        rootdir: input.rootdir,
    };
    let names = Names::of(input.world, input.module);
    let mut hooks = hooks(names, place);
    // A test module is no plugin: of its hooks pytest calls the one that generates tests.
    hooks.needs_pytest.clear();
    hooks
        .asks_plugins
        .retain(|reason| reason.message.starts_with("`pytest_plugins`"));
    let holder = Holder::of_module(names, place, &rules.ids);
    let mut holders = vec![&rules.builtin];
    holders.extend(
        input
            .conftests
            .iter()
            .flat_map(|conftest| &conftest.plugins),
    );
    holders.extend(input.conftests.iter().map(|conftest| &conftest.holder));
    holders.push(&holder);
    let mut collector = Collector {
        rules,
        module: input.module,
        world: input.world,
        place,
        generates: None,
        module_marks: Vec::new(),
        no_marks: Arc::new([]),
        no_names: Arc::new([]),
        out: Collected {
            file: DiscoveredFile {
                path: file.id.clone(),
                tests: Vec::new(),
                open: rules.open.clone(),
                needs_pytest: Vec::new(),
                asks_plugins: Vec::new(),
                abspath: PathBuf::new(),
                conftests: Vec::new(),
                shared_fixtures: Vec::new(),
                names: Vec::new(),
                is_doctest: false,
                is_candidate: false,
            },
            wide: Vec::new(),
        },
    };
    if let Some(reason) = &input.doubt {
        collector.open(reason.clone());
    }
    collector.surroundings(facts, input.conftests, hooks);
    collector.module(facts, holders);
    collector.finish()
}

pub(super) struct Collector<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) module: &'a Module<'a>,
    pub(super) world: &'a dyn World,
    pub(super) place: Place<'a>,
    /// Why no id of the file is certain.
    pub(super) generates: Option<OpenReason>,
    module_marks: Vec<Mark<'a>>,
    /// Most tests have neither; all of those share these.
    pub(super) no_marks: Arc<[TestMark]>,
    pub(super) no_names: Arc<[String]>,
    pub(super) out: Collected,
}

/// Where in the tree of collectors an item stands.
pub(super) struct Node<'n, 'a> {
    /// The names of the classes around it.
    pub(super) classes: Arc<[String]>,
    /// The class whose tests are collected, with what it inherits.
    pub(super) lineage: Option<&'n Lineage<'a>>,
    pub(super) is_unittest: bool,
    /// The marks of the classes around it and of the module, nearest first.
    pub(super) marks: Vec<Mark<'a>>,
    pub(super) chain: Chain<'n>,
    /// Whether a hook of the module or of a class around gives arguments to tests.
    pub(super) generates: bool,
    /// How many arguments the class's own `mock.patch` decorators fill in.
    pub(super) patched: usize,
    /// Why none of the tests below is certain.
    pub(super) open: Option<OpenReason>,
}

impl<'a> Collector<'a> {
    /// Notes the fixtures of a test that tests of other files may share.
    pub(super) fn share(&mut self, closure: &Closure<'_>) {
        let known = &mut self.out.file.shared_fixtures;
        for place in closure.shared() {
            if let Err(at) = known.binary_search(&place) {
                known.insert(at, place);
            }
        }
    }

    pub(super) fn open(&mut self, reason: OpenReason) {
        if !self.out.file.open.contains(&reason) {
            self.out.file.open.push(reason);
        }
    }

    pub(super) fn needs_pytest(&mut self, reason: OpenReason) {
        if !self.out.file.needs_pytest.contains(&reason) {
            self.out.file.needs_pytest.push(reason);
        }
    }

    pub(super) fn asks_plugins(&mut self, reason: OpenReason) {
        if !self.out.file.asks_plugins.contains(&reason) {
            self.out.file.asks_plugins.push(reason);
        }
    }

    /// What lies around the tests: conftests, hooks, broken source.
    fn surroundings(&mut self, facts: &FileFacts, conftests: &[&Conftest], hooks: Hooks) {
        for problem in &facts.problems {
            let line = problem.line.unwrap_or_default();
            self.open(OpenReason::new(line, &*problem.message));
        }
        for conftest in conftests {
            let plugins = conftest.plugins.iter().flat_map(|plugin| &plugin.open);
            let own = conftest.open.iter().chain(&conftest.holder.open);
            for reason in own.chain(plugins) {
                self.open(reason.clone());
            }
            for reason in &conftest.needs_pytest {
                self.needs_pytest(reason.clone());
            }
            for reason in &conftest.asks_plugins {
                self.asks_plugins(reason.clone());
            }
            self.generates = self.generates.take().or_else(|| conftest.generates.clone());
        }
        for reason in hooks.open.into_iter().chain(hooks.session_open) {
            self.open(reason);
        }
        for reason in hooks.asks_plugins {
            self.needs_pytest(reason);
        }
        self.generates = self.generates.take().or(hooks.generates);
        if let Some(reason) = self.generates.clone() {
            self.open(reason);
        }
    }

    fn module(&mut self, facts: &FileFacts, holders: Vec<&Holder>) {
        let names = Names::of(self.world, self.module);
        self.effects(&facts.effects, names);
        for binding in &facts.bindings {
            if let BindingKind::Star(from) = &binding.kind
                && self.module.is_opaque
                && !brings_nothing(self.world.find(self.module.path, from), from)
            {
                let message = format!("`from {from} import *` may bring tests and fixtures");
                self.open(OpenReason::new(binding.line, message));
            }
        }
        for reason in holders.last().iter().flat_map(|holder| &holder.open) {
            self.open(reason.clone());
        }
        if let Some(entry) = self.module.scope.get("__test__") {
            match truth(entry, names) {
                Some(true) => {}
                Some(false) => return,
                None => self.open(reason_of(entry, "`__test__` is computed")),
            }
        }
        match marks::pytestmark(self.module.scope.get("pytestmark"), names) {
            Ok(marks) => self.module_marks = marks,
            Err(reason) => self.open(reason),
        }
        let node = Node {
            classes: Arc::clone(&self.no_names),
            lineage: None,
            is_unittest: false,
            marks: self.module_marks.clone(),
            chain: Chain::new(self.rules.usefixtures, holders),
            generates: self.generates.is_some(),
            patched: 0,
            open: None,
        };
        for entry in self.module.scope.entries() {
            self.item(entry, names, &node);
        }
    }

    /// Statements that may end the import, or bind names that cannot be seen.
    pub(super) fn effects(&mut self, effects: &[Effect], names: Names<'_>) {
        for effect in effects {
            let message = match &effect.kind {
                EffectKind::Raise => "the module may raise".to_owned(),
                EffectKind::Call(call) | EffectKind::Store(call) => {
                    match self.disturbs(call, names) {
                        Some(message) => message,
                        None => continue,
                    }
                }
            };
            self.open(OpenReason::new(effect.line, message));
        }
        for entry in names.class.unwrap_or(&names.module.scope).entries() {
            for bound in &entry.current {
                if let Kind::Value(value @ Expr::Call(_)) = bound.kind
                    && let Some(message) = self.disturbs(value, names)
                {
                    self.open(OpenReason::new(bound.line, message));
                }
            }
        }
    }

    /// Whether a call at the top level can skip the module or define tests.
    fn disturbs(&self, expr: &Expr, names: Names<'_>) -> Option<String> {
        let function = innermost_call(expr)?;
        let path = match function {
            // Whatever else binds names unseen, these do so by themselves.
            Expr::Name(name) if names.get(name).is_none() => format!("builtins.{name}"),
            function => names.canonical(function)?,
        };
        let text = marks::describe(function);
        match path.as_str() {
            "pytest.skip"
            | "pytest.importorskip"
            | "pytest.exit"
            | "pytest.fail"
            | "pytest.xfail" => Some(format!("`{text}` may skip or fail the module")),
            "builtins.exec" | "builtins.globals" | "builtins.locals" | "builtins.vars"
            | "builtins.setattr" | "builtins.eval" => {
                Some(format!("`{text}` may bind names that cannot be seen"))
            }
            _ => None,
        }
    }

    /// One name of a module or class.
    pub(super) fn item(&mut self, entry: &'a Entry<'a>, names: Names<'a>, node: &Node<'_, 'a>) {
        let Some(bound) = entry.last() else { return };
        match bound.kind {
            Kind::Function(function) => self.function(entry, entry, function, names, node),
            Kind::Class(class) => {
                if let Some(class) = names.module.class_ref(class) {
                    self.class(entry, entry, class, node);
                }
            }
            Kind::Import(imported) => self.imported(entry, imported, names, node),
            Kind::Value(value) => self.assigned(entry, value, bound.line, names, node),
            Kind::Other => {
                if self.rules.functions.matches(entry.name)
                    || self.rules.classes.matches(entry.name)
                {
                    let message = format!("`{}` may be a test", entry.name);
                    self.open(OpenReason::new(bound.line, message));
                }
            }
        }
    }

    fn imported(
        &mut self,
        entry: &'a Entry<'a>,
        imported: Imported<'a>,
        names: Names<'a>,
        node: &Node<'_, 'a>,
    ) {
        let meaning = match imported.name {
            // A module is neither a function nor a class.
            None => match self.world.find(self.module.path, imported.module) {
                Found::Missing => Meaning::Missing,
                _ => return,
            },
            Some(_) => names.import(imported, MAX_HOPS),
        };
        if matches!(meaning, Meaning::Missing) {
            let is_sure = entry.current.iter().all(|bound| !bound.conditional);
            if is_sure && node.lineage.is_none() {
                let message = format!("`{}` is not found, so the import may fail", entry.name);
                self.open(OpenReason::new(entry.line(), message));
            }
            return;
        }
        let is_special = imported.name.is_some_and(|name| name.starts_with("__"));
        if !self.rules.imported || is_special {
            return;
        }
        match meaning {
            Meaning::Entry(definition, names) => self.referred(entry, definition, names, node),
            Meaning::Module(_) | Meaning::Missing => {}
            Meaning::Outside(path) if is_no_test(&path) => {}
            Meaning::Outside(_) | Meaning::Unknown => {
                let name = entry.name;
                let is_candidate = self.rules.functions.matches(name)
                    || self.rules.classes.matches(name)
                    || name.ends_with("TestCase")
                    || name.ends_with("Tests");
                if is_candidate {
                    let message = format!("`{name}` is imported and may be a test");
                    self.open(OpenReason::new(entry.line(), message));
                }
            }
        }
    }

    /// A name for something that is defined under another entry.
    fn referred(
        &mut self,
        entry: &'a Entry<'a>,
        definition: &'a Entry<'a>,
        names: Names<'a>,
        node: &Node<'_, 'a>,
    ) {
        let Some(bound) = definition.last() else {
            return;
        };
        match bound.kind {
            Kind::Function(function) => self.function(entry, definition, function, names, node),
            Kind::Class(class) => {
                if let Some(class) = names.module.class_ref(class) {
                    self.class(entry, definition, class, node);
                }
            }
            Kind::Value(value) => {
                let is_plain = is_plain(&names.value(value));
                self.may_be_test(entry, is_plain && !definition.uncertain);
            }
            Kind::Import(_) | Kind::Other => self.may_be_test(entry, false),
        }
    }

    fn assigned(
        &mut self,
        entry: &'a Entry<'a>,
        value: &'a Expr,
        line: u32,
        names: Names<'a>,
        node: &Node<'_, 'a>,
    ) {
        let name = entry.name;
        if matches!(value, Expr::Name(_) | Expr::Attribute(..))
            && entry.only().is_some()
            && entry.attributes.is_empty()
        {
            // `test_again = test_once`: the same object under another name.
            match names.meaning(value) {
                Meaning::Entry(definition, names)
                    if matches!(definition.only(), Some(Kind::Function(_) | Kind::Class(_))) =>
                {
                    return self.referred(entry, definition, names, node);
                }
                Meaning::Outside(path) if is_no_test(&path) => return,
                Meaning::Module(_) => return,
                _ => {}
            }
        }
        let is_made = name.contains("Test") && matches!(value, Expr::Call(_));
        if is_made && !self.rules.classes.matches(name) {
            let message = format!("`{name}` is computed and may be a test");
            return self.open(OpenReason::new(line, message));
        }
        let is_plain = is_plain(&names.value(value));
        self.may_be_test(entry, is_plain && !entry.uncertain);
    }

    fn may_be_test(&mut self, entry: &Entry<'_>, is_plain: bool) {
        let name = entry.name;
        let is_candidate = self.rules.functions.matches(name) || self.rules.classes.matches(name);
        if is_candidate && !is_plain {
            let message = format!("`{name}` is computed and may be a test");
            self.open(OpenReason::new(entry.line(), message));
        }
    }

    fn finish(self) -> Collected {
        let mut out = self.out;
        // A name can be open in one place and closed in another only by mistake in the source;
        // ids stay unique all the same.
        let mut seen = FxHashSet::default();
        let tests = out.file.tests.iter();
        let keep: Vec<bool> = tests.map(|test| seen.insert(test.id.as_str())).collect();
        if keep.contains(&false) {
            let mut flags = keep.iter();
            out.file
                .tests
                .retain(|_| flags.next().copied().unwrap_or(true));
            let mut flags = keep.iter();
            out.wide.retain(|_| flags.next().copied().unwrap_or(true));
            let reason = OpenReason::new(0, "two tests would have the same id");
            out.file.open.push(reason);
        }
        out
    }
}

/// Imported names that look like tests and are none.
const NOT_TESTS: &[&str] = &[
    "aiohttp.test_utils.TestClient",
    "aiohttp.test_utils.TestServer",
    "fastapi.testclient.TestClient",
    "starlette.testclient.TestClient",
];

/// Whether what an import from outside of the sources brings is no test.
fn is_no_test(path: &str) -> bool {
    let top = path.split('.').next().unwrap_or_default();
    is_stdlib(top) || is_outside(top) || NOT_TESTS.contains(&path)
}

/// Whether a star import brings neither tests nor fixtures.
fn brings_nothing(found: Found<'_>, module: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    matches!(found, Found::Outside) && is_stdlib(top)
}

/// Whether a value is neither a function nor a class.
fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Unknown | Value::Named(_) | Value::Object)
}

/// The function of the call at the left end of `expr`.
fn innermost_call(mut expr: &Expr) -> Option<&Expr> {
    loop {
        expr = match expr {
            Expr::Call(call) => match &call.function {
                Expr::Name(_) => return Some(&call.function),
                Expr::Attribute(object, _) if matches!(**object, Expr::Call(_)) => object,
                Expr::Attribute(..) => return Some(&call.function),
                function => function,
            },
            Expr::Attribute(object, _) | Expr::Subscript(object) => object,
            _ => return None,
        };
    }
}

/// Whether Python takes the value of a name for true.
pub(super) fn truth(entry: &Entry<'_>, names: Names<'_>) -> Option<bool> {
    match entry.only() {
        Some(Kind::Value(value)) => truth_of(value, names),
        _ => None,
    }
}

pub(super) fn truth_of(value: &Expr, names: Names<'_>) -> Option<bool> {
    match names.value(value) {
        Value::Bool(value) => Some(value),
        Value::None => Some(false),
        Value::Int(value) => Some(value != 0),
        _ => None,
    }
}

pub(super) fn reason_of(entry: &Entry<'_>, message: &str) -> OpenReason {
    OpenReason::new(entry.line(), message)
}
