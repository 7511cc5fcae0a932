//! Facts of files that did not change, kept from one discovery to the next.
//!
//! One file a rootdir, `facts/<hash of the rootdir>` below the cache folder. It is mapped, never
//! loaded: a lookup touches the bytes that it needs. It is replaced as a whole, by rename, when
//! something new was learnt. Whatever is wrong with it costs time and never an answer.

mod folder;
mod format;
mod identity;
mod map;
mod merge;
mod usage;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::facts::FileFacts;
use super::parse::parse_with;
use super::parser::ParserKind;
use crate::{Problem, ProblemKind};
use format::{FileRecord, Key};
use identity::path_hash;
use map::Map;
use merge::{Learnt, Limits};

pub use folder::{CacheStats, Cleared, RootdirStats, cache_stats, clear_facts};
pub(crate) use folder::{files, remove_owned, tidy};
pub(crate) use identity::{Identity, settled};
pub(crate) use map::map;

/// How often a cache had the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheCounts {
    /// Files whose facts came from the cache.
    pub hits: u64,
    /// Files among the hits that had to be read, because only their content could tell that they
    /// are known.
    pub read: u64,
    /// Files that were parsed.
    pub misses: u64,
}

/// The facts of one rootdir's files.
#[derive(Debug)]
pub(super) struct FactsCache {
    parser: ParserKind,
    /// The folder of facts files.
    folder: PathBuf,
    rootdir: PathBuf,
    map: Option<Map>,
    learnt: Mutex<Learnt>,
    hits: AtomicU64,
    read: AtomicU64,
    misses: AtomicU64,
}

impl FactsCache {
    pub(super) fn open(parser: ParserKind, cache_dir: &Path, rootdir: &Path) -> Self {
        let folder = folder::facts_folder(cache_dir);
        Self {
            map: Map::open(&folder.join(folder::name_of(rootdir))),
            parser,
            folder,
            rootdir: rootdir.to_owned(),
            learnt: Mutex::default(),
            hits: AtomicU64::new(0),
            read: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(super) fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        let hash = path_hash(path);
        if let Some(facts) = self.unchanged(path, hash) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(facts);
        }
        let asked = SystemTime::now();
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut bytes = Vec::new();
        let size = usize::try_from(metadata.len()).unwrap_or(0);
        bytes.try_reserve_exact(size)?;
        file.read_to_end(&mut bytes)?;

        let known = self.map.as_ref().and_then(|map| {
            let digest = blake3::hash(&bytes);
            map.facts(&Key::new(digest.into(), self.parser))
        });
        let is_known = known.is_some();
        let facts = known.unwrap_or_else(|| parse_with(&bytes, self.parser));
        if is_known {
            self.hits.fetch_add(1, Ordering::Relaxed);
            self.read.fetch_add(1, Ordering::Relaxed);
        } else {
            self.misses.fetch_add(1, Ordering::Relaxed);
        }
        let digest = facts.digest.into();
        let encoded = match is_known {
            true => None,
            false => postcard::to_stdvec(&facts).ok(),
        };
        let whole = metadata.is_file() && metadata.len() == bytes.len() as u64;
        let identity = Identity::of(&metadata);
        let record = (whole && settled(&identity, asked)).then_some(FileRecord {
            path: hash,
            identity,
            digest,
            used: 0,
        });
        if encoded.is_some() || record.is_some() {
            let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(encoded) = encoded {
                learnt.add_facts(Key::new(digest, self.parser), &encoded);
            }
            learnt.files.extend(record);
        }
        Ok(facts)
    }

    /// The facts of a file that looks as it did when it was last read.
    fn unchanged(&self, path: &Path, hash: u128) -> Option<FileFacts> {
        let map = self.map.as_ref()?;
        let metadata = fs::metadata(path).ok()?;
        let digest = map.digest(hash, &Identity::of(&metadata))?;
        map.facts(&Key::new(digest, self.parser))
    }

    pub(super) fn counts(&self) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            read: self.read.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    /// Writes what was learnt, if anything was, and adds to the counts that outlive this value.
    /// What this value gives does not change.
    pub(super) fn save(&self) -> Option<Problem> {
        let learnt =
            std::mem::take(&mut *self.learnt.lock().unwrap_or_else(PoisonError::into_inner));
        let (hits, misses) = (
            self.hits.swap(0, Ordering::Relaxed),
            self.misses.swap(0, Ordering::Relaxed),
        );
        self.read.store(0, Ordering::Relaxed);
        let name = folder::name_of(&self.rootdir);
        let limits = Limits::default();
        let result = merge::write(&self.folder, &name, self.map.as_ref(), &learnt, &limits);
        if hits + misses > 0 {
            // Counts are for people to look at; the problem of a folder is told of once.
            let _ = usage::add(&self.folder, &name, &self.rootdir, hits, misses);
        }
        let error = match result {
            Ok(written) => {
                if written {
                    folder::tidy(&self.folder, &name, limits.folder);
                }
                return None;
            }
            Err(error) => error,
        };
        let message = format!(
            "{}: what was read of the sources cannot be kept ({error}), so the next discovery \
             reads them again; set FASTEST_CACHE_DIR to a folder that can be written",
            self.folder.display()
        );
        Some(Problem::new(ProblemKind::Io, message))
    }
}

/// The time of a record's last use: hours, which is enough to know what is old.
fn now() -> u32 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let hours = elapsed.map_or(0, |elapsed| elapsed.as_secs() / 3600);
    u32::try_from(hours).unwrap_or(u32::MAX)
}
