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
use rustc_hash::{FxHashMap, FxHashSet};
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
}

/// What was seen of files just now, by their paths from the top: the times of the content and of the
/// inode, each in seconds and nanoseconds, the size and the inode. No file behind a link is among them.
pub(super) type Known<'k> = FxHashMap<&'k [u8], [u64; 6]>;

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
        while at.0.len() > hash_len {
            let name = at.take(4)?;
            let length = at.u32()? as usize;
            if matches!(name, b"link" | b"sdir" | b"FSMN") {
                return None;
            }
            at.take(length)?;
        }
        Some(Self { entries, written })
    }

    /// The tracked files that may not be as the index has them. What is `known` of a file is not looked
    /// for again.
    pub(super) fn suspects(&self, top: &Path, known: &Known<'_>) -> Option<Vec<&[u8]>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = open(top, flags, Mode::empty()).ok()?;
        let mut real: FxHashMap<&[u8], bool> = FxHashMap::default();
        for entry in &self.entries {
            is_real(folder_of(&entry.path), &mut real, &|folder| {
                let looked = statat(top.as_fd(), folder, AtFlags::SYMLINK_NOFOLLOW);
                looked.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
            });
        }
        let may_differ = |entry: &&Entry| {
            if !real.get(folder_of(&entry.path)).is_some_and(|real| *real) {
                return true;
            }
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
            if let Some(identity) = known.get(&*entry.path) {
                // A change of the owner would show in the time of the inode.
                let own = [mtime, mtime_nsec, ctime, ctime_nsec, size, inode];
                let same = own
                    .iter()
                    .zip(identity)
                    .all(|(own, known)| *own == *known as u32);
                return !same || is_racy;
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
        let suspects = self.entries.par_iter().filter(may_differ);
        Some(suspects.map(|entry| entry.path.as_slice()).collect())
    }

    /// Those of the files that are not tracked, submodules and what lies in them left out.
    pub(super) fn untracked<'f>(&self, files: impl Iterator<Item = &'f [u8]>) -> Vec<&'f [u8]> {
        let tracked: FxHashSet<&[u8]> = self.entries.iter().map(|entry| &*entry.path).collect();
        let modules = self.entries.iter().filter(|entry| entry.stat[6] == GITLINK);
        let modules: Vec<&[u8]> = modules.map(|entry| &*entry.path).collect();
        let in_module = |file: &[u8]| {
            modules.iter().any(|module| {
                let rest = file.strip_prefix(*module);
                rest.is_some_and(|rest| rest.starts_with(b"/"))
            })
        };
        files
            .filter(|file| !tracked.contains(file) && !in_module(file))
            .filter(|file| !file.split(|byte| *byte == b'/').any(|part| part == b".git"))
            .collect()
    }
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
