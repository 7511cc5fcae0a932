//! Rule files as buildifier formats them, without anything that it warns of.

use std::path::{Path, PathBuf};
use std::process::Command;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let extension = path
            .extension()
            .map(|kind| kind.to_string_lossy().into_owned());
        let is_starlark = matches!(extension.as_deref(), Some("bzl" | "bxl" | "bazel"));
        if path.is_dir() {
            files(&path, found);
        } else if is_starlark || ["BUCK", "BUILD", "WORKSPACE"].contains(&name.as_str()) {
            found.push(path);
        }
    }
}

#[test]
fn rule_files_are_formatted_and_lint_clean() {
    let Some(buildifier) = std::env::var_os("FASTEST_BUILDIFIER") else {
        eprintln!(
            "skipped: FASTEST_BUILDIFIER names no buildifier; `npm install @bazel/buildifier@8.2.1` has one"
        );
        return;
    };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in [
        "integrations/bazel/rules",
        "integrations/buck2/rules",
        "examples/bazel",
        "examples/buck2",
    ] {
        let mut found = Vec::new();
        files(&repository.join(folder), &mut found);
        assert!(found.len() > 4, "{folder}: {found:?}");
        // Those of Buck2 keep the names of targets that Bazel can do without, and need no docstring.
        let (buck, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|path| path.ends_with("BUCK"));
        for (kind, lint, files) in [("default", "off", buck), ("auto", "warn", others)] {
            if files.is_empty() {
                continue;
            }
            let mut command = Command::new(&buildifier);
            command.args(["-mode=check", "-warnings=all", "-type", kind, "-lint", lint]);
            let output = command.args(&files).output().unwrap();
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert!(
                output.status.success(),
                "{folder}: `buildifier -mode=fix -type={kind}` formats it\n{}{}",
                shown(&output.stdout),
                shown(&output.stderr)
            );
        }
    }
}
