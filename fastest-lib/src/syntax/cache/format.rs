//! The layout of a facts file.
//!
//! | part | content |
//! |---|---|
//! | header | magic, schema, the file's length, sizes of the tables, checksum of all that |
//! | file table | open-addressed by the hash of a path: its last trusted stat, its content's digest |
//! | facts table | open-addressed by digest: where the facts are, with a checksum of them |
//! | facts | one `postcard` value after another |
//!
//! Numbers are little-endian whatever the machine. Every record has a checksum of its own, looked at
//! when it is used: opening reads nothing but the header, and damage costs the entry that it hit.

use xxhash_rust::xxh3::xxh3_64;

use super::identity::Identity;
use crate::syntax::ParserKind;

const MAGIC: [u8; 8] = *b"\x89facts\r\n";

pub(super) const HEADER: usize = 56;
pub(super) const FILE_RECORD: usize = 120;
pub(super) const FACTS_RECORD: usize = 72;

/// What the facts of one content are found by: its digest, and what read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) digest: [u8; 32],
    pub(super) parser: u8,
}

impl Key {
    pub(super) fn new(digest: [u8; 32], parser: ParserKind) -> Self {
        let parser = match parser {
            ParserKind::Auto => 0,
            ParserKind::Scanner => 1,
            ParserKind::TreeSitter => 2,
        };
        Self { digest, parser }
    }

    /// Where the search in the facts table begins.
    pub(super) fn home(&self) -> u64 {
        let (head, _) = self.digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
        u64::from_le_bytes(*head)
    }
}

/// Changes with this crate's version, with the source of this stage and with the grammar.
pub(super) fn schema() -> u64 {
    let language = tree_sitter::Language::from(tree_sitter_python::LANGUAGE);
    let grammar = language.metadata().map(|version| {
        let tree_sitter::LanguageMetadata {
            major_version,
            minor_version,
            patch_version,
        } = version;
        [major_version, minor_version, patch_version]
    });
    let text = concat!(env!("CARGO_PKG_VERSION"), "/", env!("FASTEST_FACTS"));
    let text = format!("{text}/{}/{grammar:?}", language.abi_version());
    xxh3_64(text.as_bytes())
}

/// The header's variable part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) length: u64,
    pub(super) file_slots: u32,
    pub(super) files: u32,
    pub(super) facts_slots: u32,
    pub(super) facts: u32,
}

impl Header {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        out.extend(MAGIC);
        out.extend(schema().to_le_bytes());
        out.extend(self.length.to_le_bytes());
        for number in [self.file_slots, self.files, self.facts_slots, self.facts] {
            out.extend(number.to_le_bytes());
        }
        out.resize(HEADER - 8, 0);
        seal(&mut out, 0);
        out
    }

    /// The header of a file of that length, if it is one of ours and whole.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(sealed(bytes.get(..HEADER)?)?);
        if fields.take()? != MAGIC || fields.u64()? != schema() {
            return None;
        }
        let header = Self {
            length: fields.u64()?,
            file_slots: fields.u32()?,
            files: fields.u32()?,
            facts_slots: fields.u32()?,
            facts: fields.u32()?,
        };
        let fits = header.length == bytes.len() as u64
            && header.data() <= bytes.len()
            && header.file_slots.is_power_of_two()
            && header.facts_slots.is_power_of_two();
        fits.then_some(header)
    }

    /// Where the facts table begins.
    pub(super) fn facts_table(&self) -> usize {
        (self.file_slots as usize)
            .saturating_mul(FILE_RECORD)
            .saturating_add(HEADER)
    }

    /// Where the facts begin.
    pub(super) fn data(&self) -> usize {
        (self.facts_slots as usize)
            .saturating_mul(FACTS_RECORD)
            .saturating_add(self.facts_table())
    }
}

/// A file as it was when its content had that digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileRecord {
    /// The hash of its path. Two paths of one hash do no harm: they differ in identity.
    pub(super) path: u128,
    pub(super) identity: Identity,
    pub(super) digest: [u8; 32],
    /// When it was last used; see [`now`](super::now).
    pub(super) used: u32,
}

impl FileRecord {
    pub(super) fn write(&self, slot: &mut [u8]) {
        let mut out = Vec::with_capacity(FILE_RECORD);
        out.extend(self.path.to_le_bytes());
        for number in self.identity.0 {
            out.extend(number.to_le_bytes());
        }
        out.extend(self.digest);
        out.extend(self.used.to_le_bytes());
        out.resize(FILE_RECORD - 8, 0);
        seal(&mut out, FILE_SEED);
        slot.copy_from_slice(&out);
    }

    pub(super) fn read(slot: &[u8]) -> Option<Self> {
        let mut fields = Fields(sealed_with(slot, FILE_SEED)?);
        let path = u128::from_le_bytes(fields.take()?);
        let mut identity = Identity([0; 7]);
        for number in &mut identity.0 {
            *number = fields.u64()?;
        }
        Some(Self {
            path,
            identity,
            digest: fields.take()?,
            used: fields.u32()?,
        })
    }
}

/// Where the facts of one content are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FactsRecord {
    pub(super) key: Key,
    /// When they were last used; see [`now`](super::now).
    pub(super) used: u32,
    /// Where they begin, counted from the start of the facts.
    pub(super) offset: u64,
    pub(super) length: u32,
    /// The checksum of the encoded facts.
    pub(super) sum: u64,
}

impl FactsRecord {
    pub(super) fn write(&self, slot: &mut [u8]) {
        let mut out = Vec::with_capacity(FACTS_RECORD);
        out.extend(self.key.digest);
        out.extend(u32::from(self.key.parser).to_le_bytes());
        out.extend(self.used.to_le_bytes());
        out.extend(self.offset.to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out.resize(FACTS_RECORD - 16, 0);
        out.extend(self.sum.to_le_bytes());
        seal(&mut out, FACTS_SEED);
        slot.copy_from_slice(&out);
    }

    pub(super) fn read(slot: &[u8]) -> Option<Self> {
        let mut fields = Fields(sealed_with(slot, FACTS_SEED)?);
        let digest = fields.take()?;
        let parser = u8::try_from(fields.u32()?).ok()?;
        let (used, offset, length) = (fields.u32()?, fields.u64()?, fields.u32()?);
        fields.u32()?;
        Some(Self {
            key: Key { digest, parser },
            used,
            offset,
            length,
            sum: fields.u64()?,
        })
    }
}

// A record of one table is none of the other, and zeros are a record of neither.
const FILE_SEED: u64 = 0x6669_6c65;
const FACTS_SEED: u64 = 0x6661_6374;

/// The checksum of encoded facts.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

fn seal(out: &mut Vec<u8>, seed: u64) {
    let check = xxh3_64(out) ^ seed;
    out.extend(check.to_le_bytes());
}

fn sealed(bytes: &[u8]) -> Option<&[u8]> {
    sealed_with(bytes, 0)
}

/// The bytes before the checksum, if that is right.
fn sealed_with(bytes: &[u8], seed: u64) -> Option<&[u8]> {
    let (content, check) = bytes.split_last_chunk()?;
    (xxh3_64(content) ^ seed == u64::from_le_bytes(*check)).then_some(content)
}

/// Takes fields of fixed width from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_header_of_another_version_is_refused() {
        let header = Header {
            length: (HEADER + FILE_RECORD + FACTS_RECORD) as u64,
            file_slots: 1,
            files: 0,
            facts_slots: 1,
            facts: 0,
        };
        let mut bytes = header.to_bytes();
        let file = |mut bytes: Vec<u8>| {
            bytes.resize(HEADER + FILE_RECORD + FACTS_RECORD, 0);
            Header::from_bytes(&bytes)
        };
        assert_eq!(file(bytes.clone()), Some(header));
        for at in [0, 8, 15] {
            let mut foreign = bytes[..HEADER - 8].to_vec();
            foreign[at] ^= 1;
            seal(&mut foreign, 0);
            assert_eq!(file(foreign), None, "byte {at}");
        }
        // Whole, but of numbers that do not fit the file.
        for (at, value) in [(16, 1), (24, 3), (24, 0xff), (32, 0), (32, 0x80)] {
            bytes.truncate(HEADER - 8);
            let mut odd = bytes.clone();
            odd[at] = value;
            seal(&mut odd, 0);
            assert_eq!(file(odd), None, "byte {at} is {value}");
        }
    }

    #[test]
    fn records_come_back_and_a_changed_bit_is_seen() {
        let file = FileRecord {
            path: u128::MAX / 3,
            identity: Identity([1, 2, 3, 4, 5, 6, u64::MAX]),
            digest: [7; 32],
            used: 8,
        };
        let facts = FactsRecord {
            key: Key::new([9; 32], ParserKind::TreeSitter),
            used: 10,
            offset: u64::MAX,
            length: 11,
            sum: 12,
        };
        let (mut file_slot, mut facts_slot) = ([0; FILE_RECORD], [0; FACTS_RECORD]);
        assert_eq!(FileRecord::read(&file_slot), None);
        assert_eq!(FactsRecord::read(&facts_slot), None);
        file.write(&mut file_slot);
        facts.write(&mut facts_slot);
        assert_eq!(FileRecord::read(&file_slot), Some(file));
        assert_eq!(FactsRecord::read(&facts_slot), Some(facts));
        assert_eq!(FileRecord::read(&facts_slot), None);
        for bit in 0..8 * FACTS_RECORD {
            facts_slot[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FactsRecord::read(&facts_slot), None, "bit {bit}");
            facts_slot[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
