//! What Bazel tells a test by its environment, and where it wants to be told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;

/// The environment of the process.
pub type Variables = BTreeMap<String, String>;

/// Variables that are meant for the runner: a test that runs tests of its own must not find them.
const OF_THE_RUNNER: &[&str] = &[
    "TESTBRIDGE_TEST_ONLY",
    "TESTBRIDGE_TEST_RUNNER_FAIL_FAST",
    "TEST_INFRASTRUCTURE_FAILURE_FILE",
    "TEST_LOGSPLITTER_OUTPUT_FILE",
    "TEST_PREMATURE_EXIT_FILE",
    "TEST_SHARD_INDEX",
    "TEST_SHARD_STATUS_FILE",
    "TEST_TOTAL_SHARDS",
    "TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR",
    "TEST_UNUSED_RUNFILES_LOG_FILE",
    "TEST_WARNINGS_OUTPUT_FILE",
    "XML_OUTPUT_FILE",
];

/// Variables that name folders to tests.
const FOLDERS: &[&str] = &[
    "JAVA_RUNFILES",
    "PYTHON_RUNFILES",
    "RUNFILES_DIR",
    "TEST_SRCDIR",
    "TEST_TMPDIR",
    "TEST_UNDECLARED_OUTPUTS_DIR",
];

/// Bazel's side of a test run: the test encyclopedia as a struct.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    /// The root of the runfiles: `TEST_SRCDIR`.
    pub runfiles: PathBuf,
    /// The folder of the main repository in it.
    pub root: PathBuf,
    /// The folder that may be written to: `TEST_TMPDIR`. None outside of `bazel test`.
    pub tmp: Option<PathBuf>,
    /// Where the report goes: `XML_OUTPUT_FILE`.
    pub xml: Option<PathBuf>,
    /// Exists as long as the test runs: `TEST_PREMATURE_EXIT_FILE`.
    pub premature_exit: Option<PathBuf>,
    /// Where it goes that the machine is to blame: `TEST_INFRASTRUCTURE_FAILURE_FILE`.
    pub infrastructure_failure: Option<PathBuf>,
    /// Where warnings go: `TEST_WARNINGS_OUTPUT_FILE`.
    pub warnings: Option<PathBuf>,
    /// A folder whose files are kept: `TEST_UNDECLARED_OUTPUTS_DIR`.
    pub outputs: Option<PathBuf>,
    /// A folder for what is to be known of them: `TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR`.
    pub annotations: Option<PathBuf>,
    /// The part of the tests that is to run.
    pub shard: Option<ShardContract>,
    /// `--test_filter`.
    pub filter: Option<String>,
    /// Whether the first failure ends the run: `--test_runner_fail_fast`.
    pub fail_fast: bool,
    /// `TEST_RANDOM_SEED`, which differs among the runs of `--runs_per_test`.
    pub seed: Option<u32>,
    /// `bazel coverage`.
    pub coverage: Option<CoverageContract>,
}

/// One of several parts of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardContract {
    /// Counted from 0.
    pub index: usize,
    /// How many parts there are.
    pub total: usize,
    /// A file that is touched to say that shards are heeded.
    pub status: Option<PathBuf>,
}

/// What `bazel coverage` wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageContract {
    /// The folder for files of the LCOV format.
    pub dir: PathBuf,
    /// The file that lists the sources to measure, relative to the execution root.
    pub manifest: Option<PathBuf>,
    /// The file that Bazel keeps. Its own script fills it only when the test passes.
    pub output: Option<PathBuf>,
}

impl Contract {
    /// Reads the environment of a test; `program` is how it was started, from the folder `cwd`.
    ///
    /// # Errors
    ///
    /// When there are no runfiles to be found, or a variable has no meaning.
    pub fn read(variables: &Variables, program: &Path, cwd: &Path) -> Result<Self, Failure> {
        let text = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        let is_set = |name: &str| text(name).is_some_and(|value| value != "0");
        let path = |name: &str| text(name).map(|value| clean(&cwd.join(value)));
        if is_set("RUNFILES_MANIFEST_ONLY") {
            return Err(Failure::infrastructure(
                "there is no folder of runfiles, only a list of them; build with --enable_runfiles",
            ));
        }
        let beside = || {
            let mut name = program.file_name()?.to_owned();
            name.push(".runfiles");
            Some(clean(&cwd.join(program).with_file_name(name)))
        };
        let runfiles = path("TEST_SRCDIR").or_else(|| path("RUNFILES_DIR"));
        let runfiles = runfiles.or_else(|| beside().filter(|folder| folder.is_dir()));
        let runfiles = runfiles.ok_or_else(|| {
            Failure::infrastructure(
                "TEST_SRCDIR is not set and there are no runfiles beside the program; it is started \
                 by `bazel test` or `bazel run`",
            )
        })?;
        let root = match text("TEST_WORKSPACE") {
            Some(name) => clean(&runfiles.join(name)),
            None if cwd.starts_with(&runfiles) => cwd.to_path_buf(),
            None => ["_main", "__main__"]
                .map(|name| runfiles.join(name))
                .into_iter()
                .find(|folder| folder.is_dir())
                .unwrap_or_else(|| runfiles.clone()),
        };
        Ok(Self {
            runfiles,
            root,
            tmp: path("TEST_TMPDIR"),
            xml: path("XML_OUTPUT_FILE"),
            premature_exit: path("TEST_PREMATURE_EXIT_FILE"),
            infrastructure_failure: path("TEST_INFRASTRUCTURE_FAILURE_FILE"),
            warnings: path("TEST_WARNINGS_OUTPUT_FILE"),
            outputs: path("TEST_UNDECLARED_OUTPUTS_DIR"),
            annotations: path("TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR"),
            shard: shard(variables, &path)?,
            filter: text("TESTBRIDGE_TEST_ONLY").cloned(),
            fail_fast: is_set("TESTBRIDGE_TEST_RUNNER_FAIL_FAST"),
            seed: number(variables, "TEST_RANDOM_SEED")?,
            coverage: path("COVERAGE_DIR").map(|dir| {
                let root = path("ROOT").unwrap_or_else(|| cwd.to_path_buf());
                let below_root = |name: &str| text(name).map(|value| clean(&root.join(value)));
                CoverageContract {
                    dir,
                    manifest: below_root("COVERAGE_MANIFEST"),
                    output: below_root("COVERAGE_OUTPUT_FILE"),
                }
            }),
        })
    }

    /// The variables that tests see: all that Bazel sets, but for those that only a runner obeys.
    pub fn of_tests(variables: &Variables) -> Variables {
        let mut seen = variables.clone();
        seen.retain(|name, _| !OF_THE_RUNNER.contains(&name.as_str()));
        for name in FOLDERS {
            if let Some(value) = seen.get_mut(*name) {
                *value = clean(Path::new(value)).to_string_lossy().into_owned();
            }
        }
        seen
    }

    /// Says that the run has begun: a process that ends without taking it back has failed, and a test
    /// that knows shards says so.
    pub(crate) fn begin(&self) {
        let shard = self.shard.as_ref().and_then(|shard| shard.status.as_ref());
        for path in [shard, self.premature_exit.as_ref()].into_iter().flatten() {
            // Where Bazel cannot be told, the exit code still says how it went.
            let _ = fs::write(path, "");
        }
    }

    /// Says that the run has come to its end.
    pub(crate) fn finish(&self) {
        if let Some(path) = &self.premature_exit {
            let _ = fs::remove_file(path);
        }
    }
}

/// The same path without needless parts: where the execution root is `/`, Bazel's own script puts two
/// slashes before what lies in it, which to Python is another root.
pub(crate) fn clean(path: &Path) -> PathBuf {
    path.components().collect()
}

fn shard(
    variables: &Variables,
    path: &dyn Fn(&str) -> Option<PathBuf>,
) -> Result<Option<ShardContract>, Failure> {
    let total: usize = number(variables, "TEST_TOTAL_SHARDS")?.unwrap_or(0);
    if total == 0 {
        return Ok(None);
    }
    let index: usize = number(variables, "TEST_SHARD_INDEX")?.unwrap_or(0);
    if index >= total {
        return Err(Failure::infrastructure(format!(
            "TEST_SHARD_INDEX is {index}, but TEST_TOTAL_SHARDS is {total}"
        )));
    }
    Ok(Some(ShardContract {
        index,
        total,
        status: path("TEST_SHARD_STATUS_FILE"),
    }))
}

fn number<N: std::str::FromStr>(variables: &Variables, name: &str) -> Result<Option<N>, Failure> {
    let Some(text) = variables.get(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let number = text
        .parse()
        .map_err(|_| Failure::infrastructure(format!("{name} has to be a number, not `{text}`")))?;
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Contract, Failure> {
        let variables = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .chain([("TEST_SRCDIR".to_owned(), "/run".to_owned())])
            .collect();
        Contract::read(&variables, Path::new("t/one"), Path::new("/exec"))
    }

    #[test]
    fn paths_are_relative_to_where_it_was_started() {
        let contract = read(&[
            ("TEST_WORKSPACE", "shop"),
            ("XML_OUTPUT_FILE", "out/test.xml"),
            ("COVERAGE_DIR", "/cov"),
            ("ROOT", "/top"),
            ("COVERAGE_OUTPUT_FILE", "out/c.dat"),
        ])
        .unwrap();
        assert_eq!(contract.root, Path::new("/run/shop"));
        assert_eq!(
            contract.xml.as_deref(),
            Some(Path::new("/exec/out/test.xml"))
        );
        let coverage = contract.coverage.unwrap();
        assert_eq!(coverage.dir, Path::new("/cov"));
        assert_eq!(
            coverage.output.as_deref(),
            Some(Path::new("/top/out/c.dat"))
        );
    }

    #[test]
    fn two_slashes_are_one() {
        let contract = read(&[
            ("TEST_TMPDIR", "//exec/tmp"),
            ("TEST_WORKSPACE", ".//shop/"),
        ]);
        let contract = contract.unwrap();
        assert_eq!(contract.tmp.unwrap().to_str(), Some("/exec/tmp"));
        assert_eq!(contract.root.join("x").to_str(), Some("/run/shop/x"));
        let variables = [("TEST_SRCDIR", "//run"), ("OTHER", "//x")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let seen = Contract::of_tests(&variables.into());
        assert_eq!(
            (seen["TEST_SRCDIR"].as_str(), seen["OTHER"].as_str()),
            ("/run", "//x")
        );
    }

    #[test]
    fn shards_are_read() {
        let check = |total: &str, index: &str, expected: Option<(usize, usize)>| {
            let contract = read(&[("TEST_TOTAL_SHARDS", total), ("TEST_SHARD_INDEX", index)]);
            let shard = contract.unwrap().shard;
            assert_eq!(shard.map(|shard| (shard.index, shard.total)), expected);
        };
        check("", "", None);
        check("0", "0", None);
        check("3", "2", Some((2, 3)));
        for (total, index) in [("3", "3"), ("x", "0"), ("2", "-1")] {
            let pairs = [("TEST_TOTAL_SHARDS", total), ("TEST_SHARD_INDEX", index)];
            assert!(read(&pairs).is_err(), "{total} {index}");
        }
    }

    #[test]
    fn without_a_folder_of_runfiles_it_says_what_to_do() {
        let error = read(&[("RUNFILES_MANIFEST_ONLY", "1")]).unwrap_err();
        assert!(error.message.contains("--enable_runfiles"));
        let none = Contract::read(
            &Variables::new(),
            Path::new("no/such"),
            Path::new("/nowhere"),
        );
        assert!(none.unwrap_err().message.contains("bazel run"));
    }
}
