use std::fmt;
use std::path::{Path, PathBuf};

/// Whose build files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Bazel.
    Bazel,
    /// Buck2.
    Buck2,
}

/// A build system, as it is set up in one workspace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct System {
    /// Which one.
    pub kind: Kind,
    /// The root of the workspace (of the cell), absolute.
    pub root: PathBuf,
    /// Names of build files; the first of them that a folder has is its own. New files get the last.
    pub file_names: Vec<String>,
    /// The name that new build files get.
    pub new_file: String,
    /// Folders below the root, with `/`, in which the system sees nothing.
    pub ignored: Vec<String>,
    /// What labels have before `//` where they are given in full; empty for Bazel.
    pub cell: String,
}

/// The name of a target, or of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Label {
    /// The folder of the package, relative to the root, with `/`.
    pub package: String,
    /// The name within the package.
    pub name: String,
}

impl Label {
    /// The label of something in a package.
    pub fn new(package: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            package: package.into(),
            name: name.into(),
        }
    }

    /// The path of the file that has this label, if a file has it.
    pub fn path(&self) -> String {
        join(&self.package, &self.name)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "//{}:{}", self.package, self.name)
    }
}

impl System {
    /// A build system with a root.
    pub fn new(kind: Kind, root: impl Into<PathBuf>) -> Self {
        let (file_names, new_file) = match kind {
            Kind::Bazel => (vec!["BUILD.bazel", "BUILD"], "BUILD.bazel"),
            Kind::Buck2 => (vec!["BUCK.v2", "BUCK"], "BUCK"),
        };
        Self {
            kind,
            root: root.into(),
            file_names: file_names.into_iter().map(str::to_owned).collect(),
            new_file: new_file.to_owned(),
            ignored: Vec::new(),
            cell: match kind {
                Kind::Bazel => String::new(),
                Kind::Buck2 => "root".to_owned(),
            },
        }
    }

    /// What people call it.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Bazel => "Bazel",
            Kind::Buck2 => "Buck2",
        }
    }

    /// The word that commands and settings have for it.
    pub fn word(&self) -> &'static str {
        match self.kind {
            Kind::Bazel => "bazel",
            Kind::Buck2 => "buck2",
        }
    }

    /// Whether a file of that name is a build file, or one of another system.
    pub fn is_build_file(&self, name: &str) -> bool {
        self.file_names.iter().any(|known| known == name)
            || matches!(
                name,
                "BUILD" | "BUILD.bazel" | "BUCK" | "BUCK.v2" | "TARGETS"
            )
    }

    /// The value of `visibility` with which all packages of the workspace see a library.
    pub(crate) fn visibility(&self) -> &'static str {
        match self.kind {
            Kind::Bazel => "//:__subpackages__",
            Kind::Buck2 => "PUBLIC",
        }
    }

    /// Whether the system sees nothing in a folder.
    pub(crate) fn is_ignored(&self, folder: &str) -> bool {
        let mut ignored = self.ignored.iter();
        ignored.any(|ignored| !ignored.is_empty() && is_within(folder, ignored))
    }

    /// A label as it is written in the build file of a package.
    pub(crate) fn short(&self, label: &Label, package: &str) -> String {
        let Label {
            package: own, name, ..
        } = label;
        let last = own.rsplit('/').next().unwrap_or_default();
        if own == package {
            format!(":{name}")
        } else if self.kind == Kind::Bazel && last == name && !own.is_empty() {
            format!("//{own}")
        } else {
            format!("//{own}:{name}")
        }
    }

    /// A label as the system's command takes it.
    pub fn full(&self, label: &Label) -> String {
        format!("{}{label}", self.cell)
    }

    /// What a string in the build file of a package is the label of; nothing where that lies outside of
    /// the workspace.
    pub fn resolve(&self, text: &str, package: &str) -> Option<Label> {
        let own = match text.split_once("//") {
            Some((before, _)) => {
                let before = before.trim_start_matches('@');
                before.is_empty() || (self.kind == Kind::Buck2 && before == self.cell)
            }
            None => !text.starts_with('@'),
        };
        if !own {
            return None;
        }
        let Some((_, text)) = text.split_once("//") else {
            let name = text.strip_prefix(':').unwrap_or(text);
            return Some(Label::new(package, name));
        };
        match text.split_once(':') {
            Some((package, name)) => Some(Label::new(package, name)),
            None => {
                let last = text.rsplit('/').next().unwrap_or_default();
                Some(Label::new(text, last))
            }
        }
    }
}

pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// What a path is, seen from a folder in which it lies.
pub(crate) fn inside<'p>(folder: &str, path: &'p str) -> &'p str {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.trim_start_matches('/')
}

/// Whether a path is a folder, or lies in it; everything lies in the empty one.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder of a path; empty for one at the top.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The nearest folder at or above another one in which one of these files lies.
pub fn root_with(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let mut folders = folder.ancestors();
    let found = folders.find(|folder| names.iter().any(|name| folder.join(name).is_file()));
    found.map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_written() {
        let bazel = System::new(Kind::Bazel, "/");
        let buck2 = System::new(Kind::Buck2, "/");
        let check = |system: &System, text: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(package, name)| Label::new(package, name));
            assert_eq!(system.resolve(text, "a/b"), expected, "{text}");
        };
        for system in [&bazel, &buck2] {
            check(system, ":x", Some(("a/b", "x")));
            check(system, "d/x.py", Some(("a/b", "d/x.py")));
            check(system, "//c/d", Some(("c/d", "d")));
            check(system, "//c/d:e/f", Some(("c/d", "e/f")));
            check(system, "//:x", Some(("", "x")));
            check(system, "@numpy//:pkg", None);
        }
        check(&bazel, "@//c:x", Some(("c", "x")));
        check(&bazel, "@@//c:x", Some(("c", "x")));
        check(&buck2, "root//c:x", Some(("c", "x")));
        check(&buck2, "other//c:x", None);
        let written = |system: &System, package: &str, name: &str| {
            system.short(&Label::new(package, name), "a/b")
        };
        assert_eq!(written(&bazel, "c/d", "d"), "//c/d");
        assert_eq!(written(&buck2, "c/d", "d"), "//c/d:d");
        assert_eq!(written(&bazel, "a/b", "b"), ":b");
        assert_eq!(written(&bazel, "", "x"), "//:x");
        assert_eq!(buck2.full(&Label::new("", "x")), "root//:x");
    }
}
