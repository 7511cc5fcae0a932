//! The file in which a `fastest_test` says what it is made of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fastest_bazel_runner::Failure;
use serde::Deserialize;

/// The version that the rules of this release write.
const SCHEMA: u32 = 1;

/// What a target declares. Paths are relative to the project's root.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    schema: u32,
    /// The target, as `cell//package:name`.
    pub(crate) label: String,
    /// The file of tests.
    pub(crate) src: String,
    /// One test of it, by its node id in the file; empty for all.
    pub(crate) test: String,
    /// Python files.
    pub(crate) sources: Vec<String>,
    /// Other files.
    pub(crate) data: Vec<String>,
    /// Folders on `sys.path`.
    pub(crate) imports: Vec<String>,
    /// Distributions that have to be installed.
    pub(crate) distributions: Vec<String>,
    /// Variables of the tests' environment.
    pub(crate) env: BTreeMap<String, String>,
    /// Options as pytest's.
    pub(crate) args: Vec<String>,
    /// The interpreter: a path, or a name on the `PATH`.
    pub(crate) python: Vec<String>,
    /// What stands for it in the keys of actions; nothing reads it.
    #[serde(rename = "identity")]
    _identity: String,
    /// How long a test may take, in seconds; 0 leaves it to the configuration.
    pub(crate) timeout: u64,
}

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::io(path, &error))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| {
            Failure::infrastructure(format!(
                "{}: {error}; the rules and the runner have to be of the same release",
                path.display()
            ))
        })?;
        if manifest.schema != SCHEMA {
            return Err(Failure::infrastructure(format!(
                "{}: its version is {}, this runner reads {SCHEMA}; the rules and the runner have to \
                 be of the same release",
                path.display(),
                manifest.schema
            )));
        }
        Ok(manifest)
    }
}
