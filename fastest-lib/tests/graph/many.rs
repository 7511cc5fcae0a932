//! What the closures of many files cost together.

use fastest_lib::graph::ImportGraph;

use crate::case::Tree;

const TESTS: usize = 60;
const MODULES: usize = 40;

/// Tests that all import the first of a row of modules, each of which imports the next and one of another
/// row of cycles.
fn tree() -> Tree {
    let mut files: Vec<(String, String)> = Vec::new();
    for n in 0..MODULES {
        let (next, back) = (n + 1, n.saturating_sub(1));
        files.push((format!("m{n}.py"), format!("import m{next}, c{n}\n")));
        files.push((format!("c{n}.py"), format!("import c{next}, c{back}\n")));
    }
    for n in 0..TESTS {
        files.push((format!("test_{n}.py"), format!("import m{}\n", n % 3)));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    Tree::new(&files)
}

fn test(n: usize) -> String {
    format!("test_{n}.py")
}

#[test]
fn what_tests_have_in_common_is_followed_once() {
    let tree = tree();
    let graph = tree.graph();
    let closures = graph.closures();
    assert_eq!(closures.followed(), 0);
    let edges = graph.edges().count();
    for n in 0..TESTS {
        let closure = closures.of([test(n).as_str()]);
        assert_eq!(closure.files.len(), 2 * MODULES - n % 3 + 1);
    }
    // Once to find what belongs together, once to join it.
    assert!(
        closures.followed() <= 3 * edges,
        "{} edges",
        closures.followed()
    );
    assert!(edges * 10 < TESTS * 2 * MODULES, "the tree shows nothing");
    // What is known costs the edges of the test alone.
    let before = closures.followed();
    closures.of([test(0).as_str()]);
    assert!(closures.followed() - before < 10);
}

#[test]
fn what_is_not_there_has_no_closure() {
    let tree = tree();
    let graph: ImportGraph = tree.graph();
    let closures = graph.closures();
    assert_eq!(closures.of(["gone.py"]), graph.closure(["gone.py"]));
    assert_eq!(closures.of([]).files, Vec::<String>::new());
    let both = ["test_1.py", "m39.py"];
    assert_eq!(closures.of(both), graph.closure(both));
}
