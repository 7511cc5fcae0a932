//! From a test function to its calls: fixtures, parameters, ids.

use std::sync::Arc;

use super::closure::Closure;
use super::collect::{Collector, Node};
use super::engine;
use super::fixtures::{Fixture, Scope, argument_names};
use super::ids::Unknown;
use super::marks::{Decorated, Mark};
use super::model::{OpenReason, Test, TestMark};
use super::parametrize::{CallSpec, Parametrize, apply_fixtures};
use super::scope::Entry;
use super::value::Value;
use crate::NodeId;
use crate::syntax::Function;

/// One test function, on its way to its calls.
pub(super) struct Expansion<'e, 'n, 'a> {
    pub(super) entry: &'a Entry<'a>,
    /// The entry of its `def`, which may be in another module.
    pub(super) definition: &'a Entry<'a>,
    pub(super) function: &'a Function,
    pub(super) decorated: Decorated<'a>,
    pub(super) node: &'e Node<'n, 'a>,
}

impl<'a> Expansion<'_, '_, 'a> {
    pub(super) fn run(self, collector: &mut Collector<'a>, mut open: Option<OpenReason>) {
        let line = self.function.line;
        let own = self.decorated.marks.iter();
        let all: Vec<&Mark<'a>> = own.chain(&self.node.marks).collect();
        let mut asked = Vec::new();
        for mark in all.iter().filter(|mark| mark.name == "usefixtures") {
            if mark.is_open() {
                let message = "`usefixtures` is called with computed names";
                open.get_or_insert_with(|| OpenReason::new(mark.line, message));
            }
            for (argument, names) in mark.positional() {
                match names.value(argument) {
                    Value::Str(name) => asked.push(name),
                    _ => {
                        let message = "`usefixtures` is called with computed names";
                        open.get_or_insert_with(|| OpenReason::new(mark.line, message));
                    }
                }
            }
        }
        let is_anyio = || collector.rules.anyio_auto || all.iter().any(|mark| mark.name == "anyio");
        if self.function.is_async && !self.node.is_unittest && is_anyio() {
            // anyio's plugin makes every coroutine with its mark, or all of them, use the fixture,
            // which has a parameter for each backend.
            asked.push("anyio_backend".to_owned());
        }
        if !self.node.is_unittest {
            let patched_by_class = if self.entry.name.starts_with("test") {
                self.node.patched
            } else {
                0
            };
            let skip_first = self.node.lineage.is_some() && !self.decorated.is_static;
            let patched = self.decorated.patched + patched_by_class;
            let mut arguments = argument_names(self.function, skip_first, patched);
            let given = &self.decorated.given;
            arguments.truncate(arguments.len().saturating_sub(given.last));
            arguments.retain(|name| !given.names.contains(&name.as_str()));
            asked.extend(arguments);
        }
        let autouse = self.node.chain.autouse();
        let is_parametrized = || all.iter().any(|mark| mark.name == "parametrize");
        if asked.is_empty() && autouse.is_empty() && !is_parametrized() {
            return self.emit(collector, vec![CallSpec::default()], &all, &[], open);
        }
        let mut initial: Vec<String> = Vec::new();
        let autouse = autouse.iter().map(|name| (*name).to_owned());
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
        collector.share(&closure);
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
                    if !self.node.generates && !engine::PLUGIN_FIXTURES.contains(&name.as_str()) {
                        let message = format!("fixture `{name}` is not one the native engine has");
                        collector.asks_plugins(OpenReason::new(line, message));
                    }
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
        for class in &*self.node.classes {
            base.push_str("::");
            base.push_str(class);
        }
        base.push_str("::");
        base.push_str(self.entry.name);
        let facts: Arc<[TestMark]> = match all {
            [] => Arc::clone(&collector.no_marks),
            all => all.iter().map(|mark| mark.facts()).collect(),
        };
        let mut keywords: Vec<String> = self
            .definition
            .attributes
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .filter(|name| !name.starts_with('_') && name != "pytestmark")
            .collect();
        if self.decorated.is_patched || self.node.patched > 0 {
            keywords.push("patchings".to_owned());
        }
        // Most tests have none of these; all of those share one.
        let none = Arc::clone(&collector.no_names);
        let shared = |names: Vec<String>| match names.is_empty() {
            true => Arc::clone(&none),
            false => names.into(),
        };
        let keywords = shared(keywords);
        let fixtures = shared(fixtures.to_vec());
        let names_of = |marks: &[TestMark]| shared(marks.iter().map(|m| m.name.clone()).collect());
        let markers = names_of(&facts);
        let name: Arc<str> = self.entry.name.into();
        // All calls have parameters of the same names.
        let parametrized = calls.first().map(|call| call.arguments.clone());
        let parametrized = shared(parametrized.unwrap_or_default());
        let own = self.decorated.marks.len();
        let is_only = calls.len() == 1;
        for (position, mut call) in calls.into_iter().enumerate() {
            let parameters = (!call.ids.is_empty()).then(|| call.ids.join("-"));
            let id = match &parameters {
                Some(parameters) => format!("{base}[{parameters}]"),
                None if is_only => std::mem::take(&mut base),
                None => base.clone(),
            };
            let (marks, markers) = if call.marks.is_empty() {
                (Arc::clone(&facts), Arc::clone(&markers))
            } else {
                let (nearest, farther) = facts.split_at(own.min(facts.len()));
                let chained = nearest.iter().chain(&call.marks).chain(farther);
                let marks: Arc<[TestMark]> = chained.cloned().collect();
                let markers = names_of(&marks);
                (marks, markers)
            };
            if call
                .wide
                .iter()
                .any(|wide| wide.is_direct && !is_comparable(&wide.value))
            {
                let message = "tests may be grouped by a parameter that is computed";
                collector.open(OpenReason::new(function.line, message));
            }
            for wide in call.wide.iter_mut().filter(|wide| wide.is_direct) {
                wide.index = position;
            }
            collector.out.file.tests.push(Test {
                id: NodeId::new(id),
                line: function.line,
                column: function.column,
                classes: Arc::clone(&self.node.classes),
                function: Arc::clone(&name),
                parameters,
                parametrized: Arc::clone(&parametrized),
                markers,
                fixtures: Arc::clone(&fixtures),
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
