//! What a change of a file concerns that may hold pytest's configuration.

use serde::Serialize;
use toml::{Table, Value};

use super::ini_files;
use super::requirements::{Distributions, Listing};
use super::roles::name_of;

/// What a change of a configuration file concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
#[non_exhaustive]
pub enum ConfigChange {
    /// All tests.
    All,
    /// These installed distributions.
    Distributions(Distributions),
    /// No test.
    Nothing,
}

/// The tools whose settings, `[tool.NAME]` or a section of that name, no test sees.
pub(super) const TOOLS: &[&str] = &[
    "autoflake",
    "autopep8",
    "bandit",
    "basedpyright",
    "black",
    "bump_version",
    "bumpversion",
    "bumpver",
    "check-manifest",
    "check-wheel-contents",
    "cibuildwheel",
    "codespell",
    "commitizen",
    "deptry",
    "djlint",
    "doc8",
    "docformatter",
    "flake8",
    "flynt",
    "git-cliff",
    "interrogate",
    "isort",
    "mutmut",
    "mypy",
    "numpydoc_validation",
    "pycln",
    "pycodestyle",
    "pydoclint",
    "pydocstyle",
    "pylint",
    "pyre",
    "pyrefly",
    "pyright",
    "pytype",
    "pyupgrade",
    "refurb",
    "repo-review",
    "rstcheck",
    "ruff",
    "semantic_release",
    "sphinx",
    "spin",
    "towncrier",
    "ty",
    "typos",
    "vulture",
    "yapf",
    "yapfignore",
];

/// The keys of a project's metadata that only people read.
pub(super) const FOR_PEOPLE: &[&str] = &[
    "author",
    "author_email",
    "authors",
    "classifiers",
    "description",
    "documentation",
    "homepage",
    "keywords",
    "license",
    "license-files",
    "license_files",
    "long_description",
    "long_description_content_type",
    "maintainer",
    "maintainer_email",
    "maintainers",
    "project_urls",
    "readme",
    "repository",
    "url",
    "urls",
];

/// What a change of the file named `path` concerns, which held `before` and now holds `after`;
/// none where it did not exist. All tests, whenever that cannot be known.
pub fn config_change(path: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> ConfigChange {
    let (Some(before), Some(after)) = (before, after) else {
        return ConfigChange::All;
    };
    if before == after {
        return ConfigChange::Nothing;
    }
    let read = |content| -> Option<Meaning> {
        let text = std::str::from_utf8(content).ok()?;
        match name_of(path) {
            name if name.ends_with(".toml") => of_toml(text.parse().ok()?),
            name => ini_files::meaning(name, text),
        }
    };
    match (read(before), read(after)) {
        (Some(before), Some(after)) => before.changed(&after),
        _ => ConfigChange::All,
    }
}

/// What a configuration file says that tests can see.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    pub(super) dependencies: Listing,
    /// All but the dependencies and what is harmless.
    pub(super) rest: Vec<String>,
}

impl Meaning {
    fn changed(&self, after: &Self) -> ConfigChange {
        if self.rest != after.rest {
            return ConfigChange::All;
        }
        match self.dependencies.changed(&after.dependencies) {
            Distributions::None => ConfigChange::Nothing,
            // What is about every distribution is about every test too.
            Distributions::All => ConfigChange::All,
            some => ConfigChange::Distributions(some),
        }
    }
}

fn of_toml(mut document: Table) -> Option<Meaning> {
    let mut dependencies = Listing::default();
    take_dependencies(&mut document, &mut dependencies)?;
    if let Some(Value::Table(project)) = document.get_mut("project") {
        project.retain(|key, _| !FOR_PEOPLE.contains(&key));
    }
    if let Some(Value::Table(tool)) = document.get_mut("tool") {
        tool.retain(|key, _| !TOOLS.contains(&key));
        for name in ["poetry", "flit"] {
            if let Some(Value::Table(table)) = tool.get_mut(name) {
                table.retain(|key, _| !FOR_PEOPLE.contains(&key));
            }
        }
    }
    prune(&mut document);
    Some(Meaning {
        dependencies,
        rest: vec![document.to_string()],
    })
}

/// Removes the tables in which nothing is left, so that one whose content is harmless is none.
fn prune(table: &mut Table) {
    for key in ["project", "tool"] {
        if let Some(Value::Table(inner)) = table.get_mut(key) {
            if key == "tool" {
                let is_empty = |value: &Value| value.as_table().is_some_and(Table::is_empty);
                let own = ["poetry", "uv", "pdm"];
                inner.retain(|key, value| !(own.contains(&key) && is_empty(value)));
            }
            if inner.is_empty() {
                table.remove(key);
            }
        }
    }
}

/// The dependencies that a `pyproject.toml` names.
pub(super) fn dependencies(document: &Table) -> Option<Listing> {
    let mut listing = Listing::default();
    take_dependencies(&mut document.clone(), &mut listing)?;
    Some(listing)
}

/// Moves what is about dependencies from a document to a listing; none when it is malformed.
fn take_dependencies(document: &mut Table, listing: &mut Listing) -> Option<()> {
    if let Some(Value::Table(project)) = document.get_mut("project") {
        if let Some(list) = project.remove("dependencies") {
            requirements(listing, "project", &list)?;
        }
        if let Some(groups) = project.remove("optional-dependencies") {
            groups_of(listing, "extra", &groups)?;
        }
        if let Some(python) = project.remove("requires-python") {
            listing.add_to_all(format!("requires-python {python}"));
        }
        // Known of the project itself, once it is installed.
        if let (Some(name), Some(version)) = (project.get("name"), project.get("version")) {
            listing.add(name.as_str()?, format!("version {version}"));
            project.remove("version");
        }
    }
    if let Some(groups) = document.remove("dependency-groups") {
        groups_of(listing, "group", &groups)?;
    }
    let Some(Value::Table(tool)) = document.get_mut("tool") else {
        return Some(());
    };
    if let Some(Value::Table(poetry)) = tool.get_mut("poetry") {
        of_poetry(listing, poetry)?;
    }
    if let Some(Value::Table(uv)) = tool.get_mut("uv") {
        for key in [
            "dev-dependencies",
            "constraint-dependencies",
            "override-dependencies",
        ] {
            if let Some(list) = uv.remove(key) {
                requirements(listing, key, &list)?;
            }
        }
        if let Some(sources) = uv.remove("sources") {
            by_name(listing, "source", &sources)?;
        }
    }
    if let Some(Value::Table(pdm)) = tool.get_mut("pdm")
        && let Some(groups) = pdm.remove("dev-dependencies")
    {
        groups_of(listing, "pdm", &groups)?;
    }
    Some(())
}

fn of_poetry(listing: &mut Listing, poetry: &mut Table) -> Option<()> {
    for key in ["dependencies", "dev-dependencies"] {
        if let Some(table) = poetry.remove(key) {
            by_name(listing, key, &table)?;
        }
    }
    if let Some(extras) = poetry.remove("extras") {
        groups_of(listing, "poetry-extra", &extras)?;
    }
    if let Some(groups) = poetry.remove("group") {
        for (name, group) in groups.as_table()? {
            let mut group = group.as_table()?.clone();
            if let Some(table) = group.remove("dependencies") {
                by_name(listing, &format!("group {name}"), &table)?;
            }
            if !group.is_empty() {
                listing.add_to_all(format!("group {name} {group}"));
            }
        }
    }
    let name = poetry
        .get("name")
        .and_then(Value::as_str)
        .map(str::to_owned);
    if let (Some(name), Some(version)) = (name, poetry.remove("version")) {
        listing.add(&name, format!("version {version}"));
    }
    Some(())
}

/// A table from names to what is said of them.
fn by_name(listing: &mut Listing, place: &str, table: &Value) -> Option<()> {
    for (name, said) in table.as_table()? {
        let text = format!("{place} {said}");
        if name == "python" {
            listing.add_to_all(text);
        } else {
            listing.add(name, text);
        }
    }
    Some(())
}

/// A table of lists of requirements.
fn groups_of(listing: &mut Listing, place: &str, groups: &Value) -> Option<()> {
    for (name, list) in groups.as_table()? {
        requirements(listing, &format!("{place} {name}"), list)?;
    }
    Some(())
}

fn requirements(listing: &mut Listing, place: &str, list: &Value) -> Option<()> {
    for item in list.as_array()? {
        match item {
            Value::String(text) => listing.add_requirement(place, text),
            // `{include-group = …}`
            other => listing.add_to_all(format!("{place} {other}")),
        }
    }
    Some(())
}
