//! The grammar of ini files as pytest reads them.
//!
//! A line that begins with white space continues the value before it, also over blank and comment
//! lines; `#` and `;` begin a comment only at the start of a line or after a section's header.

use std::collections::BTreeMap;

use super::text;

/// The sections of an ini file: name to key to value.
pub(crate) type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// What is wrong with an ini file, and on which line, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IniError {
    pub(crate) line: u32,
    pub(crate) message: String,
}

enum Line<'a> {
    Blank,
    Section(&'a str),
    Value(&'a str, &'a str),
    Continuation(&'a str),
}

struct Entry {
    line: u32,
    section: Option<String>,
    /// The key and the lines of its value; none for the header of the section.
    value: Option<(String, Vec<String>)>,
}

/// Reads an ini file.
///
/// # Errors
/// The first line that the grammar does not allow, or the first section or key that is there twice.
pub(crate) fn parse(text: &str) -> Result<Sections, IniError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut sections = Sections::new();
    for entry in entries(text)? {
        let error = |message: String| IniError {
            line: entry.line,
            message,
        };
        let Some(section) = entry.section else {
            return Err(error("no section header before the first value".to_owned()));
        };
        match entry.value {
            None => {
                if sections.contains_key(&section) {
                    return Err(error(format!("section [{section}] is there twice")));
                }
                sections.insert(section, BTreeMap::new());
            }
            Some((key, value)) => {
                let values = sections.entry(section).or_default();
                if values.contains_key(&key) {
                    return Err(error(format!("`{key}` is set twice")));
                }
                values.insert(key, value.join("\n"));
            }
        }
    }
    Ok(sections)
}

fn entries(text: &str) -> Result<Vec<Entry>, IniError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section: Option<String> = None;
    for (line, content) in (1..).zip(text::lines(text)) {
        let error = |message: &str| IniError {
            line,
            message: message.to_owned(),
        };
        let parsed = parse_line(content)
            .ok_or_else(|| error("expected `key = value`, a `[section]` or a comment"))?;
        match parsed {
            Line::Blank => {}
            Line::Section("") => return Err(error("the section has no name")),
            Line::Section(name) => {
                section = Some(name.to_owned());
                entries.push(Entry {
                    line,
                    section: section.clone(),
                    value: None,
                });
            }
            Line::Value(key, value) => {
                let lines = if value.is_empty() {
                    Vec::new()
                } else {
                    vec![value.to_owned()]
                };
                entries.push(Entry {
                    line,
                    section: section.clone(),
                    value: Some((key.to_owned(), lines)),
                });
            }
            Line::Continuation(more) => match entries.last_mut().map(|entry| &mut entry.value) {
                Some(Some((_, lines))) => lines.push(more.to_owned()),
                _ => {
                    return Err(error(
                        "an indented line continues a value, but none is before it",
                    ));
                }
            },
        }
    }
    Ok(entries)
}

/// What a line is; none when it is nothing that the grammar knows.
fn parse_line(line: &str) -> Option<Line<'_>> {
    let stripped = text::strip(line);
    if stripped.is_empty() || stripped.starts_with(['#', ';']) {
        return Some(Line::Blank);
    }
    let line = text::strip_end(line);
    if line.starts_with('[') {
        let uncommented = line.split(['#', ';']).next().unwrap_or(line);
        return Some(
            match text::strip_end(uncommented)
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                Some(name) => Line::Section(name),
                None => Line::Continuation(stripped),
            },
        );
    }
    if text::is_indented(line) {
        return Some(Line::Continuation(stripped));
    }
    let (key, value) = line
        .split_once('=')
        .filter(|(key, _)| !key.contains(':'))
        .or_else(|| line.split_once(':'))?;
    Some(Line::Value(text::strip(key), text::strip(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_continuations() {
        let check = |text: &str, section: &str, key: &str, expected: Option<&str>| {
            let sections = parse(text).unwrap();
            let value = sections.get(section).and_then(|values| values.get(key));
            assert_eq!(value.map(String::as_str), expected, "{text:?}");
        };
        check(
            "[pytest]\naddopts = -ra -q\n",
            "pytest",
            "addopts",
            Some("-ra -q"),
        );
        check(
            "[pytest] ; note\naddopts: -ra\n",
            "pytest",
            "addopts",
            Some("-ra"),
        );
        check("[p]\na =\n  x\n\n  # no\n  y\n", "p", "a", Some("x\ny"));
        check("[p]\na = x # kept\n", "p", "a", Some("x # kept"));
        check("[p]\na:b = c\n", "p", "a", Some("b = c"));
        check("\u{feff}[p]\na=1\r\nb=2\r\n", "p", "b", Some("2"));
        check(
            "[p]\na = x\n[not a section\n",
            "p",
            "a",
            Some("x\n[not a section"),
        );
        check("# only\n\n", "p", "a", None);
        check("[p]\na =\n", "p", "a", Some(""));
    }

    #[test]
    fn errors_name_the_line() {
        let check = |text: &str, line: u32, message: &str| {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}");
            assert!(error.message.contains(message), "{}", error.message);
        };
        check("a = 1\n", 1, "no section header");
        check("[p]\n\nwhat\n", 3, "expected `key = value`");
        check("[p]\n  x\n", 2, "continues a value");
        check("[p]\na=1\na=2\n", 3, "`a` is set twice");
        check("[p]\n[q]\n[p]\n", 3, "[p] is there twice");
        check("[]\n", 1, "no name");
    }
}
