//! What is no Python, and how long it may take to say so.

use fastest_lib::ProblemKind;
use fastest_lib::syntax::{ParserKind, parse_with};

use crate::names;

/// Sources that CPython refuses, a line each.
const REFUSED: &str = include_str!("refused.txt");

#[test]
fn the_scanner_sees_what_is_no_python() {
    for line in REFUSED.lines() {
        let source = line.replace("\\n", "\n");
        let facts = parse_with(source.as_bytes(), ParserKind::Scanner);
        assert!(!facts.problems.is_empty(), "{source}");
    }
}

#[test]
fn problems_have_lines() {
    let check = |source: &str, line: u32| {
        let facts = parse_with(source.as_bytes(), ParserKind::Scanner);
        let problem = facts.problems.first();
        let found = problem.map(|problem| (problem.kind, problem.line));
        assert_eq!(found, Some((ProblemKind::Syntax, Some(line))), "{source}");
    };
    check("x = 1\n    y = 2", 2);
    check("if x:\npass", 2);
    check("if x:\n    a\n  b", 3);
    check("if x:\n    a\n      b", 3);
    check("if x:\n        a = 1\n\tb = 1", 3);
    check("def f():\n    # only a comment\nx = 1", 3);
    check("try:\n    a\nx = 1", 3);
    check("if x:\n    a\nelse\n    b", 3);
    check("x = '''a\n\nb", 1);
    check("x = '''a\n\n''' y", 3);
    check("a\n(\n\n", 2);
    check("x = 1\rprint x\r", 2);
}

#[test]
fn a_problem_does_not_hide_the_rest() {
    let check = |source: &str, expected: &[&str]| {
        let facts = parse_with(source.as_bytes(), ParserKind::Scanner);
        assert!(!facts.problems.is_empty(), "{source}");
        assert_eq!(names(&facts), expected, "{source}");
    };
    check("a = 1\nprint x\nb = 1", &["a", "b"]);
    check("a = 1\nx = (\nb = 1", &["a", "b"]);
    check("a = 1\nx = 'b\nb = 1", &["a", "b"]);
    check("a = 1\nif x\n    b = 1\nc = 1", &["a", "b", "c"]);
    check("a = 1\n  b = 1\n  c = 1\nd = 1", &["a", "b", "c", "d"]);
    check("if x:\na = 1\nb = 1", &["a", "b"]);
}

/// Sizes at which anything worse than linear time would be felt: the test has to end.
#[test]
fn the_time_grows_with_the_size() {
    const N: usize = 100_000;
    let check = |source: String| {
        parse_with(source.as_bytes(), ParserKind::Scanner);
    };
    let brackets = [
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("f(", ")"),
        ("x[", "]"),
        ("-", ""),
        ("f'{", "}'"),
        ("lambda: ", ""),
        ("lambda x=", ": 1"),
        ("{1: ", "}"),
        ("(yield ", ")"),
    ];
    for (open, close) in brackets {
        let (opened, closed) = (open.repeat(N), close.repeat(N));
        check(format!("a = {opened}1{closed}"));
        check(format!("a = {opened}"));
        check(format!("def f():\n    return {opened}1{closed}"));
        check(format!("{open}\n").repeat(N));
    }
    check(format!("a = f'{}{}'", "{x:".repeat(N), "}".repeat(N)));
    for part in [
        " + 1",
        " ** 1",
        " if x else 1",
        ".b",
        "()",
        "\n()",
        "[0]",
        " and 1",
        " < 1",
        ", 1",
        "'x' ",
    ] {
        check(format!("a = (x{})", part.repeat(N)));
        check(format!("a = ({})", format!("x{part},\n").repeat(N)));
    }
    for part in [
        "a = ",
        "a, ",
        "a = 1; ",
        "f(); ",
        "@a\n",
        "\\\n",
        "# \n",
        "\r",
        " ",
        "'\n",
        "'''\n",
        "if x:\n",
        "x.",
        "é",
        "x = 0_",
        "yield ",
        "\x0c",
        "\t",
        "import a\n",
        "else: pass\n",
        "try: pass\n",
    ] {
        check(part.repeat(N) + "1");
        check(part.repeat(N) + "def f(): pass");
    }
    check((0..N).map(|n| format!("import a{n}\n")).collect());
    check(
        (0..N)
            .map(|n| format!("from a import b{n}; b{n}\n"))
            .collect(),
    );
    check(format!("from a import ({})", "b, ".repeat(N)));
    check(format!("def f({}): pass", "a, ".repeat(N)));
    check(format!("with ({}): pass", "a as b, ".repeat(N)));
    check(format!("match x:\n{}", " case 1: pass\n".repeat(N)));
    for (header, body) in [
        ("if x:", "a = 1"),
        ("class C:", "a = 1"),
        ("def f():", "return 1"),
    ] {
        for depth in [90, 2000] {
            let indented = |depth: usize, text| format!("{}{text}\n", " ".repeat(depth));
            let headers: String = (0..depth).map(|depth| indented(depth, header)).collect();
            check(headers + &indented(depth, body));
        }
    }
}
