use std::collections::{BTreeMap, BTreeSet};

use fastest_lib::selection::distribution_name;
use fastest_lib::workspace::{Granularity, TargetsConfig};

/// The tests of one file, as far as they are known without running it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cases {
    /// The tests by their node ids within the file, without parameters, in the order of the file.
    pub(crate) names: Vec<String>,
    /// Whether each of them gets a target of its own.
    pub(crate) is_single: bool,
}

impl Cases {
    /// The tests of a file.
    pub(crate) fn new(names: Vec<String>, is_single: bool) -> Self {
        Self { names, is_single }
    }
}

/// How targets are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetsOptions {
    /// The label of the file that the rules are loaded from.
    pub rules: String,
    /// What a test target is made for.
    pub granularity: Granularity,
    /// Labels that stand for distributions, by their names; `*` is every other one, and `{name}` in a
    /// label the name.
    pub labels: BTreeMap<String, String>,
    /// Whether the cache is used and filled where tests have to be found.
    pub cache: bool,
}

/// What is known of the files besides the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The installed distributions of top-level modules.
    pub(crate) distributions_of: BTreeMap<String, BTreeSet<String>>,
    /// The tests of files, by the paths of these from the root of the workspace. A file that is not
    /// here has one target, which names no tests.
    pub(crate) cases: BTreeMap<String, Cases>,
}

impl TargetsOptions {
    /// What a configuration says.
    pub fn of(config: &TargetsConfig) -> Self {
        let rules = config.rules.as_deref();
        Self {
            rules: rules.unwrap_or("@fastest//:defs.bzl").to_owned(),
            granularity: config.granularity,
            labels: config.distributions.clone(),
            cache: true,
        }
    }

    /// The label that stands for a distribution.
    pub(crate) fn label_of(&self, distribution: &str) -> Option<String> {
        let mut named = self.labels.iter();
        let own = named.find(|(name, _)| distribution_name(name) == distribution);
        let (_, label) = own.or_else(|| self.labels.get_key_value("*"))?;
        Some(label.replace("{name}", distribution))
    }
}
