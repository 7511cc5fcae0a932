//! Classes, functions and what becomes of them.

use std::sync::Arc;

use super::classes::Lineage;
use super::collect::{Collector, Node, reason_of, truth, truth_of};
use super::engine;
use super::fixtures::{Chain, Closure, Fixture, Holder, Scope, argument_names};
use super::ids::Unknown;
use super::marks::{self, Decorated, Mark};
use super::model::{OpenReason, Test, TestMark};
use super::parametrize::{CallSpec, Parametrize, apply_fixtures};
use super::scope::{Entry, Names};
use super::value::Value;
use crate::NodeId;
use crate::syntax::{Class, Expr, Function};

impl<'a> Collector<'a> {
    pub(super) fn class(
        &mut self,
        entry: &'a Entry<'a>,
        class: &'a Class,
        names: Names<'a>,
        node: &Node<'_, 'a>,
    ) {
        let Some(index) = self.module.index_of(class) else {
            return;
        };
        let module = self.module;
        let lineage = module.lineage(index);
        let flag = self.class_flag(entry, &lineage, names);
        let matches = self.rules.classes.matches(entry.name) || flag == Flag::Forced;
        if !matches && !lineage.is_unittest && !self.may_be_unittest(&lineage) {
            return;
        }
        if flag == Flag::Off {
            return;
        }
        let decorated = module.decorated(index);
        let mut open = node.open.clone();
        if let Some((base, reason)) = &lineage.unknown {
            if base.ends_with("TestCase") {
                let message = format!("class `{}` is a `{base}`", class.name);
                self.needs_pytest(OpenReason::new(class.line, message));
            }
            open.get_or_insert_with(|| reason.clone());
        }
        if flag == Flag::Unknown {
            open.get_or_insert_with(|| reason_of(entry, "`__test__` is computed"));
        }
        if let Some(reason) = &decorated.unknown {
            open.get_or_insert_with(|| reason.clone());
        }
        if decorated.is_patched && lineage.classes.len() > 1 {
            let message = "`mock.patch` copies inherited tests into the class";
            open.get_or_insert_with(|| OpenReason::new(class.line, message));
        }
        if entry.uncertain {
            let message = format!("class `{}` is defined conditionally", class.name);
            open.get_or_insert_with(|| OpenReason::new(class.line, message));
        }
        if let Some(reason) = &open {
            // Bases, decorators and other definitions may bring tests that are not seen here.
            self.open(reason.clone());
        }
        if module.is_abstract(&lineage) {
            return;
        }
        if !lineage.is_unittest && lineage.unknown.is_none() && self.has_constructor(&lineage) {
            return;
        }
        for &base in &lineage.classes {
            self.effects(&module.classes[base].class.effects, module.names_in(base));
        }
        self.class_members(class, &lineage, &decorated, open, node);
    }

    fn class_members(
        &mut self,
        class: &'a Class,
        lineage: &Lineage,
        decorated: &Decorated<'a>,
        mut open: Option<OpenReason>,
        node: &Node<'_, 'a>,
    ) {
        let module = self.module;
        if lineage.is_unittest {
            let message = format!("class `{}` is a unittest.TestCase", class.name);
            self.needs_pytest(OpenReason::new(class.line, message));
        }
        for name in engine::CLASS_XUNIT {
            if let Some((_, entry)) = module.attribute(lineage, name) {
                self.needs_pytest(reason_of(entry, &format!("`{name}` is an xunit method")));
            }
        }
        if let Some((_, entry)) = module.attribute(lineage, "pytest_generate_tests") {
            let reason = reason_of(entry, "`pytest_generate_tests` is a hook");
            self.needs_pytest(reason.clone());
            self.open(reason.clone());
            open.get_or_insert(reason);
        }
        let mut marks = match self.class_marks(lineage) {
            Ok(marks) => marks,
            Err(reason) => {
                self.open(reason.clone());
                open.get_or_insert(reason);
                Vec::new()
            }
        };
        marks.extend(node.marks.iter().cloned());
        let holder = Holder::of_class(module, lineage, self.place, &self.rules.ids);
        for reason in &holder.open {
            self.open(reason.clone());
        }
        let mut holders = node.chain.holders.clone();
        holders.push(&holder);
        let mut classes = node.classes.clone();
        classes.push(class.name.clone());
        let inner = Node {
            classes,
            lineage: Some(lineage),
            is_unittest: lineage.is_unittest,
            marks,
            chain: Chain {
                holders,
                configured: node.chain.configured,
            },
            patched: decorated.patched,
            open,
        };
        for (entry, names) in self.class_entries(lineage) {
            self.item(entry, names, &inner);
        }
    }

    /// The names of a class in the order in which pytest collects them.
    fn class_entries(&self, lineage: &Lineage) -> Vec<(&'a Entry<'a>, Names<'a>)> {
        let module = self.module;
        let mut groups = Vec::new();
        for &class in &lineage.classes {
            let entries = module.classes[class].scope.entries().iter();
            let own = entries.filter(|entry| {
                let owner = module.attribute(lineage, entry.name);
                owner.is_some_and(|(owner, _)| owner == class)
            });
            groups.push(own.map(|entry| (entry, module.names_in(class))).collect());
        }
        // Those of the bases come first.
        let mut entries: Vec<(&'a Entry<'a>, Names<'a>)> = Vec::new();
        entries.extend(groups.into_iter().rev().flat_map(|group: Vec<_>| group));
        if lineage.is_unittest {
            // unittest sorts the names of its tests, and knows `runTest` when there are none.
            entries.retain(|(entry, _)| entry.name.starts_with("test") && entry.class().is_none());
            entries.sort_by_key(|(entry, _)| entry.name);
            if entries.is_empty()
                && let Some((owner, entry)) = module.attribute(lineage, "runTest")
            {
                entries.push((entry, module.names_in(owner)));
            }
        }
        entries
    }

    /// The marks of a class: those of its bases first.
    fn class_marks(&self, lineage: &Lineage) -> Result<Vec<Mark<'a>>, OpenReason> {
        let mut marks = Vec::new();
        for &class in lineage.classes.iter().rev() {
            let body = &self.module.classes[class];
            let entry = body.scope.get("pytestmark");
            marks.extend(marks::pytestmark(entry, self.module.names_in(class))?);
            marks.extend(self.module.decorated(class).marks);
        }
        Ok(marks)
    }

    fn has_constructor(&self, lineage: &Lineage) -> bool {
        let mut names = ["__init__", "__new__"].iter();
        names.any(|name| self.module.attribute(lineage, name).is_some())
    }

    /// A base from elsewhere may be a `TestCase`, whose subclasses are tests by any name.
    fn may_be_unittest(&self, lineage: &Lineage) -> bool {
        let Some((base, _)) = &lineage.unknown else {
            return false;
        };
        base.contains("Test")
            || base.contains("Case")
            || lineage.classes.iter().any(|&class| {
                let entries = self.module.classes[class].scope.entries().iter();
                entries
                    .filter(|entry| entry.function().is_some())
                    .any(|entry| entry.name.starts_with("test"))
            })
    }

    fn class_flag(&self, entry: &Entry<'_>, lineage: &Lineage, names: Names<'_>) -> Flag {
        let assigned = attribute_of(entry, "__test__").map(|value| truth_of(value, names));
        let truth = assigned.or_else(|| {
            let (owner, entry) = self.module.attribute(lineage, "__test__")?;
            Some(truth(entry, self.module.names_in(owner)))
        });
        match truth {
            None => Flag::Unset,
            Some(Some(true)) => Flag::Forced,
            Some(Some(false)) => Flag::Off,
            Some(None) => Flag::Unknown,
        }
    }

    pub(super) fn function(
        &mut self,
        entry: &'a Entry<'a>,
        function: &'a Function,
        names: Names<'a>,
        node: &Node<'_, 'a>,
    ) {
        let flag = attribute_of(entry, "__test__").map(|value| truth_of(value, names));
        let is_test = node.is_unittest
            || self.rules.functions.matches(entry.name)
            || flag == Some(Some(true));
        if !is_test || flag == Some(Some(false)) {
            return;
        }
        let decorated = marks::decorated(&function.decorators, names);
        if decorated.fixture.is_some() || decorated.is_property {
            return;
        }
        let mut open = node.open.clone().or_else(|| decorated.unknown.clone());
        if flag == Some(None) {
            open.get_or_insert_with(|| reason_of(entry, "`__test__` is computed"));
        }
        if entry.uncertain {
            let message = format!("`{}` is defined conditionally", entry.name);
            open.get_or_insert_with(|| OpenReason::new(function.line, message));
        }
        if function.is_generator
            && !function.is_async
            && !node.is_unittest
            && !decorated.is_patched
            && decorated.unknown.is_none()
        {
            let message = format!("`{}` yields, which fails the collection", entry.name);
            self.open(OpenReason::new(function.line, message));
        }
        if function.is_async {
            let message = format!("`{}` is async", entry.name);
            self.needs_pytest(OpenReason::new(function.line, message));
        }
        open = open.or_else(|| self.generates.clone());
        Expansion {
            entry,
            function,
            decorated,
            node,
        }
        .run(self, open);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Flag {
    Unset,
    Forced,
    Off,
    Unknown,
}

fn attribute_of<'e>(entry: &Entry<'e>, name: &str) -> Option<&'e Expr> {
    let mut attributes = entry.attributes.iter().rev();
    attributes
        .find(|(attribute, _)| *attribute == name)
        .map(|(_, value)| *value)
}

/// One test function, on its way to its calls.
struct Expansion<'e, 'n, 'a> {
    entry: &'a Entry<'a>,
    function: &'a Function,
    decorated: Decorated<'a>,
    node: &'e Node<'n, 'a>,
}

impl<'a> Expansion<'_, '_, 'a> {
    fn run(self, collector: &mut Collector<'a>, mut open: Option<OpenReason>) {
        let line = self.function.line;
        let own = self.decorated.marks.iter();
        let all: Vec<&Mark<'a>> = own.chain(&self.node.marks).collect();
        let mut asked = Vec::new();
        for mark in all.iter().filter(|mark| mark.name == "usefixtures") {
            for argument in mark.positional() {
                match mark.names.value(argument) {
                    Value::Str(name) => asked.push(name),
                    _ => {
                        let message = "`usefixtures` is called with computed names";
                        open.get_or_insert_with(|| OpenReason::new(mark.line, message));
                    }
                }
            }
        }
        if !self.node.is_unittest {
            let patched_by_class = if self.entry.name.starts_with("test") {
                self.node.patched
            } else {
                0
            };
            let skip_first = self.node.lineage.is_some() && !self.decorated.is_static;
            let patched = self.decorated.patched + patched_by_class;
            asked.extend(argument_names(self.function, skip_first, patched));
        }
        let mut initial: Vec<String> = Vec::new();
        let autouse = self.node.chain.autouse().map(str::to_owned);
        for name in autouse.chain(asked.iter().cloned()) {
            if !initial.contains(&name) {
                initial.push(name);
            }
        }
        let mut parametrized = Vec::new();
        if !self.node.is_unittest {
            for mark in all.iter().filter(|mark| mark.name == "parametrize") {
                match Parametrize::read(mark, &collector.rules.ids) {
                    Ok(read) => parametrized.push(read),
                    Err(why) => self.unknown(collector, mark.line, why, &mut open),
                }
            }
        }
        let direct: Vec<String> = parametrized
            .iter()
            .flat_map(Parametrize::direct)
            .cloned()
            .collect();
        let closure = self.node.chain.closure(&initial, &direct);
        self.check_fixtures(collector, &closure, &direct, &mut open);
        let mut fixtures: Vec<String> = Vec::new();
        for name in asked {
            if !direct.contains(&name) && !fixtures.contains(&name) {
                fixtures.push(name);
            }
        }
        let mut calls = vec![CallSpec::default()];
        if !self.node.is_unittest {
            let file = collector.place.file;
            let expanded = apply_fixtures(calls, &closure, &parametrized).and_then(|calls| {
                parametrized.iter().try_fold(calls, |calls, mark| {
                    mark.apply(calls, &closure, &collector.rules.ids, file)
                })
            });
            calls = match expanded {
                Ok(calls) if open.is_none() => calls,
                Ok(_) => vec![CallSpec::default()],
                Err(why) => {
                    self.unknown(collector, line, why, &mut open);
                    vec![CallSpec::default()]
                }
            };
        }
        if let Some(reason) = &open
            && self.order_is_open(&closure, &direct, &parametrized)
        {
            collector.open(OpenReason::new(
                reason.line,
                format!("tests may be grouped by a parameter: {}", reason.message),
            ));
        }
        self.emit(collector, calls, &all, &fixtures, open);
    }

    fn unknown(
        &self,
        collector: &mut Collector<'a>,
        line: u32,
        why: Unknown,
        open: &mut Option<OpenReason>,
    ) {
        let reason = OpenReason::new(line, why.message);
        if why.fails {
            collector.open(reason.clone());
        }
        open.get_or_insert(reason);
    }

    /// Whether parameters that are not known may move this or other tests.
    fn order_is_open(
        &self,
        closure: &Closure<'_>,
        direct: &[String],
        parametrized: &[Parametrize],
    ) -> bool {
        parametrized.iter().any(Parametrize::may_be_wide)
            || closure.names.iter().any(|name| {
                let Some(last) = closure.definitions.get(name).and_then(|found| found.last())
                else {
                    return !direct.contains(name);
                };
                last.open.is_some() || (last.parameters.is_some() && last.scope > Scope::Function)
            })
    }

    /// Looks for what is not known, or not native, among the fixtures that the test uses.
    fn check_fixtures(
        &self,
        collector: &mut Collector<'a>,
        closure: &Closure<'_>,
        direct: &[String],
        open: &mut Option<OpenReason>,
    ) {
        let line = self.function.line;
        for name in &closure.names {
            let Some(definitions) = closure.definitions.get(name) else {
                if !direct.contains(name) {
                    let message = format!("fixture `{name}` is not defined in the sources");
                    open.get_or_insert_with(|| OpenReason::new(line, message));
                    let message = format!("fixture `{name}` is not one the native engine has");
                    collector.needs_pytest(OpenReason::new(line, message));
                }
                continue;
            };
            for fixture in reached(name, definitions) {
                if let Some(reason) = &fixture.open {
                    if fixture.fails {
                        collector.open(reason.clone());
                    }
                    open.get_or_insert_with(|| reason.clone());
                }
                if let Some(reason) = &fixture.needs_pytest {
                    let mut reason = reason.clone();
                    if fixture.line == 0 {
                        // A builtin: the test that uses it is the place to look at.
                        reason.line = line;
                    }
                    collector.needs_pytest(reason);
                }
            }
        }
        if closure.is_cut {
            let message = "its fixtures are nested too deep to follow";
            open.get_or_insert_with(|| OpenReason::new(line, message));
        }
    }

    fn emit(
        &self,
        collector: &mut Collector<'a>,
        calls: Vec<CallSpec>,
        all: &[&Mark<'a>],
        fixtures: &[String],
        open: Option<OpenReason>,
    ) {
        let function = self.function;
        let mut base = collector.out.file.path.clone();
        for class in &self.node.classes {
            base.push_str("::");
            base.push_str(class);
        }
        base.push_str("::");
        base.push_str(self.entry.name);
        let facts: Arc<[TestMark]> = all.iter().map(|mark| mark.facts()).collect();
        let mut keywords: Vec<String> = self
            .entry
            .attributes
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .filter(|name| !name.starts_with('_') && name != "pytestmark")
            .collect();
        if self.decorated.is_patched || self.node.patched > 0 {
            keywords.push("patchings".to_owned());
        }
        let keywords: Arc<[String]> = keywords.into();
        let own = self.decorated.marks.len();
        for mut call in calls {
            let parameters = (!call.ids.is_empty()).then(|| call.ids.join("-"));
            let id = match &parameters {
                Some(parameters) => format!("{base}[{parameters}]"),
                None => base.clone(),
            };
            let marks = if call.marks.is_empty() {
                Arc::clone(&facts)
            } else {
                let (nearest, farther) = facts.split_at(own.min(facts.len()));
                let chained = nearest.iter().chain(&call.marks).chain(farther);
                chained.cloned().collect()
            };
            if call
                .wide
                .iter()
                .any(|wide| wide.is_direct && !is_comparable(&wide.value))
            {
                let message = "tests may be grouped by a parameter that is computed";
                collector.open(OpenReason::new(function.line, message));
            }
            let position = collector.out.file.tests.len();
            for wide in call.wide.iter_mut().filter(|wide| wide.is_direct) {
                wide.index = position;
            }
            collector.out.file.tests.push(Test {
                id: NodeId::new(id),
                line: function.line,
                column: function.column,
                classes: self.node.classes.clone(),
                function: self.entry.name.to_owned(),
                parameters,
                markers: marks.iter().map(|mark| mark.name.clone()).collect(),
                fixtures: fixtures.to_vec(),
                open: open.clone(),
                marks,
                keywords: Arc::clone(&keywords),
            });
            collector.out.wide.push(call.wide);
        }
    }
}

fn is_comparable(value: &Value) -> bool {
    !matches!(value, Value::Unknown | Value::Object) && value.is_hashable().is_some()
}

/// The definitions that setting up `name` runs: the winning one, and those that it overrides as
/// long as each asks for the next.
fn reached<'d>(
    name: &'d String,
    definitions: &'d [&'d Fixture],
) -> impl Iterator<Item = &'d Fixture> {
    let overriders = definitions
        .iter()
        .rev()
        .take_while(|fixture| fixture.arguments.contains(name));
    definitions
        .iter()
        .rev()
        .take(overriders.count() + 1)
        .copied()
}
