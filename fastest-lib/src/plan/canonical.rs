//! Bytes that mean the same wherever they are made: fields with their lengths before them.

use std::fmt;

use serde::{Serialize, Serializer};

/// Changes with the meaning of any digest.
const VERSION: &str = "fastest-digest-1";

/// 32 bytes that tell contents apart: blake3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Takes in fields, of which no two lists give the same bytes.
#[derive(Clone, Debug)]
pub(crate) struct Canonical(blake3::Hasher);

impl Canonical {
    /// Begins a digest of that kind of thing.
    pub(crate) fn new(kind: &str) -> Self {
        let mut canonical = Self(blake3::Hasher::new());
        canonical.field(VERSION.as_bytes());
        canonical.field(kind.as_bytes());
        canonical
    }

    pub(crate) fn field(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.field(text.as_bytes());
    }

    pub(crate) fn finish(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_differ_have_digests_that_differ() {
        let digest = |kind: &str, fields: &[&str]| {
            let mut canonical = Canonical::new(kind);
            fields.iter().for_each(|field| canonical.text(field));
            canonical.finish()
        };
        let all = [
            digest("a", &[]),
            digest("b", &[]),
            digest("a", &[""]),
            digest("a", &["", ""]),
            digest("a", &["xy"]),
            digest("a", &["x", "y"]),
            digest("a", &["y", "x"]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
    }
}
