//! Entries on disk: one file for each digest, written aside and renamed, never changed in place.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::unit::Entry;
use crate::execution::identity;
use crate::plan::{ASIDE, Digest, is_trusted};
use crate::syntax::{Cleared, files, remove_owned};
use crate::{Error, Result};

/// Begins every entry; its last digit changes with the meaning of what follows.
const MAGIC: &[u8; 8] = b"fstUnit1";
const CHECKSUM: usize = 32;

/// No larger entry is kept or read.
const MAX_ENTRY: u64 = 64 << 20;
/// How many bytes all entries may take.
const LIMIT: u64 = 256 << 20;
/// The time of the last use is put down when it lags that far behind.
const RENEWAL: Duration = Duration::from_secs(3600);
/// After that long the writer of an unfinished file is gone.
const ABANDONED: Duration = Duration::from_secs(3600);
/// How often it is looked at whether all entries take too much.
const SWEEP: Duration = Duration::from_secs(600);
const SWEPT: &str = "swept";

/// The results below a cache folder.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// What the store has for a digest.
#[derive(Debug)]
pub(crate) enum Found {
    /// What was kept.
    Entry(Entry),
    /// Nothing.
    Nothing,
    /// A file that cannot be used, and why. It is removed.
    Damaged(PathBuf, String),
}

/// What the cache holds of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredResults {
    /// Test files with the digest of what they depended on.
    pub units: u64,
    /// Their bytes on disk.
    pub bytes: u64,
}

impl Store {
    pub(crate) fn new(cache_dir: &Path) -> Self {
        Self {
            folder: cache_dir.join("results"),
        }
    }

    /// Where digests of files' contents are remembered for a rootdir.
    pub(crate) fn index(&self, rootdir: &Path) -> PathBuf {
        let name = blake3::hash(rootdir.as_os_str().as_encoded_bytes()).to_hex();
        self.folder.join("index").join(&name[..32])
    }

    fn path(&self, key: &Digest) -> PathBuf {
        let name = key.to_string();
        self.folder.join(&name[..2]).join(&name[2..])
    }

    /// What is kept for a digest, if it is whole.
    pub(crate) fn get(&self, key: &Digest) -> Found {
        let path = self.path(key);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
            Err(error) => return Found::Damaged(path, error.to_string()),
        };
        let damaged = |why: &str| {
            // What cannot be removed is refused again.
            let _ = fs::remove_file(&path);
            Found::Damaged(path.clone(), why.to_owned())
        };
        let metadata = match file.metadata() {
            Ok(metadata) if !is_trusted(&metadata) => {
                return Found::Damaged(path, "it is someone else's".to_owned());
            }
            Ok(metadata) if metadata.len() > MAX_ENTRY => return damaged("it is too large"),
            Ok(metadata) => metadata,
            Err(error) => return Found::Damaged(path, error.to_string()),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        if let Err(error) = file.read_to_end(&mut bytes) {
            return Found::Damaged(path, error.to_string());
        }
        if !bytes.starts_with(MAGIC) {
            return damaged("it is none of ours");
        }
        let Some(entry) = decode(key, &bytes) else {
            return damaged("its checksum does not fit");
        };
        let now = SystemTime::now();
        let used = metadata.modified().unwrap_or(now);
        if now.duration_since(used).is_ok_and(|age| age > RENEWAL) {
            // No harm if it cannot be said: it is removed sooner.
            let _ = file.set_modified(now);
        }
        Found::Entry(entry)
    }

    /// Keeps an entry, unless it is too large; several processes may do this at once, and be killed while
    /// they do.
    pub(crate) fn put(&self, key: &Digest, entry: &Entry) -> io::Result<()> {
        let body = postcard::to_stdvec(entry).map_err(io::Error::other)?;
        if (MAGIC.len() + CHECKSUM + body.len()) as u64 > MAX_ENTRY {
            return Ok(());
        }
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
        aside.write_all(&[MAGIC.as_slice(), &checksum(key, &body), &body].concat())?;
        aside.persist(&path)?;
        Ok(())
    }

    /// Removes what was not used for longest while all entries take too much, if that was not looked at
    /// lately.
    pub(crate) fn sweep_sometimes(&self) {
        let mark = self.folder.join(SWEPT);
        let swept = fs::metadata(&mark).and_then(|metadata| metadata.modified());
        let age = swept
            .ok()
            .and_then(|swept| SystemTime::now().duration_since(swept).ok());
        if age.is_none_or(|age| age > SWEEP) && fs::write(&mark, "").is_ok() {
            self.sweep(LIMIT);
        }
    }

    fn sweep(&self, limit: u64) {
        let mut kept = Vec::new();
        let now = SystemTime::now();
        for folder in self.folders() {
            for (name, metadata) in files(&folder).unwrap_or_default() {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let age = now.duration_since(used).unwrap_or_default();
                if name.starts_with(ASIDE) && age > ABANDONED {
                    let _ = fs::remove_file(folder.join(name));
                } else if is_entry(&name) {
                    kept.push((used, metadata.len(), folder.join(name)));
                }
            }
        }
        kept.sort();
        let mut total: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in kept {
            if total <= limit {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= bytes;
            }
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let ours = names.filter(|name| name.len() == 2 && name.bytes().all(is_hex));
        ours.map(|name| self.folder.join(name)).collect()
    }
}

fn checksum(key: &Digest, body: &[u8]) -> [u8; CHECKSUM] {
    // An entry that comes to lie below another digest is none.
    *blake3::keyed_hash(key.as_bytes(), body).as_bytes()
}

fn decode(key: &Digest, bytes: &[u8]) -> Option<Entry> {
    let (sum, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(CHECKSUM)?;
    (checksum(key, body) == *sum).then(|| postcard::from_bytes(body).ok())?
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_entry(name: &str) -> bool {
    name.len() == 62 && name.bytes().all(is_hex)
}

/// The results that are kept below `cache_dir`; none where there is no such folder.
///
/// # Errors
///
/// When a folder exists and cannot be read.
pub fn stored_results(cache_dir: &Path) -> io::Result<StoredResults> {
    let mut stored = StoredResults::default();
    for folder in Store::new(cache_dir).folders() {
        for (name, metadata) in files(&folder)? {
            if is_entry(&name) {
                stored.units += 1;
                stored.bytes += metadata.len();
            }
        }
    }
    Ok(stored)
}

/// Removes every result that is kept below `cache_dir`, with what was remembered for them, and no other
/// file.
///
/// # Errors
///
/// When a file cannot be removed.
pub fn clear_results(cache_dir: &Path) -> Result<Cleared> {
    let store = Store::new(cache_dir);
    let mut cleared = Cleared::default();
    let mut clear = || -> io::Result<()> {
        let is_owned = |name: &str| name.starts_with(ASIDE) || is_entry(name);
        for folder in store.folders() {
            remove_owned(&folder, is_owned, &mut cleared)?;
        }
        let is_index =
            |name: &str| name.starts_with(ASIDE) || name.len() == 32 && name.bytes().all(is_hex);
        remove_owned(&store.folder.join("index"), is_index, &mut cleared)?;
        remove_owned(&store.folder, |name| name == SWEPT, &mut cleared)?;
        identity::clear(cache_dir, &mut cleared)
    };
    clear().map_err(|error| Error::io(&store.folder, error))?;
    Ok(cleared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::kept::KeptUnit;

    fn key(n: u8) -> Digest {
        Digest::from([n; 32])
    }

    fn entry(path: &str) -> Entry {
        Entry::Kept(KeptUnit {
            path: path.to_owned(),
            ..KeptUnit::default()
        })
    }

    fn path_in(found: &Found) -> Option<&str> {
        match found {
            Found::Entry(Entry::Kept(unit)) => Some(&unit.path),
            _ => None,
        }
    }

    #[test]
    fn every_damage_is_a_miss_that_is_told() {
        let temp = tempfile::tempdir().unwrap();
        let store = Store::new(temp.path());
        assert!(matches!(store.get(&key(1)), Found::Nothing));
        store.put(&key(1), &entry("a")).unwrap();
        assert_eq!(path_in(&store.get(&key(1))), Some("a"));
        let whole = fs::read(store.path(&key(1))).unwrap();
        let mut damages: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            damages.push(bytes);
        }
        damages.push([whole.as_slice(), b"x"].concat());
        for bytes in damages {
            fs::write(store.path(&key(1)), &bytes).unwrap();
            assert!(
                matches!(store.get(&key(1)), Found::Damaged(..)),
                "{bytes:?}"
            );
            // It is told of once.
            assert!(matches!(store.get(&key(1)), Found::Nothing), "{bytes:?}");
        }
        // Below another digest an entry is none.
        store.put(&key(1), &entry("a")).unwrap();
        store.put(&key(2), &entry("b")).unwrap();
        fs::rename(store.path(&key(1)), store.path(&key(2))).unwrap();
        assert!(matches!(store.get(&key(2)), Found::Damaged(..)));
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let temp = tempfile::tempdir().unwrap();
        let store = Store::new(temp.path());
        let age = |n: u8, hours: u64| {
            let file = File::options()
                .write(true)
                .open(store.path(&key(n)))
                .unwrap();
            let time = SystemTime::now() - Duration::from_secs(3600 * hours);
            file.set_modified(time).unwrap();
        };
        for n in 0..4 {
            store.put(&key(n), &entry("a")).unwrap();
            age(n, 10 + u64::from(n));
        }
        // The oldest is used again.
        assert!(matches!(store.get(&key(3)), Found::Entry(_)));
        let stored = stored_results(temp.path()).unwrap();
        assert_eq!(stored.units, 4);
        store.sweep(stored.bytes / 2);
        let left = |n| matches!(store.get(&key(n)), Found::Entry(_));
        assert_eq!(
            [left(0), left(1), left(2), left(3)],
            [true, false, false, true]
        );
        fs::write(temp.path().join("results/notes"), "").unwrap();
        let cleared = clear_results(temp.path()).unwrap();
        assert_eq!(cleared.files, 2);
        assert_eq!(
            stored_results(temp.path()).unwrap(),
            StoredResults::default()
        );
        assert!(temp.path().join("results/notes").exists());
    }
}
