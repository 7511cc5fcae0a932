//! The files that can hold pytest's configuration, and where in them it stands.

use std::path::Path;

use toml::{Table, Value};

use super::ini;
use super::settings::{Mode, Settings};
use crate::{Error, ErrorKind, Result};

type Loader = fn(&Path) -> Result<Option<Settings>>;

/// The names that pytest looks for in a folder; the first that holds a configuration wins.
const BY_NAME: &[(&str, Loader)] = &[
    ("pytest.toml", pytest_toml),
    (".pytest.toml", pytest_toml),
    ("pytest.ini", pytest_ini),
    (".pytest.ini", pytest_ini),
    ("pyproject.toml", pyproject_toml),
    ("tox.ini", any_ini),
    ("setup.cfg", setup_cfg),
];

/// What a folder says about pytest's configuration.
pub(crate) enum Located {
    /// The name of the file that holds it, its settings, and the names of the files that hold one
    /// too but come later.
    Found(&'static str, Settings, Vec<&'static str>),
    /// None, but there is a `pyproject.toml`.
    OnlyPyproject,
    /// Nothing.
    Nothing,
}

/// Looks for a configuration file in one folder.
///
/// # Errors
/// A file with one of the names that cannot be read or parsed; pytest reads them all.
pub(crate) fn locate_in(folder: &Path) -> Result<Located> {
    let mut found: Option<(&'static str, Settings)> = None;
    let mut ignored = Vec::new();
    let mut pyproject = false;
    for (name, loader) in BY_NAME {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        pyproject |= *name == "pyproject.toml";
        if let Some(settings) = loader(&path)? {
            if found.is_none() {
                found = Some((name, settings));
            } else {
                ignored.push(*name);
            }
        }
    }
    Ok(match found {
        Some((name, settings)) => Located::Found(name, settings, ignored),
        None if pyproject => Located::OnlyPyproject,
        None => Located::Nothing,
    })
}

/// Reads the file that `-c` names, by the rules of its name or else of its suffix.
///
/// # Errors
/// [`ErrorKind::Usage`] when it is a file of a format that pytest does not read, and what the
/// format finds wrong.
pub(crate) fn load_explicit(path: &Path) -> Result<Settings> {
    let name = path.file_name().unwrap_or_default();
    let by_name = BY_NAME.iter().find(|(known, _)| name == *known);
    let by_suffix = || -> Option<Loader> {
        match path.extension()?.to_str()? {
            "ini" => Some(any_ini),
            "cfg" => Some(setup_cfg),
            "toml" => Some(any_toml),
            _ => None,
        }
    };
    match by_name.map(|(_, loader)| *loader).or_else(by_suffix) {
        Some(loader) => Ok(loader(path)?.unwrap_or_default()),
        // A device such as /dev/null is how one asks for no configuration at all.
        None if !path.is_file() => Ok(Settings::default()),
        None => Err(
            Error::new(ErrorKind::Usage, "not a format of configuration files")
                .with_path(path)
                .with_help("-c/--config-file takes a .toml, .ini or .cfg file"),
        ),
    }
}

fn pytest_toml(path: &Path) -> Result<Option<Settings>> {
    let document = read_toml(path)?;
    Ok(Some(pytest_table(path, document)?.unwrap_or_default()))
}

fn pyproject_toml(path: &Path) -> Result<Option<Settings>> {
    tool_tables(path, &read_toml(path)?)
}

/// A TOML file that `-c` names may have pytest's own table or the ones of a `pyproject.toml`.
fn any_toml(path: &Path) -> Result<Option<Settings>> {
    let document = read_toml(path)?;
    match tool_tables(path, &document)? {
        None => pytest_table(path, document),
        Some(_) if document.contains_key("pytest") => Err(config_error(
            path,
            "[pytest] cannot stand beside [tool.pytest] or [tool.pytest.ini_options]",
        )
        .with_help("keep the settings in [pytest]; the others are for pyproject.toml")),
        found => Ok(found),
    }
}

fn pytest_ini(path: &Path) -> Result<Option<Settings>> {
    Ok(Some(
        ini_section(path, &read_ini(path)?, "pytest").unwrap_or_default(),
    ))
}

fn any_ini(path: &Path) -> Result<Option<Settings>> {
    Ok(ini_section(path, &read_ini(path)?, "pytest"))
}

fn setup_cfg(path: &Path) -> Result<Option<Settings>> {
    let sections = read_ini(path)?;
    let found = ini_section(path, &sections, "tool:pytest");
    if found.is_none() && sections.contains_key("pytest") {
        return Err(
            config_error(path, "a [pytest] section in a .cfg file is not read")
                .with_help("rename the section to [tool:pytest]"),
        );
    }
    Ok(found)
}

fn ini_section(path: &Path, sections: &ini::Sections, name: &str) -> Option<Settings> {
    let values = sections.get(name)?.iter();
    let values = values.map(|(key, value)| (key.clone(), Value::String(value.clone())));
    Some(Settings::of_file(path, values, Mode::Ini))
}

/// The `[pytest]` table of a document.
fn pytest_table(path: &Path, mut document: Table) -> Result<Option<Settings>> {
    match document.remove("pytest") {
        Some(Value::Table(table)) => Ok(Some(Settings::of_file(path, table, Mode::Toml))),
        Some(_) => Err(config_error(path, "`pytest` must be a table")),
        None => {
            let stray = document.iter().filter(|(_, value)| !value.is_table());
            let stray: Vec<&str> = stray.map(|(key, _)| key.as_str()).collect();
            if stray.is_empty() {
                return Ok(None);
            }
            let message = format!("settings outside of a table: {}", stray.join(", "));
            Err(config_error(path, message).with_help("put them below a [pytest] header"))
        }
    }
}

/// The `[tool.pytest]` or `[tool.pytest.ini_options]` table of a document.
fn tool_tables(path: &Path, document: &Table) -> Result<Option<Settings>> {
    let table = |parent: &Table, key: &str, name: &str| match parent.get(key) {
        None => Ok(None),
        Some(Value::Table(table)) => Ok(Some(table.clone())),
        Some(_) => Err(config_error(path, format!("`{name}` must be a table"))),
    };
    let tool = table(document, "tool", "tool")?.unwrap_or_default();
    let mut native = table(&tool, "pytest", "tool.pytest")?.unwrap_or_default();
    let ini = table(&native, "ini_options", "tool.pytest.ini_options")?;
    native.remove("ini_options");
    match (native.is_empty(), ini) {
        (false, Some(ini)) if !ini.is_empty() => Err(config_error(
            path,
            "[tool.pytest] and [tool.pytest.ini_options] cannot both hold settings",
        )
        .with_help("move every setting to [tool.pytest] (TOML types) or to [tool.pytest.ini_options] (text)")),
        (false, _) => Ok(Some(Settings::of_file(path, native, Mode::Toml))),
        (true, Some(ini)) => Ok(Some(Settings::of_file(path, ini, Mode::Ini))),
        (true, None) => Ok(None),
    }
}

/// The text of a configuration file.
///
/// # Errors
/// It cannot be read, or it is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|source| Error::io(path, source))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        config_error(
            path,
            format!("line {}: not UTF-8", line_at(valid, valid.len())),
        )
        .with_help("save the file in the UTF-8 encoding")
    })
}

fn read_toml(path: &Path) -> Result<Table> {
    let text = read_text(path)?;
    text.parse()
        .map_err(|error| toml_error(path, &text, &error))
}

/// What is wrong with the TOML of a file, and on which line.
pub(crate) fn toml_error(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let message = error.message().trim();
    let message = match error.span() {
        Some(span) => format!("line {}: {message}", line_at(text.as_bytes(), span.start)),
        None => message.to_owned(),
    };
    config_error(path, message).with_help("the file is not valid TOML; correct that line")
}

fn read_ini(path: &Path) -> Result<ini::Sections> {
    ini::parse(&read_text(path)?).map_err(|error| {
        config_error(path, format!("line {}: {}", error.line, error.message))
            .with_help("the file is not a valid ini file; correct that line")
    })
}

/// The line, counted from 1, on which a byte stands.
pub(crate) fn line_at(text: &[u8], offset: usize) -> u32 {
    let before = &text[..offset.min(text.len())];
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX - 1) + 1
}

fn config_error(path: &Path, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message).with_path(path)
}
