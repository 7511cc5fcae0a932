//! Which imported names a file mentions again.

use std::collections::HashMap;

use super::facts::{Binding, BindingKind};
use super::scanner::token::WORD;

/// Sets [`ImportedName::used`](super::ImportedName::used) of every import that is bound: whether the
/// bound name stands as a whole word in the source more than once, comments and strings included.
pub(super) fn mark_used(source: &str, bindings: &mut [Binding]) {
    let mut counts = HashMap::new();
    each_import(bindings, &mut |name, _| {
        counts.insert(name.as_bytes().to_vec(), 0u8);
    });
    if counts.is_empty() {
        return;
    }
    count(source.as_bytes(), &mut counts);
    each_import(bindings, &mut |name, used| {
        *used = counts.get(name.as_bytes()).is_some_and(|count| *count > 1);
    });
}

/// Counts the words that are keys, up to two of each.
fn count(source: &[u8], counts: &mut HashMap<Vec<u8>, u8>) {
    // Most words of a file are none of the keys, which their ends and length show.
    let mut wanted = [false; 256];
    for word in counts.keys() {
        wanted[mark(word)] = true;
    }
    let mut open = counts.len();
    let mut rest = source;
    while let Some(start) = rest.iter().position(|&byte| WORD[usize::from(byte)]) {
        rest = &rest[start..];
        let end = rest.iter().position(|&byte| !WORD[usize::from(byte)]);
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        if wanted[mark(word)]
            && let Some(count) = counts.get_mut(word)
            && *count < 2
        {
            *count += 1;
            open -= usize::from(*count == 2);
            if open == 0 {
                return;
            }
        }
    }
}

/// A number that equal words share and few others do.
fn mark(word: &[u8]) -> usize {
    let (Some(&first), Some(&last)) = (word.first(), word.last()) else {
        return 0;
    };
    let mixed = usize::from(first) + usize::from(last) * 7 + word.len() * 29;
    mixed % 256
}

/// Calls `found` with the bound name and the mark of each import of the bindings and of the classes
/// among them.
fn each_import(bindings: &mut [Binding], found: &mut impl FnMut(&str, &mut bool)) {
    let mut rest: Vec<&mut [Binding]> = vec![bindings];
    while let Some(bindings) = rest.pop() {
        for binding in bindings {
            match &mut binding.kind {
                BindingKind::Import(import) => found(&binding.name, &mut import.used),
                BindingKind::Class(class) => rest.push(&mut class.bindings),
                _ => {}
            }
        }
    }
}
