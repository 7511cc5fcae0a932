//! What is wrong with the files and the configuration.

use crate::case::{Files, Tree};

fn problems(files: Files<'_>) -> Vec<String> {
    let graph = Tree::new(files).graph();
    let problems = graph.problems().into_iter();
    problems
        .map(|problem| {
            let path = problem.path.unwrap_or_default();
            let line = problem
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            format!("{path}{line} {:?} {}", problem.kind, problem.message)
        })
        .collect()
}

#[track_caller]
fn is(files: Files<'_>, expected: &[&[&str]]) {
    let found = problems(files);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, words) in found.iter().zip(expected) {
        for word in *words {
            assert!(found.contains(word), "{word} is not in {found}");
        }
    }
}

#[test]
fn relative_imports_beyond_the_top_level() {
    is(
        &[
            ("p/__init__.py", ""),
            (
                "p/a.py",
                "from .. import x\n\nfrom ... import y\nfrom ....z import q\n",
            ),
            ("test_a.py", "import p.a\n"),
        ],
        &[
            &["p/a.py:1", "Graph", "`..x`"],
            &["p/a.py:3", "`...y`"],
            &["p/a.py:4", "`....z`"],
        ],
    );
}

#[test]
fn names_that_differ_by_case_only() {
    is(
        &[
            ("p/Readme.md", ""),
            ("p/README.md", ""),
            ("p/readme.md", ""),
            ("r/b/x.py", ""),
            ("r/B/y.py", ""),
            ("q/README.md", ""),
        ],
        &[&["p ", "README.md", "Readme.md"], &["r ", "`B` and `b`"]],
    );
}

#[test]
fn broken_files_have_edges_all_the_same() {
    let files = &[
        ("a.py", "import b\ndef f(:\n"),
        ("b.py", ""),
        ("test_a.py", "import a\n"),
    ];
    let tree = Tree::new(files);
    let graph = tree.graph();
    assert_eq!(
        graph.closure(["test_a.py"]).files,
        ["a.py", "b.py", "test_a.py"]
    );
}

#[test]
fn settings_that_are_not_used() {
    is(
        &[(
            "pyproject.toml",
            "[tool.fastest.graph]\ndisable = ['dotted-strings', 'nonsense', 'import']\nedges = [{ from = '[', to = 'b' }]\ndrop = [{ from = 'a', to = '{' }]\n",
        )],
        &[
            &[
                "pyproject.toml",
                "Config",
                "dotted-strings",
                "did you mean `dotted-string`",
            ],
            &["nonsense", "the rules are"],
            &["`[`", "edges"],
            &["`{`", "drop"],
        ],
    );
}
