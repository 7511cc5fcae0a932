//! Which target of a build file is which of those that the graph wants.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::owned::Existing;
use crate::unit::{Rule, Unit};

/// For each wanted target of a package the call that makes it.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    /// Calls, by the numbers of the targets.
    pub(crate) calls: BTreeMap<usize, usize>,
    /// Targets that somebody else's rule stands for.
    pub(crate) covered: BTreeMap<usize, usize>,
    /// Calls that make no target which is wanted.
    pub(crate) idle: Vec<usize>,
}

/// Finds the targets of a package among the calls of its build file: those of tests by their file, others by
/// the sources that they have in common.
pub(crate) fn matched(units: &[(usize, &Unit)], calls: &[Existing<'_>]) -> Matched {
    let mut matched = Matched::default();
    let mut used: HashSet<usize> = HashSet::new();
    for (at, unit) in units.iter().filter(|(_, unit)| unit.rule == Rule::Test) {
        let mut candidates = calls.iter().enumerate();
        let found = candidates.find(|(number, call)| {
            call.rule == Some(Rule::Test)
                && call.src == unit.src
                && call.test == unit.test.as_deref()
                && !used.contains(number)
        });
        if let Some((number, _)) = found {
            used.insert(number);
            matched.calls.insert(*at, number);
            continue;
        }
        let mut others = calls.iter().enumerate();
        let other = others.find(|(_, call)| call.rule.is_none() && call.src == unit.src);
        if let Some((number, _)) = other {
            matched.covered.insert(*at, number);
        }
    }
    let libraries = || units.iter().filter(|(_, unit)| unit.rule == Rule::Library);
    by_files(
        libraries(),
        calls,
        &mut used,
        &mut matched,
        |unit| &unit.srcs,
        |call| &call.srcs,
    );
    let without = || libraries().filter(|(_, unit)| unit.srcs.is_empty());
    by_files(
        without(),
        calls,
        &mut used,
        &mut matched,
        |unit| &unit.data,
        |call| {
            if call.srcs.is_empty() {
                &call.data
            } else {
                &[]
            }
        },
    );
    for (at, unit) in without() {
        if matched.calls.contains_key(at) {
            continue;
        }
        let mut candidates = calls.iter().enumerate();
        let found = candidates.find(|(number, call)| {
            call.rule == Some(Rule::Library)
                && is_named_so(call.name, &unit.hint)
                && call.srcs.is_empty()
                && !used.contains(number)
        });
        if let Some((number, _)) = found {
            used.insert(number);
            matched.calls.insert(*at, number);
        }
    }
    let all = calls.iter().enumerate();
    let idle = all.filter(|(number, call)| call.rule.is_some() && !used.contains(number));
    matched.idle = idle.map(|(number, _)| number).collect();
    matched
}

/// Pairs targets and calls that have files in common, those with the most first.
fn by_files<'u>(
    units: impl Iterator<Item = &'u (usize, &'u Unit)>,
    calls: &[Existing<'_>],
    used: &mut HashSet<usize>,
    matched: &mut Matched,
    of_unit: fn(&Unit) -> &[String],
    of_call: for<'c, 'f> fn(&'c Existing<'f>) -> &'c [String],
) {
    let mut owners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let libraries = calls.iter().enumerate();
    let libraries = libraries.filter(|(_, call)| call.rule == Some(Rule::Library));
    for (number, call) in libraries.filter(|(number, _)| !used.contains(number)) {
        for file in of_call(call).iter().collect::<BTreeSet<_>>() {
            owners.entry(file).or_default().push(number);
        }
    }
    let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut hints: BTreeMap<usize, &str> = BTreeMap::new();
    for (at, unit) in units.filter(|(at, _)| !matched.calls.contains_key(at)) {
        hints.insert(*at, &unit.hint);
        for file in of_unit(unit) {
            for number in owners.get(file.as_str()).into_iter().flatten() {
                *pairs.entry((*at, *number)).or_default() += 1;
            }
        }
    }
    let mut pairs: Vec<((usize, usize), usize)> = pairs.into_iter().collect();
    pairs.sort_by_key(|((at, number), common)| {
        let is_renamed = calls[*number].name != hints[at];
        (std::cmp::Reverse(*common), is_renamed, *number, *at)
    });
    for ((at, number), _) in pairs {
        if !matched.calls.contains_key(&at) && used.insert(number) {
            matched.calls.insert(at, number);
        }
    }
}

/// Whether a name is one that a target with this hint gets.
fn is_named_so(name: &str, hint: &str) -> bool {
    let rest = name.strip_prefix(hint);
    rest.is_some_and(|rest| {
        let number = rest.strip_prefix('_').unwrap_or(rest);
        rest == "_library" || number.chars().all(|c| c.is_ascii_digit())
    })
}
