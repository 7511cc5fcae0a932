use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::limits;

/// Which connections a closed unit may make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Network {
    /// Only to its own loopback interface.
    #[default]
    Loopback,
    /// Any, as the host has them.
    Host,
}

/// `[tool.fastest.hermetic]`: what tests may use besides their closure when each file runs as a closed
/// unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HermeticConfig {
    /// Whether files run so without being asked.
    pub enabled: bool,
    /// Files that every test may read: globs relative to the rootdir, or absolute; a folder stands for
    /// all that is in it.
    pub data: Vec<String>,
    /// Variables of the environment with their values.
    pub environment: BTreeMap<String, String>,
    /// Variables that are taken over from the environment of the caller, where they are set.
    pub pass_environment: Vec<String>,
    /// Which connections may be made.
    pub network: Network,
    /// Folders in which tests may write, relative to the rootdir or absolute.
    pub outputs: Vec<String>,
    /// How many bytes of address space the process of a file may have.
    #[serde(deserialize_with = "limits::size_setting")]
    pub memory: Option<u64>,
}
