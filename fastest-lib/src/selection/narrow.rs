//! Which tests of a changed test file are concerned, by the lines that have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::affected::{AffectedReason, AffectedSet};
use super::changes::{ChangeKind, Changes};
use crate::discovery::Discovery;
use crate::graph::ImportGraph;
use crate::syntax::{Binding, BindingKind, FileFacts, parse};

impl AffectedSet {
    /// Leaves out the tests of changed test files that are as they were: where nothing but the bodies
    /// of tests has changed, and nothing else that the file depends on, only these tests stay.
    ///
    /// That needs the content at the base of the changes, so it has no effect on listed ones.
    pub fn narrow(
        &self,
        graph: &ImportGraph,
        changes: &Changes,
        rootdir: &Path,
        discovery: &mut Discovery,
    ) {
        let changed = self.tests.iter().filter(|test| {
            let is_changed = matches!(test.reason, AffectedReason::Changed { change }
                if change == ChangeKind::Modified);
            // What it depends on may have changed, too.
            is_changed && !self.wide.contains(&test.file) && {
                let closure = graph.closure([test.file.as_str()]);
                let mut others = closure.names().filter(|name| *name != test.file);
                !others.any(|name| self.nodes.contains(name))
            }
        });
        let changed: BTreeSet<&str> = changed.map(|test| test.file.as_str()).collect();
        let files: Vec<&str> = changed.into_iter().collect();
        let before = changes.before_many(&files);
        let mut only: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, before) in files.iter().zip(before) {
            let after = std::fs::read(rootdir.join(file)).ok();
            if let (Some(before), Some(after)) = (before, after)
                && let Some(names) = changed_tests(&before, &after)
            {
                only.insert((*file).to_owned(), names);
            }
        }
        discovery.retain(|test| {
            let Some(names) = only.get(test.id.path()) else {
                return true;
            };
            let parts = test.id.names();
            let plain = parts
                .iter()
                .map(|part| part.split('[').next().unwrap_or(part));
            names.contains(&plain.collect::<Vec<_>>().join("::"))
        });
    }
}

/// The tests whose bodies differ, as `TestClass::test_name`; none when anything else does.
fn changed_tests(before: &[u8], after: &[u8]) -> Option<BTreeSet<String>> {
    let (old, new) = (Parts::of(before)?, Parts::of(after)?);
    if old.rest != new.rest {
        return None;
    }
    let mut names = BTreeSet::new();
    for (name, text) in &new.tests {
        if old.tests.get(name)? != text {
            names.insert(name.clone());
        }
    }
    (old.tests.len() == new.tests.len()).then_some(names)
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
        collect(&facts.bindings, "", 0, end, &lines, &mut spans)?;
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
    column: usize,
    end: usize,
    lines: &[&[u8]],
    spans: &mut Vec<(usize, usize, String)>,
) -> Option<()> {
    for binding in bindings {
        match &binding.kind {
            BindingKind::Class(inner) if class.is_empty() && inner.name.starts_with("Test") => {
                let from = inner.line as usize;
                let stop = block_end(lines, from, inner.column as usize - 1, end);
                collect(&inner.bindings, &inner.name, column, stop, lines, spans)?;
            }
            BindingKind::Function(function)
                if function.name.starts_with("test") && !binding.conditional =>
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
            Some(&["TestB::test_c"]),
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
    }
}
