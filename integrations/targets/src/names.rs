//! Names for targets that have none.

use std::collections::BTreeSet;

use crate::unit::{Rule, Unit};

/// Gives each target of a package a name that nothing else has. `taken` are names that are in use,
/// `is_taken_otherwise` tells whether a file, or for a test a folder, is called so.
pub(crate) fn name_all(
    units: &mut [&mut Unit],
    mut taken: BTreeSet<String>,
    is_taken_otherwise: &dyn Fn(Rule, &str) -> bool,
) {
    units.sort_by(|a, b| {
        let key = |unit: &'_ Unit| {
            let first = unit
                .srcs
                .first()
                .or(unit.data.first())
                .or(unit.src.as_ref());
            (
                unit.rule != Rule::Test,
                unit.hint.clone(),
                first.cloned(),
                unit.test.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    for unit in units {
        let hint = if unit.hint.is_empty() {
            "target"
        } else {
            &unit.hint
        };
        let second = match unit.rule {
            Rule::Library => format!("{hint}_library"),
            Rule::Test => format!("{hint}_test"),
        };
        let numbered = (2..).map(|number| format!("{hint}_{number}"));
        let mut candidates = [hint.to_owned(), second].into_iter().chain(numbered);
        let free =
            candidates.find(|name| !taken.contains(name) && !is_taken_otherwise(unit.rule, name));
        let name = free.unwrap_or_else(|| hint.to_owned());
        taken.insert(name.clone());
        unit.name = name;
    }
}
