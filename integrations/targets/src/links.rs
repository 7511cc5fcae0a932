//! Symbolic links to folders, as the build system sees what lies behind them.

use std::collections::{BTreeMap, BTreeSet};

use fastest_lib::graph::ImportGraph;

use crate::packages::{Packages, with_prefix};
use crate::system::{Kind, System, folder_of, inside, is_within, join};

/// The links, by their paths from the root of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links(Vec<Link>);

#[derive(Clone, Debug)]
struct Link {
    path: String,
    /// The folder that it points to; none where that is outside of the rootdir.
    target: Option<String>,
}

/// Where a file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// To a package, by its folder.
    Package(String),
    /// To a package that is one only because a link leads into another one, whose build file it has.
    Seen(Seen),
}

/// A file of a package behind a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The folder that the build system takes for a package.
    pub(crate) package: String,
    /// The file in the package that the link leads into.
    pub(crate) file: String,
}

impl Links {
    pub(crate) fn of(graph: &ImportGraph, prefix: &str) -> Self {
        let known: BTreeMap<String, String> = graph.folder_links().into_iter().collect();
        let mut folders: BTreeSet<String> = BTreeSet::new();
        for node in graph.nodes() {
            let mut folder = folder_of(&node.path);
            while !folder.is_empty() && !folders.contains(folder) {
                folders.insert(folder.to_owned());
                folder = folder_of(folder);
            }
        }
        folders.retain(|folder| {
            known.contains_key(folder) || graph.rootdir().join(folder).is_symlink()
        });
        let links = folders.into_iter().map(|folder| Link {
            target: known.get(&folder).map(|target| with_prefix(prefix, target)),
            path: with_prefix(prefix, &folder),
        });
        let mut links: Vec<Link> = links.collect();
        // The innermost link of a path is to be found first.
        links.sort_by_key(|link| std::cmp::Reverse(link.path.len()));
        Self(links)
    }

    /// The innermost link on the way to something.
    fn on_the_way(&self, path: &str) -> Option<&Link> {
        self.0.iter().find(|link| is_within(path, &link.path))
    }

    /// Whether a path is such a link, or lies behind one.
    pub(crate) fn is_behind(&self, path: &str) -> bool {
        self.on_the_way(path).is_some()
    }

    /// The folder in which the first link on the way to something lies.
    pub(crate) fn folder_before<'p>(&self, path: &'p str) -> &'p str {
        let mut folder = folder_of(path);
        while self.is_behind(folder) {
            folder = folder_of(folder);
        }
        folder
    }

    /// The folder that one behind a link is.
    fn real(&self, folder: &str) -> Option<String> {
        let Link { path, target } = self.on_the_way(folder)?;
        Some(moved(folder, path, target.as_deref()?))
    }

    /// The same file or folder by the other names that links give it, as far as the build system sees them.
    pub(crate) fn aliases(&self, system: &System, path: &str) -> Vec<String> {
        if system.kind == Kind::Buck2 {
            return Vec::new();
        }
        let alias = |link: &Link| {
            let target = link.target.as_deref()?;
            let is_seen = is_within(path, target) && !is_within(&link.path, target);
            is_seen.then(|| moved(path, target, &link.path))
        };
        self.0.iter().filter_map(alias).collect()
    }

    /// Where a file belongs, or why it can be in no package. Bazel follows links: a build file behind one
    /// makes a package of the folder in which the link lets it appear.
    pub(crate) fn place(
        &self,
        system: &System,
        packages: &Packages,
        path: &str,
    ) -> Result<Place, &'static str> {
        if path.contains([':', '\\', '\n']) {
            return Err("its name cannot be a label");
        }
        if system.is_ignored(folder_of(path)) {
            return Err("the build system ignores its folder");
        }
        if let Some(link) = self.on_the_way(path) {
            if system.kind == Kind::Buck2 {
                return Err(
                    "Buck2 does not look behind a symbolic link to a folder; link its files one by one",
                );
            }
            let target = link.target.as_deref();
            if target.is_some_and(|target| is_within(&link.path, target)) {
                return Err(
                    "it is reached by a symbolic link to a folder around the link, behind which \
                     Bazel sees no end",
                );
            }
        }
        let mut folder = folder_of(path);
        while self.is_behind(folder) {
            match self.real(folder) {
                Some(real) if packages.0.contains_key(&real) => {
                    return Ok(Place::Seen(Seen {
                        package: folder.to_owned(),
                        file: moved(path, folder, &real),
                    }));
                }
                Some(_) => {}
                None => {
                    let mut names = system.file_names.iter();
                    if names.any(|name| system.root.join(folder).join(name).is_file()) {
                        return Err(
                            "it is reached by a symbolic link into a package outside of the \
                             workspace; depend on a target of that by hand",
                        );
                    }
                }
            }
            folder = folder_of(folder);
        }
        let package = packages.around(folder);
        package
            .map(|package| Place::Package(package.to_owned()))
            .ok_or("no package is around its folder")
    }
}

/// A path in one folder, in another one.
fn moved(path: &str, from: &str, to: &str) -> String {
    match inside(from, path) {
        "" => to.to_owned(),
        rest => join(to, rest),
    }
}
