//! The members of `enum.Enum` classes.

use super::classes::ClassRef;
use super::project::World;
use super::value::Value;
use crate::syntax::{BindingKind, Expr};

/// A member of an enum, with its aliases.
pub(super) struct Member<'a> {
    /// Its name, then those of its aliases.
    pub(super) names: Vec<&'a str>,
    /// The value that it was given; unknown where that is generated.
    pub(super) value: Value,
    /// What names it in an id.
    pub(super) id: Value,
}

/// Methods by which an enum makes its members or their text itself.
const COMPUTING: &[&str] = &["__init__", "__new__", "__str__", "_generate_next_value_"];

/// What else an enum's members are.
#[derive(Clone, Copy, PartialEq)]
enum Mixin {
    None,
    /// Text: an id has the member's value.
    Str,
}

/// The members of an enum in their order; none when the class is none, or not literal in all that
/// matters.
pub(super) fn members<'a>(class: ClassRef<'a>, world: &'a dyn World) -> Option<Vec<Member<'a>>> {
    let facts = class.class();
    let around = class.names_around(world);
    let bases: Vec<Option<String>> = facts.bases.iter().map(|b| around.canonical(b)).collect();
    let bases: Vec<&str> = bases
        .iter()
        .map(|base| base.as_deref())
        .collect::<Option<_>>()?;
    let mixin = match bases.as_slice() {
        ["enum.Enum"] => Mixin::None,
        ["enum.StrEnum"] | ["builtins.str", "enum.Enum"] => Mixin::Str,
        _ => return None,
    };
    let is_unique = |expr: &Expr| around.canonical(expr).as_deref() == Some("enum.unique");
    if !facts.keywords.is_empty() || !facts.decorators.iter().all(|d| is_unique(&d.expr)) {
        return None;
    }
    let names = class.names(world);
    let mut members: Vec<Member<'a>> = Vec::new();
    // Generated values count on from the last number.
    let (mut has_auto, mut has_number) = (false, false);
    for binding in &facts.bindings {
        let name = binding.name.as_str();
        let special = name.starts_with('_');
        match &binding.kind {
            BindingKind::Function(_) if COMPUTING.contains(&name) => {
                return None;
            }
            BindingKind::Function(_) | BindingKind::Class(_) => {}
            BindingKind::Value(_) if name == "_ignore_" => return None,
            BindingKind::Value(_) if special => {}
            BindingKind::Value(value) if !binding.conditional => {
                let is_auto = matches!(value, Expr::Call(call)
                    if around.canonical(&call.function).as_deref() == Some("enum.auto"));
                has_auto |= is_auto;
                let value = match (is_auto, mixin) {
                    (true, Mixin::None) => Value::Unknown,
                    (true, Mixin::Str) if bases == ["enum.StrEnum"] => {
                        Value::Str(name.to_lowercase())
                    }
                    (true, Mixin::Str) => return None,
                    (false, _) => names.value(value),
                };
                has_number |= matches!(value, Value::Int(_));
                if !is_auto && !is_distinct(&value, mixin) {
                    return None;
                }
                let alias = members
                    .iter_mut()
                    .find(|member| !is_auto && member.value == value);
                match alias {
                    Some(member) => member.names.push(name),
                    None => members.push(Member {
                        names: vec![name],
                        id: match (&value, mixin) {
                            (Value::Str(_), Mixin::Str) => value.clone(),
                            _ => Value::Member(format!("{}.{name}", facts.name)),
                        },
                        value,
                    }),
                }
            }
            _ => return None,
        }
    }
    (!(has_auto && has_number)).then_some(members)
}

/// Whether two members with such values are one exactly when the values are written alike.
fn is_distinct(value: &Value, mixin: Mixin) -> bool {
    match value {
        Value::Str(_) => true,
        Value::Int(_) | Value::Bytes(_) => mixin == Mixin::None,
        Value::Tuple(items) => {
            mixin == Mixin::None && items.iter().all(|item| is_distinct(item, mixin))
        }
        _ => false,
    }
}
