//! Classes and functions: which of them are tests.

use super::classes::{ClassRef, Lineage};
use super::collect::{Collector, Node, reason_of, truth, truth_of};
use super::expansion::Expansion;
use super::fixtures::Holder;
use super::marks::{self, Decorated, Mark};
use super::model::OpenReason;
use super::project::World;
use super::scope::{Entry, Names};
use crate::syntax::{Expr, Function};

impl<'a> Collector<'a> {
    /// A class under the name of `entry`, which an import may have given it.
    pub(super) fn class(
        &mut self,
        entry: &'a Entry<'a>,
        definition: &'a Entry<'a>,
        class: ClassRef<'a>,
        node: &Node<'_, 'a>,
    ) {
        let world = self.world;
        let lineage = class.lineage(world);
        let flag = class_flag(definition, class, &lineage, world);
        let matches = self.rules.classes.matches(entry.name) || flag == Flag::Forced;
        if !matches && !lineage.is_unittest && !may_be_unittest(&lineage) {
            return;
        }
        if flag == Flag::Off {
            return;
        }
        let name = entry.name;
        let line = entry.line();
        let decorated = class.decorated(world);
        let mut open = node.open.clone();
        if let Some((_, reason)) = &lineage.unknown {
            open.get_or_insert_with(|| reason.clone());
        }
        if flag == Flag::Unknown {
            open.get_or_insert_with(|| reason_of(definition, "`__test__` is computed"));
        }
        if let Some(reason) = &decorated.unknown {
            open.get_or_insert_with(|| reason.clone());
        }
        if decorated.is_wrapped {
            let message = format!("a decorator puts a function in the place of class `{name}`");
            open.get_or_insert_with(|| OpenReason::new(line, message));
        }
        if decorated.is_patched && lineage.classes.len() > 1 {
            let message = "`mock.patch` copies inherited tests into the class";
            open.get_or_insert_with(|| OpenReason::new(line, message));
        }
        if entry.uncertain || definition.uncertain {
            let message = format!("class `{name}` is defined conditionally");
            open.get_or_insert_with(|| OpenReason::new(line, message));
        }
        if let Some(reason) = &open {
            // Bases, decorators and other definitions may bring tests that are not seen here.
            self.open(reason.clone());
        }
        if lineage.is_abstract(world) {
            return;
        }
        if !lineage.is_unittest && lineage.unknown.is_none() && lineage.has_constructor() {
            return;
        }
        for base in &lineage.classes {
            self.effects(&base.class().effects, base.names(world));
        }
        self.class_members(entry, &lineage, &decorated, open, node);
    }

    fn class_members(
        &mut self,
        entry: &'a Entry<'a>,
        lineage: &Lineage<'a>,
        decorated: &Decorated<'a>,
        mut open: Option<OpenReason>,
        node: &Node<'_, 'a>,
    ) {
        if let Some((_, hook)) = lineage.attribute("pytest_generate_tests") {
            let reason = reason_of(hook, "`pytest_generate_tests` is a hook");
            self.open(reason.clone());
            open.get_or_insert(reason);
        }
        let generates = node.generates || lineage.attribute("pytest_generate_tests").is_some();
        let mut marks = match self.class_marks(lineage) {
            Ok(marks) => marks,
            Err(reason) => {
                self.open(reason.clone());
                open.get_or_insert(reason);
                Vec::new()
            }
        };
        marks.extend(node.marks.iter().cloned());
        let holder = Holder::of_class(self.world, lineage, self.place, &self.rules.ids);
        for reason in &holder.open {
            self.open(reason.clone());
        }
        let classes = node.classes.iter().cloned();
        let classes = classes.chain([entry.name.to_owned()]).collect();
        let inner = Node {
            classes,
            lineage: Some(lineage),
            is_unittest: lineage.is_unittest,
            marks,
            chain: node.chain.with(&holder),
            generates,
            patched: decorated.patched,
            open,
        };
        for (entry, names) in self.class_entries(lineage) {
            self.item(entry, names, &inner);
        }
    }

    /// The names of a class in the order in which pytest collects them.
    fn class_entries(&self, lineage: &Lineage<'a>) -> Vec<(&'a Entry<'a>, Names<'a>)> {
        let mut entries: Vec<(&'a Entry<'a>, Names<'a>)> = Vec::new();
        // Those of the bases come first.
        for &class in lineage.classes.iter().rev() {
            let names = class.names(self.world);
            entries.extend(lineage.own_entries(class).map(|entry| (entry, names)));
        }
        if lineage.is_unittest {
            // unittest sorts the names of its tests, and knows `runTest` when there are none.
            entries.retain(|(entry, _)| entry.name.starts_with("test") && entry.class().is_none());
            entries.sort_by_key(|(entry, _)| entry.name);
            if entries.is_empty()
                && let Some((owner, entry)) = lineage.attribute("runTest")
            {
                entries.push((entry, owner.names(self.world)));
            }
        }
        entries
    }

    /// The marks of a class: those of its bases first.
    fn class_marks(&self, lineage: &Lineage<'a>) -> Result<Vec<Mark<'a>>, OpenReason> {
        let mut marks = Vec::new();
        for class in lineage.classes.iter().rev() {
            let entry = class.body().scope.get("pytestmark");
            marks.extend(marks::pytestmark(entry, class.names(self.world))?);
            marks.extend(class.decorated(self.world).marks);
        }
        Ok(marks)
    }

    /// A function under the name of `entry`, which an import may have given it. `names` are those
    /// that its decorators see.
    pub(super) fn function(
        &mut self,
        entry: &'a Entry<'a>,
        definition: &'a Entry<'a>,
        function: &'a Function,
        names: Names<'a>,
        node: &Node<'_, 'a>,
    ) {
        let flag = attribute_of(definition, "__test__").map(|value| truth_of(value, names));
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
            open.get_or_insert_with(|| reason_of(definition, "`__test__` is computed"));
        }
        if entry.uncertain || definition.uncertain {
            let message = format!("`{}` is defined conditionally", entry.name);
            open.get_or_insert_with(|| OpenReason::new(entry.line(), message));
        }
        if function.is_generator
            && !function.is_async
            && !node.is_unittest
            && !decorated.is_patched
            && !decorated.is_wrapped
            && decorated.unknown.is_none()
        {
            let message = format!("`{}` yields, which fails the collection", entry.name);
            self.open(OpenReason::new(entry.line(), message));
        }
        open = open.or_else(|| self.generates.clone());
        Expansion {
            entry,
            definition,
            function,
            decorated,
            node,
        }
        .run(self, open);
    }
}

/// A base from elsewhere may be a `TestCase`, whose subclasses are tests by any name.
fn may_be_unittest(lineage: &Lineage<'_>) -> bool {
    let Some((base, _)) = &lineage.unknown else {
        return false;
    };
    base.contains("Test") || base.contains("Case") || lineage.has_test_function()
}

fn class_flag<'a>(
    definition: &Entry<'a>,
    class: ClassRef<'a>,
    lineage: &Lineage<'a>,
    world: &'a dyn World,
) -> Flag {
    let assigned = attribute_of(definition, "__test__")
        .map(|value| truth_of(value, class.names_around(world)));
    let truth = assigned.or_else(|| {
        let (owner, entry) = lineage.attribute("__test__")?;
        Some(truth(entry, owner.names(world)))
    });
    match truth {
        None => Flag::Unset,
        Some(Some(true)) => Flag::Forced,
        Some(Some(false)) => Flag::Off,
        Some(None) => Flag::Unknown,
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
