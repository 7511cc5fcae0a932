//! The tests of one module, as pytest's collectors find them.

use std::collections::HashSet;
use std::path::PathBuf;

use super::classes::{Lineage, Module};
use super::closure::Chain;
use super::conftest::{Conftest, Hooks, hooks};
use super::fixtures::{Holder, Place};
use super::ids::IdRules;
use super::marks::{self, Mark};
use super::model::{DiscoveredFile, OpenReason};
use super::naming::Naming;
use super::parametrize::WideParameter;
use super::scope::{Entry, Names};
use super::value::Value;
use crate::syntax::{Binding, BindingKind, Effect, EffectKind, Expr, FileFacts, ImportedName};
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
    pub(super) builtin: Holder,
    /// What in the configuration may change the tests of any file.
    pub(super) open: Vec<OpenReason>,
}

/// The tests of a file, and for each the parameters by which the session is ordered.
pub(super) struct Collected {
    pub(super) file: DiscoveredFile,
    pub(super) wide: Vec<Vec<WideParameter>>,
}

/// Collects the tests of `file`; `number` tells its fixtures from those of other files.
pub(super) fn collect(
    file: &TestFile,
    facts: &FileFacts,
    conftests: &[&Conftest],
    rules: &Rules<'_>,
    number: u32,
) -> Collected {
    let module = Module::new(facts);
    let place = Place {
        file: number,
        conftest: None,
    };
    let hooks = hooks(&module, place);
    let holder = Holder::of_module(&module, facts, place, &rules.ids);
    let mut holders = vec![&rules.builtin];
    holders.extend(conftests.iter().map(|conftest| &conftest.holder));
    holders.push(&holder);
    let mut collector = Collector {
        rules,
        module: &module,
        place,
        generates: None,
        module_marks: Vec::new(),
        out: Collected {
            file: DiscoveredFile {
                path: file.id.clone(),
                tests: Vec::new(),
                open: rules.open.clone(),
                needs_pytest: Vec::new(),
                abspath: PathBuf::new(),
                conftests: Vec::new(),
                names: Vec::new(),
            },
            wide: Vec::new(),
        },
    };
    collector.surroundings(file, facts, conftests, hooks);
    collector.module(facts, holders);
    collector.finish()
}

pub(super) struct Collector<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) module: &'a Module<'a>,
    pub(super) place: Place<'a>,
    /// Why no id of the file is certain.
    pub(super) generates: Option<OpenReason>,
    module_marks: Vec<Mark<'a>>,
    pub(super) out: Collected,
}

/// Where in the tree of collectors an item stands.
pub(super) struct Node<'n, 'a> {
    /// The names of the classes around it.
    pub(super) classes: Vec<String>,
    /// The class whose tests are collected, with what it inherits.
    pub(super) lineage: Option<&'n Lineage>,
    pub(super) is_unittest: bool,
    /// The marks of the classes around it and of the module, nearest first.
    pub(super) marks: Vec<Mark<'a>>,
    pub(super) chain: Chain<'n>,
    /// How many arguments the class's own `mock.patch` decorators fill in.
    pub(super) patched: usize,
    /// Why none of the tests below is certain.
    pub(super) open: Option<OpenReason>,
}

impl<'a> Collector<'a> {
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

    /// What lies around the tests: conftests, hooks, broken source.
    fn surroundings(
        &mut self,
        file: &TestFile,
        facts: &FileFacts,
        conftests: &[&Conftest],
        hooks: Hooks,
    ) {
        for problem in &facts.problems {
            let line = problem.line.unwrap_or_default();
            self.open(OpenReason::new(line, &*problem.message));
        }
        for conftest in conftests {
            let ignored = conftest.ignores(&file.path);
            for reason in conftest
                .open
                .iter()
                .chain(&conftest.holder.open)
                .chain(ignored)
            {
                self.open(reason.clone());
            }
            for reason in &conftest.needs_pytest {
                self.needs_pytest(reason.clone());
            }
            self.generates = self.generates.take().or_else(|| conftest.generates.clone());
        }
        for reason in hooks.open {
            self.open(reason);
        }
        for reason in hooks.needs_pytest {
            self.needs_pytest(reason);
        }
        self.generates = self.generates.take().or(hooks.generates);
        if let Some(reason) = self.generates.clone() {
            self.open(reason);
        }
    }

    fn module(&mut self, facts: &FileFacts, holders: Vec<&Holder>) {
        let names = self.module.names();
        self.effects(&facts.effects, names);
        for binding in &facts.bindings {
            if let BindingKind::Star(from) = &binding.kind {
                let message = format!("`from {from} import *` may bring tests");
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
        for entry in self.module.scope.entries() {
            if entry.name == "load_tests" {
                self.needs_pytest(reason_of(entry, "`load_tests` is unittest's protocol"));
            }
        }
        match marks::pytestmark(self.module.scope.get("pytestmark"), names) {
            Ok(marks) => self.module_marks = marks,
            Err(reason) => self.open(reason),
        }
        let node = Node {
            classes: Vec::new(),
            lineage: None,
            is_unittest: false,
            marks: self.module_marks.clone(),
            chain: Chain {
                holders,
                configured: self.rules.usefixtures,
            },
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
        for entry in names.class.unwrap_or(names.module).entries() {
            for binding in &entry.current {
                if let BindingKind::Value(value @ Expr::Call(_)) = &binding.kind
                    && let Some(message) = self.disturbs(value, names)
                {
                    self.open(OpenReason::new(binding.line, message));
                }
            }
        }
    }

    /// Whether a call at the top level can skip the module or define tests.
    fn disturbs(&self, expr: &Expr, names: Names<'_>) -> Option<String> {
        let function = innermost_call(expr)?;
        let path = names.canonical(function)?;
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
        let Some(binding) = entry.last() else { return };
        match &binding.kind {
            BindingKind::Function(function) => self.function(entry, function, names, node),
            BindingKind::Class(class) => self.class(entry, class, names, node),
            BindingKind::Import(imported) => self.imported(entry.name, imported, binding),
            BindingKind::Value(value) => self.assigned(entry, value, binding, names),
            _ => {
                if self.rules.functions.matches(entry.name)
                    || self.rules.classes.matches(entry.name)
                {
                    let message = format!("`{}` may be a test", entry.name);
                    self.open(OpenReason::new(binding.line, message));
                }
            }
        }
    }

    fn imported(&mut self, name: &str, imported: &ImportedName, binding: &Binding) {
        let Some(original) = &imported.name else {
            // A module is neither a function nor a class.
            return;
        };
        if !self.rules.imported {
            return;
        }
        let path = format!("{}.{original}", imported.module);
        let is_candidate = self.rules.functions.matches(name)
            || self.rules.classes.matches(name)
            || name.ends_with("TestCase")
            || name.ends_with("Tests");
        if is_candidate && !NOT_TESTS.contains(&path.as_str()) {
            let message = format!("`{name}` is imported and may be a test");
            self.open(OpenReason::new(binding.line, message));
        }
    }

    fn assigned(&mut self, entry: &Entry<'_>, value: &Expr, binding: &Binding, names: Names<'_>) {
        let name = entry.name;
        let is_candidate = self.rules.functions.matches(name)
            || self.rules.classes.matches(name)
            || (name.contains("Test") && matches!(value, Expr::Call(_)));
        let is_plain = !matches!(
            names.value(value),
            Value::Unknown | Value::Named(_) | Value::Object
        );
        if is_candidate && (!is_plain || entry.uncertain) {
            let message = format!("`{name}` is computed and may be a test");
            self.open(OpenReason::new(binding.line, message));
        }
    }

    fn finish(self) -> Collected {
        let mut out = self.out;
        // A name can be open in one place and closed in another only by mistake in the source;
        // ids stay unique all the same.
        let mut seen = HashSet::new();
        let mut keep = out
            .file
            .tests
            .iter()
            .map(|test| seen.insert(test.id.clone()));
        let keep: Vec<bool> = keep.by_ref().collect();
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
    "unittest.IsolatedAsyncioTestCase",
    "unittest.TestCase",
    "unittest.TestLoader",
    "unittest.TestProgram",
    "unittest.TestResult",
    "unittest.TestSuite",
    "unittest.case.TestCase",
];

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
    match entry.only().map(|binding| &binding.kind) {
        Some(BindingKind::Value(value)) => truth_of(value, names),
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
    OpenReason::new(entry.last().map_or(0, |binding| binding.line), message)
}
