//! Files that one worker is to have, as marks `xdist_group` of their tests say.

use std::collections::BTreeMap;

use super::{Engine, PlannedFile, RunOptions};
use crate::discovery::{DiscoveredFile, MarkValue, TestMark};
use crate::workspace::EngineChoice;

/// The mark that pytest-xdist reads under `--dist loadgroup`.
const MARK: &str = "xdist_group";

/// Finds out which files of a plan belong together.
#[derive(Default)]
pub(super) struct Together {
    /// By file of the plan, the names of the groups that its tests are in; none for one that only Python
    /// knows.
    names: Vec<Vec<Option<String>>>,
}

impl Together {
    /// Takes in the next file of the plan.
    pub(super) fn add(&mut self, file: &DiscoveredFile) {
        let marks = file.tests.iter().flat_map(|test| &*test.marks);
        let marks = marks.filter(|mark| mark.name == MARK);
        let mut names: Vec<Option<String>> = marks.map(name).collect();
        names.sort_unstable();
        names.dedup();
        self.names.push(names);
    }

    /// Writes down which files belong together, those that do so by way of others included. They are in
    /// one process only if one engine runs them.
    pub(super) fn apply(self, files: &mut [PlannedFile], options: &RunOptions) {
        for (file, number) in files.iter_mut().zip(self.numbers()) {
            file.together = number;
        }
        if options.engine != EngineChoice::Auto {
            return;
        }
        let mut under_pytest: BTreeMap<u32, String> = BTreeMap::new();
        for file in files.iter().filter(|file| file.engine == Engine::Pytest) {
            if let Some(number) = file.together {
                under_pytest.entry(number).or_insert(file.path.clone());
            }
        }
        for file in files
            .iter_mut()
            .filter(|file| file.engine == Engine::Native)
        {
            let other = file.together.and_then(|number| under_pytest.get(&number));
            if let Some(other) = other {
                file.engine = Engine::Pytest;
                file.reasons.push(format!(
                    "a mark `{MARK}` keeps it in one process with {other}, which needs pytest"
                ));
            }
        }
    }

    fn numbers(&self) -> Vec<Option<u32>> {
        // What is not known may be any of them.
        let all = self.names.iter().flatten();
        let is_one = all.clone().any(Option::is_none);
        // The number that each name has, and the number that each number has become.
        let mut of_name: BTreeMap<&Option<String>, u32> = BTreeMap::new();
        let mut now: Vec<u32> = Vec::new();
        let mut numbers = Vec::with_capacity(self.names.len());
        for names in &self.names {
            let known = names.iter().filter_map(|name| of_name.get(name));
            let known: Vec<u32> = known.map(|number| now[*number as usize]).collect();
            let number = match (names.is_empty(), known.iter().min()) {
                (true, _) => {
                    numbers.push(None);
                    continue;
                }
                (_, Some(number)) => *number,
                (_, None) if is_one && !now.is_empty() => 0,
                (_, None) => {
                    let number = u32::try_from(now.len()).unwrap_or(u32::MAX);
                    now.push(number);
                    number
                }
            };
            for other in &mut now {
                if known.contains(other) {
                    *other = number;
                }
            }
            of_name.extend(names.iter().map(|name| (name, number)));
            numbers.push(Some(number));
        }
        let now = |number: u32| now[number as usize];
        numbers.into_iter().map(|number| number.map(now)).collect()
    }
}

/// The name of a group, by pytest-xdist's rules.
fn name(mark: &TestMark) -> Option<String> {
    let keyword = || {
        let mut keywords = mark.keywords.iter();
        keywords.find_map(|(name, value)| (name == "name").then_some(value))
    };
    match mark.first.as_ref().or_else(keyword) {
        None if !mark.is_open => Some("default".to_owned()),
        Some(MarkValue::Str(name)) if !mark.is_open => Some(name.clone()),
        _ => None,
    }
}
