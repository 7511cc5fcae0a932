//! The distributions that a change of a requirements or lock file concerns.
//!
//! A file is read into a [`Listing`]; what two listings do not share is what the change concerns.

mod conda;
mod lock;
mod pip;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::roles::{Format, format_of, name_of};
use super::{config, ini_files};

pub(super) use pip::{name_of_requirement, requirement};

/// Installed distributions that a change concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "names")]
pub enum Distributions {
    /// None of them.
    None,
    /// Those with these names, normalised as PEP 503 says.
    Some(BTreeSet<String>),
    /// It is not known which, so all.
    All,
}

impl Distributions {
    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, other) | (other, Self::None) => other,
            (Self::Some(mut names), Self::Some(more)) => {
                names.extend(more);
                Self::Some(names)
            }
        }
    }
}

/// What a file says: about each distribution, and about all of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    by_name: BTreeMap<String, BTreeSet<String>>,
    rest: BTreeSet<String>,
}

impl Listing {
    pub(super) fn add(&mut self, name: &str, text: impl Into<String>) {
        let texts = self.by_name.entry(distribution_name(name)).or_default();
        texts.insert(text.into());
    }

    pub(super) fn add_to_all(&mut self, text: impl Into<String>) {
        self.rest.insert(text.into());
    }

    /// A requirement of PEP 508; `place` tells lists of requirements apart.
    pub(super) fn add_requirement(&mut self, place: &str, text: &str) {
        match name_of_requirement(text) {
            Some(name) => self.add(name, format!("{place} {}", pip::compact(text))),
            None => self.add_to_all(format!("{place} {text}")),
        }
    }

    /// What the two do not say alike.
    pub(super) fn changed(&self, after: &Self) -> Distributions {
        if self.rest != after.rest {
            return Distributions::All;
        }
        let names = self.by_name.keys().chain(after.by_name.keys());
        let changed: BTreeSet<String> = names
            .filter(|name| self.by_name.get(*name) != after.by_name.get(*name))
            .cloned()
            .collect();
        if changed.is_empty() {
            Distributions::None
        } else {
            Distributions::Some(changed)
        }
    }
}

/// The name of a distribution as PEP 503 normalises it: two that are equal then are one.
pub fn distribution_name(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
    parts.join("-")
}

/// The distributions that the change of a file concerns which is named `path` and held `before`
/// and now holds `after`; none where it did not exist. All of them whenever that cannot be known,
/// also for a file that is not known to name any.
pub fn changed_distributions(
    path: &str,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
) -> Distributions {
    let Some(before) = before else {
        return Distributions::All;
    };
    if Some(before) == after {
        return Distributions::None;
    }
    let read = |content: Option<&[u8]>| -> Option<Listing> {
        let Some(content) = content else {
            return Some(Listing::default());
        };
        let text = std::str::from_utf8(content).ok()?;
        listing(path, text.trim_start_matches('\u{feff}'))
    };
    match (read(Some(before)), read(after)) {
        (Some(before), Some(after)) => before.changed(&after),
        _ => Distributions::All,
    }
}

/// What a file says; none when it cannot be read.
fn listing(path: &str, text: &str) -> Option<Listing> {
    if let Some(format) = format_of(path) {
        return match format {
            Format::Pip => pip::read(text),
            Format::TomlLock => lock::toml(text),
            Format::PipfileLock => lock::pipfile_lock(text),
            Format::Pipfile => lock::pipfile(text),
            Format::Conda => conda::read(text),
            Format::Program => None,
        };
    }
    match name_of(path) {
        "pyproject.toml" => config::dependencies(&text.parse().ok()?),
        "setup.cfg" => ini_files::dependencies(text),
        ".python-version" | "runtime.txt" | ".tool-versions" => {
            let mut listing = Listing::default();
            let lines = text
                .lines()
                .map(|line| line.split('#').next().unwrap_or(line).trim());
            for line in lines.filter(|line| !line.is_empty()) {
                listing.add_to_all(line);
            }
            Some(listing)
        }
        _ => None,
    }
}
