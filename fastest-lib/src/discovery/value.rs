//! The values of expressions, as far as they are literal.

use super::scope::{MAX_HOPS, Names};
use crate::syntax::{BindingKind, Call, Expr};

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

/// A sequence longer than this is not listed.
const MAX_ITEMS: i128 = 20_000;

impl<'a> Names<'a> {
    pub(super) fn value(&self, expr: &Expr) -> Value {
        self.value_within(expr, MAX_HOPS)
    }

    fn value_within(&self, expr: &Expr, hops: usize) -> Value {
        let Some(hops) = hops.checked_sub(1) else {
            return Value::Unknown;
        };
        match self.settle(expr) {
            Expr::None => Value::None,
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Int(value) => Value::Int(*value),
            Expr::Float(value) => Value::Float(*value),
            Expr::Str(value) => Value::Str(value.clone()),
            Expr::Bytes(value) => Value::Bytes(value.clone()),
            Expr::Ellipsis => Value::Object,
            Expr::Lambda => Value::Named("<lambda>".to_owned()),
            Expr::Tuple(items) => Value::Tuple(
                items
                    .iter()
                    .map(|item| self.value_within(item, hops))
                    .collect(),
            ),
            Expr::List(_) | Expr::Dict(_) | Expr::Container => Value::Container,
            Expr::Name(name) => self.named(name, expr),
            Expr::Attribute(..) => match self.canonical(expr).as_deref() {
                Some("pytest.HIDDEN_PARAM") => Value::Hidden,
                Some("math.inf") => Value::Float(f64::INFINITY),
                Some("math.pi") => Value::Float(std::f64::consts::PI),
                Some("math.e") => Value::Float(std::f64::consts::E),
                _ => Value::Unknown,
            },
            Expr::Call(call) => self.call_value(call, hops),
            Expr::Unary(operator, operand) => match (operator, self.value_within(operand, hops)) {
                ('-', Value::Int(value)) => value.checked_neg().map_or(Value::Unknown, Value::Int),
                ('-', Value::Float(value)) => Value::Float(-value),
                ('+', value @ (Value::Int(_) | Value::Float(_))) => value,
                ('~', Value::Int(value)) => Value::Int(!value),
                _ => Value::Unknown,
            },
            Expr::Binary(left, operator, right) => {
                let left = self.value_within(left, hops);
                binary(left, operator, self.value_within(right, hops))
            }
            Expr::Subscript(_) | Expr::Star(_) | Expr::Unknown => Value::Unknown,
        }
    }

    fn named(&self, name: &str, expr: &Expr) -> Value {
        let Some(entry) = self.get(name) else {
            return match self.canonical(expr).as_deref() {
                Some("builtins.NotImplemented" | "builtins.Ellipsis") => Value::Object,
                _ if is_builtin(name) => Value::Named(name.to_owned()),
                _ => Value::Unknown,
            };
        };
        match entry.only().map(|binding| &binding.kind) {
            Some(BindingKind::Function(function))
                if function.decorators.is_empty() && entry.attributes.is_empty() =>
            {
                Value::Named(name.to_owned())
            }
            Some(BindingKind::Class(class))
                if class.decorators.is_empty()
                    && class.keywords.is_empty()
                    && entry.attributes.is_empty() =>
            {
                Value::Named(name.to_owned())
            }
            _ => match self.canonical(expr).as_deref() {
                Some("pytest.HIDDEN_PARAM") => Value::Hidden,
                Some("math.inf") => Value::Float(f64::INFINITY),
                _ => Value::Unknown,
            },
        }
    }

    fn call_value(&self, call: &Call, hops: usize) -> Value {
        if let Expr::Name(name) = &call.function
            && let Some(BindingKind::Class(class)) = self
                .get(name)
                .and_then(|entry| entry.only())
                .map(|binding| &binding.kind)
        {
            let is_plain = class.decorators.is_empty()
                && class.keywords.is_empty()
                && class.bases.is_empty()
                && !class.bindings.iter().any(|binding| {
                    ["__new__", "__name__", "__getattr__", "__getattribute__"]
                        .contains(&binding.name.as_str())
                });
            return if is_plain {
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
            ("builtins.float", Some(Value::Int(value))) => Value::Float(value as f64),
            ("builtins.float", Some(Value::Str(text))) => {
                text.trim().parse().map_or(Value::Unknown, Value::Float)
            }
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

    /// The items of a list or tuple that is literal in its length; the items need not be.
    pub(super) fn items(&self, expr: &Expr) -> Option<Vec<Expr>> {
        self.items_within(expr, MAX_HOPS)
    }

    fn items_within(&self, expr: &Expr, hops: usize) -> Option<Vec<Expr>> {
        let hops = hops.checked_sub(1)?;
        if let Expr::Name(name) = expr
            && self.get(name).is_none_or(|entry| entry.mutated)
        {
            return None;
        }
        match self.settle(expr) {
            Expr::List(items) | Expr::Tuple(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Expr::Star(inner) => out.extend(self.items_within(inner, hops)?),
                        item => out.push(item.clone()),
                    }
                }
                Some(out)
            }
            Expr::Binary(left, operator, right) if operator == "+" => {
                let mut items = self.items_within(left, hops)?;
                items.extend(self.items_within(right, hops)?);
                Some(items)
            }
            Expr::Call(call) => {
                let function = self.canonical(&call.function)?;
                match function.as_str() {
                    "builtins.range" => self.range(call),
                    "builtins.list" | "builtins.tuple" => match call.arguments.as_slice() {
                        [only] if only.name.is_none() => self.items_within(&only.value, hops),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn range(&self, call: &Call) -> Option<Vec<Expr>> {
        let mut limits = Vec::new();
        for argument in &call.arguments {
            match (&argument.name, self.value(&argument.value)) {
                (None, Value::Int(value)) => limits.push(value),
                _ => return None,
            }
        }
        let (start, end, step) = match limits[..] {
            [end] => (0, end, 1),
            [start, end] => (start, end, 1),
            [start, end, step] if step != 0 => (start, end, step),
            _ => return None,
        };
        let mut items = Vec::new();
        let mut at = start;
        while (step > 0 && at < end) || (step < 0 && at > end) {
            if items.len() as i128 >= MAX_ITEMS {
                return None;
            }
            items.push(Expr::Int(at));
            at = at.checked_add(step)?;
        }
        Some(items)
    }
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
                _ => None,
            };
            value.map_or(Value::Unknown, Value::Int)
        }
        (Value::Str(a), "+", Value::Str(b)) => Value::Str(a + &b),
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

fn is_builtin(name: &str) -> bool {
    EXCEPTIONS.contains(&name) || BUILTINS.contains(&name)
}

/// Builtin exceptions that every supported Python has under a name of their own.
const EXCEPTIONS: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "BytesWarning",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "DeprecationWarning",
    "EOFError",
    "Exception",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "ImportError",
    "ImportWarning",
    "IndentationError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotADirectoryError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PendingDeprecationWarning",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "ReferenceError",
    "ResourceWarning",
    "RuntimeError",
    "RuntimeWarning",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SyntaxWarning",
    "SystemError",
    "SystemExit",
    "TabError",
    "TimeoutError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
];

/// Classes of the standard library whose instances have neither an id nor a name of their own.
const PLAIN_CLASSES: &[&str] = &[
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "datetime.timezone",
    "decimal.Decimal",
    "fractions.Fraction",
    "io.BytesIO",
    "io.StringIO",
    "pathlib.Path",
    "pathlib.PurePath",
    "pathlib.PurePosixPath",
    "uuid.UUID",
];

/// Builtin classes and functions whose `__name__` is the name they go by.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "complex",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
];
