//! The pinned suites: what they are and how one is made ready.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::hermetic::Hermetic;
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
    sha256: Digests,
    #[serde(default)]
    pub(crate) source: Source,
    pub(crate) pytest: String,
    #[serde(default)]
    pub(crate) requirements: Vec<String>,
    pub(crate) tests: Vec<String>,
    #[serde(default)]
    sample: Vec<String>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default = "two")]
    pub(crate) workers: usize,
    #[serde(default)]
    pub(crate) volatile_ids: Vec<String>,
    #[serde(default)]
    pub(crate) quick: bool,
    #[serde(default)]
    pub(crate) quick_discovery: bool,
    #[serde(default)]
    tasks: Vec<Task>,
    #[serde(default)]
    pub(crate) soundness: Option<Soundness>,
    #[serde(default)]
    pub(crate) coverage: Vec<String>,
    #[serde(default)]
    pub(crate) hermetic: Option<Hermetic>,
}

fn two() -> usize {
    2
}

/// What a suite can be taken for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    /// The outcomes of its tests are compared.
    Outcomes,
    /// The lists of its tests are compared.
    Discovery,
    /// What its tests read is compared.
    Soundness,
}

/// What `cargo xtask soundness` is told of a suite.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Soundness {
    pub(crate) requirements: Vec<String>,
    pub(crate) held_out: bool,
    pub(crate) quick: bool,
}

/// Which archive of a release is taken.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    #[default]
    Sdist,
    Wheel,
}

/// The digest of the archive; a wheel may have one a platform.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Digests {
    One(String),
    Any(Vec<String>),
}

impl Digests {
    fn all(&self) -> &[String] {
        match self {
            Self::One(digest) => std::slice::from_ref(digest),
            Self::Any(digests) => digests,
        }
    }
}

/// A release on the package index, pinned by the digests of its archive.
pub(crate) struct Release<'r> {
    pub(crate) name: &'r str,
    pub(crate) version: &'r str,
    pub(crate) source: Source,
    /// One of which the archive has.
    pub(crate) sha256: Vec<&'r str>,
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
    /// Whether it is there for this task.
    pub(crate) fn is_for(&self, task: Task) -> bool {
        self.tasks.is_empty() || self.tasks.contains(&task)
    }

    /// The paths whose tests are run.
    pub(crate) fn run_paths(&self) -> &[String] {
        if self.sample.is_empty() {
            &self.tests
        } else {
            &self.sample
        }
    }

    /// Download, install and unpack the suite below `dir`; the first two only once.
    pub(crate) fn prepare(&self, dir: &Path, python: &str, printer: Printer) -> Result<Prepared> {
        let loader = Venv::ensure(&dir.join("loader"), python, &[], printer)?;
        let dir = dir.join(&self.name);
        let release = self.release();
        let archive = release.download(&dir, &loader)?;
        let mut requirements = vec![format!("pytest=={}", self.pytest)];
        requirements.extend_from_slice(&self.requirements);
        requirements.push(archive.display().to_string());
        let venv = Venv::ensure(&dir.join("venv"), python, &requirements, printer)?;
        let records = dir.join("records");
        let cache = dir.join("cache");
        empty(&cache)?;
        fs::create_dir_all(&records)
            .with_context(|| format!("cannot create {}", records.display()))?;
        Ok(Prepared {
            source: release.unpack(&dir, &archive, &venv)?,
            venv,
            records,
            cache,
        })
    }

    pub(crate) fn release(&self) -> Release<'_> {
        Release {
            name: &self.name,
            version: &self.version,
            source: self.source,
            sha256: self.sha256.all().iter().map(String::as_str).collect(),
        }
    }
}

impl Release<'_> {
    /// The archive in a folder of `dir`, downloaded by the `loader` if it is not there.
    pub(crate) fn download(&self, dir: &Path, loader: &Venv) -> Result<PathBuf> {
        let archives = dir.join("archive");
        if let Some(archive) = self.archive_in(&archives)? {
            return Ok(archive);
        }
        empty(&archives)?;
        let requirement = archives.join("requirement.txt");
        let (name, version) = (self.name, self.version);
        let digests = self.sha256.iter();
        let hashes: String = digests.map(|sum| format!(" --hash=sha256:{sum}")).collect();
        fs::write(&requirement, format!("{name}=={version}{hashes}\n"))?;
        let mut pip = loader.pip("download");
        let kind = match self.source {
            Source::Sdist => "--no-binary",
            Source::Wheel => "--only-binary",
        };
        // What it runs on is for those to say who run it; it may be only read.
        pip.args(["--no-deps", "--ignore-requires-python", kind, name]);
        pip.arg("--dest");
        pip.arg(&archives).arg("-r").arg(&requirement);
        succeed(&mut pip, LIMIT).with_context(|| {
            format!("cannot download {name} {version}; is the package index reachable?")
        })?;
        self.archive_in(&archives)?.with_context(|| {
            let folder = archives.display();
            format!("pip saved the archive in {folder} under a name that is not its own")
        })
    }

    /// The archive of this release among the files of `folder`.
    fn archive_in(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(None);
        };
        for entry in entries {
            let entry = entry?;
            if self.is_archive(&entry.file_name().to_string_lossy()) {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }

    fn is_archive(&self, file: &str) -> bool {
        // `more-itertools` is in `more_itertools-1.0.tar.gz`.
        let plain = |name: &str| name.to_lowercase().replace(['-', '.'], "_");
        let (name, version) = (plain(self.name), self.version);
        match self.source {
            Source::Sdist => {
                let release = file.strip_suffix(".tar.gz");
                let parts = release.and_then(|release| release.rsplit_once('-'));
                parts.is_some_and(|(of, at)| plain(of) == name && at == version)
            }
            Source::Wheel => {
                let mut parts = file.split('-');
                let is_release = parts.next().map(plain) == Some(name);
                is_release && parts.next() == Some(version) && file.ends_with(".whl")
            }
        }
    }

    /// The files of the archive, unpacked afresh in a folder of `dir`.
    pub(crate) fn unpack(&self, dir: &Path, archive: &Path, venv: &Venv) -> Result<PathBuf> {
        let unpacked = dir.join("source");
        empty(&unpacked)?;
        let module = match self.source {
            Source::Sdist => "tarfile",
            Source::Wheel => "zipfile",
        };
        let mut tool = Command::new(venv.python());
        tool.args(["-m", module, "--extract"]);
        succeed(tool.arg(archive).arg(&unpacked), LIMIT)?;
        if self.source == Source::Wheel {
            return Ok(unpacked);
        }
        // A source distribution holds one folder.
        let only = fs::read_dir(&unpacked)?.next().transpose()?;
        let only = only.with_context(|| format!("{} is empty", archive.display()))?;
        Ok(only.path())
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
            let more = suite.soundness.unwrap_or_default().requirements;
            let mut requirements = suite.requirements.iter().chain(&more);
            assert!(requirements.all(pinned), "{}", suite.name);
            let digests = suite.sha256.all();
            let is_sha256 = |digest: &String| digest.len() == 64;
            assert!(!digests.is_empty() && digests.iter().all(is_sha256));
        }
    }

    #[test]
    fn archives_are_known_by_their_names() {
        let suite = |text: &str| -> Suite {
            let rest = "sha256 = ''\npytest = '9'\ntests = []\n";
            toml::from_str(&format!("{text}\n{rest}")).unwrap()
        };
        let sdist = suite("name = 'more-itertools'\nversion = '1.0'");
        assert!(sdist.release().is_archive("more_itertools-1.0.tar.gz"));
        assert!(sdist.release().is_archive("more-itertools-1.0.tar.gz"));
        assert!(!sdist.release().is_archive("more_itertools-1.0.1.tar.gz"));
        assert!(
            !sdist
                .release()
                .is_archive("more_itertools-1.0-py3-none-any.whl")
        );
        let wheel = suite("name = 'pandas'\nversion = '3.1'\nsource = 'wheel'");
        assert!(
            wheel
                .release()
                .is_archive("pandas-3.1-cp311-cp311-manylinux_2_28_x86_64.whl")
        );
        assert!(
            !wheel
                .release()
                .is_archive("pandas-3.10-cp311-cp311-manylinux_2_28_x86_64.whl")
        );
        assert!(!wheel.release().is_archive("pandas-3.1.tar.gz"));
    }

    #[test]
    fn an_unknown_suite_is_named_beside_the_known_ones() {
        let error = choose(&["djagno".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("djagno") && error.contains("toolz, marshmallow"));
    }
}
