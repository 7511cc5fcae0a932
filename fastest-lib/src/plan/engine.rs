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

/// Distributions whose pytest plugin changes nothing unless an option, a fixture, a mark or an
/// `async def` test asks for it; the native engine meets each of those by itself. Those for async
/// tests it works with, or says why not where it does not know the release.
const INERT_PLUGINS: &[&str] = &[
    "anyio",
    "pytest-asyncio",
    "pytest-cov",
    "pytest-xdist",
    "pytest-mock",
    "pytest-timeout",
    "pytest-httpx",
    "pytest-benchmark",
];

/// The first installed plugin of which it is not known that it lets ordinary tests alone.
pub(crate) fn plugin_that_needs_pytest(plugins: &[String]) -> Option<&str> {
    plugins
        .iter()
        .map(String::as_str)
        .find(|plugin| !INERT_PLUGINS.contains(plugin))
}
