//! What the names of a module or class body stand for once the body has run.

use std::collections::HashMap;

use crate::syntax::{Binding, BindingKind, Class, Expr, Function};

/// The namespace of a module or class, in the order of its `__dict__`.
pub(super) struct Scope<'f> {
    entries: Vec<Entry<'f>>,
    index: HashMap<&'f str, usize>,
}

/// One name of a [`Scope`].
pub(super) struct Entry<'f> {
    pub(super) name: &'f str,
    /// What it may be bound to at the end, the last one last.
    pub(super) current: Vec<&'f Binding>,
    /// Whether it may be unbound, bound to another of `current`, or bound at another place.
    pub(super) uncertain: bool,
    /// Whether the object may have been changed in place.
    pub(super) mutated: bool,
    /// Whether it was bound more than once.
    pub(super) rebound: bool,
    /// The attributes that the body assigned on it.
    pub(super) attributes: Vec<(&'f str, &'f Expr)>,
}

impl<'f> Scope<'f> {
    pub(super) fn new(bindings: &'f [Binding]) -> Self {
        let mut scope = Self {
            entries: Vec::new(),
            index: HashMap::new(),
        };
        for binding in bindings {
            scope.add(binding);
        }
        scope.entries.retain(|entry| !entry.current.is_empty());
        scope.index = scope
            .entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.name, at))
            .collect();
        scope
    }

    fn add(&mut self, binding: &'f Binding) {
        let at = match self.index.get(binding.name.as_str()) {
            Some(&at) => at,
            None => {
                if matches!(
                    binding.kind,
                    BindingKind::Attribute(..)
                        | BindingKind::Mutated
                        | BindingKind::Deleted
                        | BindingKind::Star(_)
                ) {
                    return;
                }
                let at = self.entries.len();
                self.index.insert(&binding.name, at);
                self.entries.push(Entry {
                    name: &binding.name,
                    current: Vec::new(),
                    uncertain: false,
                    mutated: false,
                    rebound: false,
                    attributes: Vec::new(),
                });
                at
            }
        };
        let entry = &mut self.entries[at];
        match &binding.kind {
            BindingKind::Attribute(attribute, value) => entry.attributes.push((attribute, value)),
            BindingKind::Mutated => entry.mutated = true,
            BindingKind::Deleted if binding.conditional => entry.uncertain = true,
            BindingKind::Deleted => {
                // A later definition goes to the end of the namespace, as a new name.
                entry.current.clear();
                self.index.remove(binding.name.as_str());
            }
            _ => {
                entry.rebound |= !entry.current.is_empty();
                if binding.conditional {
                    entry.uncertain = true;
                } else if !entry.uncertain {
                    entry.current.clear();
                }
                entry.current.push(binding);
            }
        }
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
    pub(super) fn only(&self) -> Option<&'f Binding> {
        match self.current.as_slice() {
            [only] if !self.uncertain && !self.rebound => Some(only),
            _ => None,
        }
    }

    /// What the name is bound to at the end, or most likely is.
    pub(super) fn last(&self) -> Option<&'f Binding> {
        self.current.last().copied()
    }

    pub(super) fn function(&self) -> Option<&'f Function> {
        match self.last().map(|binding| &binding.kind) {
            Some(BindingKind::Function(function)) => Some(function),
            _ => None,
        }
    }

    pub(super) fn class(&self) -> Option<&'f Class> {
        match self.last().map(|binding| &binding.kind) {
            Some(BindingKind::Class(class)) => Some(class),
            _ => None,
        }
    }
}

/// The namespaces that an expression sees: the class body it stands in, then the module's.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) class: Option<&'a Scope<'a>>,
    pub(super) module: &'a Scope<'a>,
}

/// Names assigned from names are followed this far.
pub(super) const MAX_HOPS: usize = 16;

impl<'a> Names<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a Entry<'a>> {
        self.class
            .and_then(|class| class.get(name))
            .or_else(|| self.module.get(name))
    }

    /// The expression that `expr` stands for, after following names that are assigned just once.
    pub(super) fn settle<'e>(&self, expr: &'e Expr) -> &'e Expr
    where
        'a: 'e,
    {
        let mut expr = expr;
        for _ in 0..MAX_HOPS {
            let Expr::Name(name) = expr else { break };
            let Some(BindingKind::Value(value)) = self
                .get(name)
                .and_then(Entry::only)
                .map(|binding| &binding.kind)
            else {
                break;
            };
            expr = value;
        }
        expr
    }

    /// The full dotted name of what `expr` refers to, when it comes from an import or is a
    /// builtin: `mark.skip` is `pytest.mark.skip` after `from pytest import mark`.
    pub(super) fn canonical(&self, expr: &Expr) -> Option<String> {
        self.canonical_within(expr, MAX_HOPS)
    }

    fn canonical_within(&self, expr: &Expr, hops: usize) -> Option<String> {
        let hops = hops.checked_sub(1)?;
        match expr {
            Expr::Attribute(object, attribute) => {
                let object = self.canonical_within(object, hops)?;
                Some(format!("{object}.{attribute}"))
            }
            Expr::Name(name) => match self.get(name) {
                None => Some(format!("builtins.{name}")),
                Some(entry) => self.canonical_entry(entry, hops),
            },
            _ => None,
        }
    }

    fn canonical_entry(&self, entry: &Entry<'a>, hops: usize) -> Option<String> {
        let mut found = None;
        for binding in &entry.current {
            match &binding.kind {
                BindingKind::Import(imported) => {
                    let path = match &imported.name {
                        Some(name) => format!("{}.{name}", imported.module),
                        None => imported.module.clone(),
                    };
                    if found
                        .replace(path.clone())
                        .is_some_and(|other| other != path)
                    {
                        return None;
                    }
                }
                // `except ImportError: name = None`.
                BindingKind::Value(Expr::None | Expr::Bool(_)) if binding.conditional => {}
                BindingKind::Value(value) if entry.only().is_some() => {
                    return self.canonical_within(value, hops);
                }
                _ => return None,
            }
        }
        found
    }
}
