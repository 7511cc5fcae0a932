//! What the statements of a module's or class's body bind and do.
//!
//! [`definitions`] reads functions and classes.

mod definitions;

use std::collections::HashSet;

use tree_sitter::Node;

use super::expression::{children, column_of, expression, line_of, text_of};
use super::facts::{Binding, BindingKind, Effect, EffectKind, Expr, ImportedName};
use super::survey::imports_of;
use crate::{Problem, ProblemKind};

/// CPython refuses deeper indentation than this.
const MAX_DEPTH: usize = 100;

/// How many functions deep the outcomes of functions are kept.
pub(super) const MAX_OUTCOMES: usize = 3;

/// The body of one module or class, read in source order.
pub(super) struct Body<'s> {
    source: &'s str,
    generators: &'s HashSet<usize>,
    depth: usize,
    conditional: bool,
    /// How many functions deep outcomes are kept.
    outcomes: usize,
    pub(super) bindings: Vec<Binding>,
    pub(super) effects: Vec<Effect>,
    pub(super) problems: Vec<Problem>,
}

impl<'s> Body<'s> {
    pub(super) fn new(source: &'s str, generators: &'s HashSet<usize>) -> Self {
        Self {
            source,
            generators,
            depth: 0,
            conditional: false,
            outcomes: 0,
            bindings: Vec::new(),
            effects: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The body of a module.
    pub(super) fn of_module(source: &'s str, generators: &'s HashSet<usize>) -> Self {
        Self {
            outcomes: MAX_OUTCOMES,
            ..Self::new(source, generators)
        }
    }

    /// Reads the statements below `block`.
    pub(super) fn read(&mut self, block: Node<'_>) {
        if self.depth > MAX_DEPTH {
            let mut problem = Problem::new(ProblemKind::Syntax, "too many levels of nesting");
            problem.line = Some(line_of(block));
            self.problems.push(problem);
            return;
        }
        self.depth += 1;
        for child in children(block) {
            self.statement(child);
        }
        self.depth -= 1;
    }

    fn statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "expression_statement" => {
                for child in children(node) {
                    self.expression_statement(child);
                }
            }
            "function_definition" => self.definition(node, node, Vec::new()),
            "class_definition" => self.definition(node, node, Vec::new()),
            "decorated_definition" => {
                let (definition, decorators) = self.undecorated(node);
                if let Some(definition) = definition {
                    self.definition(node, definition, decorators);
                }
            }
            "import_statement" | "import_from_statement" => self.import(node),
            "if_statement" => self.if_statement(node),
            "with_statement" => {
                self.targets_in_with(node);
                if let Some(body) = node.child_by_field_name("body") {
                    self.read(body);
                }
            }
            "for_statement" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.unfollowed(left, node);
                }
                self.conditionally(node);
            }
            "try_statement" | "while_statement" | "match_statement" => self.conditionally(node),
            "case_clause" => self.clause(node),
            "delete_statement" => {
                for target in children(node) {
                    self.delete(target, node);
                }
            }
            "raise_statement" => self.effect(node, EffectKind::Raise),
            "type_alias_statement" => {
                let Some(left) = node.child_by_field_name("left") else {
                    return;
                };
                if text_of(left, self.source).starts_with('[') {
                    // The tree of `type[x] = y` is that of an alias.
                    let target = Expr::Name("type".to_owned());
                    self.store(Expr::Subscript(Box::new(target)), node);
                } else if let Some(name) = first_identifier(left) {
                    let name = text_of(name, self.source);
                    self.bind(name, node, BindingKind::Changed);
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, name: &str, at: Node<'_>, kind: BindingKind) {
        self.bindings.push(Binding {
            name: name.to_owned(),
            line: line_of(at),
            column: column_of(at),
            conditional: self.conditional,
            kind,
        });
    }

    fn effect(&mut self, at: Node<'_>, kind: EffectKind) {
        self.effects.push(Effect {
            line: line_of(at),
            kind,
        });
    }

    fn expression_statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "assignment" => self.assignment(node),
            "augmented_assignment" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.unfollowed(left, node);
                }
            }
            "named_expression" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.unfollowed(name, node);
                }
            }
            "call" => {
                let call = expression(node, self.source);
                if let Expr::Call(call) = &call
                    && let Expr::Attribute(object, _) = &call.function
                    && let Some(root) = root_name(object)
                {
                    // `NAMES.append(…)` changes what NAMES holds.
                    let root = root.to_owned();
                    self.bind(&root, node, BindingKind::Mutated);
                }
                if matches!(call, Expr::Call(_)) {
                    self.effect(node, EffectKind::Call(call));
                }
            }
            "await" | "yield" => {}
            _ => {}
        }
    }

    fn assignment(&mut self, node: Node<'_>) {
        let mut targets = Vec::new();
        let mut value = Some(node);
        // `a = b = 1` nests to the right.
        while let Some(assignment) = value.filter(|value| value.kind() == "assignment") {
            targets.extend(assignment.child_by_field_name("left"));
            value = assignment.child_by_field_name("right");
        }
        let Some(value) = value else {
            // `name: type` binds nothing.
            return;
        };
        let value = expression(value, self.source);
        for target in targets {
            match target.kind() {
                "identifier" => {
                    let name = text_of(target, self.source);
                    self.bind(name, node, BindingKind::Value(value.clone()));
                }
                "attribute" => match expression(target, self.source) {
                    Expr::Attribute(object, attribute) if matches!(*object, Expr::Name(_)) => {
                        let name = root_name(&object).unwrap_or_default();
                        self.bind(name, node, BindingKind::Attribute(attribute, value.clone()));
                    }
                    other => self.store(other, node),
                },
                _ => self.unfollowed(target, node),
            }
        }
    }

    /// Marks every name that `target` binds or changes as not followed.
    fn unfollowed(&mut self, target: Node<'_>, at: Node<'_>) {
        let mut rest = vec![target];
        while let Some(target) = rest.pop() {
            match target.kind() {
                "identifier" => {
                    let name = text_of(target, self.source);
                    self.bind(name, at, BindingKind::Changed);
                }
                "attribute" | "subscript" => {
                    let target = expression(target, self.source);
                    self.store(target, at);
                }
                _ => rest.extend(children(target).into_iter().rev()),
            }
        }
    }

    fn store(&mut self, target: Expr, at: Node<'_>) {
        let target = match target {
            Expr::Star(starred) => *starred,
            target => target,
        };
        if let Some(root) = root_name(&target) {
            let root = root.to_owned();
            self.bind(&root, at, BindingKind::Mutated);
        }
        self.effect(at, EffectKind::Store(target));
    }

    fn delete(&mut self, target: Node<'_>, at: Node<'_>) {
        match target.kind() {
            "identifier" => {
                let name = text_of(target, self.source);
                self.bind(name, at, BindingKind::Deleted);
            }
            "expression_list" | "tuple" | "list" | "parenthesized_expression" => {
                for target in children(target) {
                    self.delete(target, at);
                }
            }
            _ => self.unfollowed(target, at),
        }
    }

    fn import(&mut self, node: Node<'_>) {
        let source = self.source;
        imports_of(node, source, |import| {
            let (bound, kind) = ImportedName::bound(import.module, import.name, import.alias);
            self.bind(&bound, node, kind);
        });
    }

    fn if_statement(&mut self, node: Node<'_>) {
        let never = node
            .child_by_field_name("condition")
            .is_some_and(|condition| never_true(condition, self.source));
        let skipped = node
            .child_by_field_name("consequence")
            .filter(|_| never)
            .map(|node| node.id());
        let outer = std::mem::replace(&mut self.conditional, true);
        self.depth += 1;
        for child in children(node) {
            if Some(child.id()) == skipped {
                continue;
            }
            // The `else` of a branch that is never taken always runs.
            if never && child.kind() == "else_clause" && children(node).len() == 3 {
                self.conditional = outer;
            }
            self.clause(child);
        }
        self.depth -= 1;
        self.conditional = outer;
    }

    fn conditionally(&mut self, node: Node<'_>) {
        let outer = std::mem::replace(&mut self.conditional, true);
        self.depth += 1;
        for child in children(node) {
            self.clause(child);
        }
        self.depth -= 1;
        self.conditional = outer;
    }

    /// A block, or a clause that holds one: `else`, `except`, `finally`, `case`.
    fn clause(&mut self, node: Node<'_>) {
        match node.kind() {
            "block" => self.read(node),
            kind if kind.ends_with("_clause") => {
                for child in children(node) {
                    match child.kind() {
                        "block" => self.read(child),
                        _ => self.as_target(child),
                    }
                }
            }
            _ => {}
        }
    }

    /// The target of `value as target`. The tree has the `as` within the last part of a conditional
    /// expression or lambda, where Python has it behind the whole.
    fn as_target(&mut self, value: Node<'_>) {
        let mut node = value;
        while matches!(node.kind(), "conditional_expression" | "lambda") {
            match children(node).pop() {
                Some(last) => node = last,
                None => return,
            }
        }
        if node.kind() == "as_pattern"
            && let Some(alias) = node.child_by_field_name("alias")
        {
            self.unfollowed(alias, value);
        }
    }

    fn targets_in_with(&mut self, node: Node<'_>) {
        let clauses = children(node).into_iter();
        for clause in clauses.filter(|child| child.kind() == "with_clause") {
            let items = children(clause);
            for item in &items {
                let Some(mut value) = item.child_by_field_name("value") else {
                    continue;
                };
                if items.len() == 1 && value.kind() == "parenthesized_expression" {
                    // `with (x as y):`: the parentheses belong to the statement.
                    value = children(value).into_iter().next().unwrap_or(value);
                }
                self.as_target(value);
                if value.kind() == "as_pattern" {
                    value = children(value).into_iter().next().unwrap_or(value);
                }
                if value.kind() == "call" {
                    let call = expression(value, self.source);
                    self.effect(value, EffectKind::Call(call));
                }
            }
        }
    }
}

/// The name of a type alias, whose type parameters follow it.
fn first_identifier(mut node: Node<'_>) -> Option<Node<'_>> {
    while node.kind() != "identifier" {
        node = node.named_child(0)?;
    }
    Some(node)
}

/// The name at the left end of `name.attribute[…]`, or of a call of it.
pub(super) fn root_name(mut expr: &Expr) -> Option<&str> {
    loop {
        expr = match expr {
            Expr::Name(name) => return Some(name),
            Expr::Attribute(object, _) | Expr::Subscript(object) => object,
            _ => return None,
        };
    }
}

/// Conditions that do not hold when a test module is imported for its tests.
fn never_true(condition: Node<'_>, source: &str) -> bool {
    let text = text_of(condition, source);
    match condition.kind() {
        "identifier" | "attribute" => text == "TYPE_CHECKING" || text.ends_with(".TYPE_CHECKING"),
        "comparison_operator" => {
            let operator = condition.child_by_field_name("operators");
            let [left, right] = children(condition)[..] else {
                return false;
            };
            text_of(left, source) == "__name__"
                && operator.is_some_and(|operator| text_of(operator, source) == "==")
                && matches!(text_of(right, source), "\"__main__\"" | "'__main__'")
        }
        "false" => true,
        _ => false,
    }
}
