//! The scanner against tree-sitter: the same facts from the same bytes.

mod errors;
mod misread;
mod random;
mod stdlib;

use fastest_lib::syntax::{FileFacts, ParserKind, parse_with};

fn both(bytes: &[u8]) -> (FileFacts, FileFacts) {
    let scanned = parse_with(bytes, ParserKind::Scanner);
    let parsed = parse_with(bytes, ParserKind::TreeSitter);
    (scanned, parsed)
}

/// What is wrong with the two readings of a file on which they have to agree.
fn disagreement(source: &str) -> Option<String> {
    let (scanned, parsed) = both(source.as_bytes());
    if let Some(problem) = parsed.problems.first() {
        return Some(format!("tree-sitter refuses it: {problem:?}\n{source}"));
    }
    if let Some(problem) = scanned.problems.first() {
        return Some(format!("the scanner refuses it: {problem:?}\n{source}"));
    }
    difference(&scanned, &parsed).map(|difference| format!("{difference}\n{source}"))
}

/// The first thing about which two readings differ.
fn difference(scanned: &FileFacts, parsed: &FileFacts) -> Option<String> {
    if misread::are_equal(scanned, parsed) {
        return None;
    }
    let lines = |facts: &FileFacts| {
        let bindings = facts.bindings.iter().map(|fact| format!("{fact:?}"));
        let effects = facts.effects.iter().map(|fact| format!("{fact:?}"));
        let imports = facts.imports.iter().map(|fact| format!("{fact:?}"));
        bindings.chain(effects).chain(imports).collect::<Vec<_>>()
    };
    let (scanned, parsed) = (lines(scanned), lines(parsed));
    let at = (0..scanned.len().max(parsed.len())).find(|&at| scanned.get(at) != parsed.get(at));
    let at = at.unwrap_or_default();
    Some(format!(
        "scanner:     {:?}\ntree-sitter: {:?}",
        scanned.get(at),
        parsed.get(at)
    ))
}

/// Sources on which the two readings have to agree.
const AGREED: &str = concat!(
    include_str!("agree/statements.py"),
    "#---\n",
    include_str!("agree/expressions.py"),
);

#[test]
fn statements_are_read_alike() {
    let mut wrong: Vec<String> = Vec::new();
    for source in AGREED.split("#---\n") {
        wrong.extend(disagreement(source));
        wrong.extend(disagreement(&source.replace('\n', "\r\n")));
        wrong.extend(disagreement(&source.replace('\n', "\r")));
        wrong.extend(disagreement(source.trim_end()));
        // Each line that stands alone by itself.
        let lines = source.lines().filter(|line| is_statement(line));
        wrong.extend(lines.filter_map(disagreement));
        // As the body of a function and of a class.
        if source.contains("'''") || source.contains("\\\n") || source.contains("__future__") {
            continue;
        }
        for header in [
            "def f():",
            "class C:",
            "def pytest_f():",
            "if x:",
            "async def f():",
        ] {
            let lines = source.lines().map(|line| format!("    {line}\n"));
            let source = format!("{header}\n    pass\n{}", lines.collect::<String>());
            wrong.extend(disagreement(&source));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_tree_sitter_misreads_is_rewritten() {
    let check = |source: &str, expected: &str| {
        let (scanned, parsed) = both(source.as_bytes());
        assert!(difference(&scanned, &parsed).is_some(), "{source}");
        let source = misread::rewritten(source);
        assert_eq!(source, expected);
        assert_eq!(disagreement(&source), None);
    };
    check("a,\ny = 1", "a,;\ny = 1");
    check(
        "if x:\n    a, # b\n    y = 1",
        "if x:\n    a,; # b\n    y = 1",
    );
    check("a,\r\nf(x,\ny).z = 1", "a,;\r\nf(x,\ny).z = 1");
    check("type(x).y = z", "typo(x).y = z");
    check("type (x)[0] = z", "typo (x)[0] = z");
    check("from __future__.a import b", "from __former__.a import b");
    check("type[x].y = z", "typo[x].y = z");
    check(
        "type A = B\ntype(x,\n).y = z",
        "type A = B\ntypo(x,\n).y = z",
    );
}

/// Whether a line is a simple statement, or a header with its statements.
fn is_statement(line: &str) -> bool {
    !line.starts_with([' ', '\t', '@', ')', ']', '}'])
        && !line.ends_with([':', '\\', '(', '[', '"'])
        && !line.contains("# comment")
        && !["except", "else", "elif", "finally", "case"]
            .iter()
            .any(|word| line.starts_with(word))
        && !line.starts_with("try:")
        && line.matches('(').count() == line.matches(')').count()
        && line.matches("'''").count().is_multiple_of(2)
        && line.matches("\"\"\"").count().is_multiple_of(2)
}

/// The names that a module binds.
fn names(facts: &FileFacts) -> Vec<&str> {
    facts.bindings.iter().map(|b| b.name.as_str()).collect()
}

#[test]
fn the_scanner_reads_what_the_tree_sitter_grammar_does_not_know() {
    let check = |source: &str, expected: &[&str]| {
        for kind in [ParserKind::Scanner, ParserKind::Auto] {
            let facts = parse_with(source.as_bytes(), kind);
            assert!(facts.problems.is_empty(), "{source}: {:?}", facts.problems);
            assert_eq!(names(&facts), expected, "{source}");
        }
    };
    check("x = t'{a!r:>{b}}' rt\"\"\"{c}\"\"\"\ny = 1", &["x", "y"]);
    check("x = f'{a['b']}'\ny = 1", &["x", "y"]);
    check("x = f'{f'{f'{1}'}'}'\ny = 1", &["x", "y"]);
    check("x = f'{'\\n'.join(a)}'\ny = 1", &["x", "y"]);
    check("x = f'{a  # comment }\n}'\ny = 1", &["x", "y"]);
    check("x = f'{a:{'>'}{10}}'\ny = 1", &["x", "y"]);
    check("x = f'{a:{{1: 2}[1]}}'\ny = 1", &["x", "y"]);
    check("x = f'''{\na\n:\n}'''\ny = 1", &["x", "y"]);
    check("x = f'{a!r }{b = !s : }'\ny = 1", &["x", "y"]);
    check(
        "try: pass\nexcept A, B: x = 1\nexcept* C, D: y = 1",
        &["x", "y"],
    );
    check("print >>f, x\ny = 1", &["y"]);
    check(
        "def f[T = int, *Ts = *tuple[int], **P = [int]](): pass",
        &["f"],
    );
    check("class C[T: int = str](B): x = 1", &["C"]);
    check("type A[T = int] = T\nx = 1", &["A", "x"]);
    check("def f(*args: *tuple[int]): pass", &["f"]);
    check("x[*a] = 1\ny = 1", &["x", "y"]);
    check("if x:\n    a = 1\n\x0c\nb = 1", &["a", "b"]);
    check("if x:\n \x0c    a = 1\n    b = 1", &["a", "b"]);
}
