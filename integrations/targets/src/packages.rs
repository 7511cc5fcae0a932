//! Which folders are packages, and what their build files say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fastest_lib::graph::{ImportGraph, NodeKind};
use rayon::prelude::*;

use crate::links::Links;
use crate::starlark::{BuildFile, SyntaxError};
use crate::system::{System, folder_of, join};

/// A package, by its folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    /// The name of its build file.
    pub(crate) file_name: String,
    /// What is there of it.
    pub(crate) file: BuildFile,
    /// Whether it is there.
    pub(crate) exists: bool,
    /// Why it cannot be read.
    pub(crate) error: Option<Unreadable>,
}

/// Why a build file is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Syntax(SyntaxError),
    Io(String),
}

/// The packages of a workspace, by their folders relative to its root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packages(pub(crate) BTreeMap<String, Package>);

/// The rootdir, seen from the root of the workspace.
pub(crate) fn prefix(system: &System, rootdir: &Path) -> String {
    let inside = rootdir.strip_prefix(&system.root);
    let inside = inside.unwrap_or(Path::new("")).to_string_lossy();
    inside.replace('\\', "/")
}

impl Packages {
    /// Those that exist below the rootdir.
    pub(crate) fn read(system: &System, graph: &ImportGraph, links: &Links) -> Self {
        let prefix = prefix(system, graph.rootdir());
        let rank = |name: &str| system.file_names.iter().position(|known| known == name);
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        let mut note = |folder: &str, name: &str| {
            if let Some(rank) = rank(name).filter(|_| !system.is_ignored(folder)) {
                let best = found.entry(folder.to_owned()).or_insert(rank);
                *best = rank.min(*best);
            }
        };
        for node in graph.nodes().filter(|node| node.kind == NodeKind::Data) {
            let (folder, name) = node.path.rsplit_once('/').unwrap_or(("", &node.path));
            let folder = with_prefix(&prefix, folder);
            if rank(name).is_some() && !links.is_behind(&folder) {
                note(&folder, name);
            }
        }
        let found: Vec<(String, usize)> = found.into_iter().collect();
        let packages = found.into_par_iter().map(|(folder, rank)| {
            let file_name = system.file_names[rank].clone();
            let path = system.root.join(&folder).join(&file_name);
            let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
            (folder, Package::of(file_name, read))
        });
        Self(packages.collect())
    }

    /// Adds those that the build system sees behind links.
    pub(crate) fn see(&mut self, system: &System, links: &Links) {
        let seen: Vec<(String, Package)> = self
            .0
            .iter()
            .flat_map(|(folder, package)| {
                let aliases = links.aliases(system, folder).into_iter();
                aliases.map(|alias| (alias, package.clone()))
            })
            .collect();
        self.0.extend(seen);
    }

    /// The package that a folder, or what lies in it, belongs to.
    pub(crate) fn around<'f>(&self, folder: &'f str) -> Option<&'f str> {
        let mut at = folder;
        loop {
            if self.0.contains_key(at) {
                return Some(at);
            }
            if at.is_empty() {
                return None;
            }
            at = folder_of(at);
        }
    }

    /// Adds packages in folders that have none.
    pub(crate) fn add(&mut self, system: &System, folders: BTreeSet<String>) {
        for folder in folders {
            let package = self.0.entry(folder);
            package.or_insert_with(|| Package {
                file_name: system.new_file.clone(),
                ..Package::default()
            });
        }
    }
}

impl Package {
    /// One whose build file has been read.
    pub(crate) fn of(file_name: String, text: Result<String, String>) -> Self {
        let mut package = Self {
            file_name,
            exists: true,
            ..Self::default()
        };
        match text.map(BuildFile::parse) {
            Ok(Ok(file)) => package.file = file,
            Ok(Err(error)) => package.error = Some(Unreadable::Syntax(error)),
            Err(error) => package.error = Some(Unreadable::Io(error)),
        }
        package
    }

    /// The path of the build file.
    pub(crate) fn path(&self, folder: &str) -> String {
        join(folder, &self.file_name)
    }
}

/// A path below the rootdir, seen from the root of the workspace.
pub(crate) fn with_prefix(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}/{path}"),
    }
}
