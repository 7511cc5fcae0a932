use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;

use super::config::IniValue;
use super::text;
use crate::{Error, ErrorKind, Result};

/// How the value of a setting is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As text (or a list of it) that is converted to the type of the setting.
    Ini,
    /// As a TOML value that must have the type of the setting already.
    Toml,
}

#[derive(Clone, Debug)]
struct Setting {
    value: Value,
    mode: Mode,
    overridden: bool,
}

/// The settings of a configuration file and of `-o`, before they are given their types.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    values: BTreeMap<String, Setting>,
    origin: Option<PathBuf>,
}

/// The settings with a second name: the name that wins first.
const ALIASES: &[(&str, &str)] = &[("strict_xfail", "xfail_strict")];

impl Settings {
    /// The settings of a file.
    pub(crate) fn of_file(
        origin: &Path,
        values: impl IntoIterator<Item = (String, Value)>,
        mode: Mode,
    ) -> Self {
        let setting = |value: Value| Setting {
            value: match mode {
                Mode::Ini => ini_value(value),
                Mode::Toml => value,
            },
            mode,
            overridden: false,
        };
        Self {
            values: values
                .into_iter()
                .map(|(name, value)| (name, setting(value)))
                .collect(),
            origin: Some(origin.to_path_buf()),
        }
    }

    /// Applies `-o name=value` in order.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when one has no `=`.
    pub(crate) fn apply_overrides(&mut self, overrides: &[String]) -> Result<()> {
        for text in overrides {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                Error::new(
                    ErrorKind::Usage,
                    format!("-o/--override-ini expects name=value, not `{text}`"),
                )
            })?;
            let setting = Setting {
                value: Value::String(value.to_owned()),
                mode: Mode::Ini,
                overridden: true,
            };
            self.values.insert(name.to_owned(), setting);
        }
        Ok(())
    }

    /// Every setting as it was read.
    pub(crate) fn raw(&self) -> BTreeMap<String, IniValue> {
        self.values
            .iter()
            .map(|(name, setting)| (name.clone(), public_value(&setting.value)))
            .collect()
    }

    /// A setting that is words, split as a shell splits them.
    pub(crate) fn args(&self, name: &str) -> Result<Option<Vec<String>>> {
        self.list(name, |text| {
            text::shell_split(text).map_err(|error| format!("{error} in {text:?}"))
        })
    }

    /// A setting that is lines.
    pub(crate) fn lines(&self, name: &str) -> Result<Option<Vec<String>>> {
        self.list(name, |text| {
            let lines = text.split('\n').map(text::strip);
            Ok(lines
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect())
        })
    }

    /// A setting that is true or false.
    pub(crate) fn bool(&self, name: &str) -> Result<Option<bool>> {
        let Some(setting) = self.get(name) else {
            return Ok(None);
        };
        let value = match (&setting.value, setting.mode) {
            (Value::Boolean(value), Mode::Toml) => Some(*value),
            (Value::String(text), Mode::Ini) => {
                match text::strip(text).to_ascii_lowercase().as_str() {
                    "y" | "yes" | "t" | "true" | "on" | "1" => Some(true),
                    "n" | "no" | "f" | "false" | "off" | "0" => Some(false),
                    _ => None,
                }
            }
            _ => None,
        };
        match value {
            Some(value) => Ok(Some(value)),
            None => Err(self.type_error(name, setting, "true or false")),
        }
    }

    /// A setting that is text.
    pub(crate) fn string(&self, name: &str) -> Result<Option<String>> {
        match self.get(name) {
            None => Ok(None),
            Some(Setting {
                value: Value::String(text),
                ..
            }) => Ok(Some(text.clone())),
            Some(setting) => Err(self.type_error(name, setting, "a string")),
        }
    }

    /// A setting that is one of a few words.
    pub(crate) fn choice(&self, name: &str, choices: &[&str]) -> Result<Option<String>> {
        let value = self.string(name)?;
        if let (Some(text), Some(setting)) = (&value, self.get(name))
            && !choices.contains(&text.as_str())
        {
            let expected = format!("one of {}", choices.join(", "));
            return Err(self.type_error(name, setting, &expected));
        }
        Ok(value)
    }

    fn list(
        &self,
        name: &str,
        split: impl Fn(&str) -> Result<Vec<String>, String>,
    ) -> Result<Option<Vec<String>>> {
        let Some(setting) = self.get(name) else {
            return Ok(None);
        };
        match (&setting.value, setting.mode) {
            (Value::String(text), Mode::Ini) => split(text)
                .map(Some)
                .map_err(|message| self.error(format!("`{name}`: {message}"))),
            (Value::Array(items), mode) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    other if mode == Mode::Ini => Ok(python_str(other)),
                    _ => Err(self.type_error(name, setting, "a list of strings")),
                })
                .collect::<Result<_>>()
                .map(Some),
            _ => Err(self.type_error(name, setting, "a list of strings")),
        }
    }

    fn get(&self, name: &str) -> Option<&Setting> {
        let alias = ALIASES.iter().find(|(canonical, _)| *canonical == name);
        let by_alias = alias.and_then(|(_, alias)| self.values.get(*alias));
        match (self.values.get(name), by_alias) {
            (Some(own), Some(other)) if other.overridden && !own.overridden => Some(other),
            (own, other) => own.or(other),
        }
    }

    fn type_error(&self, name: &str, setting: &Setting, expected: &str) -> Error {
        self.error(format!(
            "`{name}` must be {expected}, but it is {}",
            setting.value
        ))
    }

    fn error(&self, message: String) -> Error {
        let error = Error::new(ErrorKind::Config, message);
        match &self.origin {
            Some(path) => error.with_path(path),
            None => error,
        }
    }
}

/// What pytest makes of a TOML value in `[tool.pytest.ini_options]`: text, but lists stay lists.
fn ini_value(value: Value) -> Value {
    match value {
        list @ Value::Array(_) => list,
        scalar => Value::String(python_str(&scalar)),
    }
}

/// A TOML value as Python's `str` prints it.
fn python_str(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Boolean(true) => "True".to_owned(),
        Value::Boolean(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn public_value(value: &Value) -> IniValue {
    match value {
        Value::String(text) => IniValue::Text(text.clone()),
        Value::Boolean(value) => IniValue::Bool(*value),
        Value::Integer(value) => IniValue::Int(*value),
        Value::Array(items) => IniValue::List(items.iter().map(python_str).collect()),
        other => IniValue::Text(other.to_string()),
    }
}
