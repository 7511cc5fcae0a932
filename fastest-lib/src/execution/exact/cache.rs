//! Answers on disk: one file for each way of asking.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::syntax::{Cleared, remove_owned};
use crate::{Error, Result};

use super::answer::{FileAnswer, OrderedRun};
use super::inputs::{Digest, Shared};

const ASIDE: &str = ".new-";

/// Changes with the meaning of what is kept.
const VERSION: u32 = 1;

/// Beyond these the answers that were used longest ago are removed.
const MOST_ANSWERS: usize = 64;
const MOST_BYTES: u64 = 256 << 20;

/// The answers of one way of asking.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) shared: Shared,
    /// The files that were open, and those that only pytest knows of. One that other files import
    /// stands among the shared ones too.
    pub(super) files: BTreeMap<String, KeptFile>,
    /// For answers about the session as a whole: why, the static files, and the order.
    pub(super) whole: Option<Whole>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptFile {
    pub(super) digest: Option<Digest>,
    pub(super) answer: FileAnswer,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Whole {
    pub(super) reason: String,
    /// The digest of the list of files that the static discovery found.
    pub(super) listing: Digest,
    pub(super) paths: Vec<String>,
    pub(super) order: Vec<OrderedRun>,
}

/// The folder of answers below a cache folder.
fn folder(cache_dir: &Path) -> PathBuf {
    cache_dir.join("exact")
}

/// Removes the answers of [`Session::resolve_open`](crate::Session::resolve_open) that are kept
/// below `cache_dir`.
///
/// # Errors
///
/// When a file cannot be removed.
pub fn clear_exact(cache_dir: &Path) -> Result<Cleared> {
    let mut cleared = Cleared::default();
    let folder = folder(cache_dir);
    let is_owned = |name: &str| name.starts_with(ASIDE) || is_answer(name);
    remove_owned(&folder, is_owned, &mut cleared).map_err(|error| Error::io(&folder, error))?;
    Ok(cleared)
}

/// Whether a file has the name of an answer, of this version or of another one.
fn is_answer(name: &str) -> bool {
    let parts = name
        .strip_suffix(".json")
        .and_then(|name| name.split_once("-v"));
    parts.is_some_and(|(key, version)| {
        key.len() == 32
            && key.bytes().all(|b| b.is_ascii_hexdigit())
            && version.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Where the answers of one way of asking are kept.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
}

impl Store {
    pub(super) fn new(cache_dir: &Path, key: &str) -> Self {
        let folder = folder(cache_dir);
        Self {
            path: folder.join(format!("{}-v{VERSION}.json", &key[..32])),
        }
    }

    /// What is kept, if it is whole.
    pub(super) fn load(&self) -> Option<Kept> {
        let bytes = fs::read(&self.path).ok()?;
        let (checksum, body) = bytes.split_at_checked(64)?;
        if blake3::hash(body).to_hex().as_bytes() != checksum {
            return None;
        }
        let kept = serde_json::from_slice(body).ok()?;
        // So that what is in use is not the first to be removed; no harm if it cannot be said.
        let _ = fs::File::open(&self.path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(kept)
    }

    /// Keeps the answers; several processes may do this at once.
    pub(super) fn save(&self, kept: &Kept) -> std::io::Result<()> {
        let body = serde_json::to_vec(kept)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
        aside.write_all(blake3::hash(&body).to_hex().as_bytes())?;
        aside.write_all(&body)?;
        aside.persist(&self.path)?;
        self.prune(folder);
        Ok(())
    }

    fn prune(&self, folder: &Path) {
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let meta = entry.metadata().ok()?;
                Some((meta.modified().ok()?, meta.len(), entry.path()))
            })
            .collect();
        kept.sort();
        let mut bytes: u64 = kept.iter().map(|(_, length, _)| length).sum();
        let mut count = kept.len();
        for (_, length, path) in kept {
            if count <= MOST_ANSWERS && bytes <= MOST_BYTES {
                return;
            }
            if path != self.path && fs::remove_file(&path).is_ok() {
                bytes -= length;
                count -= 1;
            }
        }
    }
}
