//! Which tests belong to which shard.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Seconds by node id, as earlier runs have recorded them.
pub type Durations = BTreeMap<String, f64>;

/// The shard of each test, counted from 0. Every test has one, the same in all shards, as long as all
/// are given the same tests in the same order and the same durations.
///
/// With durations, the longest test goes first, each to the shard that has least; a test of which none
/// is known counts as the mean of the others. Without, one after the other.
pub fn assign(tests: &[&str], durations: &Durations, total: usize) -> Vec<usize> {
    let total = total.max(1);
    let known: Vec<f64> = tests
        .iter()
        .filter_map(|test| durations.get(*test).copied())
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .collect();
    if known.is_empty() {
        return (0..tests.len()).map(|at| at % total).collect();
    }
    #[allow(clippy::cast_precision_loss)]
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let weight = |test: &str| {
        let seconds = durations.get(test).copied();
        let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        micros(seconds.unwrap_or(mean)).max(1)
    };
    let mut order: Vec<(Reverse<u64>, usize)> = tests
        .iter()
        .enumerate()
        .map(|(at, test)| (Reverse(weight(test)), at))
        .collect();
    order.sort_unstable();
    let mut loads = vec![0_u64; total];
    let mut shards = vec![0; tests.len()];
    for (Reverse(weight), at) in order {
        let least = (0..total)
            .min_by_key(|&shard| loads[shard])
            .unwrap_or_default();
        loads[least] = loads[least].saturating_add(weight);
        shards[at] = least;
    }
    shards
}

/// Whole microseconds: sums of them do not depend on the order.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tests: &[(&str, Option<f64>)], total: usize, expected: &[usize]) {
        let names: Vec<&str> = tests.iter().map(|(name, _)| *name).collect();
        let durations = tests
            .iter()
            .filter_map(|(name, seconds)| Some(((*name).to_owned(), (*seconds)?)))
            .collect();
        assert_eq!(
            assign(&names, &durations, total),
            expected,
            "{tests:?} by {total}"
        );
    }

    #[test]
    fn durations_are_balanced() {
        check(&[], 3, &[]);
        check(&[("a", None), ("b", None), ("c", None)], 2, &[0, 1, 0]);
        check(&[("a", None), ("b", None)], 5, &[0, 1]);
        let long = [
            ("a", Some(1.0)),
            ("b", Some(1.0)),
            ("c", Some(1.0)),
            ("d", Some(3.0)),
        ];
        check(&long, 2, &[1, 1, 1, 0]);
        // One that is not known counts as the mean.
        let some = [
            ("a", Some(4.0)),
            ("b", None),
            ("c", Some(2.0)),
            ("d", Some(1.0)),
        ];
        check(&some, 2, &[0, 1, 1, 0]);
        check(&[("a", Some(f64::NAN)), ("b", Some(-1.0))], 2, &[0, 1]);
    }
}
