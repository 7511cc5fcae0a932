//! `fastest graph`, `inputs` and `why`.

mod broken;
mod cache;
mod settings;

use std::collections::BTreeSet;

use fastest_lib::graph::Rule;
use serde_json::Value;

use crate::support::{Finished, Project, check_each, project, repository};

const TREE: &[(&str, &str)] = &[
    ("pkg/__init__.py", ""),
    ("pkg/a.py", "from pkg import b\n"),
    (
        "pkg/b.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.types\n",
    ),
    ("pkg/types.py", ""),
    ("pkg/unused.py", ""),
    ("tools/run.py", ""),
    ("data/table.csv", "1\n"),
    ("tests/conftest.py", ""),
    ("tests/test_a.py", "import pkg.a\ndef test_a(): pass\n"),
    (
        "tests/test_data.py",
        "def test_data(): open('data/table.csv')\n",
    ),
    (
        "tests/test_loads.py",
        "import importlib, sys\ndef test_l(): importlib.import_module(sys.argv[1])\n",
    ),
];

fn ask(project: &Project, arguments: &[&str]) -> Finished {
    project.fastest(arguments).finish_clean()
}

fn lines(finished: &Finished) -> Vec<&str> {
    let text = std::str::from_utf8(&finished.stdout).unwrap();
    text.lines().collect()
}

fn document(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

#[test]
fn the_graph_is_one_document() {
    let project = project(TREE);
    let finished = ask(&project, &["graph", "--output", "json"]);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let graph = document(&finished);
    assert_eq!(graph["schema"], 1);
    assert_eq!(graph["rootdir"], project.root().to_str().unwrap());
    assert_eq!(graph["problems"], serde_json::json!([]));
    let nodes = graph["nodes"].as_array().unwrap();
    let node = |path: &str| nodes.iter().find(|node| node["path"] == path).unwrap();
    let kind = |path| node(path)["kind"].as_str().unwrap();
    let kinds = [
        "pkg/__init__.py",
        "pkg/a.py",
        "data/table.csv",
        "tests/conftest.py",
    ]
    .map(kind);
    assert_eq!(kinds, ["package", "module", "data", "conftest"]);
    assert_eq!(node("tests/test_a.py")["is_test"], true);
    assert_eq!(node("pkg/a.py")["is_test"], false);
    let edges = graph["edges"].as_array().unwrap();
    let expected = serde_json::json!({
        "from": "pkg/a.py", "to": "pkg/b.py", "kind": "from-import", "rule": "import",
        "line": 1, "conditional": false,
    });
    assert!(edges.contains(&expected), "{edges:#?}");
    let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert!(
        edges
            .iter()
            .all(|edge| names.contains(edge["rule"].as_str().unwrap()))
    );
}

#[test]
fn a_path_leaves_what_lies_below_it() {
    let project = project(TREE);
    let part = document(&ask(&project, &["graph", "tests", "--output", "json"]));
    let paths = |list: &str, name: &str| -> BTreeSet<String> {
        let list = part[list].as_array().unwrap().iter();
        list.map(|one| one[name].as_str().unwrap().to_owned())
            .collect()
    };
    let from = paths("edges", "from");
    assert!(
        from.iter().all(|path| path.starts_with("tests/")),
        "{from:?}"
    );
    assert!(paths("edges", "to").contains("pkg/a.py"));
    let nodes = paths("nodes", "path");
    // An unresolved place leads to the rootdir.
    let elsewhere = nodes.iter().filter(|path| !path.starts_with("tests/"));
    assert_eq!(elsewhere.collect::<Vec<_>>(), ["./"]);
    assert_eq!(ask(&project, &["graph", "nowhere"]).code, Some(4));
}

#[test]
fn dot_quotes_names_and_counts_go_to_stderr() {
    let project = project(TREE);
    project.write("pkg/odd \"name\".txt", "");
    let dot = ask(&project, &["graph", "--output", "dot"]);
    let text = lines(&dot);
    assert_eq!((text[0], *text.last().unwrap()), ("digraph imports {", "}"));
    let has = |line: &str| assert!(text.contains(&line), "no {line} in {dot:?}");
    has("  \"pkg/a.py\" -> \"pkg/b.py\" [label=\"from-import\", style=solid];");
    has("  \"pkg/odd \\\"name\\\".txt\" [shape=ellipse];");
    for arguments in [&["graph"][..], &["graph", "--stats", "--no-cache"]] {
        let finished = ask(&project, arguments);
        assert_eq!((finished.code, finished.stdout.len()), (Some(0), 0));
        let says = "10 modules (3 test files), 3 other files, ";
        assert!(finished.stderr.starts_with(says), "{finished:?}");
    }
}

#[test]
fn inputs_are_files_and_what_is_unresolved_is_said() {
    let project = project(TREE);
    let common = ["pytest.ini", "tests/conftest.py"];
    let check = |tests: &[&str], expected: &[&str]| {
        let finished = ask(&project, &[&["inputs"], tests].concat());
        let mut all = [expected, &common].concat();
        all.sort_unstable();
        assert_eq!(lines(&finished), all, "{finished:?}");
        assert_eq!(finished.code, Some(0));
        finished
    };
    let a = ["pkg/__init__.py", "pkg/a.py", "pkg/b.py", "tests/test_a.py"];
    let quiet = check(&["tests/test_a.py"], &a);
    assert_eq!(quiet.stderr, "");
    let data = ["data/table.csv", "tests/test_data.py"];
    check(&["tests/test_data.py"], &data);
    check(
        &["tests/test_a.py", "tests/test_data.py"],
        &[&a[..], &data].concat(),
    );
    // Any file may be asked for.
    let module = ask(&project, &["inputs", "pkg/unused.py"]);
    assert_eq!(
        lines(&module),
        ["pkg/__init__.py", "pkg/unused.py", "pytest.ini"]
    );
    let loads = check(&["tests/test_loads.py"], &["tests/test_loads.py"]);
    assert_eq!(
        loads.stderr,
        "unresolved: tests/test_loads.py:2: loads a module by a computed name\n"
    );
    let json = ask(
        &project,
        &[
            "inputs",
            "--output",
            "json",
            "tests/test_loads.py",
            "tests/test_a.py",
        ],
    );
    assert_eq!(json.stderr, "");
    let json = document(&json);
    assert_eq!(
        (&json["schema"], &json["tests"][1]["test"]),
        (&1.into(), &"tests/test_a.py".into())
    );
    let unresolved = serde_json::json!([{
        "path": "tests/test_loads.py", "line": 2, "what": "loads a module by a computed name",
    }]);
    assert_eq!(json["tests"][0]["unresolved"], unresolved);
    assert_eq!(json["tests"][1]["distributions"], serde_json::json!([]));
}

#[test]
fn files_that_are_not_there_are_usage_errors() {
    let project = project(TREE);
    let check = |(arguments, says): (&[&str], &str)| {
        let finished = ask(&project, arguments);
        assert_eq!(finished.code, Some(4), "{arguments:?}: {finished:?}");
        assert_eq!(finished.stdout, b"", "{arguments:?}");
        assert!(
            finished.stderr.contains(says),
            "{arguments:?}: {finished:?}"
        );
    };
    let none = "tests/nope.py: the import graph has no such file";
    check_each::<(&[&str], &str)>(
        &[
            (&["inputs", "tests/nope.py"], none),
            (&["inputs", "tests/test_a.py", "tests/nope.py"], none),
            (&["inputs"], "no test file is named"),
            (&["why", "tests/nope.py", "pkg/a.py"], none),
            (&["why", "tests/test_a.py", "tests/nope.py"], none),
            (&["why", "tests/test_a.py"], "required"),
        ],
        check,
    );
}

#[test]
fn why_shows_a_way_or_says_that_there_is_none() {
    let project = project(TREE);
    let check = |(test, file, code, expected): (&str, &str, i32, &[&str])| {
        let finished = ask(&project, &["why", test, file]);
        assert_eq!(lines(&finished), expected, "{finished:?}");
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(code), ""));
    };
    check_each::<(&str, &str, i32, &[&str])>(
        &[
            (
                "tests/test_a.py",
                "pkg/b.py",
                0,
                &[
                    "tests/test_a.py:1 -> pkg/a.py (import)",
                    "pkg/a.py:1 -> pkg/b.py (from-import, rule import)",
                ],
            ),
            (
                "tests/test_data.py",
                "data/table.csv",
                0,
                &["tests/test_data.py:1 -> data/table.csv (data, rule path-string)"],
            ),
            (
                "tests/test_a.py",
                "tests/conftest.py",
                0,
                &["tests/test_a.py -> tests/conftest.py (conftest)"],
            ),
            (
                "tests/test_a.py",
                "tests/test_a.py",
                0,
                &["tests/test_a.py is the file itself"],
            ),
            (
                "tests/test_a.py",
                "pkg/unused.py",
                1,
                &["tests/test_a.py does not depend on pkg/unused.py, as far as can be seen"],
            ),
            // An import for type checkers alone does not count.
            (
                "tests/test_a.py",
                "pkg/types.py",
                1,
                &["tests/test_a.py does not depend on pkg/types.py, as far as can be seen"],
            ),
        ],
        check,
    );
}

#[test]
fn paths_are_relative_to_where_the_command_is_given() {
    let project = project(TREE);
    let mut below = project.fastest(&["inputs", "test_data.py"]);
    below.command.current_dir(project.root().join("tests"));
    let below = below.finish_clean();
    assert!(lines(&below).contains(&"data/table.csv"), "{below:?}");
    let absolute = project.root().join("tests/test_data.py");
    let finished = ask(&project, &["inputs", absolute.to_str().unwrap()]);
    assert_eq!(lines(&finished), lines(&below));
}

#[test]
fn the_documentation_lists_every_rule() {
    let text = std::fs::read_to_string(repository().join("docs/graph.md")).unwrap();
    let (_, table) = text.split_once("| rule | what it does |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| `")?
                .strip_suffix(" |")?
                .split_once("` | ")
        })
        .collect();
    let expected = Rule::ALL.iter().map(|rule| (rule.name(), rule.meaning()));
    assert_eq!(rows, expected.collect::<Vec<_>>());
}
