//! One file of tests as a closed unit: everything that a run of it may use.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fastest_lib::discovery::DiscoverOptions;
use fastest_lib::execution::Event;
use fastest_lib::plan::{Declaration, HermeticOptions, RunOptions};
use fastest_lib::report::Report;
use fastest_lib::selection::distribution_name;
use fastest_lib::workspace::{FileSet, Network, WorkspaceOptions, config_file_within};
use fastest_lib::{NodeId, Session};

use crate::choose::{Wanted, choose};
use crate::contract::Variables;
use crate::{Args, Failure};

/// What a build system declares of one file of tests.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Unit {
    /// The folder that node ids are relative to, and the current one of the tests.
    pub root: PathBuf,
    /// The file of tests, absolute.
    pub src: PathBuf,
    /// One test of it, by its node id in the file.
    pub test: Option<String>,
    /// Every file that may be read, absolute.
    pub inputs: Vec<PathBuf>,
    /// Folders on `sys.path`, absolute, in their order.
    pub imports: Vec<PathBuf>,
    /// Distributions that have to be installed.
    pub distributions: Vec<String>,
    /// The interpreter: a path, or a name on the `PATH` of the environment.
    pub python: PathBuf,
    /// The whole environment of the tests.
    pub environment: Variables,
    /// Folders, absolute, in which the tests may write besides their own `TMPDIR`.
    pub outputs: Vec<PathBuf>,
    /// Which connections the tests may make.
    pub network: Network,
    /// How messages name what would have to be declared.
    pub declaration: Declaration,
    /// A folder for what is only needed during the run.
    pub cache_dir: PathBuf,
}

/// How a run of a [`Unit`] went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verdict {
    /// What became of the tests.
    pub report: Report,
    /// pytest's exit code, but 0 when filters or shards have left nothing to run.
    pub code: u8,
}

impl Unit {
    /// Opens the file's project: what is declared, and nothing beyond it.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be read, or a distribution is not installed.
    pub fn open(&self, args: &Args) -> Result<Session, Failure> {
        let folder = self.src.parent().unwrap_or(&self.root);
        let mut options = WorkspaceOptions::new(&self.root);
        options.rootdir = Some(self.root.clone());
        options.confcutdir = Some(self.root.clone());
        // Without one that is declared none is to be found further up.
        let config = config_file_within(&self.root, folder)?;
        options.config_file = Some(config.unwrap_or_else(|| PathBuf::from("/dev/null")));
        options.overrides.clone_from(&args.overrides);
        let src = self.src.to_string_lossy();
        options.args = vec![match &self.test {
            Some(test) => format!("{src}::{test}"),
            None => src.into_owned(),
        }];
        options.python = Some(self.python.clone());
        let variable = |name: &str| self.environment.get(name).cloned();
        options.env_addopts = variable("PYTEST_ADDOPTS");
        options.env_timeout = variable("PYTEST_TIMEOUT");
        options.path_env = variable("PATH").map(OsString::from);
        options.python_path_env = variable("PYTHONPATH").map(OsString::from);
        options.cache_dir = Some(self.cache_dir.clone());
        let session = Session::open(options)?;
        self.check_distributions(&session)?;
        Ok(session)
    }

    /// Runs the wanted tests; `on_start` is told which ones are to run, `on_event` of all that happens.
    ///
    /// # Errors
    ///
    /// When a test that is asked for is not there, or the interpreter cannot be started.
    pub fn run(
        &self,
        session: &Session,
        mut options: RunOptions,
        wanted: &Wanted,
        on_start: impl FnOnce(&[NodeId]),
        on_event: impl FnMut(&Event),
    ) -> Result<Verdict, Failure> {
        let mut hermetic = HermeticOptions::default();
        hermetic.manifest = Some(self.inputs.clone());
        hermetic.environment.clone_from(&self.environment);
        hermetic.outputs.clone_from(&self.outputs);
        hermetic.network = self.network;
        hermetic.declaration = self.declaration.clone();
        options.hermetic = Some(hermetic);
        session.warm_up(&options)?;
        let mut discovering = DiscoverOptions::default();
        // The cache is new each time: nothing would be found in it.
        discovering.cache = false;
        let discovery = session.discover_with(&discovering)?;
        let choice = choose(session, discovery, wanted)?;
        on_start(&choice.tests());
        let plan = session.plan(&choice.discovery, &choice.selection, &options);
        let report = session.run(&plan, &options, on_event)?;
        let code = match report.exit_code().code() {
            5 if choice.may_be_empty => 0,
            code => code,
        };
        Ok(Verdict { report, code })
    }

    fn check_distributions(&self, session: &Session) -> Result<(), Failure> {
        if self.distributions.is_empty() {
            return Ok(());
        }
        let roots = session.workspace().import_roots(&FileSet::default());
        if roots.installed.is_empty() {
            // An interpreter that is a script keeps them elsewhere; the imports themselves will tell.
            return Ok(());
        }
        let installed: BTreeSet<String> =
            roots.installed.iter().flat_map(|p| installed(p)).collect();
        let missing: Vec<&str> = self
            .distributions
            .iter()
            .filter(|name| !installed.contains(&distribution_name(name)))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::infrastructure(format!(
            "not installed for {}: {}; install what is missing there, or take it out of `distributions`",
            session.workspace().interpreter()?.path.display(),
            missing.join(", "),
        )))
    }
}

/// The names of the distributions in a folder, normalised.
fn installed(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| {
            let stem = name
                .strip_suffix(".dist-info")
                .or_else(|| name.strip_suffix(".egg-info"))?;
            Some(distribution_name(stem.split('-').next().unwrap_or(stem)))
        })
        .collect()
}
