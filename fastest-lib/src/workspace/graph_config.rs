use serde::{Deserialize, Serialize};

/// What becomes of places that load modules which cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Policy {
    /// They are reported.
    #[default]
    Default,
    /// They are taken to load everything below their import root.
    Strict,
}

/// `[tool.fastest.graph]`: how the import graph is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GraphConfig {
    /// What becomes of places that cannot be resolved.
    pub policy: Policy,
    /// Whether imports that only type checkers read count.
    pub type_checking: bool,
    /// Whether what tests were seen to read (`--record-inputs`) is joined to the graph.
    pub records: Option<bool>,
    /// Names of rules that make no edges.
    pub disable: Vec<String>,
    /// Further folders in which modules lie, relative to the rootdir.
    pub roots: Vec<String>,
    /// Edges that are added.
    pub edges: Vec<EdgeGlobs>,
    /// Edges that are left out.
    pub drop: Vec<EdgeGlobs>,
}

/// Edges by globs of the files at both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EdgeGlobs {
    /// The files that depend, relative to the rootdir.
    pub from: String,
    /// What they depend on.
    pub to: String,
}

/// `[tool.fastest.affected]`: which tests a changed file concerns that no edge leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AffectedConfig {
    /// Globs of files that no test depends on.
    pub ignore: Vec<String>,
    /// Which files concern which tests.
    pub rules: Vec<AffectedRule>,
}

/// Files, and the tests that they concern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AffectedRule {
    /// Globs of files, relative to the rootdir.
    pub files: Vec<String>,
    /// Globs of test files; `**` is all of them.
    pub tests: Vec<String>,
}
