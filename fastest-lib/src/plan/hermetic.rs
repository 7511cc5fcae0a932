use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// How a message names the declaration that would allow an access.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Declaration {
    /// A key of `[tool.fastest.hermetic]` in `pyproject.toml`.
    #[default]
    Pyproject,
    /// An attribute of the Bazel target with this label.
    Bazel(String),
    /// An attribute of the Buck2 target with this label.
    Buck2(String),
}

/// How tests are run as closed units: what each may use besides what the import graph says, or
/// instead of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HermeticOptions {
    /// Files that every test may read besides its closure: globs, relative to the rootdir.
    pub data: Vec<String>,
    /// All files that tests may read, absolute; with it the graph is not asked. Build systems give
    /// what their targets declare.
    pub manifest: Option<Vec<PathBuf>>,
    /// Variables of the environment with their values, besides the fixed ones.
    pub environment: BTreeMap<String, String>,
    /// Variables that are taken over from the environment of the caller, where they are set.
    pub pass_environment: Vec<String>,
    /// Which connections may be made.
    pub network: Network,
    /// Folders, absolute, in which tests may write besides their own `TMPDIR`.
    pub outputs: Vec<PathBuf>,
    /// How messages name what would have to be declared.
    pub declaration: Declaration,
}

/// One test file as a closed unit: everything that its outcomes may depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HermeticSpec {
    /// The test file, relative to the rootdir.
    pub test: String,
    /// Every file that it may read, sorted; relative to the rootdir, absolute outside of it.
    pub inputs: Vec<String>,
    /// The interpreter, as it is started.
    pub interpreter: PathBuf,
    /// The installed distributions that it may import, as `name==version`, sorted.
    pub distributions: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Which connections it may make.
    pub network: Network,
    /// Folders, absolute, in which it may write besides its own `TMPDIR`.
    pub outputs: Vec<PathBuf>,
    /// How long one of its tests may take; none is any time.
    pub timeout: Option<Duration>,
    /// How many bytes its process may hold; none is any number.
    pub memory: Option<u64>,
}
