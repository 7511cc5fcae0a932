//! Which tests of the file are to run: those of the target, of the filter and of the shard.

use std::collections::BTreeSet;

use fastest_lib::discovery::Discovery;
use fastest_lib::execution::ExactOptions;
use fastest_lib::selection::{Filters, Selection};
use fastest_lib::{ErrorKind, NodeId, Session};

use crate::shard::{Durations, assign};

/// What leaves tests of a target out.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Wanted {
    /// `-k`.
    pub keyword: Option<String>,
    /// `-m`.
    pub markexpr: Option<String>,
    /// A node id of the file, else another expression as `-k` takes them. It may match nothing.
    pub filter: Option<String>,
    /// The part that runs, counted from 0, and how many there are. It may be empty.
    pub shard: Option<(usize, usize)>,
    /// What shards are balanced by.
    pub durations: Durations,
}

/// The tests that are to run.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) discovery: Discovery,
    pub(crate) selection: Selection,
    /// Whether it is as it should be when no test runs.
    pub(crate) may_be_empty: bool,
}

impl Choice {
    /// The tests in their order, as far as they are known.
    pub(crate) fn tests(&self) -> Vec<NodeId> {
        let tests = self.selection.tests();
        tests.map(|test| test.id.clone()).collect()
    }
}

pub(crate) fn choose(
    session: &Session,
    mut discovery: Discovery,
    wanted: &Wanted,
) -> fastest_lib::Result<Choice> {
    let is_part = wanted.filter.is_some() || wanted.shard.is_some();
    if is_part && is_open(&discovery) {
        let mut options = ExactOptions::default();
        options.cache = false;
        session.resolve_open(&mut discovery, &options)?;
    }
    let filters = Filters {
        keyword: wanted.keyword.clone(),
        markexpr: wanted.markexpr.clone(),
        deselect: session.workspace().deselect().to_vec(),
        ..Filters::default()
    };
    let mut choice = Choice {
        selection: session.select(&discovery, &filters)?,
        discovery,
        may_be_empty: wanted.filter.is_some(),
    };
    if choice.tests().is_empty() {
        // Nothing is known of the file: it cannot be collected, which one shard has to say.
        if wanted.shard.is_some_and(|(index, _)| index > 0) {
            choice.selection.files.clear();
            choice.may_be_empty = true;
        }
        return Ok(choice);
    }
    if let Some(filter) = &wanted.filter {
        choice.selection = filtered(session, &choice, filters.clone(), filter)?;
    }
    if let Some((index, total)) = wanted.shard {
        let tests = choice.tests();
        // Two tests with one id are one to everybody who names it.
        let mut seen = BTreeSet::new();
        let ids: Vec<&str> = tests
            .iter()
            .map(NodeId::as_str)
            .filter(|id| seen.insert(*id))
            .collect();
        let shards = assign(&ids, &wanted.durations, total);
        let own = ids.iter().zip(shards).filter(|(_, shard)| *shard == index);
        let own = own.map(|(id, _)| NodeId::new(*id)).collect();
        choice.selection = narrowed(session, &choice, filters, own)?;
        choice.may_be_empty = true;
    }
    Ok(choice)
}

fn is_open(discovery: &Discovery) -> bool {
    let mut files = discovery.files.iter();
    files.any(|file| !file.open.is_empty() || file.tests.iter().any(|test| test.open.is_some()))
}

/// The selected tests that a filter of Bazel's command line leaves. It is put to every target that is
/// tested, so that it is no mistake when one has no such test.
fn filtered(
    session: &Session,
    choice: &Choice,
    filters: Filters,
    filter: &str,
) -> fastest_lib::Result<Selection> {
    let named: Vec<NodeId> = choice
        .tests()
        .into_iter()
        .filter(|test| is_named(test, filter))
        .collect();
    if !named.is_empty() {
        return narrowed(session, choice, filters, named);
    }
    let keyword = match &filters.keyword {
        Some(keyword) => format!("({keyword}) and ({filter})"),
        None => filter.to_owned(),
    };
    let by_keyword = Filters {
        keyword: Some(keyword),
        ..filters.clone()
    };
    match session.select(&choice.discovery, &by_keyword) {
        // A node id of another file is no expression.
        Err(error) if error.kind() == ErrorKind::Usage && filter.contains(['[', ':', '/']) => {
            narrowed(session, choice, filters, Vec::new())
        }
        selection => selection,
    }
}

/// Whether a filter is the node id of a test, of a class around it or of its function, with the file or
/// without.
fn is_named(test: &NodeId, filter: &str) -> bool {
    let id = test.as_str();
    let in_file = id.get(test.path().len() + 2..).unwrap_or_default();
    [id, in_file].into_iter().any(|id| {
        let rest = id.strip_prefix(filter);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('[') || rest.starts_with("::"))
    })
}

/// Of the selected tests only these.
fn narrowed(
    session: &Session,
    choice: &Choice,
    mut filters: Filters,
    tests: Vec<NodeId>,
) -> fastest_lib::Result<Selection> {
    if tests.is_empty() {
        let mut selection = choice.selection.clone();
        selection.deselected += selection.tests().count();
        selection.files.clear();
        return Ok(selection);
    }
    filters.keyword = None;
    filters.markexpr = None;
    for test in tests {
        let names = test.names().into_iter().map(ToOwned::to_owned).collect();
        filters
            .ids
            .entry(test.path().to_owned())
            .or_default()
            .push(names);
    }
    session.select(&choice.discovery, &filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_ids_are_told_from_expressions() {
        let check = |id: &str, filter: &str, expected: bool| {
            assert_eq!(
                is_named(&NodeId::new(id), filter),
                expected,
                "{id} {filter}"
            );
        };
        check("t/test_a.py::test_one", "test_one", true);
        check("t/test_a.py::test_one", "t/test_a.py::test_one", true);
        check("t/test_a.py::test_one", "t/test_a.py", true);
        check("t/test_a.py::test_one", "test_on", false);
        check("t/test_a.py::test_one[1-2]", "test_one", true);
        check("t/test_a.py::test_one[1-2]", "test_one[1-2]", true);
        check("t/test_a.py::test_one[1-2]", "test_one[1]", false);
        check("t/test_a.py::TestA::test_one", "TestA", true);
        check("t/test_a.py::TestA::test_one", "TestA::test_one", true);
        check("t/test_a.py::TestA::test_one", "test_one", false);
    }
}
