//! Selection held against pytest itself, on the project in `selection/`.

mod support;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;
use std::process::Command;

use fastest_lib::ErrorKind;
use fastest_lib::selection::{Argument, Expression, Filters, Reason, Selection, Verdict, select};
use support::Project;

fn project() -> Project {
    Project::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/selection"))
}

fn names(id: &str) -> (String, Vec<String>) {
    let id = fastest_lib::NodeId::new(id);
    let names = id.names().into_iter().map(str::to_owned).collect();
    (id.path().to_owned(), names)
}

/// Every test that pytest keeps is selected; every selected test that pytest does not keep is
/// marked as open.
fn check_against_pytest(selection: &Selection, kept: &[String], what: &str) {
    let mut certain = BTreeSet::new();
    let mut possible = BTreeSet::new();
    for file in &selection.files {
        for test in &file.tests {
            match test.reason {
                Reason::Open(_) => possible.insert(test.id.as_str()),
                _ => certain.insert(test.id.as_str()),
            };
        }
    }
    for id in kept {
        let function = id.split('[').next().unwrap_or_default();
        let found = certain.remove(id.as_str())
            || possible.contains(function)
            || certain.contains(function);
        assert!(
            found,
            "{what}: pytest keeps {id}, and this is selected: {selection:#?}"
        );
    }
    let open = |id: &&str| id.starts_with("open/test_open.py::test_computed");
    certain.retain(|id| !open(id));
    assert!(
        certain.is_empty(),
        "{what}: pytest does not keep {certain:?}"
    );
}

#[test]
fn expressions_select_what_pytest_selects() {
    let project = project();
    let discovery = project.discover();
    let check = |option: &str, text: &str| {
        let mut filters = Filters::default();
        match option {
            "-k" => filters.keyword = Some(text.to_owned()),
            "-m" => filters.markexpr = Some(text.to_owned()),
            _ => filters.deselect = vec![text.to_owned()],
        }
        let selection = select(&discovery, &filters).unwrap();
        let kept = project.pytest(&[option, text]).unwrap();
        check_against_pytest(&selection, &kept, &format!("{option} {text:?}"));
    };
    check("-k", "slow");
    check("-k", "SLOW and not numbers");
    check("-k", "testgroup");
    check("-k", "test_numbers[1] or three");
    check("-k", "unit");
    check("-k", "test_other.py");
    check("-k", "owner");
    check("-k", "module_mark or one");
    check("-k", "not (plain or deep)");
    check("-k", "  ");
    check("-k", "skip");
    check("-k", "nothing_at_all");
    check("-m", "slow");
    check("-m", "not slow");
    check("-m", "module_mark and not parametrize");
    check("-m", "device(serial='abc')");
    check("-m", "device(serial='abc', count=1)");
    check("-m", "device(serial='def', count=1)");
    check("-m", "device(serial=None)");
    check("-m", "device(count=True)");
    check("-m", "device(count=1) or skip");
    check("-m", " ");
    check("--deselect", "unit/test_marks.py::TestGroup");
    check("--deselect", "unit/test_marks.py::test_numbers[2]");
    check("--deselect", "open/test_open.py::test_computed[1]");
}

#[test]
fn node_ids_select_what_pytest_selects() {
    let project = project();
    let discovery = project.discover();
    let check = |ids: &[&str]| {
        let mut filters = Filters::default();
        for id in ids {
            let (path, names) = names(id);
            filters.ids.entry(path).or_default().push(names);
        }
        let mut selection = select(&discovery, &filters).unwrap();
        selection
            .files
            .retain(|file| filters.ids.contains_key(&file.path));
        let kept = project.pytest(ids).unwrap();
        check_against_pytest(&selection, &kept, &format!("{ids:?}"));
    };
    check(&["unit/test_marks.py::test_slow"]);
    check(&["unit/test_marks.py::test_numbers"]);
    check(&["unit/test_marks.py::test_numbers[Three]"]);
    check(&["unit/test_marks.py::TestGroup"]);
    check(&["unit/test_marks.py::TestGroup::test_letters[a]"]);
    check(&["unit/test_marks.py::TestGroup::TestInner"]);
    check(&["unit/test_marks.py::TestGroup::TestInner::test_deep"]);
    check(&[
        "unit/test_other.py::test_two",
        "unit/test_other.py::test_one",
    ]);
    check(&["open/test_open.py::test_computed[2]"]);
    check(&["open/test_open.py::test_computed"]);
}

#[test]
fn selected_files_say_how_much_of_them_is_wanted() {
    let project = project();
    let discovery = project.discover();
    let check = |keyword: &str, expected: &[(&str, usize, bool, bool, usize)]| {
        let filters = Filters {
            keyword: Some(keyword.to_owned()),
            ..Filters::default()
        };
        let selection = select(&discovery, &filters).unwrap();
        let found: Vec<(&str, usize, bool, bool, usize)> = selection
            .files
            .iter()
            .map(|file| {
                let path = file.path.as_str();
                (
                    path,
                    file.tests.len(),
                    file.whole,
                    file.maybe,
                    file.deselected,
                )
            })
            .collect();
        assert_eq!(found, expected, "{keyword}");
    };
    check(
        "",
        &[
            ("open/test_hooked.py", 1, true, false, 0),
            ("open/test_open.py", 2, true, false, 0),
            ("unit/test_marks.py", 10, true, false, 0),
            ("unit/test_other.py", 2, true, false, 0),
        ],
    );
    check(
        "one",
        &[
            ("open/test_hooked.py", 1, false, true, 0),
            ("open/test_open.py", 1, false, true, 1),
            ("unit/test_other.py", 1, false, false, 1),
        ],
    );
    check(
        "unit",
        &[
            ("open/test_hooked.py", 1, false, true, 0),
            ("open/test_open.py", 1, false, true, 1),
            ("unit/test_marks.py", 10, true, false, 0),
            ("unit/test_other.py", 2, true, false, 0),
        ],
    );
}

#[test]
fn unknown_node_ids_are_errors_with_help() {
    let project = project();
    let discovery = project.discover();
    let check = |id: &str, expected: Option<(&str, Option<&str>)>| {
        let (path, names) = names(id);
        let mut filters = Filters::default();
        filters.ids.insert(path, vec![names]);
        let result = select(&discovery, &filters);
        let found = result.as_ref().err().map(|error| {
            assert_eq!(error.kind(), ErrorKind::Usage);
            let message = error.to_string();
            assert!(
                message.contains("(no match in any of [<Module "),
                "{message}"
            );
            (
                message.lines().next().unwrap_or_default().to_owned(),
                error.help(),
            )
        });
        let found = found.as_ref().map(|(line, help)| (line.as_str(), *help));
        assert_eq!(found, expected, "{id}");
    };
    check(
        "unit/test_other.py::test_ones",
        Some((
            "not found: unit/test_other.py::test_ones",
            Some("did you mean unit/test_other.py::test_one?"),
        )),
    );
    check(
        "unit/test_marks.py::test_numbers[4]",
        Some((
            "not found: unit/test_marks.py::test_numbers[4]",
            Some(
                "did you mean unit/test_marks.py::test_numbers[1] or unit/test_marks.py::test_numbers[2] or unit/test_marks.py::test_numbers?",
            ),
        )),
    );
    check(
        "unit/test_marks.py::something_else_entirely",
        Some((
            "not found: unit/test_marks.py::something_else_entirely",
            None,
        )),
    );
    // Where more tests may be than are known, only Python can tell.
    check("open/test_hooked.py::test_anything", None);
    check("open/test_open.py::test_computed[9]", None);
}

#[test]
fn wrong_expressions_are_errors_in_pytests_words() {
    let project = project();
    let discovery = project.discover();
    let check = |option: &str, text: &str| {
        let mut filters = Filters::default();
        match option {
            "-k" => filters.keyword = Some(text.to_owned()),
            _ => filters.markexpr = Some(text.to_owned()),
        }
        let error = select(&discovery, &filters).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        let said = project.pytest(&[option, text]).unwrap_err();
        let said = said.trim().trim_start_matches("ERROR: ");
        assert_eq!(error.to_string(), said, "{option} {text}");
    };
    check("-k", "a and");
    check("-k", "(a");
    check("-k", "a b");
    check("-k", "test_slow(x=1)");
    check("-m", "a $");
    check("-m", "a(b)");
    check("-m", "a(b='");
}

const EXPRESSIONS: &[&str] = &[
    "",
    " ",
    "a",
    "not a",
    "a and b or c",
    "a or b and c",
    "not not a",
    "(a)",
    "((a or b)) and c",
    "True",
    "None and a",
    "a.b",
    "a::b",
    "a[1-x]",
    "a/b",
    "a\\b",
    "é",
    "a+b-c",
    "1",
    "a(b=1)",
    "a(b=-1)",
    "a(b='x', c=None, d=True)",
    "a(b=\"x y\")",
    "and",
    "or a",
    "a or",
    "a not b",
    "(a",
    "a)",
    "()",
    "a b",
    "a &",
    "a(",
    "a(b",
    "a(b=",
    "a(b=c)",
    "a(b=1",
    "a(b=1,)",
    "a(1=2)",
    "a(if=2)",
    "a(b.c=1)",
    "a(b='x\\n')",
    "a(b='x)",
    "a()",
    "a = b",
    "a, b",
    "\n",
    "a\tb",
    "not",
    "not (",
    "a(b=1.5)",
    "a(b='x'c)",
    "'a'",
    "a(b=--1)",
    "a(b=-)",
];

const ORACLE: &str = "
import json, sys
from _pytest.mark.expression import Expression
out = []
for text in json.load(sys.stdin):
    try:
        expression = Expression.compile(text)
    except SyntaxError as error:
        out.append([error.offset, error.msg])
    else:
        names = ['a', 'a[1-x]', 'a.b']
        out.append(expression.evaluate(lambda name, /, **kwargs: name in names and all(kwargs.values())))
print(json.dumps(out))
";

#[test]
fn the_grammar_is_pytests() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.json");
    std::fs::write(&input, serde_json::to_string(EXPRESSIONS).unwrap()).unwrap();
    let output = Command::new(support::python())
        .args(["-c", ORACLE])
        .stdin(std::fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    let expected: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    for (text, expected) in EXPRESSIONS.iter().zip(expected) {
        let found = match Expression::parse(text) {
            Err(error) => serde_json::json!([error.column(), error.message()]),
            Ok(expression) => {
                let mut matcher = |name: &str, arguments: &[(String, Argument)]| {
                    let truthy = arguments.iter().all(|(_, value)| match value {
                        Argument::Text(text) => !text.is_empty(),
                        Argument::Int(value) => *value != Some(0),
                        Argument::Bool(value) => *value,
                        _ => false,
                    });
                    let known = ["a", "a[1-x]", "a.b"].contains(&name);
                    Ok::<_, Infallible>(Verdict::from(known && truthy))
                };
                let Ok(verdict) = expression.evaluate(&mut matcher);
                serde_json::json!(verdict == Verdict::Yes)
            }
        };
        assert_eq!(found, expected, "{text:?}");
    }
}
