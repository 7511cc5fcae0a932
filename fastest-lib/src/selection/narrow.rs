//! Which tests of a changed test file are concerned, by the lines that have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::affected::{AffectedReason, AffectedSet};
use super::changes::{ChangeKind, Changes};
use crate::discovery::Discovery;
use crate::graph::ImportGraph;
use crate::syntax::{Binding, BindingKind, Expr, FileFacts, parse};

impl AffectedSet {
    /// Leaves out the tests of changed test files that are as they were: where nothing but the bodies
    /// of tests has changed, and nothing else that the file depends on, only these tests stay. Gives the
    /// paths of these files.
    ///
    /// That needs the content at the base of the changes, so it has no effect on listed ones.
    pub fn narrow(
        &self,
        graph: &ImportGraph,
        changes: &Changes,
        rootdir: &Path,
        discovery: &mut Discovery,
    ) -> BTreeSet<String> {
        let closures = graph.closures();
        let changed = self.tests.iter().filter(|test| {
            let is_changed = matches!(test.reason, AffectedReason::Changed { change }
                if change == ChangeKind::Modified);
            // What it depends on may have changed, too.
            is_changed && !self.wide.contains(&test.file) && {
                let closure = closures.of([test.file.as_str()]);
                let mut others = closure.names().filter(|name| *name != test.file);
                !others.any(|name| self.nodes.contains(name))
            }
        });
        let changed: BTreeSet<&str> = changed.map(|test| test.file.as_str()).collect();
        let files: Vec<&str> = changed.into_iter().collect();
        let before = changes.before_many(&files);
        let mut only: BTreeMap<String, Narrowed> = BTreeMap::new();
        for (file, before) in files.iter().zip(before) {
            let after = std::fs::read(rootdir.join(file)).ok();
            if let (Some(before), Some(after)) = (before, after)
                && let Some(names) = changed_tests(&before, &after)
            {
                only.insert((*file).to_owned(), names);
            }
        }
        discovery.retain(|test| {
            let Some(narrowed) = only.get(test.id.path()) else {
                return true;
            };
            let names = test.id.names();
            let name = names.last().copied().unwrap_or_default();
            narrowed.concerns(name.split('[').next().unwrap_or(name))
        });
        only.into_keys().collect()
    }
}

/// What tests of a file are as they were. They go by the names of their functions alone: a class that
/// inherits a test has it under its own name.
#[derive(Debug, Default, PartialEq, Eq)]
struct Narrowed {
    changed: BTreeSet<String>,
    same: BTreeSet<String>,
}

impl Narrowed {
    /// Whether a test has to run; one that is not known does.
    fn concerns(&self, name: &str) -> bool {
        self.changed.contains(name) || !self.same.contains(name)
    }
}

/// The tests whose bodies differ, and the others; none when anything else does, or when something in
/// the file may use one of these tests.
fn changed_tests(before: &[u8], after: &[u8]) -> Option<Narrowed> {
    let (old, new) = (Parts::of(before)?, Parts::of(after)?);
    if old.rest != new.rest || old.tests.len() != new.tests.len() {
        return None;
    }
    let mut narrowed = Narrowed::default();
    for (name, text) in &new.tests {
        let function = name.rsplit("::").next().unwrap_or(name);
        let names = match old.tests.get(name)? == text {
            true => &mut narrowed.same,
            false => &mut narrowed.changed,
        };
        names.insert(function.to_owned());
    }
    let is_used = |name: &String| {
        let own = new.tests.keys();
        let own = own.filter(|test| test.rsplit("::").next() == Some(name));
        occurrences(after, name.as_bytes()) > own.count()
    };
    (!narrowed.changed.iter().any(is_used)).then_some(narrowed)
}

/// How often a text has an identifier.
fn occurrences(text: &[u8], name: &[u8]) -> usize {
    let is_part = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii();
    text.split(|byte| !is_part(byte))
        .filter(|word| *word == name)
        .count()
}

/// Whether a decorator leaves a test alone, so that nobody else comes by the function.
fn is_harmless(decorator: &Expr) -> bool {
    const HARMLESS: &[&str] = &[
        "example",
        "expectedFailure",
        "given",
        "mark",
        "patch",
        "settings",
        "skip",
        "skipIf",
        "skipUnless",
    ];
    match decorator {
        Expr::Name(name) => HARMLESS.contains(&name.as_str()),
        Expr::Attribute(object, name) => HARMLESS.contains(&name.as_str()) || is_harmless(object),
        Expr::Call(call) => is_harmless(&call.function),
        _ => false,
    }
}

/// A file taken apart: what its tests say, and all the rest.
struct Parts {
    tests: BTreeMap<String, Vec<u8>>,
    rest: Vec<u8>,
}

impl Parts {
    /// None when it cannot be told which lines belong to which test.
    fn of(bytes: &[u8]) -> Option<Self> {
        let facts: FileFacts = parse(bytes);
        if !facts.problems.is_empty() {
            return None;
        }
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let mut parts = Self {
            tests: BTreeMap::new(),
            rest: Vec::new(),
        };
        let mut spans: Vec<(usize, usize, String)> = Vec::new();
        let end = lines.len();
        collect(&facts.bindings, "", end, &lines, &mut spans)?;
        let mut at = 0;
        for (from, to, name) in spans {
            parts.rest.extend(lines.get(at..from)?.concat());
            // Where a test stands counts, what it says does not.
            parts.rest.extend(name.as_bytes());
            let text = lines.get(from..to)?.concat();
            if parts.tests.insert(name, text).is_some() {
                return None;
            }
            at = to;
        }
        parts.rest.extend(lines.get(at..)?.concat());
        Some(parts)
    }
}

/// The lines of the bodies of tests, from the line after that of the `def`.
fn collect(
    bindings: &[Binding],
    class: &str,
    end: usize,
    lines: &[&[u8]],
    spans: &mut Vec<(usize, usize, String)>,
) -> Option<()> {
    for binding in bindings {
        match &binding.kind {
            BindingKind::Class(inner) if class.is_empty() && inner.name.starts_with("Test") => {
                let from = inner.line as usize;
                let stop = block_end(lines, from, inner.column as usize - 1, end);
                collect(&inner.bindings, &inner.name, stop, lines, spans)?;
            }
            BindingKind::Function(function)
                if function.name.starts_with("test")
                    && !binding.conditional
                    && function.decorators.iter().all(|d| is_harmless(&d.expr)) =>
            {
                let from = function.line as usize;
                let indent = function.column as usize - 1;
                let stop = block_end(lines, from, indent, end);
                // The header may go on over several lines; so only one that ends there is split.
                let header = lines.get(from - 1)?.trim_ascii_end();
                if !header.ends_with(b":") {
                    return None;
                }
                let name = match class {
                    "" => function.name.clone(),
                    class => format!("{class}::{}", function.name),
                };
                spans.push((from, stop, name));
            }
            _ => {}
        }
    }
    spans.sort();
    spans
        .windows(2)
        .all(|pair| pair[0].1 <= pair[1].0)
        .then_some(())
}

/// The first line after `from` that is indented no more than the header, blank ones aside. Strings of
/// several lines may hold such a line, which ends the block too early: what follows is then the rest.
fn block_end(lines: &[&[u8]], from: usize, indent: usize, end: usize) -> usize {
    let mut last = from;
    for (at, line) in lines.iter().enumerate().take(end).skip(from) {
        let text = line.trim_ascii_start();
        let own = line.len() - text.len();
        if text.is_empty() {
            continue;
        }
        if own <= indent {
            break;
        }
        last = at + 1;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_with_another_body_are_concerned() {
        let check = |before: &str, after: &str, expected: Option<&[&str]>| {
            let got = changed_tests(before.as_bytes(), after.as_bytes());
            let expected: Option<BTreeSet<String>> =
                expected.map(|names| names.iter().map(ToString::to_string).collect());
            let got = got.map(|narrowed| narrowed.changed);
            assert_eq!(got, expected, "{before:?} -> {after:?}");
        };
        let file = "import os\n\ndef test_a():\n    assert 1\n\n\nclass TestB:\n    x = 1\n\n    def test_c(self):\n        assert 1\n\ndef helper():\n    pass\n";
        check(file, file, Some(&[]));
        check(
            file,
            &file.replacen("assert 1", "assert 2", 1),
            Some(&["test_a"]),
        );
        check(
            file,
            &file.replace("        assert 1", "        assert 2\n        assert 3"),
            Some(&["test_c"]),
        );
        check(file, &file.replace("x = 1", "x = 2"), None);
        check(file, &file.replace("    pass", "    return 1"), None);
        check(file, &file.replace("import os", "import sys"), None);
        check(file, &file.replace("def test_a()", "def test_z()"), None);
        check(
            file,
            &file.replace("def test_a()", "@mark\ndef test_a()"),
            None,
        );
        check(file, &file.replace("test_a()", "test_a(x)"), None);
        check(file, "def test_a(:\n", None);
        let twice = "def test_a():\n    pass\n\ndef test_a():\n    pass\n";
        check(twice, twice, None);
        let edited = |text: &str| (text.to_owned(), text.replacen("assert 1", "assert 2", 1));
        for used in [
            "def test_a():\n    assert 1\n\ndef test_b():\n    test_a()\n",
            "@pytest.fixture(autouse=True)\ndef test_a():\n    assert 1\n",
            "@register\ndef test_a():\n    assert 1\n",
            "def test_a():\n    assert 1\n\ndef test_b(test_a):\n    pass\n",
        ] {
            let (before, after) = edited(used);
            check(&before, &after, None);
        }
        let marked = "@pytest.mark.slow\n@mock.patch('x')\ndef test_a():\n    assert 1\n";
        let (before, after) = edited(marked);
        check(&before, &after, Some(&["test_a"]));
    }

    #[test]
    fn what_is_not_known_to_be_the_same_is_concerned() {
        let (before, after) = (
            "class TestA:\n    def test_a(self):\n        assert 1\n    def test_b(self):\n        pass\n",
            "class TestA:\n    def test_a(self):\n        assert 2\n    def test_b(self):\n        pass\n",
        );
        let narrowed = changed_tests(before.as_bytes(), after.as_bytes()).unwrap();
        let concerned = ["test_a", "test_b", "test_inherited"].map(|name| narrowed.concerns(name));
        assert_eq!(concerned, [true, false, true]);
    }
}
