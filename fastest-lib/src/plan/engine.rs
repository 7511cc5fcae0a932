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

/// How much longer a test takes under pytest than natively, for the division of workers between
/// the engines. Measured on generated suites; it only has to be of the right size.
pub(crate) const PYTEST_COST: usize = 10;
