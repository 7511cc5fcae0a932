//! Lock files, and `Pipfile`, which has their shape.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::Listing;

/// What a lock file says about itself and the tool that wrote it.
const ABOUT_ITSELF: &[&str] = &[
    "version",
    "revision",
    "lock-version",
    "created-by",
    "lock_version",
];

/// What `[metadata]` of a lock file says without bearing on what is installed.
const METADATA: &[&str] = &[
    "content-hash",
    "content_hash",
    "lock-version",
    "lock_version",
    "strategy",
];

/// The keys of a project's own entry that follow from its `pyproject.toml`, whose change is one by
/// itself.
const OF_PROJECT: &[&str] = &[
    "dependencies",
    "dev-dependencies",
    "optional-dependencies",
    "metadata",
];

/// Reads `poetry.lock`, `uv.lock`, `pdm.lock` or `pylock.toml`.
pub(super) fn toml(text: &str) -> Option<Listing> {
    let mut document: Table = text.parse().ok()?;
    let mut listing = Listing::default();
    for key in ["package", "packages"] {
        let Some(packages) = document.remove(key) else {
            continue;
        };
        for package in packages.as_array()? {
            let mut package = package.as_table()?.clone();
            let name = package.get("name")?.as_str()?.to_owned();
            let source = package.get("source").and_then(Value::as_table);
            if source.is_some_and(|s| s.contains_key("editable") || s.contains_key("virtual")) {
                for key in OF_PROJECT {
                    package.remove(*key);
                }
            }
            listing.add(&name, package.to_string());
        }
    }
    if let Some(Value::Table(metadata)) = document.remove("metadata") {
        of_metadata(&mut listing, metadata)?;
    }
    for (key, value) in document {
        if !ABOUT_ITSELF.contains(&key.as_str()) {
            listing.add_to_all(format!("{key} = {value}"));
        }
    }
    Some(listing)
}

fn of_metadata(listing: &mut Listing, metadata: Table) -> Option<()> {
    for (key, value) in metadata {
        match value {
            // Older ones have the hashes of every package here.
            Value::Table(files) if key == "files" || key == "hashes" => {
                for (name, files) in files {
                    // pdm: `name version`.
                    let name = name.split(' ').next()?;
                    listing.add(name, format!("files {files}"));
                }
            }
            _ if METADATA.contains(&key.as_str()) => {}
            value => listing.add_to_all(format!("metadata.{key} = {value}")),
        }
    }
    Some(())
}

/// Reads `Pipfile.lock`.
pub(super) fn pipfile_lock(text: &str) -> Option<Listing> {
    let document: Json = serde_json::from_str(text).ok()?;
    let mut listing = Listing::default();
    for (section, packages) in document.as_object()? {
        for (name, said) in packages.as_object()? {
            if section != "_meta" {
                listing.add(name, format!("{section} {said}"));
            } else if name != "hash" && name != "pipfile-spec" {
                listing.add_to_all(format!("{name} {said}"));
            }
        }
    }
    Some(listing)
}

/// Reads `Pipfile`.
pub(super) fn pipfile(text: &str) -> Option<Listing> {
    let document: Table = text.parse().ok()?;
    let mut listing = Listing::default();
    for (section, value) in document {
        match (section.as_str(), value) {
            // Names for commands.
            ("scripts", _) => {}
            ("source" | "requires" | "pipenv", value) => {
                listing.add_to_all(format!("{section} {value}"));
            }
            (_, Value::Table(packages)) => {
                for (name, said) in packages {
                    listing.add(&name, format!("{section} {said}"));
                }
            }
            (_, value) => listing.add_to_all(format!("{section} {value}")),
        }
    }
    Some(listing)
}
