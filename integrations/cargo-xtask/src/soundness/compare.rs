//! Beside each other: what tests read, and what `fastest inputs` says that they can.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

/// The files of each test file, relative to the source tree.
pub(super) type Inputs = BTreeMap<String, BTreeSet<String>>;

/// The document of `fastest inputs --output json`, as far as it is read here.
#[derive(Deserialize)]
struct Document {
    schema: u32,
    rootdir: PathBuf,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    test: String,
    files: Vec<String>,
    #[serde(default)]
    unresolved: Vec<Value>,
}

/// What fastest says.
pub(super) struct Given {
    pub(super) inputs: Inputs,
    /// The places, of all tests together, where it says that it does not know.
    pub(super) unresolved: BTreeSet<String>,
}

/// One project's comparison.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Pairs of a test file and a file that it read.
    pub(super) observed: usize,
    /// Pairs of a test file and a file that it may read.
    pub(super) given: usize,
    /// The observed pairs that are not given.
    pub(super) missed: Vec<(String, String)>,
}

impl Comparison {
    /// How many percent of what is given is really read.
    pub(super) fn precision(&self) -> f64 {
        let hits = self.observed - self.missed.len();
        100.0 * hits as f64 / self.given.max(1) as f64
    }
}

impl Given {
    /// From the document; `tree` is the source tree that all paths are to be relative to.
    pub(super) fn from_document(text: &str, tree: &Path) -> Result<Self> {
        let document: Document =
            serde_json::from_str(text).context("fastest inputs printed no document")?;
        let schema = document.schema;
        ensure!(schema == 1, "fastest inputs printed schema {schema}, not 1");
        let relative = |path: &str| {
            let path = normal(&document.rootdir.join(path));
            let inside = path.strip_prefix(tree).unwrap_or(&path);
            inside.to_string_lossy().into_owned()
        };
        let mut given = Self {
            inputs: Inputs::new(),
            unresolved: BTreeSet::new(),
        };
        for test in &document.tests {
            let files = test.files.iter().map(|file| relative(file)).collect();
            given.inputs.insert(relative(&test.test), files);
            let sites = test.unresolved.iter().map(ToString::to_string);
            given.unresolved.extend(sites);
        }
        Ok(given)
    }
}

/// Hold `observed` against `given`. A test that is not in `given` has no inputs there.
pub(super) fn compare(observed: &Inputs, given: &Inputs) -> Comparison {
    let none = BTreeSet::new();
    let mut comparison = Comparison::default();
    for (test, files) in observed {
        let given = given.get(test).unwrap_or(&none);
        comparison.observed += files.len();
        comparison.given += given.len();
        let missed = files.difference(given);
        let missed = missed.map(|file| (test.clone(), file.clone()));
        comparison.missed.extend(missed);
    }
    comparison
}

/// The path without `.` and `..`, by its text alone.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(tests: &[(&str, &[&str])]) -> Inputs {
        let files = |files: &[&str]| files.iter().map(ToString::to_string).collect();
        let tests = tests.iter();
        tests
            .map(|(test, of)| ((*test).to_owned(), files(of)))
            .collect()
    }

    #[test]
    fn what_is_read_and_not_given_is_missed() {
        let observed = inputs(&[("t/a.py", &["t/a.py", "p/x.py"]), ("t/b.py", &["t/b.py"])]);
        let given = inputs(&[("t/a.py", &["t/a.py", "p/y.py", "p/z.py"])]);
        let found = compare(&observed, &given);
        let missed = [("t/a.py", "p/x.py"), ("t/b.py", "t/b.py")];
        assert_eq!(
            found.missed,
            missed.map(|(test, file)| (test.to_owned(), file.to_owned()))
        );
        assert_eq!((found.observed, found.given), (3, 3));
        assert!((found.precision() - 100.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn paths_are_of_the_tree_whatever_the_rootdir() {
        let text = r#"{"schema": 1, "rootdir": "/tree/test", "tests": [{"test": "test_a.py",
            "files": ["test_a.py", "../pkg/a.py", "/elsewhere/b.py"],
            "unresolved": [{"path": "test_a.py", "line": 3, "what": "import_module(name)"}]}]}"#;
        let given = Given::from_document(text, Path::new("/tree")).unwrap();
        let files: &[&str] = &["test/test_a.py", "pkg/a.py", "/elsewhere/b.py"];
        assert_eq!(given.inputs, inputs(&[("test/test_a.py", files)]));
        assert_eq!(given.unresolved.len(), 1);
        let old = text.replace("\"schema\": 1", "\"schema\": 2");
        assert!(Given::from_document(&old, Path::new("/tree")).is_err());
    }
}
