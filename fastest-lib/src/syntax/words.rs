//! Which imported names a file mentions again.

use super::facts::{Binding, BindingKind};
use super::scanner::token::{WORD, is_word_byte};

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// How many kinds of words [`mark`] tells apart.
const MARKS: usize = 1024;

/// Sets [`ImportedName::used`](super::ImportedName::used) of every import that is bound: whether the
/// bound name stands as a whole word in the source more than once, comments and strings included.
pub(super) fn mark_used(source: &str, bindings: &mut [Binding]) {
    let mut imports = imports(bindings);
    if imports.is_empty() {
        return;
    }
    let names = imports.iter().map(|(name, _)| *name);
    let mut counts = Counts::new(names);
    counts.count(source.as_bytes());
    for (name, used) in &mut imports {
        **used = counts.of(name) > 1;
    }
}

/// The bound name of each import of the bindings and of the classes among them, and what to set.
fn imports(bindings: &mut [Binding]) -> Vec<(&str, &mut bool)> {
    let mut found = Vec::new();
    let mut rest = vec![bindings];
    while let Some(bindings) = rest.pop() {
        for Binding { name, kind, .. } in bindings {
            match kind {
                BindingKind::Import(import) => found.push((name.as_str(), &mut import.used)),
                BindingKind::Class(class) => rest.push(&mut class.bindings),
                _ => {}
            }
        }
    }
    found
}

/// How often some names were seen, up to twice.
struct Counts<'n> {
    /// Sorted.
    counts: Vec<(&'n [u8], u8)>,
    /// How many of them were not seen twice.
    open: usize,
    /// How many of those have a mark. Most words of a file share it with none.
    open_with: [u32; MARKS],
}

impl<'n> Counts<'n> {
    fn new(names: impl Iterator<Item = &'n str>) -> Self {
        let mut counts: Vec<_> = names.map(|name| (name.as_bytes(), 0)).collect();
        counts.sort_unstable();
        counts.dedup();
        let mut open_with = [0; MARKS];
        for (name, _) in &counts {
            open_with[mark(name)] += 1;
        }
        Self {
            open: counts.len(),
            counts,
            open_with,
        }
    }

    fn of(&self, name: &str) -> u8 {
        let key = name.as_bytes();
        let found = self.counts.binary_search_by_key(&key, |(name, _)| name);
        found.map_or(0, |at| self.counts[at].1)
    }

    /// Counts the words of the source, until all names were seen twice.
    fn count(&mut self, source: &[u8]) {
        let mut rest = source;
        while self.open > 0 && !rest.is_empty() {
            // No word goes on behind the end of the source.
            let mut padded = [0; BLOCK];
            let block = rest.first_chunk().unwrap_or_else(|| {
                padded[..rest.len()].copy_from_slice(rest);
                &padded
            });
            let bits = word_bits(block);
            let unfinished = bits.leading_ones() as usize;
            if unfinished == BLOCK {
                let end = rest.iter().position(|&byte| !WORD[usize::from(byte)]);
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                self.see(word);
                rest = after;
                continue;
            }
            // The next block begins with the word that this one does not hold to its end.
            let bits = bits & (u64::MAX >> unfinished);
            let mut starts = bits & !(bits << 1);
            while starts != 0 {
                let start = starts.trailing_zeros();
                let len = (bits >> start).trailing_ones() as usize;
                self.see(&block[start as usize..][..len]);
                starts &= starts - 1;
            }
            rest = rest.get(BLOCK - unfinished..).unwrap_or_default();
        }
    }

    #[inline]
    fn see(&mut self, word: &[u8]) {
        if self.open_with[mark(word)] > 0 {
            self.see_marked(word);
        }
    }

    #[cold]
    fn see_marked(&mut self, word: &[u8]) {
        if let Ok(at) = self.counts.binary_search_by_key(&word, |(name, _)| name)
            && let (_, count @ 0..2) = &mut self.counts[at]
        {
            *count += 1;
            if *count == 2 {
                self.open -= 1;
                self.open_with[mark(word)] -= 1;
            }
        }
    }
}

/// A number that equal words share and few others do.
#[inline]
fn mark(word: &[u8]) -> usize {
    let (Some(&first), Some(&last)) = (word.first(), word.last()) else {
        return 0;
    };
    (usize::from(first) + usize::from(last) * 23 + word.len() * 61) % MARKS
}

/// Which of the bytes can stand within a word: a bit each, the lowest for the first.
#[inline]
fn word_bits(block: &[u8; BLOCK]) -> u64 {
    // Without a table and without branches, the compiler does many bytes at once.
    let flags = block.map(|byte| u8::from(is_word_byte(byte)));
    let (eights, _) = flags.as_chunks();
    let mut bits = 0;
    for (index, &eight) in eights.iter().enumerate() {
        // The product has the lowest bit of each byte in its highest byte.
        let product = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080);
        bits |= (product >> 56) << (8 * index);
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is counted, said plainly.
    fn times(source: &str, name: &str) -> usize {
        let words = source.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_');
        words
            .filter(|word| !word.is_empty() && *word == name)
            .count()
    }

    proptest! {
        #[test]
        fn words_are_counted_up_to_two(
            source in "([ab_1é]{0,4}|a{60,70}|[ \n.\"#]{1,3}|\\PC){0,80}",
            names in prop::collection::vec("[ab_1é]{0,4}|a{60,70}|a b", 1..20),
        ) {
            let mut counts = Counts::new(names.iter().map(String::as_str));
            counts.count(source.as_bytes());
            for name in &names {
                prop_assert_eq!(usize::from(counts.of(name)), times(&source, name).min(2));
            }
        }
    }

    #[test]
    fn bytes_of_words_are_told_from_others() {
        for byte in 0..=u8::MAX {
            let of_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
            assert_eq!(is_word_byte(byte), of_word, "{byte}");
            for at in [0, 7, 8, 40, 63] {
                let mut block = [b' '; BLOCK];
                block[at] = byte;
                assert_eq!(word_bits(&block), u64::from(of_word) << at);
            }
        }
    }
}
