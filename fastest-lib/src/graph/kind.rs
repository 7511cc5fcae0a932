use serde::{Deserialize, Serialize};

/// What a node of the graph stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NodeKind {
    /// A Python file.
    Module,
    /// The `__init__.py` of a package.
    Package,
    /// A stub, `.pyi`.
    Stub,
    /// A `conftest.py`.
    Conftest,
    /// A compiled module.
    Extension,
    /// Any other file.
    Data,
    /// A folder: everything below it. Its path ends in `/`.
    Folder,
    /// The Python files below a folder. Its path ends in `/*.py`.
    Modules,
    /// A top-level module that is neither the workspace's nor the standard library's.
    Distribution,
    /// A module that is imported and nowhere to be found.
    Missing,
}

impl NodeKind {
    const ALL: [Self; 10] = [
        Self::Module,
        Self::Package,
        Self::Stub,
        Self::Conftest,
        Self::Extension,
        Self::Data,
        Self::Folder,
        Self::Modules,
        Self::Distribution,
        Self::Missing,
    ];

    pub(super) fn of(code: u8) -> Self {
        Self::ALL
            .get(usize::from(code))
            .copied()
            .unwrap_or(Self::Data)
    }

    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// Whether it is a file, and not a folder or something outside of the workspace.
    pub fn is_file(self) -> bool {
        (self as u8) < Self::Folder as u8
    }

    /// Whether it is a file of Python source that is run.
    pub fn is_source(self) -> bool {
        matches!(self, Self::Module | Self::Package | Self::Conftest)
    }
}

/// How one node depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EdgeKind {
    /// `import module`, when the module is imported.
    Import,
    /// `from module import name`, when the module is imported: of the module, and of `name` where it
    /// is a module too.
    FromImport,
    /// An import within a function.
    Lazy,
    /// An import under a condition.
    Conditional,
    /// An import, or a stub, that only type checkers read.
    TypeChecking,
    /// A package's `__init__.py`, which runs before its modules.
    ParentInit,
    /// A `conftest.py`, which applies to the tests below its folder.
    Conftest,
    /// A plugin of pytest.
    Plugin,
    /// A module that is loaded by a name which the source holds.
    DynamicLiteral,
    /// A module that a string names, should something load it.
    StringReference,
    /// The modules of a package that is walked.
    PackageWalk,
    /// A module or script that is run by another process.
    Subprocess,
    /// A file or folder that is read.
    Data,
    /// What a place that cannot be resolved may lead to: everything below the import root.
    Unresolved,
    /// A symbolic link to its target.
    Symlink,
    /// From a folder to what lies in it.
    Contains,
    /// What was seen to be read when the test ran.
    Recorded,
    /// An edge that the configuration adds.
    Declared,
}

impl EdgeKind {
    const ALL: [Self; 18] = [
        Self::Import,
        Self::FromImport,
        Self::Lazy,
        Self::Conditional,
        Self::TypeChecking,
        Self::ParentInit,
        Self::Conftest,
        Self::Plugin,
        Self::DynamicLiteral,
        Self::StringReference,
        Self::PackageWalk,
        Self::Subprocess,
        Self::Data,
        Self::Unresolved,
        Self::Symlink,
        Self::Contains,
        Self::Recorded,
        Self::Declared,
    ];

    pub(super) fn of(code: u8) -> Self {
        Self::ALL
            .get(usize::from(code))
            .copied()
            .unwrap_or(Self::Data)
    }

    pub(super) fn code(self) -> u8 {
        self as u8
    }

    /// The name that JSON has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::FromImport => "from-import",
            Self::Lazy => "lazy",
            Self::Conditional => "conditional",
            Self::TypeChecking => "type-checking",
            Self::ParentInit => "parent-init",
            Self::Conftest => "conftest",
            Self::Plugin => "plugin",
            Self::DynamicLiteral => "dynamic-literal",
            Self::StringReference => "string-reference",
            Self::PackageWalk => "package-walk",
            Self::Subprocess => "subprocess",
            Self::Data => "data",
            Self::Unresolved => "unresolved",
            Self::Symlink => "symlink",
            Self::Contains => "contains",
            Self::Recorded => "recorded",
            Self::Declared => "declared",
        }
    }
}

/// What has to hold for an edge to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Condition {
    /// It always does.
    Always = 0,
    /// Something that the test reaches loads modules by computed names.
    Loader = 1,
    /// Something that the test reaches walks a package that is not known.
    Walker = 2,
    /// The policy is strict.
    Strict = 3,
    /// Type checkers are asked for.
    TypeChecking = 4,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back() {
        for (code, kind) in EdgeKind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.code()), code);
            assert_eq!(EdgeKind::of(kind.code()), kind);
            let name = serde_json::to_value(kind).unwrap();
            assert_eq!(name, kind.as_str());
        }
        for (code, kind) in NodeKind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.code()), code);
            assert_eq!(NodeKind::of(kind.code()), kind);
        }
    }
}
