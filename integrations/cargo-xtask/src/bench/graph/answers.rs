//! The graphs that programs print, as edges between files.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Edges from the file that imports to the file that is imported.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edges(BTreeSet<(String, String)>);

impl Edges {
    pub(super) fn insert(&mut self, from: String, to: String) {
        // Nothing learns anything from a file that needs itself, and not everyone prints that.
        if from != to {
            self.0.insert((from, to));
        }
    }

    /// What `ruff analyze graph` prints: `{file: [file, …], …}`.
    ///
    /// It prefers a stub to the module; the edge is the module's here, where there is one beside it.
    /// What stubs themselves import is left out: nothing executes them.
    pub(super) fn of_ruff(text: &str) -> Result<Self> {
        let map: BTreeMap<String, Vec<String>> =
            serde_json::from_str(text).context("ruff printed no map of files")?;
        let mut edges = Self::default();
        for (from, imported) in &map {
            for to in imported {
                let module = match to.strip_suffix('i') {
                    Some(module) if to.ends_with(".pyi") => module,
                    _ => to,
                };
                let both_python = from.ends_with(".py") && module.ends_with(".py");
                if both_python && map.contains_key(module) {
                    edges.insert(from.clone(), module.to_owned());
                }
            }
        }
        Ok(edges)
    }

    /// The document of `fastest graph --output json`, edges of every kind.
    pub(super) fn of_fastest(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Document {
            schema: u32,
            edges: Vec<Edge>,
        }
        #[derive(Deserialize)]
        struct Edge {
            from: String,
            to: String,
        }
        let document: Document =
            serde_json::from_str(text).context("fastest printed no document of a graph")?;
        ensure!(document.schema == 1, "schema {} is new", document.schema);
        let mut edges = Self::default();
        for edge in document.edges {
            edges.insert(edge.from, edge.to);
        }
        Ok(edges)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those of `self` that `other` has not.
    pub(super) fn missing_in<'e>(&'e self, other: &'e Self) -> Vec<&'e (String, String)> {
        self.0.difference(&other.0).collect()
    }

    /// `file` and every file that comes to import it.
    pub(super) fn dependents<'e>(&'e self, file: &'e str) -> BTreeSet<&'e str> {
        let mut importers: HashMap<&str, Vec<&str>> = HashMap::new();
        for (from, to) in &self.0 {
            importers.entry(to).or_default().push(from);
        }
        let mut found = BTreeSet::from([file]);
        let mut left = vec![file];
        while let Some(file) = left.pop() {
            for &importer in importers.get(file).into_iter().flatten() {
                if found.insert(importer) {
                    left.push(importer);
                }
            }
        }
        found
    }
}

/// The files of a list of node ids, or of files, one a line.
pub(super) fn files(text: &str) -> BTreeSet<String> {
    let file = |line: &str| line.split("::").next().unwrap_or_default().to_owned();
    let is_file = |file: &String| file.ends_with(".py");
    text.lines().map(file).filter(is_file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(pairs: &[(&str, &str)]) -> Edges {
        let mut edges = Edges::default();
        for (from, to) in pairs {
            edges.insert((*from).to_owned(), (*to).to_owned());
        }
        edges
    }

    #[test]
    fn ruff_prints_files_and_prefers_stubs() {
        let printed = r#"{
            "a.py": ["b.pyi", "c.pyi", "data.txt", "p/__init__.py"],
            "b.py": [], "b.pyi": ["a.py"], "c.pyi": [], "p/__init__.py": ["p/__init__.py"]
        }"#;
        let expected = edges(&[("a.py", "b.py"), ("a.py", "p/__init__.py")]);
        assert_eq!(Edges::of_ruff(printed).unwrap(), expected);
        assert!(Edges::of_ruff("error: no such file").is_err());
    }

    #[test]
    fn fastest_prints_edges_of_many_kinds() {
        let printed = r#"{"schema": 1, "rootdir": "/r", "nodes": [], "problems": [], "edges": [
            {"from": "a.py", "to": "b.py", "kind": "import", "rule": "from", "line": 3},
            {"from": "a.py", "to": "b.py", "kind": "import", "rule": "import", "line": 9},
            {"from": "a.py", "to": "conftest.py", "kind": "conftest"}
        ]}"#;
        let expected = edges(&[("a.py", "b.py"), ("a.py", "conftest.py")]);
        assert_eq!(Edges::of_fastest(printed).unwrap(), expected);
        assert!(Edges::of_fastest(r#"{"schema": 2, "edges": []}"#).is_err());
    }

    #[test]
    fn what_is_missing_and_what_depends() {
        let all = edges(&[("a.py", "b.py"), ("b.py", "c.py"), ("c.py", "b.py")]);
        let some = edges(&[("a.py", "b.py"), ("x.py", "c.py")]);
        let missing: Vec<_> = all
            .missing_in(&some)
            .into_iter()
            .map(|edge| &*edge.0)
            .collect();
        assert_eq!(missing, ["b.py", "c.py"]);
        assert!(
            all.dependents("c.py")
                .into_iter()
                .eq(["a.py", "b.py", "c.py"])
        );
        assert!(all.dependents("a.py").into_iter().eq(["a.py"]));
    }

    #[test]
    fn files_are_told_by_ids_and_by_themselves() {
        let listed = files("t/a.py::x[1]\nt/a.py::C::y\nt/b.py\n2 tests\n");
        assert!(listed.into_iter().eq(["t/a.py", "t/b.py"]));
    }
}
