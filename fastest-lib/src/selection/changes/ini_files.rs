//! The ini files among those that hold pytest's configuration.

use super::config::{FOR_PEOPLE, Meaning, TOOLS};
use super::requirements::{Listing, distribution_name, requirement};
use crate::workspace::parse_ini;

/// Sections of `setup.cfg` for building and uploading, beside those of [`TOOLS`].
const BUILDING: &[&str] = &[
    "bdist_wheel",
    "upload_docs",
    "build_sphinx",
    "zest.releaser",
];

/// The dependencies that a `setup.cfg` names.
pub(super) fn dependencies(text: &str) -> Option<Listing> {
    Some(meaning("setup.cfg", text)?.dependencies)
}

/// What an ini file says that tests can see; none when it cannot be read.
pub(super) fn meaning(name: &str, text: &str) -> Option<Meaning> {
    let mut meaning = Meaning::default();
    for (section, values) in parse_ini(text).ok()? {
        if is_harmless(&section) {
            continue;
        }
        // A section without any value can make the file the one that pytest uses.
        meaning.rest.push(format!("[{section}]"));
        let project = values.get("name").map(|name| distribution_name(name));
        for (key, value) in values {
            let lists = match (section.as_str(), key.as_str()) {
                ("options", "install_requires" | "tests_require") => true,
                ("options.extras_require", _) => true,
                (section, "deps") if name == "tox.ini" => section.starts_with("testenv"),
                _ => false,
            };
            if lists {
                let place = format!("{section} {key}");
                requirements(&mut meaning.dependencies, &place, &value);
            } else if section == "metadata" && FOR_PEOPLE.contains(&key.as_str()) {
                // For people.
            } else if section == "options" && key == "python_requires" {
                meaning.dependencies.add_to_all(format!("{key} {value}"));
            } else if let ("metadata", "version", Some(project)) =
                (section.as_str(), key.as_str(), &project)
            {
                meaning
                    .dependencies
                    .add(project, format!("version {value}"));
            } else {
                meaning.rest.push(format!("[{section}] {key} = {value}"));
            }
        }
    }
    Some(meaning)
}

fn requirements(listing: &mut Listing, place: &str, value: &str) {
    for line in value.lines() {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // tox: `factor: requirement`.
        let (factor, what) = match line.split_once(": ") {
            Some((factor, what)) => (factor, what.trim()),
            None => ("", line),
        };
        requirement(listing, &format!("{place} {factor}"), what);
    }
}

/// Whether no test sees a section: `[flake8]`, `[mypy-package.*]`, `[tool:isort]`.
fn is_harmless(section: &str) -> bool {
    let section = section.strip_prefix("tool:").unwrap_or(section);
    let names_tool = |tool: &str| {
        let rest = section.strip_prefix(tool);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':', '.']))
    };
    TOOLS.iter().chain(BUILDING).any(|tool| names_tool(tool))
}
