//! The pinned suites: what they are and how one is made ready.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::succeed;
use crate::report::Printer;
use crate::venv::Venv;

const SUITES: &str = include_str!("../../suites.toml");
const LIMIT: Duration = Duration::from_secs(600);

/// One suite of `suites.toml`, where the fields are explained.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) version: String,
    sha256: String,
    pub(crate) pytest: String,
    #[serde(default)]
    requirements: Vec<String>,
    pub(crate) tests: Vec<String>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) volatile_ids: Vec<String>,
    #[serde(default)]
    pub(crate) quick: bool,
}

/// A suite on this machine, installed in an environment of its own.
pub(crate) struct Prepared {
    pub(crate) venv: Venv,
    /// The unpacked archive, fresh.
    pub(crate) source: PathBuf,
    /// For the records of the runs.
    pub(crate) records: PathBuf,
    /// For fastest's cache.
    pub(crate) cache: PathBuf,
}

/// Every suite, in the order of the file.
pub(crate) fn load() -> Result<Vec<Suite>> {
    #[derive(Deserialize)]
    struct File {
        suite: Vec<Suite>,
    }
    let file: File = toml::from_str(SUITES).context("suites.toml")?;
    Ok(file.suite)
}

/// The suites with these names, all without any.
pub(crate) fn choose(names: &[String]) -> Result<Vec<Suite>> {
    let suites = load()?;
    for name in names {
        if !suites.iter().any(|suite| suite.name == *name) {
            let known: Vec<_> = suites.iter().map(|suite| suite.name.as_str()).collect();
            bail!("there is no suite {name}; there are {}", known.join(", "));
        }
    }
    let wanted = |suite: &Suite| names.is_empty() || names.contains(&suite.name);
    Ok(suites.into_iter().filter(wanted).collect())
}

impl Suite {
    /// Download, install and unpack the suite below `dir`; the first two only once.
    pub(crate) fn prepare(&self, dir: &Path, python: &str, printer: Printer) -> Result<Prepared> {
        let loader = Venv::ensure(&dir.join("loader"), python, &[], printer)?;
        let dir = dir.join(&self.name);
        let archive = self.download(&dir, &loader)?;
        let mut requirements = vec![format!("pytest=={}", self.pytest)];
        requirements.extend_from_slice(&self.requirements);
        requirements.push(archive.display().to_string());
        let venv = Venv::ensure(&dir.join("venv"), python, &requirements, printer)?;
        let records = dir.join("records");
        let cache = dir.join("cache");
        for made_anew in [&records, &cache] {
            empty(made_anew)?;
        }
        Ok(Prepared {
            source: self.unpack(&dir, &archive, &venv)?,
            venv,
            records,
            cache,
        })
    }

    fn download(&self, dir: &Path, loader: &Venv) -> Result<PathBuf> {
        let archives = dir.join("archive");
        let archive = archives.join(format!("{}-{}.tar.gz", self.name, self.version));
        if archive.exists() {
            return Ok(archive);
        }
        empty(&archives)?;
        let requirement = archives.join("requirement.txt");
        let (name, version, digest) = (&self.name, &self.version, &self.sha256);
        fs::write(
            &requirement,
            format!("{name}=={version} --hash=sha256:{digest}\n"),
        )?;
        let mut pip = loader.pip("download");
        pip.args(["--no-deps", "--no-binary", name, "--dest"]);
        pip.arg(&archives).arg("-r").arg(&requirement);
        succeed(&mut pip, LIMIT).with_context(|| {
            format!("cannot download {name} {version}; is the package index reachable?")
        })?;
        if !archive.exists() {
            bail!(
                "{}: pip saved the archive under another name",
                archive.display()
            );
        }
        Ok(archive)
    }

    fn unpack(&self, dir: &Path, archive: &Path, venv: &Venv) -> Result<PathBuf> {
        let unpacked = dir.join("source");
        empty(&unpacked)?;
        let mut tar = Command::new(venv.python());
        tar.args(["-m", "tarfile", "--extract"]);
        succeed(tar.arg(archive).arg(&unpacked), LIMIT)?;
        Ok(unpacked.join(format!("{}-{}", self.name, self.version)))
    }
}

/// Make `dir` an empty folder.
pub(crate) fn empty(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_of_every_suite_is_pinned() {
        for suite in load().unwrap() {
            let pinned = |requirement: &String| requirement.contains("==");
            assert!(suite.requirements.iter().all(pinned), "{}", suite.name);
            assert_eq!(suite.sha256.len(), 64, "{}", suite.name);
        }
    }

    #[test]
    fn an_unknown_suite_is_named_beside_the_known_ones() {
        let error = choose(&["djagno".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("djagno") && error.contains("toolz, marshmallow"));
    }
}
