//! What decorators make of a function or class.

use super::marks::{Mark, describe, mark_of};
use super::model::OpenReason;
use super::scope::{Kind, Meaning, Names};
use crate::syntax::{Call, Decorator, Expr, Function, Outcome, ParameterKind};

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
    /// What supplies arguments by itself.
    pub(super) given: Given<'a>,
    /// Whether a wrapper stands in for the function, under its name and with its signature.
    pub(super) is_wrapped: bool,
    /// The first decorator that may make anything of the object.
    pub(super) unknown: Option<OpenReason>,
}

/// The arguments that `hypothesis.given` supplies.
#[derive(Default)]
pub(super) struct Given<'a> {
    pub(super) names: Vec<&'a str>,
    /// How many of the last ones.
    pub(super) last: usize,
}

/// A fixture decorator.
#[derive(Clone, Copy)]
pub(super) struct FixtureDecorator<'a> {
    pub(super) call: Option<&'a Call>,
    /// Whether it is pytest's own, and no plugin's.
    pub(super) is_pytest: bool,
    /// Whether it is pytest-asyncio's.
    pub(super) is_asyncio: bool,
    /// Whether other decorators are applied after it.
    pub(super) is_wrapped: bool,
}

/// Decorators that change neither whether nor under which ids a test is collected.
const HARMLESS: &[&str] = &[
    "builtins.classmethod",
    "hypothesis.example",
    "hypothesis.reproduce_failure",
    "hypothesis.seed",
    "hypothesis.settings",
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

/// Decorators in decorators are followed this far.
const MAX_DEPTH: usize = 4;

pub(super) fn decorated<'a>(decorators: &'a [Decorator], names: Names<'a>) -> Decorated<'a> {
    let mut out = Decorated::default();
    for (at, decorator) in decorators.iter().enumerate().rev() {
        if let Some(mark) = mark_of(&decorator.expr, names, decorator.line) {
            out.marks.push(mark);
            continue;
        }
        // `SETTINGS = settings(…)` and then `@SETTINGS`.
        let written = names.settle(&decorator.expr);
        let (function, call) = match written.expr {
            Expr::Call(call) => (&call.function, Some(&**call)),
            expr => (expr, None),
        };
        let path = written.names.canonical(function).unwrap_or_default();
        match path.as_str() {
            "pytest.fixture" | "pytest.yield_fixture" => {
                out.fixture = Some(FixtureDecorator {
                    call,
                    is_pytest: true,
                    is_asyncio: false,
                    is_wrapped: at > 0,
                });
            }
            "builtins.staticmethod" => out.is_static = true,
            "abc.abstractmethod" => out.is_abstract = true,
            "builtins.property" | "functools.cached_property" => out.is_property = true,
            "hypothesis.given" => out.give(call, decorator),
            path if HARMLESS.contains(&path) => {}
            path if path.starts_with("unittest.mock.patch") || path.starts_with("mock.patch") => {
                out.is_patched = true;
                out.patched += usize::from(patch_passes_argument(path, call));
            }
            path if path.ends_with("fixture") && !path.starts_with("builtins.") => {
                out.fixture = Some(FixtureDecorator {
                    call,
                    is_pytest: false,
                    is_asyncio: matches!(
                        path,
                        "pytest_asyncio.fixture" | "pytest_asyncio.plugin.fixture"
                    ),
                    is_wrapped: at > 0,
                });
            }
            _ => match effect(written.expr, written.names, decorator.line, MAX_DEPTH) {
                Some(Effect::Kept) => {}
                Some(Effect::Wrapped) => out.is_wrapped = true,
                Some(Effect::Marked(mark)) => out.marks.push(mark),
                None => {
                    let text = describe(decorator.called());
                    let message = format!("the decorator `{text}` may change it");
                    out.unknown = Some(OpenReason::new(decorator.line, message));
                }
            },
        }
    }
    out
}

impl Decorator {
    /// The decorator without its arguments.
    fn called(&self) -> &Expr {
        match &self.expr {
            Expr::Call(call) => &call.function,
            expr => expr,
        }
    }
}

impl<'a> Decorated<'a> {
    /// hypothesis takes the arguments that it supplies out of the signature.
    fn give(&mut self, call: Option<&'a Call>, decorator: &Decorator) {
        let arguments = call.map_or(&[][..], |call| &call.arguments);
        let is_star = |value: &Expr| matches!(value, Expr::Star(_));
        if call.is_none() || arguments.iter().any(|argument| is_star(&argument.value)) {
            let message = "`hypothesis.given` is called in an unknown way";
            self.unknown = Some(OpenReason::new(decorator.line, message));
        }
        for argument in arguments {
            match &argument.name {
                Some(name) => self.given.names.push(name),
                None => self.given.last += 1,
            }
        }
    }
}

/// What a decorator from the sources makes of a function.
enum Effect<'a> {
    /// The function itself.
    Kept,
    /// A function that stands in for it, by `functools.wraps`.
    Wrapped,
    /// The function itself with a mark.
    Marked(Mark<'a>),
}

/// Reads the body of a decorator, as far as it is one of the usual shapes.
fn effect<'a>(expr: &'a Expr, names: Names<'a>, line: u32, depth: usize) -> Option<Effect<'a>> {
    let depth = depth.checked_sub(1)?;
    let (function, is_call) = match expr {
        Expr::Call(call) => (&call.function, true),
        expr => (expr, false),
    };
    let Meaning::Entry(entry, names) = names.meaning(function) else {
        return None;
    };
    let Some(Kind::Function(function)) = entry.only() else {
        return None;
    };
    if !function.decorators.is_empty() || function.is_async || function.is_generator {
        return None;
    }
    let outcome = function.outcome.as_deref()?;
    if is_call {
        called(function, outcome, names, line, depth)
    } else {
        applied(function, outcome, names, line, depth)
    }
}

/// `@decorator`: the function is its argument.
fn applied<'a>(
    function: &'a Function,
    outcome: &'a Outcome,
    names: Names<'a>,
    line: u32,
    depth: usize,
) -> Option<Effect<'a>> {
    let [parameter] = function.parameters.as_slice() else {
        return None;
    };
    let argument = parameter.name.as_str();
    if parameter.kind == ParameterKind::Variadic || outcome.assigned.contains(&parameter.name) {
        return None;
    }
    let mut effects = outcome
        .returns
        .iter()
        .map(|value| returned(value, argument, function, outcome, names, line, depth));
    let first = effects.next()??;
    // Where it depends, whatever differs in the id or the signature is not known.
    effects.try_fold(first, |first, next| match (first, next?) {
        (Effect::Kept, Effect::Wrapped) | (Effect::Wrapped, Effect::Kept | Effect::Wrapped) => {
            Some(Effect::Wrapped)
        }
        (Effect::Kept, Effect::Kept) => Some(Effect::Kept),
        _ => None,
    })
}

/// What a returned expression is to the function `argument`.
fn returned<'a>(
    value: &'a Expr,
    argument: &str,
    function: &'a Function,
    outcome: &'a Outcome,
    names: Names<'a>,
    line: u32,
    depth: usize,
) -> Option<Effect<'a>> {
    let is_argument = |expr: &Expr| matches!(expr, Expr::Name(name) if name == argument);
    if is_argument(value) {
        return Some(Effect::Kept);
    }
    match value {
        Expr::Name(name) => {
            let inner = inner_function(outcome, name)?;
            wraps(inner, argument, names).then_some(Effect::Wrapped)
        }
        Expr::Call(call) if call.arguments.len() == 1 && is_argument(&call.arguments[0].value) => {
            if call.arguments[0].name.is_some() || sees_locals(&call.function, function, outcome) {
                return None;
            }
            match mark_of(&call.function, names, line) {
                Some(mark) => opaque(mark).map(Effect::Marked),
                None => effect(&call.function, names, line, depth),
            }
        }
        _ => None,
    }
}

/// `@decorator(…)`: what the call gives is applied to the function.
fn called<'a>(
    function: &'a Function,
    outcome: &'a Outcome,
    names: Names<'a>,
    line: u32,
    depth: usize,
) -> Option<Effect<'a>> {
    let [value] = outcome.returns.as_slice() else {
        return None;
    };
    if let Expr::Name(name) = value {
        // `def decorator(option): def outer(test): …; return outer`.
        let inner = inner_function(outcome, name)?;
        if !inner.decorators.is_empty() || inner.is_async || inner.is_generator {
            return None;
        }
        return applied(inner, inner.outcome.as_deref()?, names, line, depth);
    }
    // The arguments of the mark are the decorator's own, and so not known; its name must not be.
    let mut mark = value;
    while let Expr::Call(call) = mark {
        mark = &call.function;
    }
    if sees_locals(mark, function, outcome) {
        return None;
    }
    opaque(mark_of(mark, names, line)?).map(Effect::Marked)
}

/// The function of that name that a decorator defines, when nothing else of its own has the name.
fn inner_function<'a>(outcome: &'a Outcome, name: &String) -> Option<&'a Function> {
    let mut inner = outcome.functions.iter().filter(|inner| inner.name == *name);
    match (inner.next(), inner.next()) {
        (Some(only), None) if !outcome.assigned.contains(name) => Some(only),
        _ => None,
    }
}

/// A mark of which only the name counts. Some decide by their arguments which tests there are.
fn opaque(mut mark: Mark<'_>) -> Option<Mark<'_>> {
    if ["parametrize", "usefixtures"].contains(&mark.name.as_str()) {
        return None;
    }
    mark.arguments.clear();
    mark.is_opaque = true;
    Some(mark)
}

/// Whether an inner function takes the name and the signature of `argument`.
fn wraps(inner: &Function, argument: &str, names: Names<'_>) -> bool {
    let [decorator] = inner.decorators.as_slice() else {
        return false;
    };
    let Expr::Call(call) = &decorator.expr else {
        return false;
    };
    let wrapped = call.arguments.first().filter(|first| first.name.is_none());
    !inner.is_generator
        && names.canonical(&call.function).as_deref() == Some("functools.wraps")
        && call.arguments.len() == 1
        && wrapped.is_some_and(|first| matches!(&first.value, Expr::Name(n) if n == argument))
}

/// Whether the name at the left end of an expression may be one of the function's own.
fn sees_locals(mut expr: &Expr, function: &Function, outcome: &Outcome) -> bool {
    loop {
        expr = match expr {
            Expr::Attribute(object, _) => object,
            Expr::Call(call) => &call.function,
            Expr::Name(name) => {
                let mut parameters = function.parameters.iter();
                return parameters.any(|parameter| parameter.name == *name)
                    || outcome.assigned.contains(name)
                    || outcome.functions.iter().any(|inner| inner.name == *name);
            }
            _ => return true,
        };
    }
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
