//! What the environment of the process says. It belongs to all tests at once, so that these run
//! in a process of their own.

use std::process::Command;

use fastest_lib::ErrorKind;
use fastest_lib::selection::Changes;

use crate::repository::repository;

/// Runs one test of this program with variables of its own.
fn run(test: &str, variables: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn variables_of_a_hook_do_not_lead_elsewhere() {
    let Some(other) = repository(&[("other.py", "")]) else {
        return;
    };
    let git = other.top.join(".git");
    run(
        "since::what_was_committed_staged_changed_and_added_since",
        &[
            ("GIT_DIR", git.to_str().unwrap()),
            ("GIT_WORK_TREE", other.top.to_str().unwrap()),
            ("GIT_INDEX_FILE", "/nowhere/index"),
            ("GIT_EXTERNAL_DIFF", "false"),
            ("GIT_LITERAL_PATHSPECS", "1"),
        ],
    );
}

#[test]
fn a_machine_without_git() {
    if std::env::var_os("FASTEST_TEST_NO_GIT").is_none() {
        let variables = [("FASTEST_TEST_NO_GIT", "1"), ("PATH", "/nowhere")];
        return run("environment::a_machine_without_git", &variables);
    }
    let folder = tempfile::tempdir().unwrap();
    let error = Changes::since(folder.path(), "HEAD").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().contains("git program was not found"),
        "{error}"
    );
    assert!(error.help().unwrap_or_default().contains("install git"));
}
