use crate::syntax::ParserKind;

/// How to discover.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DiscoverOptions {
    /// What reads the sources.
    pub parser: ParserKind,
    /// Whether facts of files that did not change are taken from the cache, and kept there.
    pub cache: bool,
}

impl Default for DiscoverOptions {
    fn default() -> Self {
        Self {
            parser: ParserKind::default(),
            cache: true,
        }
    }
}
