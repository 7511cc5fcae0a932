//! One walk over the whole tree, for what may stand at any depth: imports, `yield`s, syntax errors.

use std::collections::HashSet;

use tree_sitter::Node;

use super::expression::{children, line_of, text_of};
use super::facts::Import;
use crate::{Problem, ProblemKind};

/// More syntax errors than this in one file say nothing new.
const MAX_ERRORS: usize = 5;

#[derive(Default)]
pub(super) struct Survey {
    pub(super) imports: Vec<Import>,
    /// The functions, by node id, whose own body yields.
    pub(super) generators: HashSet<usize>,
    pub(super) problems: Vec<Problem>,
}

/// Walks without recursion, so that no nesting can exhaust the stack.
pub(super) fn survey(root: Node<'_>, source: &str) -> Survey {
    let mut survey = Survey::default();
    let yields: Vec<usize> = memchr::memmem::find_iter(source.as_bytes(), "yield").collect();
    // The functions and lambdas around the cursor, with the depth at which each stands.
    let mut around: Vec<(usize, u32)> = Vec::new();
    let mut depth = 0;
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        let mut enter = node.has_error() || holds_statements(node) || spans(node, &yields);
        match node.kind() {
            "function_definition" | "lambda" => around.push((node.id(), depth)),
            "yield" => {
                if let Some((function, _)) = around.last() {
                    survey.generators.insert(*function);
                }
            }
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                imports_of(node, source, |mut import| {
                    import.in_function = !around.is_empty();
                    survey.imports.push(import);
                });
                enter = false;
            }
            "print_statement" | "exec_statement" => {
                survey.error(node, "Python 2 syntax");
                enter = false;
            }
            "ERROR" => survey.error(node, "invalid syntax"),
            _ if node.is_missing() => survey.error(node, "invalid syntax"),
            _ => {}
        }
        if enter && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return survey;
            }
            depth -= 1;
        }
        while around.last().is_some_and(|(_, at)| *at >= depth) {
            around.pop();
        }
    }
}

/// Whether statements can stand below the node, so that it must be entered in any case.
fn holds_statements(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "module" | "block" | "function_definition" | "class_definition" | "decorated_definition"
    ) || node.kind().ends_with("_clause")
        || matches!(
            node.kind(),
            "if_statement"
                | "for_statement"
                | "while_statement"
                | "with_statement"
                | "try_statement"
                | "match_statement"
        )
}

/// Whether one of the sorted `positions` lies within the node.
fn spans(node: Node<'_>, positions: &[usize]) -> bool {
    let first = positions.partition_point(|position| *position < node.start_byte());
    positions
        .get(first)
        .is_some_and(|position| *position < node.end_byte())
}

impl Survey {
    fn error(&mut self, node: Node<'_>, what: &str) {
        if self.problems.len() < MAX_ERRORS {
            let mut problem = Problem::new(ProblemKind::Syntax, what);
            problem.line = Some(line_of(node));
            self.problems.push(problem);
        }
    }
}

/// A dotted name as it stands, without the spaces and line ends that may be in it.
fn without_spaces(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == '\\')
        .collect()
}

/// Calls `found` for each name that an import statement imports.
pub(super) fn imports_of(node: Node<'_>, source: &str, mut found: impl FnMut(Import)) {
    let line = line_of(node);
    let module = match node.kind() {
        "future_import_statement" => Some("__future__".to_owned()),
        _ => node.child_by_field_name("module_name").map(|name| {
            let text = text_of(name, source);
            without_spaces(text)
        }),
    };
    let module_node = node.child_by_field_name("module_name").map(|n| n.id());
    for child in children(node) {
        if Some(child.id()) == module_node {
            continue;
        }
        let (name, alias) = match child.kind() {
            "aliased_import" => (
                child.child_by_field_name("name"),
                child.child_by_field_name("alias"),
            ),
            "wildcard_import" | "dotted_name" => (Some(child), None),
            _ => continue,
        };
        let Some(name) = name else { continue };
        let name = without_spaces(text_of(name, source));
        let alias = alias.map(|alias| text_of(alias, source).to_owned());
        let (module, name) = match &module {
            Some(module) => (module.clone(), Some(name)),
            None => (name, None),
        };
        found(Import {
            line,
            module,
            name,
            alias,
            in_function: false,
        });
    }
}
