//! The scanner against tree-sitter: the same facts from the same bytes.

mod errors;
mod random;
mod stdlib;

use fastest_lib::syntax::{Binding, Effect, FileFacts, Import, ParserKind, parse_with};

/// All that a file says.
type Facts<'f> = (&'f [Binding], &'f [Effect], &'f [Import]);

fn facts(facts: &FileFacts) -> Facts<'_> {
    (&facts.bindings, &facts.effects, &facts.imports)
}

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
    if facts(scanned) == facts(parsed) {
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

#[test]
fn statements_are_read_alike() {
    let sources = include_str!("agree.py");
    let mut wrong: Vec<String> = Vec::new();
    for source in sources.split("#---\n") {
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
