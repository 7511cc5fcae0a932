//! Classes and functions: which of them are tests.

use super::classes::Lineage;
use super::closure::Chain;
use super::collect::{Collector, Node, reason_of, truth, truth_of};
use super::expansion::Expansion;
use super::fixtures::Holder;
use super::marks::{self, Decorated, Mark};
use super::model::OpenReason;
use super::scope::{Entry, Names};
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
            let reason = OpenReason::new(function.line, message);
            self.needs_pytest(reason.clone());
            if !node.is_unittest {
                // Plugins for async tests may run them several times, each with an id of its own.
                open.get_or_insert(reason);
            }
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
