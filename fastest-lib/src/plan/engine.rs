use serde::{Deserialize, Serialize};

/// What runs the tests of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Engine {
    /// The harness runs the tests itself.
    Native,
    /// A real pytest session runs them.
    Pytest,
}

impl Engine {
    /// The name, as `--engine` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Pytest => "pytest",
        }
    }
}

impl Engine {
    /// What a test costs beside its own time, in seconds. Measured on generated suites; it only has
    /// to be of the right size.
    pub(crate) fn cost(self) -> f64 {
        match self {
            Self::Native => 0.000_05,
            Self::Pytest => 0.000_5,
        }
    }
}
