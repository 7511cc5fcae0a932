use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::Mmap;

use super::format::{FACTS_RECORD, FILE_RECORD, FactsRecord, FileRecord, HEADER, Header, Key, sum};
use super::identity::Identity;
use crate::syntax::FileFacts;

/// A facts file, mapped. Looking something up takes no lock and reads what it needs.
#[derive(Debug)]
pub(super) struct Map {
    bytes: Mmap,
    header: Header,
    /// Device and inode, which no other file has while this one is mapped.
    file: (u64, u64),
    used_files: Marks,
    used_facts: Marks,
}

impl Map {
    /// Opens a facts file; none if there is none that can be trusted.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let metadata = file.metadata().ok()?;
        // In a folder that many can write, someone else's file must not name our tests.
        let own = rustix::process::geteuid().as_raw();
        let trusted = metadata.is_file() && [0, own].contains(&metadata.uid());
        if !trusted || metadata.len() < HEADER as u64 {
            return None;
        }
        let bytes = map(&file).ok()?;
        let header = Header::from_bytes(&bytes)?;
        Some(Self {
            used_files: Marks::new(header.file_slots),
            used_facts: Marks::new(header.facts_slots),
            bytes,
            header,
            file: (metadata.dev(), metadata.ino()),
        })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Whether both map the same version of a facts file.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.file == other.file
    }

    /// The digest of a file's content, if it still looks as it did when that was read.
    pub(super) fn digest(&self, path: u128, identity: &Identity) -> Option<[u8; 32]> {
        let home = path as u64;
        let slot = probe(home, self.header.file_slots, |slot| {
            let bytes = self.file_slot(slot)?;
            if is_free(bytes) {
                return Some(None);
            }
            let record = FileRecord::read(bytes).filter(|record| record.path == path)?;
            Some(Some((slot, record)))
        })?;
        let (slot, record) = slot?;
        if record.identity != *identity {
            return None;
        }
        self.used_files.set(slot);
        Some(record.digest)
    }

    /// The facts of a content.
    pub(super) fn facts(&self, key: &Key) -> Option<FileFacts> {
        let slot = probe(key.home(), self.header.facts_slots, |slot| {
            let bytes = self.facts_slot(slot)?;
            if is_free(bytes) {
                return Some(None);
            }
            let record = FactsRecord::read(bytes).filter(|record| record.key == *key)?;
            Some(Some((slot, record)))
        })?;
        let (slot, record) = slot?;
        let encoded = self.encoded(&record)?;
        if sum(encoded) != record.sum {
            return None;
        }
        let (facts, rest) = postcard::take_from_bytes::<FileFacts>(encoded).ok()?;
        if !rest.is_empty() || *facts.digest.as_bytes() != key.digest {
            return None;
        }
        self.used_facts.set(slot);
        Some(facts)
    }

    /// The whole records of files, and whether each was used.
    pub(super) fn files(&self) -> impl Iterator<Item = (FileRecord, bool)> {
        (0..self.header.file_slots).filter_map(|slot| {
            let record = FileRecord::read(self.file_slot(slot)?)?;
            Some((record, self.used_files.is_set(slot)))
        })
    }

    /// The whole records of facts with the encoded facts, and whether each was used.
    pub(super) fn all_facts(&self) -> impl Iterator<Item = (FactsRecord, &[u8], bool)> {
        (0..self.header.facts_slots).filter_map(|slot| {
            let record = FactsRecord::read(self.facts_slot(slot)?)?;
            let encoded = self.encoded(&record)?;
            Some((record, encoded, self.used_facts.is_set(slot)))
        })
    }

    fn file_slot(&self, slot: u32) -> Option<&[u8]> {
        let from = HEADER + slot as usize * FILE_RECORD;
        self.bytes.get(from..from + FILE_RECORD)
    }

    fn facts_slot(&self, slot: u32) -> Option<&[u8]> {
        let from = self.header.facts_table() + slot as usize * FACTS_RECORD;
        self.bytes.get(from..from + FACTS_RECORD)
    }

    fn encoded(&self, record: &FactsRecord) -> Option<&[u8]> {
        let from = self
            .header
            .data()
            .checked_add(record.offset.try_into().ok()?)?;
        self.bytes
            .get(from..from.checked_add(record.length as usize)?)
    }
}

/// Maps a whole file for reading.
#[allow(unsafe_code)]
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes of a mapping must not change while it lives. Facts files are written under
    // another name and come here by rename, complete; after that nothing writes to them or cuts
    // them: a new version is a new inode, and the mapping keeps the old one alive. Only a foreign
    // program that changes files of the user's cache in place could break this.
    unsafe { Mmap::map(file) }
}

/// Whether a slot was never filled, so that no search goes on behind it.
fn is_free(slot: &[u8]) -> bool {
    slot.iter().all(|byte| *byte == 0)
}

/// Calls `look` for the slots from a home on, until it gives something.
fn probe<T>(home: u64, slots: u32, mut look: impl FnMut(u32) -> Option<T>) -> Option<T> {
    let mask = slots - 1;
    (0..slots).find_map(|step| look((home as u32).wrapping_add(step) & mask))
}

/// Fills the slot of a table that [`probe`] would find first.
pub(super) fn place(table: &mut [u8], record: usize, home: u64) -> Option<&mut [u8]> {
    let slots = u32::try_from(table.len() / record).ok()?;
    let at = probe(home, slots, |slot| {
        let from = slot as usize * record;
        let bytes = table.get(from..from + record)?;
        is_free(bytes).then_some(from)
    })?;
    table.get_mut(at..at + record)
}

/// One bit a slot, set from any thread.
#[derive(Debug)]
struct Marks(Vec<AtomicU64>);

impl Marks {
    fn new(slots: u32) -> Self {
        let words = slots.div_ceil(64);
        Self((0..words).map(|_| AtomicU64::new(0)).collect())
    }

    fn set(&self, slot: u32) {
        if let Some(word) = self.0.get(slot as usize / 64) {
            word.fetch_or(1 << (slot % 64), Ordering::Relaxed);
        }
    }

    fn is_set(&self, slot: u32) -> bool {
        let word = self.0.get(slot as usize / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (slot % 64) & 1 == 1)
    }
}
