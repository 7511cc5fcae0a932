//! Answers put in the place of what static discovery found.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use super::answer::{FileAnswer, Group, Mark, OrderedRun};
use crate::discovery::{DiscoveredFile, Discovery, MarkValue, OpenReason, Test, TestMark};
use crate::{NodeId, Problem, ProblemKind};

/// Replaces the files that `answers` speak of, and adds those that only pytest knows. `paths` are
/// those of the discovered files.
pub(super) fn replace_files(
    discovery: &mut Discovery,
    paths: &[String],
    mut answers: HashMap<String, FileAnswer>,
) {
    let known: HashSet<&str> = paths.iter().map(String::as_str).collect();
    let mut added: HashMap<Option<String>, Vec<(String, FileAnswer)>> = HashMap::new();
    let strangers = answers.extract_if(|path, _| !known.contains(path.as_str()));
    for (path, answer) in strangers {
        let place = added.entry(answer.after.clone()).or_default();
        place.push((path, answer));
    }
    let mut files = Vec::with_capacity(discovery.files.len());
    follow(&None, &mut added, &mut files);
    for (path, file) in paths.iter().zip(discovery.files.drain(..)) {
        match answers.get(path) {
            Some(answer) if answer.is_ignored => {}
            Some(answer) if file.is_candidate && answer.tests.is_empty() => {}
            Some(answer) => files.push(resolved(answer, path, Some(&file))),
            None => files.push(file),
        }
        follow(&Some(path.clone()), &mut added, &mut files);
    }
    discovery.files = files;
    discovery.session_order = None;
    drop_problems(discovery, paths, &answers);
}

/// Adds the files that were collected right after `path`.
fn follow(
    path: &Option<String>,
    added: &mut HashMap<Option<String>, Vec<(String, FileAnswer)>>,
    files: &mut Vec<DiscoveredFile>,
) {
    for (path, answer) in added.remove(path).unwrap_or_default() {
        files.push(resolved(&answer, &path, None));
        follow(&Some(path), added, files);
    }
}

/// Replaces all files by what a session collected, in its order.
pub(super) fn replace_session(
    discovery: &mut Discovery,
    static_paths: &[String],
    paths: &[String],
    order: &[OrderedRun],
    answers: HashMap<String, FileAnswer>,
) {
    let found: HashMap<&str, &DiscoveredFile> = static_paths
        .iter()
        .map(String::as_str)
        .zip(&discovery.files)
        .collect();
    let collected: Vec<(&String, &FileAnswer)> = paths
        .iter()
        .filter_map(|path| Some((path, answers.get(path)?)))
        .filter(|(_, answer)| !answer.is_ignored)
        .filter(|(path, answer)| {
            let found = found.get(path.as_str());
            !answer.tests.is_empty() || !found.is_some_and(|file| file.is_candidate)
        })
        .collect();
    let files: Vec<DiscoveredFile> = collected
        .par_iter()
        .map(|(path, answer)| resolved(answer, path, found.get(path.as_str()).copied()))
        .collect();
    let collected = collected.iter().enumerate();
    let places: HashMap<&str, usize> = collected
        .map(|(at, (path, _))| (path.as_str(), at))
        .collect();
    let order = order.iter().filter_map(|(path, first, count)| {
        let file = *places.get(path.as_str())?;
        Some((file, *first, *count))
    });
    let order: Vec<(usize, usize, usize)> = order.collect();
    discovery.session_order = (!order.is_sorted()).then(|| {
        let runs = order.into_iter();
        runs.flat_map(|(file, first, count)| (first..first + count).map(move |test| (file, test)))
            .collect()
    });
    discovery.files = files;
    drop_problems(discovery, static_paths, &answers);
}

/// What static discovery had to say of a file's syntax, Python now says.
fn drop_problems(
    discovery: &mut Discovery,
    paths: &[String],
    answers: &HashMap<String, FileAnswer>,
) {
    let nodes: HashSet<&str> = paths
        .iter()
        .filter_map(|path| Some(answers.get(path)?.node.as_str()))
        .collect();
    discovery.problems.retain(|problem| {
        let of_text = matches!(
            problem.kind,
            ProblemKind::Syntax | ProblemKind::Encoding | ProblemKind::Discovery
        );
        let path = problem.path.as_deref().unwrap_or_default();
        !of_text || !nodes.contains(path)
    });
}

/// A collector that failed, as a problem.
pub(super) fn problem(node: &str, message: &str) -> Problem {
    let problem = Problem::new(ProblemKind::Discovery, message);
    match node.split("::").next() {
        None | Some("" | ".") => problem,
        Some(path) => problem.at(path, None),
    }
}

fn resolved(answer: &FileAnswer, path: &str, found: Option<&DiscoveredFile>) -> DiscoveredFile {
    let mut places: HashMap<(&[String], &str), (u32, u32)> = HashMap::new();
    for test in found.into_iter().flat_map(|file| &file.tests) {
        let name = (&*test.classes, &*test.function);
        places.insert(name, (test.line, test.column));
    }
    let groups: Vec<Test> = answer
        .groups
        .iter()
        .map(|group| model_test(group, &places))
        .collect();
    let bases: Vec<String> = answer
        .groups
        .iter()
        .map(|group| {
            let names = group.classes.iter().chain([&group.function]);
            let names = names.flat_map(|name| ["::", name.as_str()]);
            [answer.node.as_str()].into_iter().chain(names).collect()
        })
        .collect();
    let test = |(group, id, parameters): &(usize, Option<String>, Option<String>)| {
        let mut test = groups.get(*group)?.clone();
        test.id = match (id, parameters) {
            (Some(id), _) => NodeId::new(id.as_str()),
            (None, Some(parameters)) => NodeId::new(format!("{}[{parameters}]", bases[*group])),
            (None, None) => NodeId::new(bases[*group].as_str()),
        };
        test.parameters.clone_from(parameters);
        Some(test)
    };
    let needs_pytest = || vec![OpenReason::new(0, "only pytest collects it")];
    DiscoveredFile {
        path: found.map_or_else(|| answer.node.clone(), |file| file.path.clone()),
        tests: answer.tests.iter().filter_map(test).collect(),
        open: Vec::new(),
        needs_pytest: found.map_or_else(needs_pytest, |file| file.needs_pytest.clone()),
        asks_plugins: found.map_or_else(Vec::new, |file| file.asks_plugins.clone()),
        abspath: found.map_or_else(|| PathBuf::from(path), |file| file.abspath.clone()),
        conftests: found.map_or_else(Vec::new, |file| file.conftests.clone()),
        shared_fixtures: found.map_or_else(Vec::new, |file| file.shared_fixtures.clone()),
        names: found.map_or_else(Vec::new, |file| file.names.clone()),
        is_doctest: found.is_some_and(|file| file.is_doctest),
        is_candidate: found.is_some_and(|file| file.is_candidate),
    }
}

/// A test of a group, but for what is its own.
fn model_test(group: &Group, places: &HashMap<(&[String], &str), (u32, u32)>) -> Test {
    let place = places.get(&(group.classes.as_slice(), group.function.as_str()));
    let (line, column) = place.copied().unwrap_or((group.line, 1));
    let marks: Arc<[TestMark]> = group.marks.iter().map(test_mark).collect();
    Test {
        id: NodeId::new(""),
        line,
        column,
        classes: group.classes.clone().into(),
        function: group.function.as_str().into(),
        parameters: None,
        parametrized: group.parametrized.clone().into(),
        markers: marks.iter().map(|mark| mark.name.clone()).collect(),
        fixtures: group.fixtures.clone().into(),
        open: None,
        marks,
        keywords: group.keywords.clone().into(),
    }
}

fn test_mark(Mark(name, keywords): &Mark) -> TestMark {
    let value = |value: &[Value]| match value {
        [Value::Null] => MarkValue::None,
        [Value::String(text)] => MarkValue::Str(text.clone()),
        [Value::Number(number)] => number
            .as_i64()
            .map_or(MarkValue::Other, |number| MarkValue::Int(number.into())),
        _ => MarkValue::Other,
    };
    TestMark {
        name: name.clone(),
        // The answer does not have it.
        first: Some(MarkValue::Unknown),
        keywords: keywords
            .iter()
            .map(|(name, given)| (name.clone(), value(given)))
            .collect(),
        is_open: false,
    }
}
