//! Parameter ids, by pytest's rules.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use rustc_hash::FxHashSet;

use super::value::Value;
use crate::workspace::{Config, IniValue};

/// The settings that shape parameter ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdRules {
    escape: bool,
    strict: bool,
    long_text: LongText,
    pub(super) empty: EmptySet,
}

/// What becomes of text over 100 characters.
#[derive(Clone, Copy, Debug, PartialEq)]
enum LongText {
    /// Not set: it differs between versions of pytest.
    Unset,
    ArgumentName,
    Kept,
    /// Hashed, refused, or misspelt.
    Other,
}

/// What becomes of a test with an empty parameter set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum EmptySet {
    Skip,
    Xfail,
    Fail,
}

const LONG: usize = 100;

impl IdRules {
    pub(super) fn new(config: &Config) -> Self {
        let unescaped = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support";
        let keeps_text = match config.raw.get(unescaped) {
            Some(IniValue::Bool(value)) => *value,
            Some(IniValue::Text(text)) => matches!(
                text.trim().to_ascii_lowercase().as_str(),
                "1" | "true" | "yes" | "on"
            ),
            _ => false,
        };
        Self {
            escape: !keeps_text,
            strict: config.strict_parametrization_ids,
            long_text: match config.raw.get("parametrize_long_str_id_strategy") {
                None => LongText::Unset,
                Some(IniValue::Text(text)) if text == "short" => LongText::ArgumentName,
                Some(IniValue::Text(text)) if text == "legacy" => LongText::Kept,
                Some(_) => LongText::Other,
            },
            empty: match config.empty_parameter_set_mark.as_str() {
                "xfail" => EmptySet::Xfail,
                "fail_at_collect" => EmptySet::Fail,
                _ => EmptySet::Skip,
            },
        }
    }

    fn text(&self, text: &str) -> String {
        if self.escape {
            escaped(text)
        } else {
            text.to_owned()
        }
    }

    fn bytes(&self, bytes: &[u8]) -> Option<String> {
        self.escape.then(|| escaped_bytes(bytes))
    }

    /// The id that a value gives by itself: `None` when it is unknown, `Some(None)` when the type
    /// has none.
    fn by_value(&self, value: &Value) -> Option<Option<String>> {
        Some(match value {
            Value::None => Some("None".to_owned()),
            Value::Bool(true) => Some("True".to_owned()),
            Value::Bool(false) => Some("False".to_owned()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(float(*value)),
            Value::Str(text) => Some(self.text(text)),
            Value::Bytes(bytes) => Some(self.bytes(bytes)?),
            Value::Pattern(text) => Some(escaped(text)),
            Value::Named(name) | Value::Member(name) => Some(name.clone()),
            Value::Tuple(_) | Value::Container | Value::Object | Value::NotSet => None,
            Value::Hidden | Value::Unknown => return None,
        })
    }

    fn generated(&self, value: &Value, argument: &str, index: usize) -> Option<String> {
        let length = match value {
            Value::Str(text) => text.chars().count(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        let by_argument = || format!("{argument}{index}");
        if length > LONG {
            return match self.long_text {
                LongText::ArgumentName => Some(by_argument()),
                LongText::Kept => self.by_value(value)?,
                LongText::Unset | LongText::Other => None,
            };
        }
        Some(self.by_value(value)?.unwrap_or_else(by_argument))
    }
}

/// Why the calls of a test are not known.
#[derive(Clone, Debug)]
pub(super) struct Unknown {
    pub(super) message: String,
    /// Whether pytest refuses it, so that no test of the file is collected.
    pub(super) fails: bool,
}

impl Unknown {
    pub(super) fn failing(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            fails: true,
        }
    }
}

impl From<&str> for Unknown {
    fn from(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            fails: false,
        }
    }
}

/// One parameter set: the values of one `parametrize` entry.
#[derive(Clone, Debug)]
pub(super) struct ParameterSet {
    pub(super) values: Vec<Value>,
    /// The id given by `pytest.param(id=…)`.
    pub(super) id: Option<Value>,
    pub(super) marks: Vec<super::model::TestMark>,
    /// A value of which nothing is known, as it is written.
    pub(super) unknown: Option<String>,
}

impl ParameterSet {
    fn not_literal(&self) -> Unknown {
        Unknown::from(&*match &self.unknown {
            Some(written) => format!("the value `{written}` is not a literal"),
            None => "a value is not a literal".to_owned(),
        })
    }
}

/// The ids of the sets of one `parametrize` call, `None` for a hidden one; or why they are unknown.
pub(super) fn set_ids(
    arguments: &[String],
    sets: &[ParameterSet],
    given: Option<&[Value]>,
    rules: &IdRules,
) -> Result<Vec<Option<String>>, Unknown> {
    let mut ids = Vec::with_capacity(sets.len());
    for (index, set) in sets.iter().enumerate() {
        let given = given.and_then(|given| given.get(index));
        let id = match (&set.id, given) {
            (Some(Value::Hidden), _) => None,
            (Some(Value::Str(text)), _) => Some(rules.text(text)),
            (Some(_), _) => return Err("an id is not a literal".into()),
            (None, Some(Value::Hidden)) => None,
            (None, Some(value)) if *value != Value::None => match rules.by_value(value) {
                Some(Some(id)) => Some(id),
                _ => return Err("an id is not a literal".into()),
            },
            _ => {
                let parts: Option<Vec<String>> = set
                    .values
                    .iter()
                    .zip(arguments)
                    .map(|(value, argument)| rules.generated(value, argument, index))
                    .collect();
                let parts = parts.ok_or_else(|| set.not_literal())?;
                Some(parts.join("-"))
            }
        };
        ids.push(id);
    }
    make_unique(&mut ids, rules)?;
    Ok(ids)
}

/// Numbers the ids that occur more than once.
fn make_unique(ids: &mut [Option<String>], rules: &IdRules) -> Result<(), Unknown> {
    let mut distinct: FxHashSet<Option<&str>> = FxHashSet::default();
    if ids.iter().all(|id| distinct.insert(id.as_deref())) {
        return Ok(());
    }
    let mut counts: HashMap<Option<String>, usize> = HashMap::new();
    for id in ids.iter() {
        *counts.entry(id.clone()).or_default() += 1;
    }
    if rules.strict || counts.get(&None).is_some_and(|count| *count > 1) {
        return Err(Unknown::failing(
            "ids are not unique, which fails the collection",
        ));
    }
    let mut taken: HashSet<String> = ids.iter().flatten().cloned().collect();
    let mut next: HashMap<String, usize> = HashMap::new();
    for slot in ids.iter_mut() {
        let Some(id) = slot.clone() else { continue };
        if counts.get(slot).is_none_or(|count| *count < 2) {
            continue;
        }
        let separator = if id.ends_with(|c: char| c.is_ascii_digit()) {
            "_"
        } else {
            ""
        };
        let suffix = next.entry(id.clone()).or_default();
        let mut unique = format!("{id}{separator}{suffix}");
        while taken.contains(&unique) {
            *suffix += 1;
            unique = format!("{id}{separator}{suffix}");
        }
        *suffix += 1;
        taken.insert(unique.clone());
        *slot = Some(unique);
    }
    Ok(())
}

/// Text as Python's `unicode_escape` codec writes it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let code = u32::from(c);
        let written = match c {
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            ' '..='~' => out.write_char(c),
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ if code < 0x10000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    out
}

fn escaped_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out
}

/// A float as Python's `str` writes it.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        // Python always keeps a fraction.
        let plain = format!("{value}");
        return if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
