//! From tree-sitter's expression nodes to [`Expr`].

use tree_sitter::Node;

use super::facts::{Argument, Call, Expr};
use super::literal;

/// Expressions nested deeper than this are `Unknown`: no test is named by one.
pub(super) const MAX_DEPTH: usize = 48;

pub(super) fn line_of(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

pub(super) fn column_of(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().column + 1).unwrap_or(u32::MAX)
}

pub(super) fn text_of<'s>(node: Node<'_>, source: &'s str) -> &'s str {
    source.get(node.byte_range()).unwrap_or_default()
}

/// The named children that are not comments.
pub(super) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| child.kind() != "comment" && child.kind() != "line_continuation")
        .collect()
}

/// The expression that `node` holds.
pub(super) fn expression(node: Node<'_>, source: &str) -> Expr {
    Reader::new(source).read(node, 0)
}

/// The arguments of a call's (or class's) `argument_list`.
pub(super) fn arguments(node: Node<'_>, source: &str) -> Vec<Argument> {
    Reader::new(source).arguments(node, 0)
}

struct Reader<'s> {
    source: &'s str,
    /// Where a star stands that has been read already.
    star: Option<usize>,
}

/// Operands in a row, and what is between them.
#[derive(Default)]
struct Chain<'t, 's> {
    operands: Vec<Node<'t>>,
    operators: Vec<&'s str>,
}

impl<'t, 's> Chain<'t, 's> {
    /// Takes in what is at `node`, without recursion.
    fn flatten(&mut self, node: Node<'t>, source: &'s str) {
        let mut rest = vec![node];
        while let Some(node) = rest.pop() {
            let part = |name: &str| node.child_by_field_name(name);
            match (part("left"), part("operator"), part("right")) {
                (Some(left), Some(operator), Some(right))
                    if node.kind() == "binary_operator"
                        && matches!(text_of(operator, source), "&" | "^") =>
                {
                    rest.extend([right, operator, left]);
                }
                _ if matches!(node.kind(), "&" | "^") => {
                    self.operators.push(text_of(node, source));
                }
                _ => self.operands.push(node),
            }
        }
    }
}

impl<'s> Reader<'s> {
    fn new(source: &'s str) -> Self {
        let star = None;
        Self { source, star }
    }

    fn read(&self, node: Node<'_>, depth: usize) -> Expr {
        if depth > MAX_DEPTH || node.is_error() || node.is_missing() {
            return Expr::Unknown;
        }
        if self.has_star(node) {
            // The tree of `*a.b` is that of `(*a).b`; the star is for the whole.
            let star = Some(node.start_byte());
            let reader = Reader { star, ..*self };
            return Expr::Star(Box::new(reader.read(node, depth + 1)));
        }
        let field = |name: &str| {
            node.child_by_field_name(name)
                .map_or(Expr::Unknown, |child| self.read(child, depth + 1))
        };
        let text = || text_of(node, self.source);
        match node.kind() {
            "none" => Expr::None,
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            "ellipsis" => Expr::Ellipsis,
            "integer" => literal::integer(text()),
            "float" => literal::float(text()),
            "string" => self.string(node),
            "concatenated_string" => self.concatenated(node),
            "identifier" => Expr::Name(text().to_owned()),
            "attribute" => match node.child_by_field_name("attribute") {
                Some(name) => Expr::Attribute(
                    Box::new(field("object")),
                    text_of(name, self.source).to_owned(),
                ),
                None => Expr::Unknown,
            },
            "subscript" => Expr::Subscript(Box::new(field("value"))),
            "call" => self.call(node, depth),
            "tuple" | "expression_list" => Expr::Tuple(self.items(node, depth)),
            "list" => Expr::List(self.items(node, depth)),
            "dictionary" => self.dict(node, depth),
            "set" | "list_comprehension" | "set_comprehension" | "dictionary_comprehension" => {
                Expr::Container
            }
            "lambda" => Expr::Lambda,
            "list_splat" if self.star == Some(node.start_byte()) => match children(node).as_slice()
            {
                [only] => self.read(*only, depth),
                _ => Expr::Unknown,
            },
            "list_splat" | "dictionary_splat" => Expr::Star(Box::new(self.inner(node, depth))),
            "parenthesized_expression" => self.inner(node, depth),
            "unary_operator" => match node.child_by_field_name("operator") {
                Some(operator) => {
                    let operator = text_of(operator, self.source).chars().next();
                    Expr::Unary(operator.unwrap_or('?'), Box::new(field("argument")))
                }
                None => Expr::Unknown,
            },
            "binary_operator" => match node.child_by_field_name("operator") {
                Some(operator) if matches!(text_of(operator, self.source), "&" | "^") => {
                    let mut chain = Chain::default();
                    chain.flatten(node, self.source);
                    self.regrouped(&chain.operands, &chain.operators, depth)
                }
                Some(operator) => Expr::Binary(
                    Box::new(field("left")),
                    text_of(operator, self.source).to_owned(),
                    Box::new(field("right")),
                ),
                None => Expr::Unknown,
            },
            _ => Expr::Unknown,
        }
    }

    /// Whether a star stands before an expression that the tree does not show as starred.
    fn has_star(&self, node: Node<'_>) -> bool {
        let start = node.start_byte();
        self.source.as_bytes().get(start) == Some(&b'*')
            && self.star != Some(start)
            && !node.kind().ends_with("_splat")
            && !node.kind().ends_with("_list")
    }

    /// Operands between `&` and `^` as Python groups them: the grammar of tree-sitter-python has it
    /// that `^` binds more strongly, which is wrong.
    fn regrouped(&self, operands: &[Node<'_>], operators: &[&str], depth: usize) -> Expr {
        if depth > MAX_DEPTH {
            return Expr::Unknown;
        }
        let last = operators.iter().rposition(|operator| *operator == "^");
        let last = last.or(operators.len().checked_sub(1));
        match (last, operands.first()) {
            (Some(at), _) => {
                let read = |operands, operators| self.regrouped(operands, operators, depth + 1);
                Expr::Binary(
                    Box::new(read(&operands[..=at], &operators[..at])),
                    operators[at].to_owned(),
                    Box::new(read(&operands[at + 1..], &operators[at + 1..])),
                )
            }
            (None, Some(only)) => self.read(*only, depth),
            (None, None) => Expr::Unknown,
        }
    }

    fn inner(&self, node: Node<'_>, depth: usize) -> Expr {
        match children(node).as_slice() {
            [only] => self.read(*only, depth + 1),
            _ => Expr::Unknown,
        }
    }

    fn items(&self, node: Node<'_>, depth: usize) -> Vec<Expr> {
        children(node)
            .into_iter()
            .map(|child| self.read(child, depth + 1))
            .collect()
    }

    fn dict(&self, node: Node<'_>, depth: usize) -> Expr {
        let items = children(node).into_iter().map(|child| {
            let read = |name: &str| {
                let part = child.child_by_field_name(name);
                part.map_or(Expr::Unknown, |part| self.read(part, depth + 1))
            };
            match child.kind() {
                "pair" => (Some(read("key")), read("value")),
                "dictionary_splat" => (None, self.inner(child, depth)),
                _ => (None, Expr::Unknown),
            }
        });
        Expr::Dict(items.collect())
    }

    fn call(&self, node: Node<'_>, depth: usize) -> Expr {
        let (Some(function), Some(arguments)) = (
            node.child_by_field_name("function"),
            node.child_by_field_name("arguments"),
        ) else {
            return Expr::Unknown;
        };
        let arguments = if arguments.kind() == "argument_list" {
            self.arguments(arguments, depth)
        } else {
            // `f(x for x in y)`: one argument, a generator.
            vec![Argument {
                name: None,
                value: Expr::Unknown,
            }]
        };
        Expr::Call(Box::new(Call {
            line: line_of(node),
            function: self.read(function, depth + 1),
            arguments,
        }))
    }

    fn arguments(&self, node: Node<'_>, depth: usize) -> Vec<Argument> {
        children(node)
            .into_iter()
            .map(|child| match child.kind() {
                "keyword_argument" => Argument {
                    name: child
                        .child_by_field_name("name")
                        .map(|name| text_of(name, self.source).to_owned()),
                    value: child
                        .child_by_field_name("value")
                        .map_or(Expr::Unknown, |value| self.read(value, depth + 1)),
                },
                _ => Argument {
                    name: None,
                    value: self.read(child, depth + 1),
                },
            })
            .collect()
    }

    fn string(&self, node: Node<'_>) -> Expr {
        literal::string(text_of(node, self.source))
    }

    /// Adjacent literals are one: all text or all bytes.
    fn concatenated(&self, node: Node<'_>) -> Expr {
        let mut parts = children(node).into_iter().map(|part| self.string(part));
        let Some(first) = parts.next() else {
            return Expr::Unknown;
        };
        parts
            .try_fold(first, |joined, part| match (joined, part) {
                (Expr::Str(a), Expr::Str(b)) => Some(Expr::Str(a + &b)),
                (Expr::Bytes(mut a), Expr::Bytes(b)) => {
                    a.extend(b);
                    Some(Expr::Bytes(a))
                }
                _ => None,
            })
            .unwrap_or(Expr::Unknown)
    }
}
