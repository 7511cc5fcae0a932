//! The index of a git repository, read to tell quickly which files git has to be asked about.
//!
//! The format is that of git's `index-format` documentation, versions 2 to 4. What a file's entry says is
//! compared with the file system as git does it; whatever differs, or cannot be judged from that alone,
//! is left to git itself.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, open, statat};

const ASSUME_VALID: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
const SKIP_WORKTREE: u16 = 0x4000;
const GITLINK: u32 = 0o160_000;

/// The files that a repository tracks.
#[derive(Debug)]
pub(super) struct Index {
    entries: Vec<Entry>,
    /// When the index was written: what was written at that time or later may have changed since.
    written: (u32, u32),
    /// The tree that a commit of the index would have, where git has kept that.
    tree: Option<String>,
}

/// A file that is there, and what was seen of it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "made by callers")]
pub struct KnownFile<'f> {
    /// Its path, relative to the rootdir.
    pub path: &'f str,
    /// What the file system said of it just now: the times of its content and of its inode, each in
    /// seconds and nanoseconds, its size, its inode; none to have it looked at.
    pub stat: Option<[u64; 6]>,
}

/// What can be told of the working tree by the index.
#[derive(Debug, Default)]
pub(super) struct Looked<'i, 'f> {
    /// The tracked files that may not be as the index has them; none when that is not known.
    pub(super) suspects: Option<Vec<&'i [u8]>>,
    /// The known files that are not tracked, submodules and what lies in them left out.
    pub(super) untracked: Option<Vec<&'f str>>,
}

#[derive(Debug)]
struct Entry {
    path: Vec<u8>,
    /// Times of the inode and of the content, device and inode, mode, owner, size.
    stat: [u32; 10],
    flags: u16,
    more: u16,
}

impl Index {
    /// Reads an index; none when it is of a kind that is not understood.
    pub(super) fn read(path: &Path, hash_len: usize) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let bytes = fs::read(path).ok()?;
        let written = (metadata.mtime() as u32, metadata.mtime_nsec() as u32);
        let mut at = Cursor(&bytes);
        if at.take(4)? != b"DIRC" {
            return None;
        }
        let version = at.u32()?;
        let count = at.u32()? as usize;
        if !(2..=4).contains(&version) {
            return None;
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(count.min(1 << 20));
        for _ in 0..count {
            let before = at.0.len();
            let mut stat = [0; 10];
            for field in &mut stat {
                *field = at.u32()?;
            }
            at.take(hash_len)?;
            let flags = at.u16()?;
            let more = if flags & EXTENDED != 0 { at.u16()? } else { 0 };
            let path = if version == 4 {
                let cut = at.varint()?;
                let last: &[u8] = entries.last().map_or(&[], |entry| &entry.path);
                let kept = last.get(..last.len().checked_sub(cut)?)?;
                [kept, at.string()?].concat()
            } else {
                let path = at.string()?.to_vec();
                // Padded with at least one NUL, which has been taken, to a multiple of eight.
                let taken = before - at.0.len();
                at.take(taken.next_multiple_of(8) - taken)?;
                path
            };
            entries.push(Entry {
                path,
                stat,
                flags,
                more,
            });
        }
        // Entries that stand for folders, or lie in another file, make it another kind of index.
        let mut tree = None;
        while at.0.len() > hash_len {
            let name = at.take(4)?;
            let length = at.u32()? as usize;
            let content = at.take(length)?;
            match name {
                b"link" | b"sdir" | b"FSMN" => return None,
                b"TREE" => tree = whole_tree(content, hash_len),
                _ => {}
            }
        }
        Some(Self {
            entries,
            written,
            tree,
        })
    }

    /// Whether the index is what that tree is, as far as it is known without a look at the tree.
    pub(super) fn is_of(&self, tree: &str) -> bool {
        self.tree.as_deref() == Some(tree)
    }

    /// Compares the tracked files with the working tree, whose top is given. `files` are all files
    /// below the folder `prefix` of it, which is empty or ends in `/`.
    pub(super) fn look<'f>(
        &self,
        top: &Path,
        prefix: &[u8],
        files: Option<&[KnownFile<'f>]>,
    ) -> Looked<'_, 'f> {
        let numbered = files.unwrap_or_default().iter().enumerate();
        let by_path: FxHashMap<&[u8], usize> = numbered
            .map(|(at, file)| (file.path.as_bytes(), at))
            .collect();
        let mut is_tracked = vec![false; by_path.len()];
        let known: Vec<Option<[u64; 6]>> = self
            .entries
            .iter()
            .map(|entry| {
                let at = *by_path.get(entry.path.strip_prefix(prefix)?)?;
                is_tracked[at] = true;
                files?[at].stat
            })
            .collect();
        let modules = self.entries.iter().filter(|entry| entry.stat[6] == GITLINK);
        let modules = modules.filter_map(|entry| entry.path.strip_prefix(prefix));
        let modules: Vec<&[u8]> = modules.collect();
        let is_foreign = |file: &str| {
            let in_module = |module: &&[u8]| {
                let rest = file.as_bytes().strip_prefix(*module);
                rest.is_some_and(|rest| rest.starts_with(b"/"))
            };
            modules.iter().any(in_module) || file.split('/').any(|part| part == ".git")
        };
        let untracked = files.map(|files| {
            let files = files.iter().zip(is_tracked);
            let files = files.filter(|(file, is_tracked)| !is_tracked && !is_foreign(file.path));
            files.map(|(file, _)| file.path).collect()
        });
        Looked {
            suspects: self.suspects(top, &known),
            untracked,
        }
    }

    fn suspects(&self, top: &Path, known: &[Option<[u64; 6]>]) -> Option<Vec<&[u8]>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = open(top, flags, Mode::empty()).ok()?;
        let mut real: FxHashMap<&[u8], bool> = FxHashMap::default();
        for (entry, known) in self.entries.iter().zip(known) {
            // No link is on the way to what is known.
            if known.is_none() {
                is_real(folder_of(&entry.path), &mut real, &|folder| {
                    let looked = statat(top.as_fd(), folder, AtFlags::SYMLINK_NOFOLLOW);
                    looked.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
                });
            }
        }
        let may_differ = |(entry, known): &(&Entry, &Option<[u64; 6]>)| {
            if entry.flags & ASSUME_VALID != 0 || entry.more & SKIP_WORKTREE != 0 {
                return false;
            }
            if entry.flags & STAGE != 0 || entry.more != 0 || entry.stat[6] == GITLINK {
                return true;
            }
            let [
                ctime,
                ctime_nsec,
                mtime,
                mtime_nsec,
                device,
                inode,
                _,
                owner,
                group,
                size,
            ] = entry.stat;
            let is_racy = (mtime, mtime_nsec) >= self.written;
            // The fields of an index have 32 bits.
            if let Some(known) = known {
                // A change of the owner would show in the time of the inode.
                let own = [mtime, mtime_nsec, ctime, ctime_nsec, size, inode];
                let same = own
                    .iter()
                    .zip(known)
                    .all(|(own, known)| *own == *known as u32);
                return !same || is_racy;
            }
            if !real.get(folder_of(&entry.path)).is_some_and(|real| *real) {
                return true;
            }
            let looked = statat(top.as_fd(), &*entry.path, AtFlags::SYMLINK_NOFOLLOW);
            let Ok(stat) = looked else { return true };
            let same = stat.st_ctime as u32 == ctime
                && stat.st_ctime_nsec as u32 == ctime_nsec
                && stat.st_mtime as u32 == mtime
                && stat.st_mtime_nsec as u32 == mtime_nsec
                && stat.st_ino as u32 == inode
                && (device == 0 || stat.st_dev as u32 == device)
                && stat.st_uid == owner
                && stat.st_gid == group
                && stat.st_size as u32 == size;
            !same || is_racy
        };
        let entries = self.entries.par_iter().zip(known).with_min_len(512);
        let suspects = entries.filter(may_differ);
        Some(suspects.map(|(entry, _)| entry.path.as_slice()).collect())
    }
}

/// The tree of the whole index, of the cached trees; none where something in it has changed.
fn whole_tree(content: &[u8], hash_len: usize) -> Option<String> {
    // The path of the whole, which is empty; the number of its entries, -1 where it is not known; the
    // number of its subtrees; the object.
    let rest = content.strip_prefix(b"\0")?;
    let end = memchr::memchr(b'\n', rest)?;
    let (numbers, rest) = rest.split_at(end);
    if numbers.starts_with(b"-") {
        return None;
    }
    let object = rest.get(1..=hash_len)?;
    Some(object.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn folder_of(path: &[u8]) -> &[u8] {
    let end = memchr::memrchr(b'/', path).unwrap_or(0);
    &path[..end]
}

/// Whether a folder is one, and no symbolic link is on the way to it.
fn is_real<'p>(
    folder: &'p [u8],
    known: &mut FxHashMap<&'p [u8], bool>,
    is_folder: &impl Fn(&[u8]) -> bool,
) -> bool {
    if folder.is_empty() {
        known.insert(folder, true);
        return true;
    }
    if let Some(real) = known.get(folder) {
        return *real;
    }
    let real = is_real(folder_of(folder), known, is_folder) && is_folder(folder);
    known.insert(folder, real);
    real
}

struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Up to the next NUL, which is taken too.
    fn string(&mut self) -> Option<&'b [u8]> {
        let end = memchr::memchr(0, self.0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    /// The offset encoding of pack files.
    fn varint(&mut self) -> Option<usize> {
        let mut byte = *self.take(1)?.first()?;
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            value = value.checked_add(1)?.checked_shl(7)? | usize::from(byte & 0x7f);
        }
        Some(value)
    }
}
