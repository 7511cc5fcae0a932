use std::collections::BTreeMap;

use super::affected::{AffectedReason, AffectedSet};
use super::select::Selection;

/// Orders files by how close they are to what has changed: changed test files, then by the number of
/// edges on the shortest way to a change, then those that all tests are concerned with, then the
/// rest. What was to run before other files for another reason still does.
pub(crate) fn closest_first(selection: &mut Selection, affected: &AffectedSet) {
    let tests = affected.tests.iter();
    let distances: BTreeMap<&str, usize> = tests
        .map(|test| (test.file.as_str(), distance(&test.reason)))
        .collect();
    let key = |path: &str, rank: u32| (rank, distances.get(path).copied().unwrap_or(usize::MAX));
    selection
        .files
        .sort_by_key(|file| key(&file.path, file.rank));
    let (mut last, mut next) = (None, 0);
    for file in &mut selection.files {
        let own = key(&file.path, file.rank);
        next += u32::from(last.is_some_and(|last| last != own));
        last = Some(own);
        file.rank = next;
    }
    selection.ordered = true;
}

fn distance(reason: &AffectedReason) -> usize {
    match reason {
        AffectedReason::Changed { .. } => 0,
        AffectedReason::Depends { path, .. } => path.len().max(1),
        AffectedReason::Rule { .. } => 1,
        AffectedReason::Everything { .. } => usize::MAX - 1,
    }
}
