//! Other programs that build import graphs: how each one is asked and what it answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::succeed;
use crate::repo;
use crate::report::Printer;
use crate::venv::Venv;

const REQUIREMENTS: &[&str] = &["grimp==3.20", "ruff==0.17.6"];

const LIMIT: Duration = Duration::from_secs(600);

/// The other programs, installed.
pub(super) struct Peers(Venv);

/// The packages of a corpus, as grimp knows them.
pub(super) struct Packages {
    /// The folders that have packages in them.
    roots: Vec<PathBuf>,
    names: Vec<String>,
}

/// What grimp printed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grimp {
    pub(super) modules: usize,
    pub(super) imports: usize,
    pub(super) downstream: usize,
}

impl Grimp {
    pub(super) fn read(text: &str) -> Result<Self> {
        let value = |name: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
            values.next().and_then(|value| value.trim().parse().ok())
        };
        Ok(Self {
            modules: value("modules").context("grimp printed no number of modules")?,
            imports: value("imports").context("grimp printed no number of imports")?,
            downstream: text
                .lines()
                .filter(|line| line.starts_with("downstream "))
                .count(),
        })
    }
}

/// Which packages grimp can build, and why not the others.
#[derive(Debug, Deserialize)]
struct Probed {
    can: Vec<String>,
    cannot: BTreeMap<String, String>,
}

impl Peers {
    pub(super) fn install(python: &str, printer: Printer) -> Result<Self> {
        let dir = repo::scratch().join("peers").join("graphs");
        let requirements: Vec<String> = REQUIREMENTS.iter().map(ToString::to_string).collect();
        Ok(Self(Venv::ensure(&dir, python, &requirements, printer)?))
    }

    /// Without the settings of the projects, so that all have the same; ruff finds the roots of
    /// packages by itself.
    pub(super) fn ruff(&self) -> Command {
        let mut command = Command::new(self.0.program("ruff"));
        command.args(["analyze", "graph", "--preview", "--isolated", "--quiet"]);
        command
    }

    fn script(&self, packages: &Packages) -> Result<Command> {
        let mut command = Command::new(self.0.python());
        command.arg(repo::script("grimp_graph.py"));
        self.0.activate(&mut command);
        command.env("PYTHONPATH", std::env::join_paths(&packages.roots)?);
        Ok(command)
    }

    /// One graph of all packages.
    pub(super) fn grimp(
        &self,
        packages: &Packages,
        cache: Option<&Path>,
        downstream: Option<&str>,
    ) -> Result<Command> {
        let mut command = self.script(packages)?;
        if let Some(cache) = cache {
            command.arg("--cache").arg(cache);
        }
        if let Some(module) = downstream {
            command.args(["--downstream", module]);
        }
        command.args(&packages.names);
        Ok(command)
    }

    /// The packages below `roots` that grimp can build; it says which it cannot.
    pub(super) fn packages(&self, roots: &[PathBuf], printer: Printer) -> Result<Packages> {
        let mut packages = Packages {
            roots: roots.to_owned(),
            names: Vec::new(),
        };
        let mut names = Vec::new();
        for root in roots {
            names.extend(top_level(root)?);
        }
        names.sort();
        let mut probe = self.script(&packages)?;
        let probed = succeed(probe.arg("--probe").args(names), LIMIT)?;
        let probed: Probed = serde_json::from_str(&probed.stdout).context("grimp's packages")?;
        for (name, reason) in &probed.cannot {
            printer.line(format!("  grimp cannot build {name}: {reason}"));
        }
        packages.names = probed.can;
        Ok(packages)
    }
}

/// The modules and the folders with modules in `root`.
fn top_level(root: &Path) -> Result<Vec<String>> {
    let is_python = |path: &Path| path.extension().is_some_and(|suffix| suffix == "py");
    let mut names = Vec::new();
    for path in entries(root)? {
        let is_module = |path: &PathBuf| is_python(path) || path.join("__init__.py").exists();
        let is_package = path.is_dir() && entries(&path)?.iter().any(is_module);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        // A folder of data may have a script in it, and a name that cannot be imported.
        if (is_package || is_python(&path)) && !name.contains(['.', '-']) {
            names.push(name.into_owned());
        }
    }
    Ok(names)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir);
    let entries = entries.with_context(|| format!("cannot read {}", dir.display()))?;
    Ok(entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grimp_prints_is_read() {
        let expected = Grimp {
            modules: 3,
            imports: 2,
            downstream: 2,
        };
        let printed = "modules 3\nimports 2\ndownstream a.b\ndownstream modules\n";
        assert_eq!(Grimp::read(printed).unwrap(), expected);
        assert!(Grimp::read("Traceback").is_err());
    }

    #[test]
    fn what_grimp_cannot_build_has_a_reason() {
        let printed = r#"{"can": ["a"], "cannot": {"b": "NotATopLevelModule: "}}"#;
        let probed: Probed = serde_json::from_str(printed).unwrap();
        assert_eq!(probed.can, ["a"]);
        assert!(probed.cannot["b"].starts_with("NotATopLevelModule"));
    }

    #[test]
    fn every_peer_is_pinned() {
        assert!(REQUIREMENTS.iter().all(|peer| peer.contains("==")));
    }
}
