//! Virtual environments, built once per interpreter and list of requirements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{capture, shown, succeed};
use crate::report::Printer;

/// Downloads and builds included.
const INSTALL_LIMIT: Duration = Duration::from_secs(15 * 60);

/// A virtual environment that is ready for use.
#[derive(Clone)]
pub(crate) struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// The environment at `dir` made by `python` with exactly `requirements`, lines of a
    /// requirements file. It is rebuilt when one of them has changed since, or when it was left
    /// half built.
    pub(crate) fn ensure(
        dir: &Path,
        python: &str,
        requirements: &[String],
        printer: Printer,
    ) -> Result<Self> {
        let venv = Self {
            dir: dir.to_owned(),
        };
        let wanted = format!("{}\n{}\n", interpreter(python)?, requirements.join("\n"));
        let record = dir.join("requirements-installed.txt");
        if fs::read_to_string(&record).is_ok_and(|installed| installed == wanted) {
            return Ok(venv);
        }
        printer.line(format!("building {} …", dir.display()));
        create(dir, python)?;
        let list = dir.join("requirements.txt");
        fs::write(&list, requirements.join("\n"))
            .with_context(|| format!("cannot write {}", list.display()))?;
        if !requirements.is_empty() {
            succeed(venv.pip("install").arg("-r").arg(&list), INSTALL_LIMIT)
                .context("cannot install the requirements; is the package index reachable?")?;
        }
        fs::write(&record, wanted).with_context(|| format!("cannot write {}", record.display()))?;
        Ok(venv)
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// A script that a package installed.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }

    /// `pip ACTION` without chatter.
    pub(crate) fn pip(&self, action: &str) -> Command {
        let mut command = Command::new(self.python());
        command.args(["-m", "pip", action, "--quiet"]);
        command.args(["--disable-pip-version-check", "--no-input"]);
        command
    }

    /// Make `command` run as it would after `source bin/activate`, with nothing in its environment
    /// that would change what pytest does.
    pub(crate) fn activate<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let mut path = self.dir.join("bin").into_os_string();
        if let Some(old) = std::env::var_os("PATH") {
            path.push(":");
            path.push(old);
        }
        for name in [
            "PYTEST_ADDOPTS",
            "PYTEST_PLUGINS",
            "PYTHONPATH",
            "PYTHONHOME",
            // Nothing is to be compiled anew in each run.
            "PYTHONDONTWRITEBYTECODE",
        ] {
            command.env_remove(name);
        }
        command.env("VIRTUAL_ENV", &self.dir).env("PATH", path)
    }
}

/// The version and location of an interpreter, which a virtual environment depends on. Installs
/// one where that is possible and none is there.
fn interpreter(python: &str) -> Result<String> {
    let mut command = Command::new(python);
    command.args(["-c", "import sys; print(sys.version, sys.executable)"]);
    let limit = Duration::from_secs(60);
    let finished = match capture(&mut command, limit) {
        Ok(finished) if finished.status.success() => finished,
        _ if python == "python3" => {
            install_python("no python3 was found")?;
            succeed(&mut command, limit)?
        }
        Ok(finished) => bail!("`{}` failed:\n{}", shown(&command), finished.tail()),
        Err(error) => return Err(error.context("pass an interpreter that exists to --python")),
    };
    Ok(finished.stdout.replace('\n', " ").trim().to_owned())
}

fn create(dir: &Path, python: &str) -> Result<()> {
    let mut command = Command::new(python);
    command.args(["-m", "venv", "--clear"]).arg(dir);
    let limit = Duration::from_secs(300);
    let finished = capture(&mut command, limit)?;
    if finished.status.success() {
        return Ok(());
    }
    // Debian keeps these modules in a package of their own.
    let modules = Command::new(python)
        .args(["-c", "import ensurepip, venv"])
        .output();
    if modules.is_ok_and(|probe| probe.status.success()) {
        bail!("`{}` failed:\n{}", shown(&command), finished.tail());
    }
    install_python("python3 has no venv module")?;
    succeed(&mut command, limit)?;
    Ok(())
}

fn install_python(problem: &str) -> Result<()> {
    let advice = "install Python 3.9 or later with its venv module \
                  (on Debian: apt-get install python3 python3-venv)";
    install_debian_packages(&["python3", "python3-venv"], problem, advice)
}

/// Installs packages of Debian where this is one and its package manager may be used.
pub(crate) fn install_debian_packages(
    packages: &[&str],
    problem: &str,
    advice: &str,
) -> Result<()> {
    if !nix::unistd::geteuid().is_root() || !Path::new("/etc/debian_version").exists() {
        bail!("{problem}; {advice}");
    }
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        succeed(command.args(arguments), INSTALL_LIMIT)
            .map(drop)
            .with_context(|| format!("{problem}; {advice}"))
    };
    let install = ["install", "--yes", "--no-install-recommends"];
    let install = [install.as_slice(), packages].concat();
    // The lists of packages may be old, or not be there.
    apt_get(&install).or_else(|_| {
        apt_get(&["update"])?;
        apt_get(&install)
    })
}
