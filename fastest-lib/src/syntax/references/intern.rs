//! Each string once a place.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::facts::StringReference;
use super::places::PlaceIn;
use super::scan::Scanner;

impl Scanner<'_> {
    /// Keeps a string, unless the file has it in the same place already.
    pub(super) fn intern(
        &mut self,
        line: u32,
        value: &str,
        is_prefix: bool,
        place: PlaceIn<'_>,
        is_key: bool,
    ) {
        let mut hasher = FxHasher::default();
        (value, is_prefix, &place, is_key).hash(&mut hasher);
        let mut hash = hasher.finish();
        // Strings with the same hash have the following numbers.
        while let Some(&index) = self.seen.get(&hash) {
            let index = index as usize;
            let other = &self.found.strings[index];
            if other.value == value
                && other.is_prefix == is_prefix
                && self.is_key[index] == is_key
                && place.is(&other.place)
            {
                return;
            }
            hash = hash.wrapping_add(1);
        }
        let Ok(index) = u32::try_from(self.found.strings.len()) else {
            return;
        };
        self.seen.insert(hash, index);
        self.is_key.push(is_key);
        self.found.strings.push(StringReference {
            line,
            value: value.to_owned(),
            is_prefix,
            place: place.into_place(),
        });
    }
}
