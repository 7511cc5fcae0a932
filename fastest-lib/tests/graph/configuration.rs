//! `[tool.fastest.graph]`.

use crate::case::{Tree, check_closures, check_edges};

#[test]
fn edges_are_added_and_left_out() {
    check_edges(
        &[
            (
                "pyproject.toml",
                "[tool.fastest.graph]\nedges = [{ from = 'test_*.py', to = 'schemas/**/*.json' }]\ndrop = [{ from = 'a.py', to = 'heavy.py' }]\n",
            ),
            ("a.py", "import light\ndef f(): import heavy\n"),
            ("b.py", "import heavy\n"),
            ("heavy.py", ""),
            ("light.py", ""),
            ("schemas/x/y.json", ""),
            ("schemas/x/y.txt", ""),
            ("test_a.py", "import a\ndef test(): pass\n"),
        ],
        &[
            "test_a.py -> schemas/x/y.json declared declared",
            "a.py -> light.py import import",
            "b.py -> heavy.py import import",
        ],
        &[
            "a.py -> heavy.py",
            "test_a.py -> schemas/x/y.txt",
            "a.py -> schemas/x/y.json",
        ],
    );
}

#[test]
fn rules_that_are_switched_off() {
    check_closures(
        &[
            (
                "pyproject.toml",
                "[tool.fastest.graph]\ndisable = ['path-string', 'name-string']\n",
            ),
            ("data.txt", ""),
            ("a.py", ""),
            ("test_a.py", "import a\nX = 'data.txt'\ndef test(): pass\n"),
        ],
        &["test_a.py: a.py | data.txt"],
    );
}

#[test]
fn names_of_what_is_not_there() {
    let graph = Tree::new(&[("a.py", "")]).graph();
    assert!(graph.closure(["gone.py"]).files.is_empty());
    assert!(graph.dependencies("gone.py").is_empty() && graph.dependents("gone.py").is_empty());
    assert_eq!(
        (graph.node("gone.py"), graph.why("a.py", "gone.py")),
        (None, None)
    );
}
