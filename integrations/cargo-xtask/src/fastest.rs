//! The `fastest` command that the tasks run, and the events that it prints.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{process, repo};

const HELP_LIMIT: Duration = Duration::from_secs(60);

/// One line of `fastest run --output json`, as far as the tasks read it. Kinds and fields that are
/// not named here are passed over: the schema may grow.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    TestFinished {
        id: String,
        outcome: String,
        engine: String,
        #[serde(default)]
        phases: Vec<PhaseReport>,
    },
    CollectFinished {
        id: String,
        outcome: String,
        #[serde(default)]
        longrepr: serde_json::Value,
    },
    FileDeoptimized {
        path: String,
        reason: String,
    },
    InternalError {
        text: String,
    },
    UsageError {
        message: String,
    },
    RunFinished {
        exit_code: i32,
    },
    #[serde(other)]
    Other,
}

/// The report of one phase of a test.
#[derive(Deserialize)]
pub(crate) struct PhaseReport {
    pub(crate) when: String,
    pub(crate) outcome: String,
    pub(crate) wasxfail: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) longrepr: serde_json::Value,
}

/// The one-line reason that a `longrepr` gives.
pub(crate) fn reason(longrepr: &serde_json::Value) -> Option<String> {
    let text = ["reason", "message"]
        .iter()
        .find_map(|name| longrepr.get(name)?.as_str())?;
    let first = text.lines().find(|line| !line.trim().is_empty());
    Some(first.unwrap_or_default().to_owned())
}

/// The events on standard output. A line that is no event is an error: nothing else may be printed
/// there.
pub(crate) fn events(stdout: &str) -> Result<Vec<Event>> {
    let parse = |line: &str| {
        serde_json::from_str(line)
            .with_context(|| format!("fastest printed a line that is no event: {line:.200}"))
    };
    stdout.lines().map(parse).collect()
}

/// The executable: the one asked for, else the release build of this checkout, built once.
pub(crate) fn executable(asked: Option<&Path>) -> Result<PathBuf> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = asked {
        return path
            .canonicalize()
            .with_context(|| format!("--fastest {}: no such file", path.display()));
    }
    if let Some(path) = BUILT.get() {
        return Ok(path.clone());
    }
    let mut command = Command::new("cargo");
    // The profile and package of the `cargo fastest` alias, so that both share one build.
    command.args([
        "build",
        "--release",
        "--package",
        "fastest-cli",
        "--bin",
        "fastest",
    ]);
    let (built, _) = process::pass_through(command.current_dir(repo::root()))?;
    if !built {
        bail!(
            "`{}` failed; its messages are above",
            process::shown(&command)
        );
    }
    let path = repo::target().join("release").join("fastest");
    Ok(BUILT.get_or_init(|| path).clone())
}

/// Whether `fastest discover` of this executable knows `option`.
pub(crate) fn discover_has(fastest: &Path, option: &str) -> Result<bool> {
    let mut help = Command::new(fastest);
    let finished = process::succeed(help.args(["discover", "--help"]), HELP_LIMIT)?;
    let mut words = finished.stdout.split([' ', ',', '\n']);
    Ok(words.any(|word| word == option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_events_and_fields_are_passed_over() {
        let stdout = concat!(
            r#"{"event":"run-started","schema":1,"workers":2}"#,
            "\n",
            r#"{"event":"file-collected","path":"test_a.py","new":[1]}"#,
            "\n",
            r#"{"event":"run-finished","schema":1,"exit_code":5,"counts":{}}"#,
            "\n",
        );
        let read = events(stdout).unwrap();
        assert!(matches!(
            read[..],
            [
                Event::Other,
                Event::Other,
                Event::RunFinished { exit_code: 5 }
            ]
        ));
        assert!(events("hello\n").is_err());
    }
}
