//! Marks, and what decorators make of a function or class.

use super::model::{MarkValue, OpenReason, TestMark};
use super::scope::{Entry, Names};
use super::value::Value;
use crate::syntax::{Argument, BindingKind, Call, Decorator, Expr};

/// A mark as written, with the namespaces that its arguments see.
#[derive(Clone)]
pub(super) struct Mark<'a> {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) arguments: Vec<&'a Argument>,
    pub(super) names: Names<'a>,
}

impl<'a> Mark<'a> {
    pub(super) fn positional(&self) -> impl Iterator<Item = &'a Expr> + '_ {
        self.arguments
            .iter()
            .filter(|argument| argument.name.is_none())
            .map(|argument| &argument.value)
    }

    pub(super) fn keyword(&self, name: &str) -> Option<&'a Expr> {
        self.arguments
            .iter()
            .find(|argument| argument.name.as_deref() == Some(name))
            .map(|argument| &argument.value)
    }

    /// Whether `*args` or `**kwargs` hide what it is called with.
    pub(super) fn has_star(&self) -> bool {
        self.positional()
            .any(|value| matches!(value, Expr::Star(_)))
    }

    /// What `-m` can see of it.
    pub(super) fn facts(&self) -> TestMark {
        TestMark {
            name: self.name.clone(),
            keywords: self
                .arguments
                .iter()
                .filter_map(|argument| {
                    let name = argument.name.clone()?;
                    Some((name, mark_value(self.names.value(&argument.value))))
                })
                .collect(),
            is_open: self.has_star(),
        }
    }
}

fn mark_value(value: Value) -> MarkValue {
    match value {
        Value::None => MarkValue::None,
        Value::Bool(value) => MarkValue::Int(i128::from(value)),
        Value::Int(value) => MarkValue::Int(value),
        Value::Str(text) => MarkValue::Str(text),
        // Only whole floats equal an integer, and nobody selects by those.
        Value::Unknown | Value::Float(_) | Value::Object => MarkValue::Unknown,
        _ => MarkValue::Other,
    }
}

/// The mark that `expr` makes, if it is one: `pytest.mark.name`, a call of one, or a name for one.
pub(super) fn mark_of<'a>(expr: &'a Expr, names: Names<'a>, line: u32) -> Option<Mark<'a>> {
    let mut arguments: Vec<&'a Argument> = Vec::new();
    let mut expr = names.settle(expr);
    // Calls nest to the left: `pytest.mark.name(1)(reason="…")`.
    for _ in 0..4 {
        let Expr::Call(call) = expr else { break };
        arguments.splice(0..0, &call.arguments);
        expr = names.settle(&call.function);
    }
    let path = names.canonical(expr)?;
    let name = path.strip_prefix("pytest.mark.")?;
    let name = name.strip_suffix(".with_args").unwrap_or(name);
    (!name.contains('.')).then(|| Mark {
        name: name.to_owned(),
        line,
        arguments,
        names,
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
    let line = entry.last().map_or(0, |binding| binding.line);
    let unknown = || OpenReason::new(line, "`pytestmark` is computed");
    let Some(BindingKind::Value(value)) = entry.only().map(|binding| &binding.kind) else {
        return Err(unknown());
    };
    if let Some(mark) = mark_of(value, names, line) {
        return Ok(vec![mark]);
    }
    if entry.mutated {
        return Err(unknown());
    }
    let mut marks = Vec::new();
    let mut rest = vec![value];
    while let Some(expr) = rest.pop() {
        match names.settle(expr) {
            Expr::List(items) => rest.extend(items.iter().rev()),
            Expr::Binary(left, operator, right) if operator == "+" => rest.extend([&**right, left]),
            other => marks.push(mark_of(other, names, line).ok_or_else(unknown)?),
        }
    }
    Ok(marks)
}

/// What the decorators of a function or class say.
#[derive(Default)]
pub(super) struct Decorated<'a> {
    /// In the order in which they are applied: the lowest decorator's first.
    pub(super) marks: Vec<Mark<'a>>,
    /// The fixture decorator's call, if it has one.
    pub(super) fixture: Option<FixtureDecorator<'a>>,
    pub(super) is_static: bool,
    pub(super) is_abstract: bool,
    /// A property or the like: what it makes cannot be called.
    pub(super) is_property: bool,
    /// How many leading arguments `mock.patch` fills in.
    pub(super) patched: usize,
    /// Whether `mock.patch` leaves its traces on the function.
    pub(super) is_patched: bool,
    /// The first decorator that may make anything of the object.
    pub(super) unknown: Option<OpenReason>,
}

/// A fixture decorator.
#[derive(Clone, Copy)]
pub(super) struct FixtureDecorator<'a> {
    pub(super) call: Option<&'a Call>,
    /// Whether it is pytest's own, and no plugin's.
    pub(super) is_pytest: bool,
    /// Whether other decorators are applied after it.
    pub(super) is_wrapped: bool,
}

/// Decorators that change neither whether nor under which ids a test is collected.
const HARMLESS: &[&str] = &[
    "builtins.classmethod",
    "typing.final",
    "typing.no_type_check",
    "typing.override",
    "typing_extensions.final",
    "typing_extensions.override",
    "unittest.expectedFailure",
    "unittest.skip",
    "unittest.skipIf",
    "unittest.skipUnless",
];

pub(super) fn decorated<'a>(decorators: &'a [Decorator], names: Names<'a>) -> Decorated<'a> {
    let mut out = Decorated::default();
    for (at, decorator) in decorators.iter().enumerate().rev() {
        if let Some(mark) = mark_of(&decorator.expr, names, decorator.line) {
            out.marks.push(mark);
            continue;
        }
        let (function, call) = match &decorator.expr {
            Expr::Call(call) => (&call.function, Some(&**call)),
            expr => (expr, None),
        };
        let path = names.canonical(function).unwrap_or_default();
        match path.as_str() {
            "pytest.fixture" | "pytest.yield_fixture" => {
                out.fixture = Some(FixtureDecorator {
                    call,
                    is_pytest: true,
                    is_wrapped: at > 0,
                });
            }
            "builtins.staticmethod" => out.is_static = true,
            "abc.abstractmethod" => out.is_abstract = true,
            "builtins.property" | "functools.cached_property" => out.is_property = true,
            path if HARMLESS.contains(&path) => {}
            path if path.starts_with("unittest.mock.patch") || path.starts_with("mock.patch") => {
                out.is_patched = true;
                out.patched += usize::from(patch_passes_argument(path, call));
            }
            path if path.ends_with("fixture") && !path.starts_with("builtins.") => {
                out.fixture = Some(FixtureDecorator {
                    call,
                    is_pytest: false,
                    is_wrapped: at > 0,
                });
            }
            _ => {
                let text = describe(function);
                let message = format!("the decorator `{text}` may change it");
                out.unknown = Some(OpenReason::new(decorator.line, message));
            }
        }
    }
    out
}

/// `patch(target)` and `patch.object(target, name)` pass the mock that they make as an argument,
/// unless they are given what to put there.
fn patch_passes_argument(path: &str, call: Option<&Call>) -> bool {
    let Some(call) = call else { return false };
    let new_at = match path.rsplit('.').next() {
        Some("patch") => 1,
        Some("object") => 2,
        _ => return false,
    };
    let positional = call.arguments.iter().filter(|a| a.name.is_none()).count();
    let named = call
        .arguments
        .iter()
        .any(|argument| argument.name.as_deref() == Some("new"));
    positional <= new_at && !named
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
