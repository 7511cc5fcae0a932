//! Other programs that list tests without running them: which, and how each one is asked.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::succeed;
use crate::repo;
use crate::report::Printer;
use crate::venv::Venv;

/// One other program.
pub(super) struct Peer {
    /// Its name in the tables.
    pub(super) name: &'static str,
    /// What is installed, in an environment of its own.
    requirement: &'static str,
    /// The program that it installs.
    program: &'static str,
    /// Its arguments before the path.
    arguments: &'static [&'static str],
    /// The oldest Python that it can be installed for.
    python: (u32, u32),
    /// Whether its ids are relative to the path given and not to the current folder.
    relative_to_path: bool,
    /// Whether it answers from a cache that an earlier run filled.
    pub(super) warm: bool,
}

/// All written in Rust, listing without importing the tests.
pub(super) const PEERS: &[Peer] = &[
    Peer {
        name: "cito",
        requirement: "cito==0.3.0",
        program: "cito",
        arguments: &["collect"],
        python: (3, 9),
        relative_to_path: false,
        warm: false,
    },
    Peer {
        name: "tiderace",
        requirement: "tiderace==0.164.0",
        program: "tiderace",
        arguments: &["collect"],
        python: (3, 12),
        relative_to_path: true,
        warm: false,
    },
    Peer {
        name: "rtest",
        requirement: "rtest==0.0.47",
        program: "rtest",
        arguments: &["--collect-only"],
        python: (3, 10),
        relative_to_path: false,
        warm: false,
    },
    Peer {
        name: "tezt",
        requirement: "tezt==0.1.0",
        program: "tezt",
        arguments: &["--collect-only", "--no-cache"],
        python: (3, 8),
        relative_to_path: false,
        warm: false,
    },
    Peer {
        name: "tezt, warm",
        requirement: "tezt==0.1.0",
        program: "tezt",
        arguments: &["--collect-only"],
        python: (3, 8),
        relative_to_path: false,
        warm: true,
    },
];

/// A peer that is installed.
pub(super) struct Installed {
    pub(super) peer: &'static Peer,
    venv: Venv,
}

/// Install every peer that can be; each other one is named with the reason.
pub(super) fn install(pythons: &[String], printer: Printer) -> Vec<Installed> {
    let mut installed = Vec::new();
    for peer in PEERS {
        match peer.install(pythons, printer) {
            Ok(venv) => installed.push(Installed { peer, venv }),
            Err(error) => {
                let (name, requirement) = (peer.name, peer.requirement);
                printer.line(format!(
                    "{name}: not measured, {requirement} cannot be installed: {error:#}"
                ));
            }
        }
    }
    installed
}

impl Peer {
    fn install(&self, pythons: &[String], printer: Printer) -> Result<Venv> {
        let python = pythons.iter().find(|python| {
            // One that does not start is none.
            version(python).is_ok_and(|version| version >= self.python)
        });
        let (major, minor) = self.python;
        let python = python.with_context(|| {
            format!("it needs Python {major}.{minor}; --peer-python names an interpreter")
        })?;
        let dir = repo::scratch().join("peers").join(self.program);
        Venv::ensure(&dir, python, &[self.requirement.to_owned()], printer)
    }

    /// The node ids among the lines that it printed, in their order.
    pub(super) fn ids(&self, stdout: &str, path: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for line in stdout.lines() {
            let Some(id) = self.id(line) else {
                continue;
            };
            if self.relative_to_path && path != "." {
                ids.push(format!("{path}/{id}"));
            } else {
                ids.push(id.to_owned());
            }
        }
        ids
    }

    /// The id in one line: `  ID` in a list, `ID<tab>KIND`, `./ID`. Warnings may speak of ids too,
    /// but after a colon.
    fn id<'l>(&self, line: &'l str) -> Option<&'l str> {
        let line = line.split('\t').next().unwrap_or_default();
        let line = line.trim_start();
        let line = line.strip_prefix("./").unwrap_or(line);
        let (file, _) = line.split_once("::")?;
        (file.ends_with(".py") && !file.contains(": ")).then_some(line)
    }
}

impl Installed {
    /// The command that lists the tests of `path`.
    pub(super) fn command(&self, path: &str) -> Command {
        let mut command = Command::new(self.venv.program(self.peer.program));
        self.venv
            .activate(command.args(self.peer.arguments).arg(path));
        command
    }
}

/// The interpreters to choose from: those asked for, then what the `PATH` may have.
pub(super) fn pythons(asked: &[&str]) -> Vec<String> {
    let usual = ["python3.14", "python3.13", "python3.12"];
    let all = asked.iter().chain(&usual);
    all.map(ToString::to_string).collect()
}

fn version(python: &str) -> Result<(u32, u32)> {
    let mut command = Command::new(python);
    command.args(["-c", "import sys; print(*sys.version_info[:2])"]);
    let finished = succeed(&mut command, Duration::from_secs(60))?;
    let numbers: Vec<u32> = finished
        .stdout
        .split_whitespace()
        .flat_map(str::parse)
        .collect();
    match numbers[..] {
        [major, minor] => Ok((major, minor)),
        _ => bail!("{python} printed no version"),
    }
}

/// Where the runs of one corpus leave their files.
pub(super) fn records(corpus: &str) -> PathBuf {
    repo::scratch().join("corpus").join("listings").join(corpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, stdout: &str, path: &str, expected: &[&str]) {
        let peer = PEERS.iter().find(|peer| peer.name == name).unwrap();
        assert_eq!(peer.ids(stdout, path), expected, "{name}");
    }

    #[test]
    fn the_ids_that_each_peer_prints_are_read() {
        check(
            "cito",
            "t/a.py::x[a b]\nt/a.py::C::y\n",
            "t",
            &["t/a.py::x[a b]", "t/a.py::C::y"],
        );
        check(
            "tiderace",
            "a.py::C::y\tClassMethod\n",
            "t",
            &["t/a.py::C::y"],
        );
        check("tiderace", "t/a.py::y\tFunction\n", ".", &["t/a.py::y"]);
        check(
            "tezt",
            "./t/a.py::x[...]\n\ncollected 1 tests in 3ms\n",
            ".",
            &["t/a.py::x[...]"],
        );
        let rtest = "collected 1 items / 1 warnings\n\n  t/a.py::x\n\n=== warnings summary ===\n\
                     /t/a.py:0: W: Cannot expand 't/a.py::x': a call\n\
                     rtest-cannot-expand: t/a.py::x\n";
        check("rtest", rtest, "t", &["t/a.py::x"]);
    }

    #[test]
    fn every_peer_is_pinned() {
        assert!(PEERS.iter().all(|peer| peer.requirement.contains("==")));
    }
}
