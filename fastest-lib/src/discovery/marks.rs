//! Marks: what `pytest.mark` puts on functions, classes and modules.

use super::model::{MarkValue, OpenReason, TestMark};
use super::scope::{Entry, Kind, Located, Meaning, Names};
use super::value::Value;
use crate::syntax::{Argument, Expr};

pub(super) use super::decorators::{Decorated, FixtureDecorator, decorated};

/// A mark as written.
#[derive(Clone)]
pub(super) struct Mark<'a> {
    pub(super) name: String,
    pub(super) line: u32,
    /// Its arguments, each with the namespaces that it sees.
    pub(super) arguments: Vec<(&'a Argument, Names<'a>)>,
    /// Whether it has arguments that are not known.
    pub(super) is_opaque: bool,
}

impl<'a> Mark<'a> {
    pub(super) fn positional(&self) -> impl Iterator<Item = (&'a Expr, Names<'a>)> + '_ {
        self.arguments
            .iter()
            .filter(|(argument, _)| argument.name.is_none())
            .map(|(argument, names)| (&argument.value, *names))
    }

    pub(super) fn keyword(&self, name: &str) -> Option<(&'a Expr, Names<'a>)> {
        self.arguments
            .iter()
            .find(|(argument, _)| argument.name.as_deref() == Some(name))
            .map(|(argument, names)| (&argument.value, *names))
    }

    /// Whether it is hidden what it is called with.
    pub(super) fn is_open(&self) -> bool {
        self.is_opaque
            || self
                .positional()
                .any(|(value, _)| matches!(value, Expr::Star(_)))
    }

    /// What is kept of it.
    pub(super) fn facts(&self) -> TestMark {
        let first = self.positional().next();
        TestMark {
            name: self.name.clone(),
            first: first.map(|(value, names)| mark_value(names.value(value))),
            keywords: self
                .arguments
                .iter()
                .filter_map(|(argument, names)| {
                    let name = argument.name.clone()?;
                    Some((name, mark_value(names.value(&argument.value))))
                })
                .collect(),
            is_open: self.is_open(),
        }
    }
}

fn mark_value(value: Value) -> MarkValue {
    match value {
        Value::None => MarkValue::None,
        Value::Bool(value) => MarkValue::Int(i128::from(value)),
        Value::Int(value) => MarkValue::Int(value),
        Value::Str(text) => MarkValue::Str(text),
        // Only whole floats equal an integer, and nobody selects by those; an enum's member may
        // equal anything.
        Value::Unknown | Value::Float(_) | Value::Object | Value::Member(_) => MarkValue::Unknown,
        _ => MarkValue::Other,
    }
}

/// The mark that `expr` makes, if it is one: `pytest.mark.name`, a call of one, or a name for one.
pub(super) fn mark_of<'a>(expr: &'a Expr, names: Names<'a>, line: u32) -> Option<Mark<'a>> {
    let mut arguments: Vec<(&'a Argument, Names<'a>)> = Vec::new();
    let (mut at, mut meaning) = names.settle_to(expr);
    // Calls nest to the left: `pytest.mark.name(1)(reason="…")`.
    for _ in 0..4 {
        let Expr::Call(call) = at.expr else { break };
        let own = call.arguments.iter().map(|argument| (argument, at.names));
        arguments.splice(0..0, own);
        (at, meaning) = at.names.settle_to(&call.function);
    }
    let Meaning::Outside(path) = meaning else {
        return None;
    };
    let name = path.strip_prefix("pytest.mark.")?;
    let name = name.strip_suffix(".with_args").unwrap_or(name);
    (!name.contains('.')).then(|| Mark {
        name: name.to_owned(),
        line,
        arguments,
        is_opaque: false,
    })
}

/// The marks of a `pytestmark`, or why they are not known.
pub(super) fn pytestmark<'a>(
    entry: Option<&'a Entry<'a>>,
    names: Names<'a>,
) -> Result<Vec<Mark<'a>>, OpenReason> {
    let Some(entry) = entry else {
        return Ok(Vec::new());
    };
    let line = entry.line();
    let unknown = || OpenReason::new(line, "`pytestmark` is computed");
    let Some(Kind::Value(value)) = entry.only() else {
        return Err(unknown());
    };
    if let Some(mark) = mark_of(value, names, line) {
        return Ok(vec![mark]);
    }
    if entry.mutated {
        return Err(unknown());
    }
    let mut marks = Vec::new();
    let mut rest = vec![(value, names)];
    while let Some((expr, names)) = rest.pop() {
        let Located {
            expr,
            names,
            mutated,
        } = names.settle(expr);
        if mutated {
            return Err(unknown());
        }
        match expr {
            Expr::List(items) | Expr::Tuple(items) => {
                rest.extend(items.iter().rev().map(|item| (item, names)));
            }
            Expr::Binary(left, operator, right) if operator == "+" => {
                rest.extend([(&**right, names), (&**left, names)]);
            }
            other => marks.push(mark_of(other, names, line).ok_or_else(unknown)?),
        }
    }
    Ok(marks)
}

/// A name for an expression, for messages.
pub(super) fn describe(expr: &Expr) -> String {
    match expr {
        Expr::Name(name) => name.clone(),
        Expr::Attribute(object, attribute) => format!("{}.{attribute}", describe(object)),
        Expr::Call(call) => format!("{}(…)", describe(&call.function)),
        Expr::Subscript(object) => format!("{}[…]", describe(object)),
        _ => "…".to_owned(),
    }
}
