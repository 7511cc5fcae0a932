//! The rules, the examples and the tests' own build files are as buildifier wants them.

use std::path::{Path, PathBuf};
use std::process::Command;

use fastest_bazel_e2e::{Program, fastest, repository};

/// What people write in build files, formatted.
const BY_HAND: &str = "\
load(\"@fastest//:defs.bzl\", \"fastest_library\", \"fastest_test\")

# The first of all.
fastest_library(
    name = \"first\",
    testonly = True,
    srcs = [
        \"a.py\",
        \"gone.py\",
    ],
    tags = [\"x\"],
    deps = [
        # Whatever it is.
        \":gone\",
        \"@other//:z\",  # keep
    ],
)

fastest_test(
    name = \"all\",
    size = \"small\",
    src = \"test_a.py\",
    env = {\"A\": \"b\"},
)

genrule(
    name = \"made\",
    outs = [\"made.txt\"],
    cmd = \"touch $@\",
)
";

#[test]
fn build_files_that_are_written_are_formatted() {
    let Some(buildifier) = Program::Buildifier.find() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let tangle = repository().join("integrations/bazel/e2e/tangle");
    copy(&tangle, root);
    let mixed = root.join("mixed");
    std::fs::create_dir(&mixed).unwrap();
    for (name, text) in [
        (
            "a.py",
            "import b\nfrom pathlib import Path\n(Path(__file__).parent / 'x.txt').read_text()\n",
        ),
        ("b.py", "from core import c\n"),
        ("x.txt", ""),
        ("test_a.py", "import a\n\n\ndef test_a():\n    pass\n"),
        ("test_b.py", "import b\n\n\ndef test_b():\n    pass\n"),
    ] {
        std::fs::write(mixed.join(name), text).unwrap();
    }
    for (system, name) in [("bazel", "BUILD.bazel"), ("buck2", "BUCK")] {
        std::fs::write(mixed.join(name), BY_HAND).unwrap();
        for granularity in ["file", "test"] {
            let mut command = Command::new(fastest());
            command.args([
                "targets",
                system,
                "--no-cache",
                "--granularity",
                granularity,
            ]);
            let output = command.current_dir(root).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let mut command = Command::new(&buildifier);
            command.arg("-mode=check");
            // What it would say of Buck2's files is meant for other kinds of files.
            if system == "bazel" {
                command.arg("-lint=warn");
            }
            command.args(named(root, name));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{system}: {output:?}");
        }
        let text = std::fs::read_to_string(mixed.join(name)).unwrap();
        assert!(text.contains("\"@other//:z\",  # keep"), "{text}");
    }
}

/// The files of a name: by itself buildifier looks for those of Bazel alone.
fn named(root: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == name {
                found.push(entry.path());
            }
        }
    }
    assert!(found.len() > 5, "{name}: {found:?}");
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => std::fs::copy(entry.path(), target).map(drop).unwrap(),
        }
    }
}

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
