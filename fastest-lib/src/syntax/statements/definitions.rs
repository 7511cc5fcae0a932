//! The definitions of functions and classes: their parameters, decorators and what functions return.

use tree_sitter::Node;

use super::{Body, root_name};
use crate::syntax::expression::{arguments, children, column_of, expression, line_of, text_of};
use crate::syntax::facts::{
    BindingKind, Class, Decorator, Expr, Function, Outcome, Parameter, ParameterKind,
};

/// Statements with blocks in which other statements of the same function stand.
const COMPOUND_STATEMENTS: &[&str] = &[
    "if_statement",
    "for_statement",
    "while_statement",
    "with_statement",
    "try_statement",
    "match_statement",
];

fn is_function(node: &Node<'_>) -> bool {
    node.kind() == "function_definition"
}

impl Body<'_> {
    pub(super) fn definition(
        &mut self,
        outer: Node<'_>,
        node: Node<'_>,
        decorators: Vec<Decorator>,
    ) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let name = text_of(name, self.source).to_owned();
        let kind = if node.kind() == "function_definition" {
            BindingKind::Function(self.function(node, name.clone(), decorators))
        } else {
            BindingKind::Class(self.class(node, name.clone(), decorators))
        };
        self.bind(&name, outer, kind);
    }

    fn function(&self, node: Node<'_>, name: String, decorators: Vec<Decorator>) -> Function {
        let is_async = node.child(0).is_some_and(|child| child.kind() == "async");
        let body = node.child_by_field_name("body");
        let attributes = match body {
            Some(body) if name.starts_with("pytest_") => attributes_in(body, self.source),
            _ => Vec::new(),
        };
        let is_kept =
            self.outcomes > 0 && !name.starts_with("pytest_") && !name.starts_with("test");
        let outcome = body.filter(|_| is_kept).and_then(|body| self.outcome(body));
        Function {
            line: line_of(node),
            column: column_of(node),
            is_async,
            is_generator: self.generators.contains(&node.id()),
            parameters: node
                .child_by_field_name("parameters")
                .map(|parameters| self.parameters(parameters))
                .unwrap_or_default(),
            decorators,
            attributes,
            outcome,
            name,
        }
    }

    /// What the body of a function gives back. Walks without recursion.
    fn outcome(&self, body: Node<'_>) -> Option<Box<Outcome>> {
        let mut outcome = Outcome::default();
        let mut has_value = false;
        let inner = Body {
            outcomes: self.outcomes - 1,
            ..Body::new(self.source, self.generators)
        };
        let mut rest = vec![body];
        while let Some(node) = rest.pop() {
            match node.kind() {
                "return_statement" => {
                    let value = children(node).into_iter().next();
                    has_value |= value.is_some();
                    let value = value.map_or(Expr::None, |value| expression(value, self.source));
                    outcome.returns.push(value);
                }
                "expression_statement" => {
                    for child in children(node) {
                        self.assigned(child, &mut outcome.assigned);
                    }
                }
                "function_definition" | "decorated_definition" => {
                    let (definition, decorators) = self.undecorated(node);
                    if let Some(definition) = definition.filter(is_function)
                        && let Some(name) = definition.child_by_field_name("name")
                    {
                        let name = text_of(name, self.source).to_owned();
                        let mut function = inner.function(definition, name, decorators);
                        function.attributes.clear();
                        outcome.functions.push(function);
                    }
                }
                kind if kind == "block"
                    || kind.ends_with("_clause")
                    || COMPOUND_STATEMENTS.contains(&kind) =>
                {
                    rest.extend(children(node).into_iter().rev());
                }
                _ => {}
            }
        }
        has_value.then(|| Box::new(outcome))
    }

    /// The names that an assignment assigns to, or below which it assigns.
    fn assigned(&self, node: Node<'_>, names: &mut Vec<String>) {
        if !matches!(node.kind(), "assignment" | "augmented_assignment") {
            return;
        }
        let right = node.child_by_field_name("right");
        if right.is_none() {
            // `name: type` assigns nothing.
            return;
        }
        let mut rest: Vec<Node<'_>> = node.child_by_field_name("left").into_iter().collect();
        while let Some(target) = rest.pop() {
            match target.kind() {
                "identifier" | "attribute" | "subscript" => {
                    if let Some(root) = root_name(&expression(target, self.source))
                        && !names.iter().any(|known| known == root)
                    {
                        names.push(root.to_owned());
                    }
                }
                _ => rest.extend(children(target).into_iter().rev()),
            }
        }
        if let Some(right) = right {
            self.assigned(right, names);
        }
    }

    /// A definition below its decorators.
    pub(super) fn undecorated<'t>(&self, node: Node<'t>) -> (Option<Node<'t>>, Vec<Decorator>) {
        if node.kind() != "decorated_definition" {
            return (Some(node), Vec::new());
        }
        let decorators = children(node)
            .into_iter()
            .filter(|child| child.kind() == "decorator")
            .filter_map(|child| {
                let expr = children(child).into_iter().next()?;
                Some(Decorator {
                    line: line_of(child),
                    expr: expression(expr, self.source),
                })
            })
            .collect();
        (node.child_by_field_name("definition"), decorators)
    }

    fn parameters(&self, node: Node<'_>) -> Vec<Parameter> {
        let mut found: Vec<Parameter> = Vec::new();
        let mut kind = ParameterKind::Plain;
        for child in children(node) {
            let (name, has_default) = match child.kind() {
                "identifier" => (Some(child), false),
                "typed_parameter" => (child.named_child(0), false),
                "default_parameter" | "typed_default_parameter" => {
                    (child.child_by_field_name("name"), true)
                }
                "positional_separator" => {
                    for parameter in &mut found {
                        parameter.kind = ParameterKind::Positional;
                    }
                    continue;
                }
                "keyword_separator" => {
                    kind = ParameterKind::Keyword;
                    continue;
                }
                "list_splat_pattern" | "dictionary_splat_pattern" => (Some(child), false),
                _ => continue,
            };
            let Some(name) = name else { continue };
            let variadic = name.kind().ends_with("splat_pattern");
            let this = if variadic {
                ParameterKind::Variadic
            } else {
                kind
            };
            // What stands behind the stars.
            let word = children(name).pop().unwrap_or(name);
            let text = text_of(word, self.source);
            found.push(Parameter {
                name: text.to_owned(),
                kind: this,
                has_default,
            });
            if name.kind() == "list_splat_pattern" {
                kind = ParameterKind::Keyword;
            }
        }
        found
    }

    fn class(&mut self, node: Node<'_>, name: String, decorators: Vec<Decorator>) -> Class {
        let mut bases = Vec::new();
        let mut keywords = Vec::new();
        if let Some(superclasses) = node.child_by_field_name("superclasses") {
            for argument in arguments(superclasses, self.source) {
                match argument.name {
                    Some(name) => keywords.push((name, argument.value)),
                    None => bases.push(argument.value),
                }
            }
        }
        let mut body = Body {
            depth: self.depth + 1,
            ..Body::new(self.source, self.generators)
        };
        if let Some(block) = node.child_by_field_name("body") {
            body.read(block);
        }
        self.problems.append(&mut body.problems);
        Class {
            name,
            line: line_of(node),
            column: column_of(node),
            bases,
            keywords,
            decorators,
            bindings: body.bindings,
            effects: body.effects,
        }
    }
}

fn attributes_in(body: Node<'_>, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = body.walk();
    loop {
        let node = cursor.node();
        if node.kind() == "attribute"
            && let Some(name) = node.child_by_field_name("attribute")
        {
            found.push(text_of(name, source).to_owned());
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                found.sort();
                found.dedup();
                return found;
            }
        }
    }
}
