use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::select::Selection;
use crate::workspace::History;
use crate::{Error, ErrorKind, Result};

/// One of several parts of a run, split by files.
///
/// The parts are disjoint and together the whole, provided that all are of the same selection and,
/// by durations, that all machines have the same history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shard {
    index: usize,
    count: usize,
    /// What is to be even among the parts.
    pub by: ShardBy,
}

/// What shards have about the same amount of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShardBy {
    /// Tests, as the sources tell them: every machine with the same sources counts the same.
    #[default]
    Tests,
    /// Seconds, as earlier runs have recorded them in the cache folder.
    Durations,
}

impl Shard {
    /// Part `index` of `count`, counted from 1.
    ///
    /// # Errors
    ///
    /// When there is no such part.
    pub fn new(index: usize, count: usize) -> Result<Self> {
        if index == 0 || index > count {
            let message = format!("there is no shard {index} of {count}");
            return Err(Error::new(ErrorKind::Usage, message)
                .with_help("shards are counted from 1, as in `--shard 1/3`"));
        }
        Ok(Self {
            index,
            count,
            by: ShardBy::default(),
        })
    }

    /// Reads `K/N`.
    ///
    /// # Errors
    ///
    /// When the text is not of that form, or there is no such part.
    pub fn parse(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            Some((index.trim().parse().ok()?, count.trim().parse().ok()?))
        });
        let Some((index, count)) = numbers else {
            let message = format!("a shard is written as K/N, not `{text}`");
            return Err(Error::new(ErrorKind::Usage, message)
                .with_help("`--shard 1/3` runs the first of three parts"));
        };
        Self::new(index, count)
    }
}

/// Leaves the files of one shard; the others' tests count as deselected.
///
/// The heaviest file goes first, each to the shard that has least, so that no shard has more than
/// the average and one file. Equals go by the digests of their names, so that a folder of files
/// alike is spread.
pub(crate) fn shard(selection: &mut Selection, history: &History, shard: Shard) {
    let mean = history.mean_duration();
    let mut weights: BTreeMap<&str, u64> = BTreeMap::new();
    for file in &selection.files {
        let tests = file.tests.len().max(1) as u64;
        let weight = match (shard.by, mean) {
            (ShardBy::Durations, Some(mean)) => {
                let ids = file.tests.iter().map(|test| test.id.as_str());
                micros(history.seconds_of(&file.path, ids).unwrap_or(mean)).max(1)
            }
            _ => tests,
        };
        *weights.entry(&file.path).or_default() += weight;
    }
    let mut files: Vec<(Reverse<u64>, [u8; 32], &str)> = weights
        .into_iter()
        .map(|(path, weight)| {
            (
                Reverse(weight),
                *blake3::hash(path.as_bytes()).as_bytes(),
                path,
            )
        })
        .collect();
    files.sort_unstable();
    let mut loads = vec![0_u64; shard.count];
    let mut own = std::collections::BTreeSet::new();
    for (Reverse(weight), _, path) in files {
        let least = (0..shard.count)
            .min_by_key(|&at| loads[at])
            .unwrap_or_default();
        loads[least] += weight;
        if least + 1 == shard.index {
            own.insert(path.to_owned());
        }
    }
    let mut dropped = 0;
    selection.files.retain(|file| {
        let stays = own.contains(&file.path);
        if !stays {
            dropped += file.tests.len();
        }
        stays
    });
    selection.deselected += dropped;
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NodeId;
    use crate::selection::{Reason, SelectedFile, SelectedTest};

    fn selection(sizes: &[usize]) -> Selection {
        let file = |(at, size): (usize, &usize)| {
            let path = format!("test_{at}.py");
            let test = |number| SelectedTest {
                id: NodeId::new(format!("{path}::test_{number}")),
                reason: Reason::All,
            };
            SelectedFile::of_tests(at, &path, (0..*size).map(test).collect())
        };
        Selection {
            files: sizes.iter().enumerate().map(file).collect(),
            ..Selection::default()
        }
    }

    proptest! {
        #[test]
        fn shards_are_disjoint_and_together_all(
            sizes in prop::collection::vec(0_usize..40, 0..40),
            count in 1_usize..9,
        ) {
            let all = selection(&sizes);
            let mut seen: Vec<&str> = Vec::new();
            let mut parts = Vec::new();
            for index in 1..=count {
                let mut part = all.clone();
                shard(&mut part, &History::default(), Shard::new(index, count).unwrap());
                prop_assert_eq!(part.tests().count() + part.deselected, all.tests().count());
                parts.push(part);
            }
            for part in &parts {
                seen.extend(part.files.iter().map(|file| file.path.as_str()));
            }
            seen.sort_unstable();
            let mut expected: Vec<&str> = all.files.iter().map(|f| f.path.as_str()).collect();
            expected.sort_unstable();
            prop_assert_eq!(seen, expected);
            let loads = parts.iter().map(|part| {
                part.files.iter().map(|file| file.tests.len().max(1)).sum::<usize>()
            });
            let loads: Vec<usize> = loads.collect();
            let largest = sizes.iter().copied().max().unwrap_or_default().max(1);
            let (least, most) = (loads.iter().min().unwrap(), loads.iter().max().unwrap());
            prop_assert!(most - least <= largest, "{:?}", loads);
        }
    }

    #[test]
    fn shards_are_written_as_fractions() {
        for (text, expected) in [("1/3", Some((1, 3))), (" 2 / 2 ", Some((2, 2)))] {
            let shard = Shard::parse(text)
                .ok()
                .map(|shard| (shard.index, shard.count));
            assert_eq!(shard, expected, "{text}");
        }
        for text in ["", "1", "0/3", "4/3", "a/b", "-1/2", "1/0", "1/2/3"] {
            assert_eq!(
                Shard::parse(text).unwrap_err().kind(),
                ErrorKind::Usage,
                "{text}"
            );
        }
    }
}
