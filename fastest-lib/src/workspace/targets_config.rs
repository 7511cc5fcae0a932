use std::collections::BTreeMap;

use serde::Deserialize;

/// What a target of a build system is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Granularity {
    /// A file of tests.
    #[default]
    File,
    /// A test.
    Test,
}

/// `[tool.fastest.bazel]` and `[tool.fastest.buck2]`: how build files are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TargetsConfig {
    /// The label of the file that the rules are loaded from.
    pub rules: Option<String>,
    /// What a test target is made for.
    pub granularity: Granularity,
    /// Labels that stand for installed distributions, by their names; `*` is every other one, and
    /// `{name}` in its label is the name.
    pub distributions: BTreeMap<String, String>,
}
