//! `cargo xtask conformance --probe`: the probe of constructs under several interpreters.
//!
//! The comparison itself is a test of this repository, `tests/probe.rs`; here it runs once for each
//! interpreter and set of plugins.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{capture, succeed};
use crate::repo;
use crate::report::{Printer, time};
use crate::venv::Venv;

/// The whole probe on a loaded machine, the build included.
const LIMIT: Duration = Duration::from_secs(3600);

/// The versions that the harness is to be held to; the names on the `PATH`.
const PYTHONS: [&str; 4] = ["python3.9", "python3.11", "python3.12", "python3.13"];

/// What is installed beside pytest: nothing, then the plugins that run coroutines.
const PLUGINS: [(&str, &[&str]); 2] = [
    ("no plugins", &[]),
    ("async plugins", &["pytest-asyncio==1.5.0", "anyio==4.16.0"]),
];

/// The last releases that are there for Python 3.9.
const FOR_OLD_PYTHON: [(&str, &str); 3] = [
    ("pytest==9.2.0", "pytest==8.4.2"),
    ("pytest-asyncio==1.5.0", "pytest-asyncio==1.2.0"),
    ("anyio==4.16.0", "anyio==4.12.1"),
];

/// Run the probe under each of these interpreters, those on the `PATH` without any; whether nothing
/// differed.
pub(super) fn run(pythons: &[String], printer: Printer) -> Result<bool> {
    let usual = PYTHONS.map(str::to_owned);
    let chosen = if pythons.is_empty() { &usual } else { pythons };
    let mut equal = true;
    for python in chosen {
        let Some(version) = version(python) else {
            printer.line(format!("{python}: absent, the probe does not run under it"));
            // Only what was asked for has to be there.
            equal &= pythons.is_empty();
            continue;
        };
        for (plugins, requirements) in PLUGINS {
            equal &= probe(python, &version, plugins, requirements, printer)
                .with_context(|| format!("the probe under {python}"))?;
        }
    }
    Ok(equal)
}

fn probe(
    python: &str,
    version: &str,
    plugins: &str,
    requirements: &[&str],
    printer: Printer,
) -> Result<bool> {
    let old = version.starts_with("3.9.");
    let requirements: Vec<String> = ["pytest==9.2.0"]
        .iter()
        .chain(requirements)
        .map(|wanted| {
            let instead = FOR_OLD_PYTHON.iter().find(|(new, _)| old && new == wanted);
            instead.map_or(*wanted, |(_, old)| old).to_owned()
        })
        .collect();
    let name = format!("{version}, {plugins}").replace([' ', ','], "-");
    let dir = repo::scratch().join("probe").join(name);
    let venv = Venv::ensure(&dir, python, &requirements, printer)?;
    let mut command = Command::new("cargo");
    command.args(["test", "--quiet", "--package", "fastest-tests"]);
    command.args(["--test", "all", "probe::", "--", "--nocapture"]);
    command.env("FASTEST_TEST_PYTHON", venv.python());
    let finished = capture(command.current_dir(repo::root()), LIMIT)?;
    let said = finished.stdout.lines();
    let counts: Vec<&str> = said
        .filter_map(|line| line.strip_prefix("probe: "))
        .collect();
    let pytest = &requirements[0];
    let wall = time(finished.wall);
    printer.line(format!(
        "Python {version}, {pytest}, {plugins}: {} in {wall}",
        counts.join("; ")
    ));
    let success = finished.status.success();
    if !success {
        let words = finished.stderr.lines().chain(finished.stdout.lines());
        for line in words.filter(|line| line.contains("--engine ") || line.contains("no result of"))
        {
            printer.line(format!("  difference: {line}"));
        }
        if counts.is_empty() {
            printer.line(finished.tail());
        }
    }
    Ok(success)
}

/// The version of an interpreter that starts.
fn version(python: &str) -> Option<String> {
    let mut command = Command::new(python);
    command.args(["-c", "import platform; print(platform.python_version())"]);
    let finished = succeed(&mut command, Duration::from_secs(60)).ok()?;
    Some(finished.stdout.trim().to_owned())
}
