//! What the names of a module or class body stand for once the body has run.

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::classes::{ClassRef, Module};
use super::project::{Found, World};
use crate::syntax::{Binding, BindingKind, Class, Expr, Function};

/// The namespace of a module or class, in the order of its `__dict__`.
pub(super) struct Scope<'f> {
    entries: Vec<Entry<'f>>,
    index: FxHashMap<&'f str, usize>,
}

/// One name of a [`Scope`].
pub(super) struct Entry<'f> {
    pub(super) name: &'f str,
    /// What it may be bound to at the end, the last one last.
    pub(super) current: Vec<Bound<'f>>,
    /// Whether it may be unbound, bound to another of `current`, or bound at another place.
    pub(super) uncertain: bool,
    /// Whether the object may have been changed in place.
    pub(super) mutated: bool,
    /// Whether it was bound more than once.
    pub(super) rebound: bool,
    /// The attributes that the body assigned on it.
    pub(super) attributes: Vec<(&'f str, &'f Expr)>,
}

/// How a name was bound.
#[derive(Clone, Copy)]
pub(super) struct Bound<'f> {
    pub(super) line: u32,
    pub(super) conditional: bool,
    pub(super) kind: Kind<'f>,
}

/// What a name was bound to.
#[derive(Clone, Copy)]
pub(super) enum Kind<'f> {
    Function(&'f Function),
    Class(&'f Class),
    Import(Imported<'f>),
    Value(&'f Expr),
    Other,
}

/// A name taken from elsewhere, by an import of its own or by `from module import *`.
#[derive(Clone, Copy)]
pub(super) struct Imported<'f> {
    /// The module as written.
    pub(super) module: &'f str,
    /// The name in that module; none when the module itself is bound.
    pub(super) name: Option<&'f str>,
    /// Whether the bound name occurs anywhere else in the file.
    pub(super) used: bool,
}

impl<'f> Scope<'f> {
    /// `expand` gives the names that `from module import *` binds.
    pub(super) fn new(
        bindings: &'f [Binding],
        mut expand: impl FnMut(&'f Binding, &'f str) -> Vec<&'f str>,
    ) -> Self {
        let mut scope = Self {
            entries: Vec::new(),
            index: FxHashMap::with_capacity_and_hasher(bindings.len(), FxBuildHasher),
        };
        for binding in bindings {
            if let BindingKind::Star(module) = &binding.kind {
                for name in expand(binding, module) {
                    let imported = Imported {
                        module,
                        name: Some(name),
                        used: true,
                    };
                    scope.bind(name, binding, Kind::Import(imported));
                }
            } else {
                scope.add(binding);
            }
        }
        if scope.entries.iter().any(|entry| entry.current.is_empty()) {
            scope.entries.retain(|entry| !entry.current.is_empty());
            let entries = scope.entries.iter().enumerate();
            scope.index = entries.map(|(at, entry)| (entry.name, at)).collect();
        }
        scope
    }

    fn add(&mut self, binding: &'f Binding) {
        let name = binding.name.as_str();
        let kind = match &binding.kind {
            BindingKind::Function(function) => Kind::Function(function),
            BindingKind::Class(class) => Kind::Class(class),
            BindingKind::Import(imported) => Kind::Import(Imported {
                module: &imported.module,
                name: imported.name.as_deref(),
                used: imported.used,
            }),
            BindingKind::Value(value) => Kind::Value(value),
            BindingKind::Attribute(attribute, value) => {
                if let Some(entry) = self.known(name) {
                    entry.attributes.push((attribute, value));
                }
                return;
            }
            BindingKind::Mutated => {
                if let Some(entry) = self.known(name) {
                    entry.mutated = true;
                }
                return;
            }
            BindingKind::Deleted if binding.conditional => {
                if let Some(entry) = self.known(name) {
                    entry.uncertain = true;
                }
                return;
            }
            BindingKind::Deleted => {
                // A later definition goes to the end of the namespace, as a new name.
                if let Some(entry) = self.known(name) {
                    entry.current.clear();
                }
                self.index.remove(name);
                return;
            }
            _ => Kind::Other,
        };
        self.bind(name, binding, kind);
    }

    fn known(&mut self, name: &str) -> Option<&mut Entry<'f>> {
        self.index.get(name).map(|&at| &mut self.entries[at])
    }

    fn bind(&mut self, name: &'f str, binding: &'f Binding, kind: Kind<'f>) {
        let next = self.entries.len();
        let at = *self.index.entry(name).or_insert(next);
        if at == next {
            self.entries.push(Entry {
                name,
                current: Vec::with_capacity(1),
                uncertain: false,
                mutated: false,
                rebound: false,
                attributes: Vec::new(),
            });
        }
        let entry = &mut self.entries[at];
        entry.rebound |= !entry.current.is_empty();
        if binding.conditional {
            entry.uncertain = true;
        } else if !entry.uncertain {
            entry.current.clear();
        }
        entry.current.push(Bound {
            line: binding.line,
            conditional: binding.conditional,
            kind,
        });
    }

    pub(super) fn entries(&self) -> &[Entry<'f>] {
        &self.entries
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry<'f>> {
        self.index.get(name).map(|&at| &self.entries[at])
    }
}

impl<'f> Entry<'f> {
    /// The only binding that the name ever had, when that surely happened.
    pub(super) fn only(&self) -> Option<Kind<'f>> {
        match self.current.as_slice() {
            [only] if !self.uncertain && !self.rebound => Some(only.kind),
            _ => None,
        }
    }

    /// What the name is bound to at the end, or most likely is.
    pub(super) fn last(&self) -> Option<Bound<'f>> {
        self.current.last().copied()
    }

    pub(super) fn line(&self) -> u32 {
        self.last().map_or(0, |bound| bound.line)
    }

    pub(super) fn function(&self) -> Option<&'f Function> {
        match self.last().map(|bound| bound.kind) {
            Some(Kind::Function(function)) => Some(function),
            _ => None,
        }
    }

    pub(super) fn class(&self) -> Option<&'f Class> {
        match self.last().map(|bound| bound.kind) {
            Some(Kind::Class(class)) => Some(class),
            _ => None,
        }
    }
}

/// The namespaces that an expression sees: the class body it stands in, then the module's.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) world: &'a dyn World,
    pub(super) module: &'a Module<'a>,
    pub(super) class: Option<&'a Scope<'a>>,
}

/// What an expression refers to, behind imports and assignments of names.
#[derive(Clone)]
pub(super) enum Meaning<'a> {
    /// A name bound in a source that is read, with the namespaces that its binding sees.
    Entry(&'a Entry<'a>, Names<'a>),
    /// A module that is read.
    Module(&'a Module<'a>),
    /// Something outside of the sources, by its full dotted name: `mark.skip` is
    /// `pytest.mark.skip` after `from pytest import mark`.
    Outside(String),
    /// A name that nothing binds in the module from which it is taken.
    Missing,
    Unknown,
}

/// An expression with the namespaces that it sees.
#[derive(Clone, Copy)]
pub(super) struct Located<'a> {
    pub(super) expr: &'a Expr,
    pub(super) names: Names<'a>,
    /// Whether the object may have been changed in place since.
    pub(super) mutated: bool,
}

/// Names assigned from names are followed this far.
pub(super) const MAX_HOPS: usize = 16;

impl<'a> Names<'a> {
    pub(super) fn of(world: &'a dyn World, module: &'a Module<'a>) -> Self {
        Self {
            world,
            module,
            class: None,
        }
    }

    fn outside_class(self) -> Self {
        Self {
            class: None,
            ..self
        }
    }

    /// A name's entry, and the namespaces that its binding sees.
    pub(super) fn get(&self, name: &str) -> Option<(&'a Entry<'a>, Self)> {
        let own = self.class.and_then(|class| class.get(name));
        own.map(|entry| (entry, *self)).or_else(|| {
            let entry = self.module.scope.get(name)?;
            Some((entry, self.outside_class()))
        })
    }

    /// What `expr` refers to, when it is a name or an attribute of one.
    pub(super) fn meaning(&self, expr: &Expr) -> Meaning<'a> {
        self.meaning_within(expr, MAX_HOPS)
    }

    fn meaning_within(&self, expr: &Expr, hops: usize) -> Meaning<'a> {
        let Some(hops) = hops.checked_sub(1) else {
            return Meaning::Unknown;
        };
        match expr {
            Expr::Name(name) => match self.get(name) {
                Some((entry, names)) => names.follow(entry, hops),
                None if self.module.is_opaque => Meaning::Unknown,
                None => Meaning::Outside(format!("builtins.{name}")),
            },
            Expr::Attribute(object, attribute) => match self.meaning_within(object, hops) {
                Meaning::Module(module) => self.member(module, attribute, hops),
                Meaning::Outside(path) => Meaning::Outside(format!("{path}.{attribute}")),
                Meaning::Entry(entry, names) => names.class_attribute(entry, attribute, hops),
                Meaning::Missing | Meaning::Unknown => Meaning::Unknown,
            },
            _ => Meaning::Unknown,
        }
    }

    /// What a name is bound to. Of several possible bindings all have to lead to the same.
    fn follow(&self, entry: &'a Entry<'a>, hops: usize) -> Meaning<'a> {
        let mut found: Option<Meaning<'a>> = None;
        for bound in &entry.current {
            let next = match bound.kind {
                Kind::Import(imported) => self.import(imported, hops),
                // `except ImportError: name = None`.
                Kind::Value(Expr::None | Expr::Bool(_))
                    if bound.conditional && entry.current.len() > 1 =>
                {
                    continue;
                }
                Kind::Value(value @ (Expr::Name(_) | Expr::Attribute(..)))
                    if entry.only().is_some() && entry.attributes.is_empty() =>
                {
                    match self.meaning_within(value, hops) {
                        Meaning::Unknown => Meaning::Entry(entry, *self),
                        known => known,
                    }
                }
                _ => return Meaning::Entry(entry, *self),
            };
            match &found {
                None => found = Some(next),
                Some(other) if other.is(&next) => {}
                Some(_) => return Meaning::Entry(entry, *self),
            }
        }
        found.unwrap_or(Meaning::Entry(entry, *self))
    }

    /// What an import binds.
    pub(super) fn import(&self, imported: Imported<'_>, hops: usize) -> Meaning<'a> {
        let Some(hops) = hops.checked_sub(1) else {
            return Meaning::Unknown;
        };
        let Imported { module, name, .. } = imported;
        let path = || match name {
            Some(name) => Meaning::Outside(format!("{module}.{name}")),
            None => Meaning::Outside(module.to_owned()),
        };
        match (self.world.find(self.module.path, module), name) {
            (Found::Module(found), None) => Meaning::Module(found),
            (Found::Module(found), Some(name)) => {
                // `from . import name` in an `__init__.py` that binds nothing else by the name.
                if found.path == self.module.path
                    && let Found::Module(below) = self.world.below(found.path, name)
                {
                    return Meaning::Module(below);
                }
                self.member(found, name, hops)
            }
            (Found::Namespace, Some(name)) => {
                let dot = if module.ends_with('.') { "" } else { "." };
                let submodule = format!("{module}{dot}{name}");
                match self.world.find(self.module.path, &submodule) {
                    Found::Module(found) => Meaning::Module(found),
                    Found::Missing => Meaning::Missing,
                    _ => path(),
                }
            }
            (Found::Missing, _) => Meaning::Missing,
            _ => path(),
        }
    }

    /// An attribute of a module: a name that it binds, or a module below it.
    fn member(&self, module: &'a Module<'a>, name: &str, hops: usize) -> Meaning<'a> {
        if let Some(entry) = module.scope.get(name) {
            return Self::of(self.world, module).follow(entry, hops);
        }
        if module.is_package()
            && let Found::Module(found) = self.world.below(module.path, name)
        {
            return Meaning::Module(found);
        }
        let is_special = name.starts_with("__") && name.ends_with("__");
        match module.is_opaque || is_special {
            true => Meaning::Unknown,
            false => Meaning::Missing,
        }
    }

    /// A constant in the body of a class.
    fn class_attribute(&self, entry: &'a Entry<'a>, attribute: &str, hops: usize) -> Meaning<'a> {
        let Some(class) = self.class_of(entry) else {
            return Meaning::Unknown;
        };
        let names = class.names(self.world);
        match class.body().scope.get(attribute) {
            // What a metaclass makes of it is not known: an enum's attributes are its members.
            Some(found) if class.lineage(self.world).is_plain() => names.follow(found, hops),
            _ => Meaning::Unknown,
        }
    }

    /// The class that an entry surely is.
    pub(super) fn class_of(&self, entry: &'a Entry<'a>) -> Option<ClassRef<'a>> {
        match entry.only()? {
            Kind::Class(class) => self.module.class_ref(class),
            _ => None,
        }
    }

    /// The class that an expression surely refers to.
    pub(super) fn class_named(&self, expr: &Expr) -> Option<ClassRef<'a>> {
        match self.meaning(expr) {
            Meaning::Entry(entry, names) => names.class_of(entry),
            _ => None,
        }
    }

    /// The expression that `expr` stands for, after following names that are assigned just once.
    pub(super) fn settle<'e>(&self, expr: &'e Expr) -> Located<'e>
    where
        'a: 'e,
    {
        self.settle_to(expr).0
    }

    /// What [`settle`](Self::settle) gives, and what that refers to where it is a name.
    pub(super) fn settle_to<'e>(&self, expr: &'e Expr) -> (Located<'e>, Meaning<'e>)
    where
        'a: 'e,
    {
        let mut at = Located {
            expr,
            names: *self,
            mutated: false,
        };
        for _ in 0..MAX_HOPS {
            if !matches!(at.expr, Expr::Name(_) | Expr::Attribute(..)) {
                break;
            }
            if let Expr::Name(name) = at.expr
                && let Some((entry, _)) = at.names.get(name)
            {
                // A list that was imported can be changed here as well as there.
                at.mutated |= entry.mutated;
            }
            let meaning = at.names.meaning(at.expr);
            let Meaning::Entry(entry, names) = meaning else {
                return (at, meaning);
            };
            let Some(Kind::Value(value)) = entry.only() else {
                return (at, meaning);
            };
            at = Located {
                expr: value,
                names,
                mutated: at.mutated || entry.mutated,
            };
        }
        (at, Meaning::Unknown)
    }

    /// The full dotted name of what `expr` refers to, when it comes from an import or is a
    /// builtin. What is read from sources goes by the name under which it was imported.
    pub(super) fn canonical(&self, expr: &Expr) -> Option<String> {
        self.canonical_of(expr, self.meaning(expr))
    }

    /// The same for an expression with a meaning that is known.
    pub(super) fn canonical_of(&self, expr: &Expr, meaning: Meaning<'_>) -> Option<String> {
        match meaning {
            Meaning::Outside(path) => Some(path),
            _ => self.written(expr, MAX_HOPS),
        }
    }

    fn written(&self, expr: &Expr, hops: usize) -> Option<String> {
        let hops = hops.checked_sub(1)?;
        match expr {
            Expr::Attribute(object, attribute) => {
                let object = self.written(object, hops)?;
                Some(format!("{object}.{attribute}"))
            }
            Expr::Name(name) => {
                let (entry, names) = self.get(name)?;
                match entry.only()? {
                    Kind::Import(Imported { module, name, .. }) => Some(match name {
                        Some(name) => format!("{module}.{name}"),
                        None => module.to_owned(),
                    }),
                    Kind::Value(value) => names.written(value, hops),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Meaning<'_> {
    /// Whether both are the same thing.
    fn is(&self, other: &Meaning<'_>) -> bool {
        match (self, other) {
            (Meaning::Entry(a, _), Meaning::Entry(b, _)) => std::ptr::eq(*a, *b),
            (Meaning::Module(a), Meaning::Module(b)) => a.path == b.path,
            (Meaning::Outside(a), Meaning::Outside(b)) => a == b,
            _ => false,
        }
    }
}
