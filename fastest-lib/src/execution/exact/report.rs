/// How to resolve what discovery left open.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExactOptions {
    /// Whether earlier answers are used as long as nothing changed that they depend on, and new
    /// ones kept.
    pub cache: bool,
}

impl Default for ExactOptions {
    fn default() -> Self {
        Self { cache: true }
    }
}

/// What resolving took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExactReport {
    /// Files whose tests were taken from the cache.
    pub from_cache: usize,
    /// Files that an interpreter collected.
    pub by_python: usize,
    /// How often an interpreter began to collect: 0 when the cache had everything, more than 1
    /// when one died or turned out to have to collect every file.
    pub collections: usize,
    /// Why all files were collected together, when they were.
    pub whole_session: Option<String>,
    /// Files, folders and classes that could not be collected; each is also a problem of the
    /// discovery.
    pub errors: usize,
    /// Why the answer is not kept for the next call.
    pub not_kept: Option<String>,
    /// Why there is no answer, when the collection was interrupted; the discovery is unchanged.
    pub interrupted: Option<String>,
}
