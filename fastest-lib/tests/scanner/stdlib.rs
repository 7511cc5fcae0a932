//! The standard library, read by both parsers.

use std::path::PathBuf;
use std::process::Command;

use fastest_lib::ProblemKind;

use crate::{both, difference};

/// The interpreter whose standard library is read.
fn python() -> PathBuf {
    match std::env::var_os("FASTEST_TEST_PYTHON") {
        Some(python) => python.into(),
        None => {
            panic!("FASTEST_TEST_PYTHON names no interpreter: run the tests by `cargo xtask test`")
        }
    }
}

/// Lists the files of the standard library that compile.
const COMPILED: &str = r#"
import os, sysconfig, warnings
warnings.simplefilter("ignore")
for folder, folders, files in os.walk(sysconfig.get_path("stdlib")):
    folders[:] = [name for name in folders if name != "site-packages"]
    for name in files:
        path = os.path.join(folder, name)
        if name.endswith(".py"):
            try:
                with open(path, "rb") as file:
                    compile(file.read(), path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError):
                continue
            print(path)
"#;

#[test]
fn the_standard_library_is_read_alike() {
    let output = Command::new(python())
        .args(["-I", "-c", COMPILED])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let paths = String::from_utf8(output.stdout).unwrap();
    let mut read = 0;
    let mut wrong = Vec::new();
    for path in paths.lines() {
        let bytes = std::fs::read(path).unwrap();
        let (scanned, parsed) = both(&bytes);
        let mut problems = scanned.problems.iter();
        if let Some(problem) = problems.find(|problem| problem.kind != ProblemKind::Encoding) {
            wrong.push(format!("{path}: the scanner refuses it: {problem:?}"));
        } else if parsed.problems.is_empty() {
            wrong.extend(difference(&scanned, &parsed).map(|text| format!("{path}:\n{text}")));
            read += 1;
        } else {
            // Not held against the scanner: CPython compiles the file.
            println!("tree-sitter refuses {path}: {:?}", parsed.problems[0]);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 100, "only {read} files were compared");
}
