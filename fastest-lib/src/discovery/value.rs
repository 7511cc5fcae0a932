//! The values of expressions, as far as they are literal.

use super::classes::ClassRef;
use super::enums;
use super::known::{EXCEPTIONS, PLAIN_CLASSES, is_builtin};
use super::scope::{Kind, Located, MAX_HOPS, Meaning, Names};
use crate::syntax::{Call, Class, Expr};

/// A Python value, as far as naming a test needs it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    Tuple(Vec<Value>),
    /// A list, dict, set or another unhashable container.
    Container,
    /// A class or function of this `__name__`.
    Named(String),
    /// A member of an `Enum`, by what `str` makes of it.
    Member(String),
    /// A compiled regular expression.
    Pattern(String),
    /// An object without a name of its own.
    Object,
    /// `pytest.HIDDEN_PARAM`.
    Hidden,
    /// Stands for the values of an empty parameter set.
    NotSet,
    /// Nothing is known.
    Unknown,
}

impl Value {
    /// Whether Python's `hash` takes it; `None` when that is not known.
    pub(super) fn is_hashable(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Container => Some(false),
            Self::Tuple(items) => items
                .iter()
                .try_fold(true, |all, item| Some(all & item.is_hashable()?)),
            _ => Some(true),
        }
    }
}

/// Decorators of a class that leave its instances without a name or an id of their own.
const DATACLASSES: &[&str] = &[
    "attr.attrs",
    "attr.define",
    "attr.dataclass",
    "attr.frozen",
    "attr.mutable",
    "attr.s",
    "attrs.define",
    "attrs.frozen",
    "attrs.mutable",
    "dataclasses.dataclass",
];

/// Bases whose subclasses make instances without a name or an id of their own.
const OBJECT_BASES: &[&str] = &[
    "abc.ABC",
    "builtins.object",
    "typing.Generic",
    "typing.NamedTuple",
];

impl<'a> Names<'a> {
    pub(super) fn value(&self, expr: &Expr) -> Value {
        self.value_within(expr, MAX_HOPS)
    }

    pub(super) fn value_within(&self, expr: &Expr, hops: usize) -> Value {
        let Some(hops) = hops.checked_sub(1) else {
            return Value::Unknown;
        };
        let Located { expr, names, .. } = self.settle(expr);
        match expr {
            Expr::None => Value::None,
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Int(value) => Value::Int(*value),
            Expr::Float(value) => Value::Float(*value),
            Expr::Str(value) => Value::Str(value.clone()),
            Expr::Bytes(value) => Value::Bytes(value.clone()),
            Expr::Ellipsis => Value::Object,
            Expr::Lambda => Value::Named("<lambda>".to_owned()),
            Expr::Tuple(items) => {
                let items = items.iter();
                Value::Tuple(items.map(|item| names.value_within(item, hops)).collect())
            }
            Expr::List(_) | Expr::Dict(_) | Expr::Container => Value::Container,
            Expr::Name(_) => names.named(expr),
            Expr::Attribute(object, attribute) => match names.named(expr) {
                Value::Unknown => names.member_value(object, attribute),
                value => value,
            },
            Expr::Call(call) => names.call_value(call, hops),
            Expr::Unary(operator, operand) => match (operator, names.value_within(operand, hops)) {
                ('-', Value::Int(value)) => value.checked_neg().map_or(Value::Unknown, Value::Int),
                ('-', Value::Float(value)) => Value::Float(-value),
                ('+', value @ (Value::Int(_) | Value::Float(_))) => value,
                ('~', Value::Int(value)) => Value::Int(!value),
                _ => Value::Unknown,
            },
            Expr::Binary(left, operator, right) => {
                let left = names.value_within(left, hops);
                binary(left, operator, names.value_within(right, hops))
            }
            _ => Value::Unknown,
        }
    }

    /// What a name or attribute refers to that is no literal.
    fn named(&self, expr: &Expr) -> Value {
        match self.meaning(expr) {
            Meaning::Outside(path) => match path.as_str() {
                "pytest.HIDDEN_PARAM" => Value::Hidden,
                "math.inf" => Value::Float(f64::INFINITY),
                "math.nan" => Value::Float(f64::NAN),
                "math.pi" => Value::Float(std::f64::consts::PI),
                "math.e" => Value::Float(std::f64::consts::E),
                "builtins.NotImplemented" | "builtins.Ellipsis" => Value::Object,
                path => match path.rsplit_once('.') {
                    Some(("builtins", name)) if is_builtin(name) => Value::Named(name.to_owned()),
                    Some((_, name)) if PLAIN_CLASSES.contains(&path) => {
                        Value::Named(name.to_owned())
                    }
                    _ => Value::Unknown,
                },
            },
            Meaning::Entry(entry, names) if entry.attributes.is_empty() => match entry.only() {
                Some(Kind::Function(function)) if function.decorators.is_empty() => {
                    Value::Named(function.name.clone())
                }
                Some(Kind::Class(class))
                    if class.keywords.is_empty()
                        && class
                            .decorators
                            .iter()
                            .all(|d| is_dataclass(&d.expr, names)) =>
                {
                    Value::Named(class.name.clone())
                }
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// A member of an enum, or its `value` or `name`.
    fn member_value(&self, object: &Expr, attribute: &str) -> Value {
        if let Some(class) = self.class_named(object)
            && let Some(members) = enums::members(class, self.world)
        {
            let mut members = members.into_iter();
            let found = members.find(|member| member.names.contains(&attribute));
            return found.map_or(Value::Unknown, |member| member.id);
        }
        if let Expr::Attribute(object, member) = object
            && let Some(class) = self.class_named(object)
            && let Some(members) = enums::members(class, self.world)
            && let Some(found) = members
                .into_iter()
                .find(|m| m.names.contains(&member.as_str()))
        {
            return match attribute {
                "value" => found.value,
                "name" => Value::Str(found.names[0].to_owned()),
                _ => Value::Unknown,
            };
        }
        Value::Unknown
    }

    fn call_value(&self, call: &Call, hops: usize) -> Value {
        if let Some(class) = self.class_named(&call.function) {
            return if is_plain(class, *self, MAX_HOPS) {
                Value::Object
            } else {
                Value::Unknown
            };
        }
        let Some(function) = self.canonical(&call.function) else {
            return Value::Unknown;
        };
        let only = match call.arguments.as_slice() {
            [only] if only.name.is_none() => Some(self.value_within(&only.value, hops)),
            _ => None,
        };
        match (function.as_str(), only) {
            ("re.compile", Some(Value::Str(pattern))) => Value::Pattern(pattern),
            ("re.compile", None) => match call.arguments.first().map(|first| {
                let value = self.value_within(&first.value, hops);
                (first.name.is_none(), value)
            }) {
                Some((true, Value::Str(pattern))) => Value::Pattern(pattern),
                _ => Value::Unknown,
            },
            ("builtins.float", Some(Value::Int(value))) => Value::Float(value as f64),
            ("builtins.float", Some(Value::Str(text))) => {
                text.trim().parse().map_or(Value::Unknown, Value::Float)
            }
            ("builtins.str", Some(value @ Value::Str(_)))
            | ("builtins.int", Some(value @ Value::Int(_))) => value,
            ("builtins.str", Some(Value::Int(value))) => Value::Str(value.to_string()),
            ("builtins.tuple", _) => match call.arguments.as_slice() {
                [only] if only.name.is_none() => match self.items(&only.value) {
                    Some(items) => Value::Tuple(items.iter().map(|item| item.value()).collect()),
                    None => Value::Object,
                },
                _ => Value::Object,
            },
            ("builtins.frozenset", _) => Value::Object,
            ("builtins.len", _) => match call.arguments.as_slice() {
                [only] if only.name.is_none() => match self.items(&only.value) {
                    Some(items) => Value::Int(items.len() as i128),
                    None => Value::Unknown,
                },
                _ => Value::Unknown,
            },
            (
                "builtins.object" | "builtins.range" | "builtins.slice" | "builtins.memoryview",
                _,
            ) => Value::Object,
            ("builtins.list" | "builtins.dict" | "builtins.set" | "builtins.bytearray", _) => {
                Value::Container
            }
            (name, _) if PLAIN_CLASSES.contains(&name) => Value::Object,
            ("collections.OrderedDict" | "collections.defaultdict" | "collections.deque", _) => {
                Value::Container
            }
            (name, _) => match name.strip_prefix("builtins.") {
                Some(name) if EXCEPTIONS.contains(&name) => Value::Object,
                _ => Value::Unknown,
            },
        }
    }
}

/// Whether a decorator adds methods to a class and is done.
fn is_dataclass(expr: &Expr, names: Names<'_>) -> bool {
    let function = match expr {
        Expr::Call(call) => &call.function,
        expr => expr,
    };
    let path = names.canonical(function);
    path.is_some_and(|path| DATACLASSES.contains(&path.as_str()))
}

/// Whether instances of a class have neither a name nor an id of their own.
fn is_plain(class: ClassRef<'_>, names: Names<'_>, hops: usize) -> bool {
    let Some(hops) = hops.checked_sub(1) else {
        return false;
    };
    let Class {
        decorators,
        keywords,
        bases,
        bindings,
        ..
    } = class.class();
    let around = class.names_around(names.world);
    let is_object = |base: &Expr| {
        let base = match base {
            Expr::Subscript(generic) => generic,
            base => base,
        };
        if let Some(base) = around.class_named(base) {
            return is_plain(base, around, hops);
        }
        let path = around.canonical(base);
        path.is_some_and(|path| {
            let exception = path.strip_prefix("builtins.");
            OBJECT_BASES.contains(&path.as_str())
                || exception.is_some_and(|name| EXCEPTIONS.contains(&name))
        })
    };
    keywords.is_empty()
        && decorators
            .iter()
            .all(|decorator| is_dataclass(&decorator.expr, around))
        && bases.iter().all(is_object)
        && !bindings.iter().any(|binding| {
            [
                "__new__",
                "__name__",
                "__getattr__",
                "__getattribute__",
                "*",
            ]
            .contains(&binding.name.as_str())
        })
}

fn binary(left: Value, operator: &str, right: Value) -> Value {
    let fits = |length: usize, times: i128| (length as i128).saturating_mul(times) <= 100_000;
    match (left, operator, right) {
        (Value::Int(a), _, Value::Int(b)) => {
            let value = match operator {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "*" => a.checked_mul(b),
                "**" => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
                "<<" => u32::try_from(b)
                    .ok()
                    .filter(|b| *b < 100 && a.unsigned_abs().leading_zeros() > *b + 1)
                    .map(|b| a << b),
                "|" => Some(a | b),
                "&" => Some(a & b),
                "//" if b > 0 => Some(a.div_euclid(b)),
                "%" if b > 0 => Some(a.rem_euclid(b)),
                _ => None,
            };
            value.map_or(Value::Unknown, Value::Int)
        }
        (Value::Str(a), "+", Value::Str(b)) => Value::Str(a + &b),
        (Value::Bytes(a), "+", Value::Bytes(b)) => Value::Bytes([a, b].concat()),
        (Value::Str(text), "*", Value::Int(times)) | (Value::Int(times), "*", Value::Str(text))
            if fits(text.len(), times) =>
        {
            Value::Str(text.repeat(usize::try_from(times).unwrap_or(0)))
        }
        (Value::Bytes(text), "*", Value::Int(times))
        | (Value::Int(times), "*", Value::Bytes(text))
            if fits(text.len(), times) =>
        {
            Value::Bytes(text.repeat(usize::try_from(times).unwrap_or(0)))
        }
        _ => Value::Unknown,
    }
}
