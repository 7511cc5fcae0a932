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
    // Which lengths are wanted of the words that begin with a byte.
    let mut lengths = [0u64; 256];
    for word in counts.keys() {
        if let Some(&first) = word.first() {
            lengths[usize::from(first)] |= 1 << word.len().min(63);
        }
    }
    let mut open = counts.len();
    let mut at = 0;
    while at < source.len() && open > 0 {
        let first = usize::from(source[at]);
        if !WORD[first] {
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        while at < source.len() && WORD[usize::from(source[at])] {
            at += 1;
        }
        if lengths[first] & (1 << (at - start).min(63)) != 0
            && let Some(count) = counts.get_mut(&source[start..at])
            && *count < 2
        {
            *count += 1;
            open -= usize::from(*count == 2);
        }
    }
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
