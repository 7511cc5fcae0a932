//! The classes of a module: their namespaces and their method resolution order.

use std::collections::HashMap;

use super::marks::{self, Decorated};
use super::model::OpenReason;
use super::scope::{Entry, Names, Scope};
use crate::syntax::{Binding, BindingKind, Class, Expr, FileFacts};

/// A module's namespaces.
pub(super) struct Module<'f> {
    pub(super) scope: Scope<'f>,
    pub(super) classes: Vec<ClassBody<'f>>,
    by_address: HashMap<*const Class, usize>,
}

/// A class and the namespace of its body.
pub(super) struct ClassBody<'f> {
    pub(super) class: &'f Class,
    pub(super) scope: Scope<'f>,
    /// The class around it.
    outer: Option<usize>,
}

/// What a class inherits.
#[derive(Default)]
pub(super) struct Lineage {
    /// The classes of this module in its method resolution order, itself first.
    pub(super) classes: Vec<usize>,
    /// Whether it is a `unittest.TestCase`.
    pub(super) is_unittest: bool,
    /// Whether a metaclass keeps track of abstract methods.
    pub(super) has_abc: bool,
    /// A base (or metaclass) that is not known, by the name it goes by.
    pub(super) unknown: Option<(String, OpenReason)>,
}

const UNITTEST: &[&str] = &[
    "unittest.TestCase",
    "unittest.case.TestCase",
    "unittest.IsolatedAsyncioTestCase",
    "unittest.async_case.IsolatedAsyncioTestCase",
];

/// Bases that bring neither tests nor constructors.
const PLAIN_BASES: &[&str] = &[
    "builtins.object",
    "typing.Generic",
    "typing_extensions.Generic",
];

/// Chains of bases longer than this are not followed.
const MAX_BASES: usize = 64;

impl<'f> Module<'f> {
    pub(super) fn new(facts: &'f FileFacts) -> Self {
        let mut module = Self {
            scope: Scope::new(&facts.bindings),
            classes: Vec::new(),
            by_address: HashMap::new(),
        };
        module.add_classes(&facts.bindings, None);
        module
    }

    fn add_classes(&mut self, bindings: &'f [Binding], outer: Option<usize>) {
        for binding in bindings {
            if let BindingKind::Class(class) = &binding.kind {
                let at = self.classes.len();
                self.by_address.insert(class, at);
                self.classes.push(ClassBody {
                    class,
                    scope: Scope::new(&class.bindings),
                    outer,
                });
                self.add_classes(&class.bindings, Some(at));
            }
        }
    }

    pub(super) fn index_of(&self, class: &Class) -> Option<usize> {
        self.by_address.get(&std::ptr::from_ref(class)).copied()
    }

    /// What expressions at the top level see.
    pub(super) fn names(&self) -> Names<'_> {
        Names {
            class: None,
            module: &self.scope,
        }
    }

    /// What expressions in the body of a class see.
    pub(super) fn names_in(&self, class: usize) -> Names<'_> {
        Names {
            class: self.classes.get(class).map(|body| &body.scope),
            module: &self.scope,
        }
    }

    /// What the decorators and bases of a class see.
    pub(super) fn names_around(&self, class: usize) -> Names<'_> {
        let outer = self.classes.get(class).and_then(|body| body.outer);
        outer.map_or_else(|| self.names(), |outer| self.names_in(outer))
    }

    pub(super) fn decorated(&self, class: usize) -> Decorated<'_> {
        marks::decorated(
            &self.classes[class].class.decorators,
            self.names_around(class),
        )
    }

    pub(super) fn lineage(&self, class: usize) -> Lineage {
        let mut lineage = Lineage::default();
        lineage.classes = match self.linearize(class, &mut lineage, 0) {
            Some(order) => order,
            None => {
                let line = self.classes[class].class.line;
                let reason = OpenReason::new(line, "its bases have no consistent order");
                lineage.unknown.get_or_insert((String::new(), reason));
                vec![class]
            }
        };
        lineage
    }

    fn linearize(&self, class: usize, lineage: &mut Lineage, depth: usize) -> Option<Vec<usize>> {
        if depth > MAX_BASES {
            return None;
        }
        let facts = self.classes[class].class;
        let names = self.names_around(class);
        for (keyword, value) in &facts.keywords {
            match names.canonical(value).as_deref() {
                Some("abc.ABCMeta") if keyword == "metaclass" => lineage.has_abc = true,
                _ => lineage.unknown(facts, value, "class keyword"),
            }
        }
        let mut orders = Vec::new();
        let mut direct = Vec::new();
        for base in &facts.bases {
            let base = match base {
                Expr::Subscript(generic) => generic,
                base => base,
            };
            let local = self.local_class(base, names);
            if let Some(local) = local.filter(|&local| self.is_complete_before(local, class)) {
                orders.push(self.linearize(local, lineage, depth + 1)?);
                direct.push(local);
                continue;
            }
            match names.canonical(base).as_deref() {
                Some(path) if UNITTEST.contains(&path) => lineage.is_unittest = true,
                Some("abc.ABC") => lineage.has_abc = true,
                Some(path) if PLAIN_BASES.contains(&path) => {}
                _ => lineage.unknown(facts, base, "base"),
            }
        }
        orders.push(direct);
        let mut order = vec![class];
        order.extend(merge(orders)?);
        Some(order)
    }

    /// Whether `base` is defined to its end before `class` begins. Python could not name it as a
    /// base otherwise, and to follow such a base might never end.
    fn is_complete_before(&self, base: usize, class: usize) -> bool {
        let start = |at: usize| (self.classes[at].class.line, at);
        let around = std::iter::successors(Some(class), |&at| self.classes[at].outer);
        start(base) < start(class) && !around.into_iter().any(|outer| outer == base)
    }

    fn local_class(&self, base: &Expr, names: Names<'_>) -> Option<usize> {
        let Expr::Name(name) = base else { return None };
        match names.get(name)?.only().map(|binding| &binding.kind) {
            Some(BindingKind::Class(class)) => self.index_of(class),
            _ => None,
        }
    }

    /// The attribute of a class by its method resolution order, with the class that has it.
    pub(super) fn attribute(&self, lineage: &Lineage, name: &str) -> Option<(usize, &Entry<'f>)> {
        lineage
            .classes
            .iter()
            .find_map(|&class| Some((class, self.classes[class].scope.get(name)?)))
    }

    /// Whether an abstract method is left without a body of its own.
    pub(super) fn is_abstract(&self, lineage: &Lineage) -> bool {
        lineage.has_abc
            && lineage.classes.iter().any(|&class| {
                self.classes[class].scope.entries().iter().any(|entry| {
                    self.attribute(lineage, entry.name)
                        .filter(|(owner, _)| *owner == class)
                        .and_then(|(owner, entry)| {
                            let names = self.names_in(owner);
                            let function = entry.function()?;
                            Some(marks::decorated(&function.decorators, names).is_abstract)
                        })
                        .unwrap_or(false)
                })
            })
    }
}

impl Lineage {
    fn unknown(&mut self, class: &Class, expr: &Expr, what: &str) {
        let text = marks::describe(expr);
        let message = format!("the {what} `{text}` of class `{}` is not known", class.name);
        let reason = OpenReason::new(class.line, message);
        self.unknown.get_or_insert((text, reason));
    }
}

/// C3: the first head that is in no tail, until nothing is left.
fn merge(mut orders: Vec<Vec<usize>>) -> Option<Vec<usize>> {
    let mut merged = Vec::new();
    loop {
        orders.retain(|order| !order.is_empty());
        if orders.is_empty() {
            return Some(merged);
        }
        let head = orders
            .iter()
            .map(|order| order[0])
            .find(|head| !orders.iter().any(|order| order[1..].contains(head)))?;
        merged.push(head);
        for order in &mut orders {
            order.retain(|class| *class != head);
        }
    }
}
