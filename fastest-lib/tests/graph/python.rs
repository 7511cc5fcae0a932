//! What tests read when Python runs them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};

const OBSERVER: &str = include_str!("observer.py");

/// A process that forks for each request: pytest is imported once.
struct Observer {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _process: Child,
    _folder: tempfile::TempDir,
}

impl Observer {
    fn start() -> Option<Self> {
        let Some(python) = std::env::var_os("FASTEST_TEST_PYTHON") else {
            eprintln!(
                "not held against Python: FASTEST_TEST_PYTHON names no interpreter with pytest"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        // Under this name the children of tests load it, too.
        let path = folder.path().join("sitecustomize.py");
        std::fs::write(&path, OBSERVER).unwrap();
        let mut process = Command::new(python)
            .arg(path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTEST_ADDOPTS")
            .env_remove("PYTHONPATH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Self {
            to: process.stdin.take().unwrap(),
            from: BufReader::new(process.stdout.take().unwrap()),
            _process: process,
            _folder: folder,
        })
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.to, "{request}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

/// The files that a test file reads or runs, its children included; none without an interpreter.
pub(crate) fn files_read(root: &Path, test: &str) -> Option<Vec<String>> {
    static OBSERVERS: OnceLock<Mutex<Option<Observer>>> = OnceLock::new();
    let observer = OBSERVERS.get_or_init(|| Mutex::new(Observer::start()));
    let mut observer = observer.lock().unwrap_or_else(|error| error.into_inner());
    let request = json!({"root": root, "test": test});
    let answer = observer.as_mut()?.ask(&request);
    drop(observer);
    // Passed, or a module without doctests; as `wait` has it.
    let status = answer["status"].as_i64().unwrap();
    let output = answer["output"].as_str().unwrap();
    assert!(matches!(status, 0 | 0x500), "{test}: {status}: {output}");
    let seen = answer["seen"].as_array().unwrap();
    Some(
        seen.iter()
            .map(|path| path.as_str().unwrap().to_owned())
            .collect(),
    )
}
