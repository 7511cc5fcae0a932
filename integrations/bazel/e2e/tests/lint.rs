//! The rules, the examples and the tests' own build files are as buildifier wants them.

use std::process::Command;

use fastest_bazel_e2e::{Program, repository};

#[test]
fn buildifier_has_nothing_to_say() {
    let Some(buildifier) = Program::Buildifier.find() else {
        return;
    };
    let check = |folder: &str, expected: bool| {
        let mut command = Command::new(&buildifier);
        command.args(["-mode=check", "-lint=warn", "-r", folder]);
        let output = command.current_dir(repository()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        let clean = output.status.success() && said.trim().is_empty();
        assert_eq!(clean, expected, "{folder}: {said}");
    };
    check("integrations/bazel", true);
    check("examples/bazel", true);
    let untidy = tempfile::tempdir().unwrap();
    let file = untidy.path().join("BUILD.bazel");
    std::fs::write(file, "load(\":a.bzl\", \"unused\")\n").unwrap();
    check(&untidy.path().display().to_string(), false);
}
