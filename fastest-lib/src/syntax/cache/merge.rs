//! The next version of a facts file: what was learnt, and of the version before what is still good.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::folder::ASIDE;
use super::format::{FACTS_RECORD, FILE_RECORD, FactsRecord, FileRecord, HEADER, Header, Key, sum};
use super::map::{Map, place};
use super::now;

/// Writes are tried so often, since others may remove the folder in the midst of one.
const ATTEMPTS: u32 = 8;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of one facts file; the least recently used facts go first.
    pub(super) file: u64,
    /// Bytes of all facts files; the oldest go first.
    pub(super) folder: u64,
    /// Bytes of facts that no file has now, such as those of another branch. They may always be as
    /// many as those that files have.
    pub(super) spare: u64,
    /// Hours that something may go unused.
    pub(super) age: u32,
    /// Bytes of a facts file from which on it is not replaced for a handful of files.
    pub(super) large: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 256 << 20,
            folder: 1 << 30,
            spare: 4 << 20,
            age: 30 * 24,
            large: 32 << 20,
        }
    }
}

/// What a run found out. Facts are kept encoded: as values they would take ten times the memory.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    pub(super) files: Vec<FileRecord>,
    facts: Vec<(Key, usize)>,
    bytes: Vec<u8>,
}

impl Learnt {
    pub(super) fn add_facts(&mut self, key: Key, encoded: &[u8]) {
        self.bytes.extend_from_slice(encoded);
        self.facts.push((key, self.bytes.len()));
    }

    fn facts(&self) -> impl Iterator<Item = (Key, &[u8])> {
        let mut from = 0;
        self.facts.iter().filter_map(move |(key, to)| {
            let encoded = self.bytes.get(from..*to)?;
            from = *to;
            Some((*key, encoded))
        })
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.facts.is_empty()
    }

    fn len(&self) -> u64 {
        (self.bytes.len() + self.files.len() * FILE_RECORD) as u64
    }
}

/// Replaces the facts file `name`, if it is worth it; `used` is the version that the run used.
pub(super) fn write(
    folder: &Path,
    name: &str,
    used: Option<&Map>,
    learnt: &Learnt,
    limits: &Limits,
) -> io::Result<bool> {
    let path = folder.join(name);
    if learnt.is_empty() {
        return Ok(false);
    }
    // Others may have replaced it meanwhile.
    let current = Map::open(&path);
    let length = current.as_ref().map_or(0, |map| map.header().length);
    if length > limits.large && learnt.len() < length / 4096 {
        // To read a few files again is cheaper than to write that much.
        return Ok(false);
    }
    let next = Next::new(used, current.as_ref(), learnt, limits, now());
    let mut attempts = 1..ATTEMPTS;
    while let Err(error) = next.replace(folder, &path) {
        let is_gone = error.kind() == io::ErrorKind::NotFound;
        if !is_gone || attempts.next().is_none() {
            return Err(error);
        }
    }
    Ok(true)
}

struct Facts<'a> {
    encoded: &'a [u8],
    sum: u64,
    used: u32,
    /// The place among all: the older come first.
    order: (u8, u64),
}

/// What a facts file is to hold.
struct Next<'a> {
    files: Vec<FileRecord>,
    facts: Vec<(Key, Facts<'a>)>,
}

impl<'a> Next<'a> {
    fn new(
        used: Option<&'a Map>,
        current: Option<&'a Map>,
        learnt: &'a Learnt,
        limits: &Limits,
        now: u32,
    ) -> Self {
        let mut files = HashMap::new();
        let mut facts = HashMap::new();
        let same = match (used, current) {
            (Some(used), Some(current)) => used.is(current),
            _ => false,
        };
        if let Some(current) = current.filter(|_| !same) {
            files.extend(current.files().map(|(record, _)| (record.path, record)));
            facts.extend(current.all_facts().map(|(record, encoded, _)| {
                let facts = Facts {
                    encoded,
                    sum: record.sum,
                    used: record.used,
                    order: (0, record.offset),
                };
                (record.key, facts)
            }));
        }
        if let Some(map) = used {
            // What this run did not use of a version that is gone is not brought back.
            for (record, marked) in map.files().filter(|(_, marked)| same || *marked) {
                let place = files.entry(record.path).or_insert(record);
                if marked {
                    place.used = now;
                }
            }
            for (record, encoded, marked) in
                map.all_facts().filter(|(_, _, marked)| same || *marked)
            {
                let place = facts.entry(record.key).or_insert(Facts {
                    encoded,
                    sum: record.sum,
                    used: record.used,
                    order: (1, record.offset),
                });
                if marked {
                    place.used = now;
                }
            }
        }
        for record in &learnt.files {
            let record = FileRecord {
                used: now,
                ..*record
            };
            files.insert(record.path, record);
        }
        for (at, (key, encoded)) in learnt.facts().enumerate() {
            let facts_of_key = Facts {
                encoded,
                sum: sum(encoded),
                used: now,
                order: (2, at as u64),
            };
            facts.insert(key, facts_of_key);
        }
        let mut next = Self {
            files: files.into_values().collect(),
            facts: facts.into_iter().collect(),
        };
        next.shrink(limits, now);
        next
    }

    /// Drops what is old, and then the least recently used until the rest is within the limits.
    fn shrink(&mut self, limits: &Limits, now: u32) {
        let is_recent = |used: u32| now.saturating_sub(used) <= limits.age;
        self.files.retain(|record| is_recent(record.used));
        self.facts.retain(|(_, facts)| is_recent(facts.used));
        // Tables are at most two thirds empty.
        let most = limits.file / 4 / (3 * FILE_RECORD as u64);
        self.files
            .sort_unstable_by_key(|record| (std::cmp::Reverse(record.used), record.path));
        self.files
            .truncate(usize::try_from(most).unwrap_or(usize::MAX));

        let live: HashSet<[u8; 32]> = self.files.iter().map(|record| record.digest).collect();
        let is_live = |key: &Key| live.contains(&key.digest);
        let of_live = self.facts.iter().filter(|(key, _)| is_live(key));
        let of_live: u64 = of_live.map(|(_, facts)| facts.encoded.len() as u64).sum();
        let (spare, whole) = (limits.spare.max(of_live), limits.file / 4 * 3);
        let (mut total, mut spared) = (0, 0);
        self.facts
            .sort_unstable_by_key(|(key, facts)| (facts.used, is_live(key), facts.order));
        let mut kept = Vec::with_capacity(self.facts.len());
        while let Some((key, facts)) = self.facts.pop() {
            let length = (facts.encoded.len() + 3 * FACTS_RECORD) as u64;
            let of_spare = if is_live(&key) { 0 } else { length };
            if total + length <= whole && spared + of_spare <= spare {
                total += length;
                spared += of_spare;
                kept.push((key, facts));
            }
        }
        kept.sort_unstable_by_key(|(_, facts)| facts.order);
        self.facts = kept;
    }

    fn replace(&self, folder: &Path, path: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
        let mut out = io::BufWriter::with_capacity(1 << 16, aside);
        self.write(&mut out)?;
        let aside = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        aside.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (file_slots, facts_slots) = (slots(self.files.len())?, slots(self.facts.len())?);
        let mut files = vec![0; file_slots as usize * FILE_RECORD];
        for record in &self.files {
            if let Some(slot) = place(&mut files, FILE_RECORD, record.path as u64) {
                record.write(slot);
            }
        }
        let mut table = vec![0; facts_slots as usize * FACTS_RECORD];
        let mut offset = 0;
        for (key, facts) in &self.facts {
            let record = FactsRecord {
                key: *key,
                used: facts.used,
                offset,
                length: u32::try_from(facts.encoded.len()).map_err(io::Error::other)?,
                sum: facts.sum,
            };
            offset += facts.encoded.len() as u64;
            if let Some(slot) = place(&mut table, FACTS_RECORD, key.home()) {
                record.write(slot);
            }
        }
        let header = Header {
            length: (HEADER + files.len() + table.len()) as u64 + offset,
            file_slots,
            files: u32::try_from(self.files.len()).map_err(io::Error::other)?,
            facts_slots,
            facts: u32::try_from(self.facts.len()).map_err(io::Error::other)?,
        };
        out.write_all(&header.to_bytes())?;
        out.write_all(&files)?;
        out.write_all(&table)?;
        for (_, facts) in &self.facts {
            out.write_all(facts.encoded)?;
        }
        out.flush()
    }
}

/// The slots of a table that is never more than two thirds full.
fn slots(records: usize) -> io::Result<u32> {
    let slots = (records + records / 2 + 1).checked_next_power_of_two();
    let slots = slots.and_then(|slots| u32::try_from(slots).ok());
    slots.ok_or_else(|| io::Error::other("too many files"))
}

#[cfg(test)]
mod tests {
    use super::super::identity::Identity;
    use super::*;
    use crate::syntax::ParserKind;

    const LIMITS: Limits = Limits {
        file: 1 << 20,
        folder: 1 << 20,
        spare: 1000,
        age: 100,
        large: 1 << 20,
    };

    fn key(n: u8) -> Key {
        Key::new([n; 32], ParserKind::Scanner)
    }

    /// Facts of `bytes` for each of `contents`, and a file for each that is `live`.
    fn learnt(contents: &[u8], live: &[u8], bytes: usize) -> Learnt {
        let mut learnt = Learnt::default();
        for n in contents {
            learnt.add_facts(key(*n), &vec![*n; bytes]);
        }
        learnt.files.extend(live.iter().map(|n| FileRecord {
            path: u128::from(*n),
            identity: Identity([1; 7]),
            digest: [*n; 32],
            used: 0,
        }));
        learnt
    }

    /// Writes the file as it is at the hour `now`.
    fn step(path: &Path, learnt: &Learnt, limits: &Limits, now: u32) -> (Vec<u8>, Vec<u8>) {
        let map = Map::open(path);
        let next = Next::new(map.as_ref(), map.as_ref(), learnt, limits, now);
        let mut bytes = Vec::new();
        next.write(&mut bytes).unwrap();
        let aside = path.with_extension("new");
        fs::write(&aside, bytes).unwrap();
        fs::rename(aside, path).unwrap();
        let map = Map::open(path).unwrap();
        let mut facts: Vec<u8> = map.all_facts().map(|(r, _, _)| r.key.digest[0]).collect();
        let mut files: Vec<u8> = map.files().map(|(record, _)| record.digest[0]).collect();
        assert_eq!(map.header().facts as usize, facts.len());
        assert_eq!(map.header().files as usize, files.len());
        for (record, encoded, _) in map.all_facts() {
            assert!(sum(encoded) == record.sum && encoded.iter().all(|n| *n == encoded[0]));
        }
        facts.sort_unstable();
        files.sort_unstable();
        (facts, files)
    }

    #[test]
    fn what_is_not_used_for_long_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let got = step(&path, &learnt(&[1, 2], &[1, 2], 10), &LIMITS, 1000);
        assert_eq!(got, (vec![1, 2], vec![1, 2]));
        let got = step(&path, &learnt(&[3], &[3], 10), &LIMITS, 1100);
        assert_eq!(got, (vec![1, 2, 3], vec![1, 2, 3]));
        let got = step(&path, &learnt(&[4], &[4], 10), &LIMITS, 1101);
        assert_eq!(got, (vec![3, 4], vec![3, 4]));
        // A clock that went back drops nothing.
        let got = step(&path, &learnt(&[5], &[], 10), &LIMITS, 7);
        assert_eq!(got, (vec![3, 4, 5], vec![3, 4]));
    }

    #[test]
    fn what_a_run_used_is_young_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        step(&path, &learnt(&[1, 2], &[1, 2], 10), &LIMITS, 1000);
        let (used, now) = (Map::open(&path).unwrap(), 1090);
        assert_eq!(used.digest(1, &Identity([1; 7])), Some([1; 32]));
        assert_eq!(used.digest(2, &Identity([2; 7])), None);
        let none = Learnt::default();
        // Also when another process has replaced the file meanwhile.
        step(&path, &learnt(&[3], &[3], 10), &LIMITS, 1010);
        let current = Map::open(&path).unwrap();
        let next = Next::new(Some(&used), Some(&current), &none, &LIMITS, now);
        let mut hours: Vec<_> = next.files.iter().map(|r| (r.digest[0], r.used)).collect();
        hours.sort_unstable();
        assert_eq!(hours, [(1, 1090), (2, 1000), (3, 1010)]);
    }

    #[test]
    fn limits_hold_and_the_least_recently_used_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        // Versions of one file: as many are kept as the spare bytes allow, the last ones.
        for n in 1..=50 {
            step(&path, &learnt(&[n], &[200], 84), &LIMITS, 1000);
        }
        let (facts, _) = step(&path, &learnt(&[60], &[60], 84), &LIMITS, 1001);
        assert_eq!(facts, [48, 49, 50, 60]);

        let small = Limits {
            file: 40_000,
            spare: 1 << 20,
            ..LIMITS
        };
        let all: Vec<u8> = (100..200).collect();
        let got = step(&path, &learnt(&all, &[], 784), &small, 1002);
        assert_eq!(got.0, (170..200).collect::<Vec<u8>>());
        assert!(fs::metadata(&path).unwrap().len() <= small.file);
    }

    #[test]
    fn a_large_file_is_not_replaced_for_little() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, name) = (folder.path(), "x");
        let limits = Limits {
            large: 100_000,
            ..LIMITS
        };
        let write = |learnt: &Learnt| write(folder, name, None, learnt, &limits).unwrap();
        assert!(!write(&Learnt::default()));
        assert!(write(&learnt(&[1], &[1], 500_000)));
        assert!(!write(&learnt(&[2], &[], 10)));
        assert!(write(&learnt(&[2], &[2], 10_000)));
    }
}
