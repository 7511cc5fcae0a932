//! The classes of a module: their namespaces and their method resolution order.

use std::path::Path;

use rustc_hash::FxHashMap;

use super::known::is_builtin;
use super::marks::{self, Decorated};
use super::model::OpenReason;
use super::project::World;
use super::scope::{Entry, Names, Scope};
use crate::syntax::{Binding, BindingKind, Class, EffectKind, Expr, FileFacts};

/// A module's namespaces.
pub(super) struct Module<'f> {
    /// The file.
    pub(super) path: &'f Path,
    pub(super) scope: Scope<'f>,
    /// Whether it may bind names that are not in `scope`.
    pub(super) is_opaque: bool,
    classes: Vec<ClassBody<'f>>,
    by_address: FxHashMap<usize, usize>,
}

/// A class and the namespace of its body.
pub(super) struct ClassBody<'f> {
    class: &'f Class,
    pub(super) scope: Scope<'f>,
    /// The class around it.
    outer: Option<usize>,
}

/// A class of some module.
#[derive(Clone, Copy)]
pub(super) struct ClassRef<'a> {
    pub(super) module: &'a Module<'a>,
    index: usize,
}

/// What a class inherits.
#[derive(Default)]
pub(super) struct Lineage<'a> {
    /// The classes in its method resolution order of which the source is read, itself first.
    pub(super) classes: Vec<ClassRef<'a>>,
    /// Whether it is a `unittest.TestCase`.
    pub(super) is_unittest: bool,
    /// Whether a base from outside of the sources makes the instances.
    is_constructed: bool,
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

/// Bases that bring a constructor and no tests, besides builtins.
const CONSTRUCTED_BASES: &[&str] = &[
    "collections.OrderedDict",
    "collections.UserDict",
    "enum.Enum",
    "enum.Flag",
    "enum.IntEnum",
    "enum.IntFlag",
    "enum.StrEnum",
    "typing.NamedTuple",
];

/// A class with more ancestors than this, counted along every way to them, is not followed.
const MAX_ANCESTORS: usize = 256;

impl<'f> Module<'f> {
    /// `expand` gives the names that `from module import *` binds; none when that is not known.
    pub(super) fn new(
        path: &'f Path,
        facts: &'f FileFacts,
        mut expand: impl FnMut(&'f str) -> Option<Vec<&'f str>>,
    ) -> Self {
        let mut is_opaque = facts.effects.iter().any(binds_unseen);
        let scope = Scope::new(&facts.bindings, |_, module| {
            expand(module).unwrap_or_else(|| {
                is_opaque = true;
                Vec::new()
            })
        });
        is_opaque |= scope.get("__getattr__").is_some();
        let mut module = Self {
            path,
            scope,
            is_opaque,
            classes: Vec::new(),
            by_address: FxHashMap::default(),
        };
        module.add_classes(&facts.bindings, None);
        module
    }

    fn add_classes(&mut self, bindings: &'f [Binding], outer: Option<usize>) {
        for binding in bindings {
            if let BindingKind::Class(class) = &binding.kind {
                let at = self.classes.len();
                self.by_address.insert(address(class), at);
                self.classes.push(ClassBody {
                    class,
                    scope: Scope::new(&class.bindings, |_, _| Vec::new()),
                    outer,
                });
                self.add_classes(&class.bindings, Some(at));
            }
        }
    }

    /// Whether modules can lie below it.
    pub(super) fn is_package(&self) -> bool {
        self.path.file_stem().is_some_and(|stem| stem == "__init__")
    }
}

impl<'a> Module<'a> {
    pub(super) fn class_ref(&'a self, class: &Class) -> Option<ClassRef<'a>> {
        let index = *self.by_address.get(&address(class))?;
        Some(ClassRef {
            module: self,
            index,
        })
    }
}

/// Classes stay where they are as long as the facts that hold them.
fn address(class: &Class) -> usize {
    std::ptr::from_ref(class).addr()
}

/// Whether a statement may bind names that cannot be seen.
fn binds_unseen(effect: &crate::syntax::Effect) -> bool {
    let is_globals = |expr: &Expr| match expr {
        Expr::Call(call) => {
            matches!(&call.function, Expr::Name(name) if name == "globals" || name == "vars")
        }
        _ => false,
    };
    match &effect.kind {
        EffectKind::Store(Expr::Subscript(object)) => is_globals(object),
        EffectKind::Call(Expr::Call(call)) => match &call.function {
            Expr::Attribute(object, _) => is_globals(object),
            Expr::Name(name) => name == "exec",
            _ => false,
        },
        _ => false,
    }
}

impl PartialEq for ClassRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        address(self.class()) == address(other.class())
    }
}

impl<'a> ClassRef<'a> {
    pub(super) fn body(self) -> &'a ClassBody<'a> {
        &self.module.classes[self.index]
    }

    pub(super) fn class(self) -> &'a Class {
        self.body().class
    }

    /// What expressions in its body see.
    pub(super) fn names(self, world: &'a dyn World) -> Names<'a> {
        Names {
            class: Some(&self.body().scope),
            ..Names::of(world, self.module)
        }
    }

    fn outer(self) -> Option<Self> {
        let index = self.body().outer?;
        Some(Self { index, ..self })
    }

    /// What its decorators and bases see.
    pub(super) fn names_around(self, world: &'a dyn World) -> Names<'a> {
        match self.outer() {
            Some(outer) => outer.names(world),
            None => Names::of(world, self.module),
        }
    }

    pub(super) fn decorated(self, world: &'a dyn World) -> Decorated<'a> {
        marks::decorated(&self.class().decorators, self.names_around(world))
    }

    pub(super) fn lineage(self, world: &'a dyn World) -> Lineage<'a> {
        let mut lineage = Lineage::default();
        let mut way = Vec::new();
        let mut left = MAX_ANCESTORS;
        lineage.classes = match self.linearize(world, &mut lineage, &mut way, &mut left) {
            Some(order) => order,
            None => {
                let line = self.class().line;
                let reason = OpenReason::new(line, "its bases have no consistent order");
                lineage.unknown.get_or_insert((String::new(), reason));
                vec![self]
            }
        };
        lineage
    }

    fn linearize(
        self,
        world: &'a dyn World,
        lineage: &mut Lineage<'a>,
        way: &mut Vec<Self>,
        left: &mut usize,
    ) -> Option<Vec<Self>> {
        *left = left.checked_sub(1)?;
        way.push(self);
        let facts = self.class();
        let names = self.names_around(world);
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
            let source = names.class_named(base);
            if let Some(source) = source.filter(|base| base.is_complete_before(self, way)) {
                orders.push(source.linearize(world, lineage, way, left)?);
                direct.push(source);
                continue;
            }
            match names.canonical(base).as_deref() {
                Some(path) if UNITTEST.contains(&path) => lineage.is_unittest = true,
                Some("abc.ABC") => lineage.has_abc = true,
                Some(path) if PLAIN_BASES.contains(&path) => {}
                Some(path) if is_constructed(path) => lineage.is_constructed = true,
                _ => lineage.unknown(facts, base, "base"),
            }
        }
        way.pop();
        orders.push(direct);
        let mut order = vec![self];
        order.extend(merge(orders)?);
        Some(order)
    }

    /// Whether it is defined to its end before `class` begins. Python could not name it as a base
    /// otherwise, and to follow such a base might never end.
    fn is_complete_before(self, class: Self, way: &[Self]) -> bool {
        if way.contains(&self) {
            return false;
        }
        if !std::ptr::eq(self.module, class.module) {
            return true;
        }
        let start = |class: Self| (class.class().line, class.index);
        let mut around = std::iter::successors(Some(class), |class| class.outer());
        start(self) < start(class) && !around.any(|outer| outer == self)
    }
}

impl<'a> Lineage<'a> {
    fn unknown(&mut self, class: &Class, expr: &Expr, what: &str) {
        let text = marks::describe(expr);
        let message = format!("the {what} `{text}` of class `{}` is not known", class.name);
        let reason = OpenReason::new(class.line, message);
        self.unknown.get_or_insert((text, reason));
    }

    /// The attribute of a class by its method resolution order, with the class that has it.
    pub(super) fn attribute(&self, name: &str) -> Option<(ClassRef<'a>, &'a Entry<'a>)> {
        self.classes
            .iter()
            .find_map(|&class| Some((class, class.body().scope.get(name)?)))
    }

    /// The names that a class of the lineage defines and no nearer one does.
    pub(super) fn own_entries(&self, class: ClassRef<'a>) -> impl Iterator<Item = &'a Entry<'a>> {
        let entries = class.body().scope.entries().iter();
        entries.filter(move |entry| {
            let owner = self.attribute(entry.name);
            owner.is_some_and(|(owner, _)| owner == class)
        })
    }

    /// Whether its attributes are what its body binds: no metaclass makes anything else of them.
    pub(super) fn is_plain(&self) -> bool {
        self.unknown.is_none() && !self.is_constructed
    }

    /// Whether an abstract method is left without a body of its own.
    pub(super) fn is_abstract(&self, world: &'a dyn World) -> bool {
        self.has_abc
            && self.classes.iter().any(|&class| {
                self.own_entries(class).any(|entry| {
                    entry.function().is_some_and(|function| {
                        marks::decorated(&function.decorators, class.names(world)).is_abstract
                    })
                })
            })
    }

    /// Whether it certainly makes its instances by itself, which keeps pytest from collecting it.
    pub(super) fn has_constructor(&self) -> bool {
        let mut names = ["__init__", "__new__"].iter();
        self.is_constructed || names.any(|name| self.attribute(name).is_some())
    }

    /// Whether one of its functions is named like a test.
    pub(super) fn has_test_function(&self) -> bool {
        self.classes.iter().any(|class| {
            let mut entries = class.body().scope.entries().iter();
            entries.any(|entry| entry.function().is_some() && entry.name.starts_with("test"))
        })
    }
}

/// Whether a class from outside of the sources makes its instances and has no tests.
fn is_constructed(path: &str) -> bool {
    CONSTRUCTED_BASES.contains(&path)
        || path
            .strip_prefix("builtins.")
            .is_some_and(|name| name != "object" && is_builtin(name))
}

/// C3: the first head that is in no tail, until nothing is left.
fn merge(mut orders: Vec<Vec<ClassRef<'_>>>) -> Option<Vec<ClassRef<'_>>> {
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
