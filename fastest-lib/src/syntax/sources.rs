//! Python files on disk, read into facts.

use std::io;
use std::path::Path;

use super::cache::{CacheCounts, FactsCache};
use super::facts::FileFacts;
use super::parse::parse_with;
use super::parser::ParserKind;
use crate::Problem;

/// Gives the facts of files, by one parser.
#[derive(Debug, Default)]
pub struct Sources {
    parser: ParserKind,
    cache: Option<FactsCache>,
}

impl Sources {
    /// Reads files with that parser, each time anew.
    pub fn new(parser: ParserKind) -> Self {
        Self {
            parser,
            cache: None,
        }
    }

    /// Takes the facts of files that did not change from the cache below `cache_dir`, which keeps
    /// those of each `rootdir` by themselves. [`save`](Self::save) keeps what is new.
    ///
    /// The facts are those that [`new`](Self::new) gives. A cache that is absent, damaged or of
    /// another version is an empty one.
    pub fn cached(
        parser: ParserKind,
        cache_dir: impl AsRef<Path>,
        rootdir: impl AsRef<Path>,
    ) -> Self {
        let cache = FactsCache::open(parser, cache_dir.as_ref(), rootdir.as_ref());
        Self {
            parser,
            cache: Some(cache),
        }
    }

    /// The facts of a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read. One that is not valid Python has facts that say so.
    pub fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        match &self.cache {
            Some(cache) => cache.facts(path),
            None => Ok(parse_with(&std::fs::read(path)?, self.parser)),
        }
    }

    /// How often the cache had the answer since it was opened or saved.
    pub fn counts(&self) -> CacheCounts {
        self.cache
            .as_ref()
            .map(FactsCache::counts)
            .unwrap_or_default()
    }

    /// Writes what was learnt to the cache, for those that open it afterwards. A cache that cannot
    /// be written is a problem, and no more: the facts were right.
    pub fn save(&self) -> Option<Problem> {
        self.cache.as_ref()?.save()
    }
}
