//! The standard library and site-packages, held against CPython's `ast`.

use std::collections::HashSet;
use std::process::Command;

use fastest_lib::ProblemKind;
use fastest_lib::syntax::references;
use serde_json::{Value, json};

#[test]
fn installed_files_are_read_as_cpython_reads_them() {
    let Some(python) = std::env::var_os("FASTEST_TEST_PYTHON") else {
        println!("skipped: FASTEST_TEST_PYTHON names no interpreter to compare with");
        return;
    };
    let output = Command::new(python)
        .args(["-I", "-X", "utf8", "-c", include_str!("expected.py")])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut read = 0;
    let mut wrong = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let path = expected["path"].as_str().unwrap();
        let found = references(&std::fs::read(path).unwrap());
        let mut problems = found.problems.iter();
        if let Some(problem) = problems.next() {
            // Encodings that are not read here are Python's to decode.
            if problem.kind != ProblemKind::Encoding {
                wrong.push(format!("{path}: {problem:?}"));
            }
            continue;
        }
        read += 1;
        let imports: Vec<Value> = found
            .imports
            .iter()
            .map(|import| {
                let context = format!("{:?}", import.context);
                json!([
                    import.line,
                    import.level,
                    import.module,
                    import.names,
                    context
                ])
            })
            .collect();
        let expected_imports = expected["imports"].as_array().unwrap();
        if &imports != expected_imports {
            let lost = expected_imports
                .iter()
                .find(|import| !imports.contains(import));
            let more = imports
                .iter()
                .find(|import| !expected_imports.contains(import));
            wrong.push(format!("{path}: {lost:?} is found as {more:?}"));
        }
        // Something computed before a value takes its slash.
        let values: HashSet<&str> = found.strings.iter().map(|s| s.value.as_str()).collect();
        let strings = expected["strings"].as_array().unwrap().iter();
        let lost = strings
            .filter_map(Value::as_str)
            .find(|value| !values.contains(value));
        wrong.extend(lost.map(|lost| format!("{path}: the string {lost:?} is lost")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 100, "only {read} files were compared");
}
