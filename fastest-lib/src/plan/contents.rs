//! What files hold, by digest, without reading those that look as they did when they were read.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use bytemuck::{Pod, Zeroable};
use memmap2::Mmap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::canonical::{Canonical, Digest};
use crate::syntax::{Identity, map, settled};

const MAGIC: u64 = u64::from_ne_bytes(*b"\x89conts1\n");
const HEADER: usize = 16;
/// No more files are remembered of a rootdir.
const MOST: usize = 1 << 20;

/// A file as it was when its content had that digest.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Record {
    /// The hash of its path. Two paths of one hash do no harm: they differ in identity.
    path: [u64; 2],
    identity: [u64; 7],
    digest: [u8; 32],
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A file.
    File {
        /// The digest of its bytes.
        digest: [u8; 32],
        /// Whether it may be executed.
        executable: bool,
    },
    /// A folder, with the digest of all that is in it.
    Folder([u8; 32]),
    /// Nothing.
    Absent,
    /// Something that cannot be read.
    Unreadable,
}

/// One look at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    content: Content,
    /// What the file system said of it.
    identity: [u64; 7],
}

const SHARDS: usize = 32;

/// Looks at each path once, and remembers digests from run to run.
#[derive(Debug)]
pub(crate) struct Contents {
    path: PathBuf,
    known: Option<Mmap>,
    shards: [Mutex<HashMap<PathBuf, Look>>; SHARDS],
    hasher: RandomState,
    learnt: Mutex<Vec<Record>>,
}

impl Contents {
    /// What is remembered in that file; nothing where it cannot be trusted.
    pub(crate) fn open(path: PathBuf) -> Self {
        Self {
            known: open(&path),
            path,
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            learnt: Mutex::default(),
        }
    }

    /// What is at a path now, or was when it was first asked for. `hint` is what another one says that
    /// has looked: an identity, and the digest of the content that belongs to it.
    pub(crate) fn at(&self, path: &Path, hint: Option<([u64; 7], [u8; 32])>) -> Content {
        self.look(path, hint).content
    }

    /// Whether `later` saw the very same files at a path.
    pub(crate) fn is_same(&self, later: &Self, path: &Path) -> bool {
        self.look(path, None) == later.look(path, None)
    }

    fn look(&self, path: &Path, hint: Option<([u64; 7], [u8; 32])>) -> Look {
        let shard = self.hasher.hash_one(path) as usize % SHARDS;
        let shard = &self.shards[shard];
        let get = || shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(look) = get().get(path) {
            return *look;
        }
        let look = self.take(path, hint);
        *get().entry(path.to_path_buf()).or_insert(look)
    }

    fn take(&self, path: &Path, hint: Option<([u64; 7], [u8; 32])>) -> Look {
        let nothing = |content| Look {
            content,
            identity: [0; 7],
        };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_absence(&error) => return nothing(Content::Absent),
            Err(_) => return nothing(Content::Unreadable),
        };
        if metadata.is_dir() {
            return self.folder(path).unwrap_or(nothing(Content::Unreadable));
        }
        if !metadata.is_file() {
            // A pipe or a device has no content of its own.
            return nothing(Content::Unreadable);
        }
        let executable = metadata.mode() & 0o111 != 0;
        let identity = Identity::of(&metadata).0;
        let hash = path_hash(path);
        let hinted = hint.filter(|(known, _)| *known == identity);
        let known = hinted.map(|(_, digest)| digest);
        if let Some(digest) = known.or_else(|| self.remembered(hash, &identity)) {
            return Look {
                content: Content::File { digest, executable },
                identity,
            };
        }
        self.read(path, hash)
            .unwrap_or(nothing(Content::Unreadable))
    }

    fn read(&self, path: &Path, hash: [u64; 2]) -> io::Result<Look> {
        let asked = SystemTime::now();
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut hasher = blake3::Hasher::new();
        let bytes = io::copy(&mut file, &mut hasher)?;
        let digest = hasher.finalize().into();
        let identity = Identity::of(&metadata);
        if bytes == metadata.len() && settled(&identity, asked) {
            let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
            learnt.push(Record {
                path: hash,
                identity: identity.0,
                digest,
            });
        }
        Ok(Look {
            content: Content::File {
                digest,
                executable: metadata.mode() & 0o111 != 0,
            },
            identity: identity.0,
        })
    }

    /// Everything below a folder but what Python compiles there.
    fn folder(&self, path: &Path) -> Option<Look> {
        let mut names: Vec<_> = fs::read_dir(path)
            .ok()?
            .map(|entry| Some(entry.ok()?.file_name()))
            .collect::<Option<_>>()?;
        names.retain(|name| name != "__pycache__");
        names.sort_unstable();
        let mut folder = Canonical::new("folder");
        let mut identities = Vec::new();
        for name in names {
            let below = path.join(&name);
            folder.field(name.as_encoded_bytes());
            if below.is_symlink() && below.is_dir() {
                // It may lead in circles.
                folder.field(fs::read_link(&below).ok()?.as_os_str().as_encoded_bytes());
            } else {
                let look = self.look(&below, None);
                look.content.add_to(&mut folder)?;
                identities.extend(look.identity);
            }
        }
        let [high, low] = hash_of(bytemuck::cast_slice(&identities));
        Some(Look {
            content: Content::Folder(folder.finish()),
            identity: [high, low, 0, 0, 0, 0, 0],
        })
    }

    fn remembered(&self, path: [u64; 2], identity: &[u64; 7]) -> Option<[u8; 32]> {
        let records = self.records();
        let first = records.partition_point(|record| record.path < path);
        let mut same = records[first..].iter().take_while(|one| one.path == path);
        let record = same.find(|record| record.identity == *identity)?;
        Some(record.digest)
    }

    fn records(&self) -> &[Record] {
        let bytes = self.known.as_ref().and_then(|map| map.get(HEADER..));
        bytemuck::try_cast_slice(bytes.unwrap_or_default()).unwrap_or_default()
    }

    /// Remembers what was learnt, for those that open it afterwards. What cannot be kept costs time.
    pub(crate) fn save(&self) -> io::Result<()> {
        let learnt =
            std::mem::take(&mut *self.learnt.lock().unwrap_or_else(PoisonError::into_inner));
        if learnt.is_empty() {
            return Ok(());
        }
        // What another process has learnt meanwhile stays.
        let newer = Self::open(self.path.clone());
        let mut all: HashMap<[u64; 2], Record> = HashMap::new();
        let room = MOST.saturating_sub(learnt.len());
        for record in newer.records().iter().take(room).chain(&learnt) {
            all.insert(record.path, *record);
        }
        let mut all: Vec<Record> = all.into_values().collect();
        all.sort_unstable_by_key(|record| record.path);
        let body: &[u8] = bytemuck::cast_slice(&all);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
        aside.write_all(&MAGIC.to_ne_bytes())?;
        aside.write_all(&xxh3_64(body).to_ne_bytes())?;
        aside.write_all(body)?;
        aside.persist(&self.path)?;
        Ok(())
    }
}

/// What the name of an unfinished file begins with.
pub(crate) const ASIDE: &str = ".new-";

impl Content {
    /// Adds it to a digest; none if there is no saying what it is.
    pub(crate) fn add_to(self, out: &mut Canonical) -> Option<()> {
        match self {
            Self::File { digest, executable } => {
                out.field(if executable { b"x" } else { b"f" });
                out.field(&digest);
            }
            Self::Folder(digest) => {
                out.field(b"d");
                out.field(&digest);
            }
            Self::Absent => out.field(b"-"),
            Self::Unreadable => return None,
        }
        Some(())
    }
}

/// As `fastest explain --digest` shows it.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                digest,
                executable: true,
            } => write!(f, "x {}", Digest::from(*digest)),
            Self::File { digest, .. } => write!(f, "f {}", Digest::from(*digest)),
            Self::Folder(digest) => write!(f, "d {}", Digest::from(*digest)),
            Self::Absent | Self::Unreadable => f.write_str("-"),
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn path_hash(path: &Path) -> [u64; 2] {
    hash_of(path.as_os_str().as_encoded_bytes())
}

fn hash_of(bytes: &[u8]) -> [u64; 2] {
    let hash = xxh3_128(bytes);
    [(hash >> 64) as u64, hash as u64]
}

fn open(path: &Path) -> Option<Mmap> {
    let file = File::open(path).ok()?;
    if !is_trusted(&file.metadata().ok()?) {
        return None;
    }
    let map = map(&file).ok()?;
    let (header, body) = map.split_at_checked(HEADER)?;
    let number = |at: usize| header.get(at..at + 8)?.try_into().ok();
    let whole = number(0).map(u64::from_ne_bytes) == Some(MAGIC)
        && number(8).map(u64::from_ne_bytes) == Some(xxh3_64(body))
        && body.len() % size_of::<Record>() == 0;
    whole.then_some(map)
}

/// Whether a file is ours: in a folder that many can write, someone else's must not have a say.
pub(crate) fn is_trusted(metadata: &Metadata) -> bool {
    let own = rustix::process::geteuid().as_raw();
    metadata.is_file() && [0, own].contains(&metadata.uid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn file(content: Content) -> ([u8; 32], bool) {
        match content {
            Content::File { digest, executable } => (digest, executable),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn contents_are_remembered_as_long_as_files_look_the_same() {
        let temp = tempfile::tempdir().unwrap();
        let (index, path) = (temp.path().join("cache/index"), temp.path().join("a"));
        fs::write(&path, "one").unwrap();
        let old = SystemTime::now() - Duration::from_secs(60);
        File::open(&path).unwrap().set_modified(old).unwrap();
        // Written just now, by its other time: it is not remembered.
        let contents = Contents::open(index.clone());
        let one = file(contents.at(&path, None));
        assert_eq!(one.0, *blake3::hash(b"one").as_bytes());
        contents.save().unwrap();
        assert!(Contents::open(index.clone()).records().is_empty());
        std::thread::sleep(Duration::from_millis(60));
        let contents = Contents::open(index.clone());
        assert_eq!(file(contents.at(&path, None)), one);
        contents.save().unwrap();
        let again = Contents::open(index.clone());
        assert_eq!(again.records().len(), 1);
        assert_eq!(file(again.at(&path, None)), one);
        assert!(again.is_same(&contents, &path));
        fs::write(&path, "two").unwrap();
        let later = Contents::open(index.clone());
        assert_ne!(file(later.at(&path, None)), one);
        // The first look of each stays.
        assert_eq!(file(again.at(&path, None)), one);
        assert!(!again.is_same(&later, &path));
        // Back again is not the same as never gone.
        fs::write(&path, "one").unwrap();
        let back = Contents::open(index.clone());
        assert_eq!(file(back.at(&path, None)), one);
        assert!(!again.is_same(&back, &path));
        // A damaged index is an empty one.
        let mut bytes = fs::read(&index).unwrap();
        bytes[HEADER + 60] ^= 1;
        fs::write(&index, bytes).unwrap();
        assert!(Contents::open(index).records().is_empty());
    }

    #[test]
    fn whatever_is_in_a_folder_tells_it_from_others() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        let look = || Contents::open(temp.path().join("none")).at(&root, None);
        let mut seen = vec![look()];
        fs::write(root.join("sub/a"), "1").unwrap();
        seen.push(look());
        fs::write(root.join("sub/a"), "2").unwrap();
        seen.push(look());
        fs::rename(root.join("sub/a"), root.join("sub/b")).unwrap();
        seen.push(look());
        fs::create_dir(root.join("__pycache__")).unwrap();
        assert_eq!(look(), seen[3]);
        for (at, one) in seen.iter().enumerate() {
            assert!(matches!(one, Content::Folder(_)));
            assert!(!seen[..at].contains(one), "{at}");
        }
        assert_eq!(
            Contents::open(temp.path().join("none")).at(&root.join("x"), None),
            Content::Absent
        );
    }
}
