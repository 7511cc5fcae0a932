//! The items of sequences that are literal in their length.

use super::enums;
use super::scope::{Located, MAX_HOPS, Names};
use super::value::Value;
use crate::syntax::{Argument, Call, Expr};

/// An item of a sequence.
#[derive(Clone)]
pub(super) enum Element<'a> {
    /// An expression, and the namespaces that it sees.
    At(&'a Expr, Names<'a>),
    /// A value that no single expression stands for.
    Made(Value),
    /// A tuple of further items.
    Row(Vec<Element<'a>>),
}

/// A sequence longer than this is not listed.
const MAX_ITEMS: usize = 20_000;

impl<'a> Element<'a> {
    pub(super) fn value(&self) -> Value {
        match self {
            Self::At(expr, names) => names.value(expr),
            Self::Made(value) => value.clone(),
            Self::Row(items) => Value::Tuple(items.iter().map(Self::value).collect()),
        }
    }

    /// The items of an item, when it is a sequence.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::At(expr, names) => names.items(expr),
            Self::Row(items) => Some(items.clone()),
            Self::Made(Value::Tuple(items)) => {
                Some(items.iter().cloned().map(Self::Made).collect())
            }
            Self::Made(_) => None,
        }
    }
}

impl<'a> Names<'a> {
    /// The items of a sequence that is literal in its length; the items need not be.
    pub(super) fn items<'e>(&self, expr: &'e Expr) -> Option<Vec<Element<'e>>>
    where
        'a: 'e,
    {
        self.items_within(expr, MAX_HOPS)
    }

    fn items_within<'e>(&self, expr: &'e Expr, hops: usize) -> Option<Vec<Element<'e>>>
    where
        'a: 'e,
    {
        let hops = hops.checked_sub(1)?;
        let Located {
            expr,
            names,
            mutated,
        } = self.settle(expr);
        if mutated {
            return None;
        }
        match expr {
            Expr::List(items) | Expr::Tuple(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Expr::Star(inner) => out.extend(names.items_within(inner, hops)?),
                        item => out.push(Element::At(item, names)),
                    }
                }
                Some(out)
            }
            Expr::Dict(_) => {
                let items = names.dict(expr, hops)?;
                Some(items.into_iter().map(|(key, _)| key).collect())
            }
            Expr::Str(text) => {
                let characters = text.chars().map(|c| Value::Str(c.to_string()));
                Some(characters.map(Element::Made).collect())
            }
            Expr::Binary(left, operator, right) if operator == "+" => {
                let mut items = names.items_within(left, hops)?;
                items.extend(names.items_within(right, hops)?);
                Some(items)
            }
            Expr::Binary(left, operator, right) if operator == "*" => {
                let (items, times) = match (names.value(left), names.value(right)) {
                    (_, Value::Int(times)) => (names.items_within(left, hops)?, times),
                    (Value::Int(times), _) => (names.items_within(right, hops)?, times),
                    _ => return None,
                };
                let times = usize::try_from(times.max(0)).ok()?;
                (items.len().checked_mul(times)? <= MAX_ITEMS).then(|| {
                    let all = std::iter::repeat_n(items, times);
                    all.flatten().collect()
                })
            }
            Expr::Call(call) => names.call_items(call, hops),
            Expr::Name(_) | Expr::Attribute(..) => {
                let members = enums::members(names.class_named(expr)?, names.world)?;
                let ids = members.into_iter().map(|member| Element::Made(member.id));
                Some(ids.collect())
            }
            _ => None,
        }
    }

    fn call_items<'e>(&self, call: &'e Call, hops: usize) -> Option<Vec<Element<'e>>>
    where
        'a: 'e,
    {
        if let Expr::Attribute(object, method) = &call.function
            && call.arguments.is_empty()
            && matches!(method.as_str(), "items" | "keys" | "values")
            && let Some(items) = self.dict(object, hops)
        {
            let items = items.into_iter().map(|(key, value)| match method.as_str() {
                "items" => Element::Row(vec![key, value]),
                "keys" => key,
                _ => value,
            });
            return Some(items.collect());
        }
        let function = self.canonical(&call.function)?;
        let arguments = call.arguments.as_slice();
        let positional = |argument: &'e Argument| match (&argument.name, &argument.value) {
            (None, value) if !matches!(value, Expr::Star(_)) => self.items_within(value, hops),
            _ => None,
        };
        match function.as_str() {
            "builtins.range" => self.range(call),
            "builtins.list" | "builtins.tuple" | "builtins.iter" => match arguments {
                [] => Some(Vec::new()),
                [only] => positional(only),
                _ => None,
            },
            "builtins.reversed" => match arguments {
                [only] => positional(only).map(|items| items.into_iter().rev().collect()),
                _ => None,
            },
            "builtins.sorted" => match arguments {
                [only] => sorted(positional(only)?),
                _ => None,
            },
            "builtins.enumerate" => {
                let (first, start) = match arguments {
                    [only] => (only, 0),
                    [first, start] => match self.value(&start.value) {
                        Value::Int(start) => (first, start),
                        _ => return None,
                    },
                    _ => return None,
                };
                let items = positional(first)?.into_iter().zip(start..);
                let rows =
                    items.map(|(item, at)| Element::Row(vec![Element::Made(Value::Int(at)), item]));
                Some(rows.collect())
            }
            "builtins.zip" => {
                let columns: Option<Vec<_>> = arguments.iter().map(positional).collect();
                let columns = columns?;
                let length = columns.iter().map(Vec::len).min().unwrap_or(0);
                let row = |at: usize| columns.iter().map(|column| column[at].clone()).collect();
                Some((0..length).map(|at| Element::Row(row(at))).collect())
            }
            "itertools.chain" => {
                let parts: Option<Vec<_>> = arguments.iter().map(positional).collect();
                Some(parts?.into_iter().flatten().collect())
            }
            "itertools.product" => self.product(arguments, hops),
            _ => None,
        }
    }

    fn product<'e>(&self, arguments: &'e [Argument], hops: usize) -> Option<Vec<Element<'e>>>
    where
        'a: 'e,
    {
        let mut columns = Vec::new();
        let mut repeat = 1;
        for argument in arguments {
            match (argument.name.as_deref(), &argument.value) {
                (None, Expr::Star(_)) => return None,
                (None, value) => columns.push(self.items_within(value, hops)?),
                (Some("repeat"), value) => match self.value(value) {
                    Value::Int(times @ 0..=8) => repeat = usize::try_from(times).ok()?,
                    _ => return None,
                },
                _ => return None,
            }
        }
        let columns: Vec<Vec<Element<'e>>> =
            std::iter::repeat_n(columns, repeat).flatten().collect();
        let length = columns
            .iter()
            .try_fold(1_usize, |length, column| length.checked_mul(column.len()))?;
        if length > MAX_ITEMS {
            return None;
        }
        let mut rows = vec![Vec::new()];
        for column in &columns {
            let longer = |row: &Vec<Element<'e>>| {
                let row = row.clone();
                let with =
                    move |item: &Element<'e>| row.iter().chain([item]).cloned().collect::<Vec<_>>();
                column.iter().map(with).collect::<Vec<_>>()
            };
            rows = rows.iter().flat_map(longer).collect();
        }
        Some(rows.into_iter().map(Element::Row).collect())
    }

    /// The items of a dict whose keys are literals. Of a key that occurs twice the first place and
    /// the last value count.
    fn dict<'e>(&self, expr: &'e Expr, hops: usize) -> Option<Vec<(Element<'e>, Element<'e>)>>
    where
        'a: 'e,
    {
        let hops = hops.checked_sub(1)?;
        let Located {
            expr,
            names,
            mutated,
        } = self.settle(expr);
        let Expr::Dict(items) = expr else { return None };
        if mutated {
            return None;
        }
        let mut out: Vec<(Element<'e>, Element<'e>)> = Vec::with_capacity(items.len());
        let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        let mut add = |key: Element<'e>, value: Element<'e>| {
            let known = comparable(&key.value())?;
            if let Some(&at) = places.get(&known) {
                let (_, old): &mut (_, Element<'e>) = &mut out[at];
                *old = value;
            } else {
                places.insert(known, out.len());
                out.push((key, value));
            }
            Some(())
        };
        for (key, value) in items {
            match key {
                Some(key) => add(Element::At(key, names), Element::At(value, names))?,
                None => {
                    for (key, value) in names.dict(value, hops)? {
                        add(key, value)?;
                    }
                }
            }
        }
        Some(out)
    }

    fn range(&self, call: &Call) -> Option<Vec<Element<'static>>> {
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
            if items.len() >= MAX_ITEMS {
                return None;
            }
            items.push(Element::Made(Value::Int(at)));
            at = at.checked_add(step)?;
        }
        Some(items)
    }
}

/// A text that equal values, and no others, have in common; for values that Python compares as one
/// would expect.
fn comparable(value: &Value) -> Option<String> {
    match value {
        Value::None | Value::Str(_) | Value::Bytes(_) | Value::Named(_) | Value::Member(_) => {
            Some(format!("{value:?}"))
        }
        Value::Bool(value) => Some(format!("{:?}", Value::Int(i128::from(*value)))),
        Value::Int(_) => Some(format!("{value:?}")),
        Value::Tuple(items) => {
            let items: Option<Vec<_>> = items.iter().map(comparable).collect();
            items.map(|items| format!("({})", items.join(",")))
        }
        _ => None,
    }
}

/// Sorts items that are all text or all integers.
fn sorted(mut items: Vec<Element<'_>>) -> Option<Vec<Element<'_>>> {
    let values: Vec<Value> = items.iter().map(Element::value).collect();
    let texts = values.iter().all(|value| matches!(value, Value::Str(_)));
    let numbers = values.iter().all(|value| matches!(value, Value::Int(_)));
    if !texts && !numbers {
        return None;
    }
    items.sort_by_cached_key(|item| match item.value() {
        Value::Str(text) => (0, text),
        Value::Int(number) => (number, String::new()),
        _ => (0, String::new()),
    });
    Some(items)
}
