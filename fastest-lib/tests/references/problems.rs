//! Files that are no valid Python.

use fastest_lib::ProblemKind;
use fastest_lib::syntax::references;

use crate::import;

/// The imports, and the line of the one problem.
fn check(source: &str, line: u32, expected: &[&str]) {
    let found = references(source.as_bytes());
    let imports: Vec<String> = found.imports.iter().map(import).collect();
    assert_eq!(imports, expected, "{source}");
    let problems: Vec<_> = found.problems.iter().map(|p| (p.kind, p.line)).collect();
    assert_eq!(problems, [(ProblemKind::Syntax, Some(line))], "{source}");
}

#[test]
fn what_is_never_closed() {
    check("import a\nx = '\nimport b", 2, &["Module a", "Module b"]);
    check("x = f'a{b}\nimport b", 1, &["Module b"]);
    check("x = '''\nimport b", 1, &[]);
    check("import a\nx = (1,\n", 2, &["Module a"]);
    check("x = (1,\nimport b", 1, &["Module b"]);
    check("x = f('a\nfrom b import c", 1, &["Module b: c"]);
    check("x = [(\ndef f():\n  import b", 1, &["Function b"]);
    check("x = {\n@a\ndef f(): import b", 1, &["Function b"]);
    check("x = f'{(\nclass A: import b", 1, &["Module b"]);
    check(
        "from a import (b,\nimport c",
        1,
        &["Module a: b", "Module c"],
    );
    check(
        "from a import (b, 1\nimport c",
        1,
        &["Module a: b", "Module c"],
    );
}

#[test]
fn what_cannot_be_decoded() {
    let found = references(b"import a\nx = '\xff'\nimport b");
    assert_eq!(found.imports.len(), 2);
    assert_eq!(found.problems[0].kind, ProblemKind::Encoding);
    assert_eq!(found.problems[0].line, Some(2));
    let found = references(b"# coding: latin-1\nf('\xe9/a')");
    assert_eq!(found.strings[0].value, "é/a");
    assert!(found.problems.is_empty());
}

#[test]
fn null_bytes_stop_nothing() {
    let found = references(b"import a\0\n\0\nimport b\nx = '\0'\nimport c");
    let modules: Vec<_> = found.imports.iter().map(|i| i.module.as_str()).collect();
    assert_eq!(modules, ["a", "b", "c"]);
}

#[test]
fn deep_nesting_is_no_danger() {
    for piece in [
        "(", "f'{", "x[", "f'{x:{", "if x:\n", "{'a':", "lambda: ", "'a' f'",
    ] {
        references(piece.repeat(20_000).as_bytes());
    }
}
