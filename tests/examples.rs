//! The commands in the examples' pages, run as their readers run them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Started, fastest, python, repository};

/// A command of a page, and the lines that it is said to print.
type Session<'t> = Vec<(&'t str, String)>;

/// The indented lines of a page: those that begin with `$` are commands.
fn session(page: &str) -> Session<'_> {
    let mut session: Session<'_> = Vec::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("    ")) {
        match (line.strip_prefix("$ "), session.last_mut()) {
            (Some(command), _) => session.push((command, String::new())),
            (None, Some((_, printed))) => {
                printed.push_str(line);
                printed.push('\n');
            }
            (None, None) => panic!("printed by no command: {line}"),
        }
    }
    session
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            if name != "__pycache__" && name != ".pytest_cache" {
                copy(&entry.path(), &to.join(name));
            }
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

#[test]
fn the_affected_example_prints_what_its_page_says() {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("skipped: git cannot be run");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("affected");
    copy(&repository().join("examples/affected"), &project);
    let path = std::env::var("PATH").unwrap();
    let own = fastest().canonicalize().unwrap();
    let path = format!("{}:{path}", own.parent().unwrap().display());
    let page = fs::read_to_string(project.join("README.md")).unwrap();
    let session = session(&page);
    assert!(session.len() > 10);
    for (line, expected) in session {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&project);
        let mut started = Started::new(command);
        started.command.env("PATH", &path);
        started
            .command
            .env("FASTEST_CACHE_DIR", folder.path().join("cache"));
        let finished = started.finish_clean();
        assert_eq!(finished.all_output(), expected, "$ {line}\n{finished:?}");
        assert_eq!(finished.code, Some(0), "$ {line}\n{finished:?}");
    }
}

#[test]
fn the_plugin_example_has_the_same_outcomes_under_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("plugin");
    copy(&repository().join("examples/plugin"), &project);
    for engine in ["native", "pytest"] {
        let mut command = Command::new(fastest());
        command.args(["run", "--output", "json", "--engine", engine, "--python"]);
        command.arg(python()).current_dir(&project);
        let mut started = Started::new(command);
        let cache = folder.path().join("cache");
        started.command.env("FASTEST_CACHE_DIR", cache);
        let finished = started.finish_clean();
        let outcomes = finished.outcomes();
        let expected = [
            ("test_in_time", "passed"),
            ("test_too_late", "xfailed"),
            ("test_without_budget", "passed"),
        ];
        let expected = expected
            .map(|(name, outcome)| (format!("tests/test_budgets.py::{name}"), outcome.to_owned()));
        assert_eq!(outcomes, expected, "--engine {engine}\n{finished:?}");
        let all = finished.all_output();
        for text in ["has a budget of 0.001 s", "s left", "s missing"] {
            assert!(all.contains(text), "--engine {engine}: no {text:?}\n{all}");
        }
        assert!(
            all.contains(r#""deselected":1"#),
            "--engine {engine}\n{all}"
        );
    }
}
