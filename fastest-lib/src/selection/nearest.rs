//! Names close to one that does not exist.

/// The names of `candidates` that a mistyped `wanted` most likely meant, the closest first.
pub(super) fn nearest<'c>(wanted: &str, candidates: impl Iterator<Item = &'c str>) -> Vec<&'c str> {
    let limit = wanted.chars().count().div_ceil(4).max(1);
    let mut found: Vec<(usize, &str)> = candidates
        .map(|candidate| (distance(wanted, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    found.sort();
    found.dedup_by_key(|(_, candidate)| *candidate);
    found.truncate(3);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How many characters to insert, remove or replace to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_closest_names_come_first() {
        let check = |wanted: &str, expected: &[&str]| {
            let names = ["test_add", "test_adds", "test_sub", "TestThing"];
            assert_eq!(nearest(wanted, names.into_iter()), expected, "{wanted}");
        };
        check("test_ad", &["test_add", "test_adds"]);
        check("test_thing", &["TestThing"]);
        check("completely_else", &[]);
    }
}
