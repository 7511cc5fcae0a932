//! From the environment of a test to its verdict.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fastest_leftovers::Leftovers;
use fastest_lib::execution::CancelToken;
use fastest_lib::plan::Declaration;
use fastest_lib::report::{JUnit, Report};
use fastest_lib::workspace::Network;
use signal_hook::consts::{SIGINT, SIGTERM};
use tempfile::TempDir;

use crate::choose::Wanted;
use crate::contract::{Contract, Variables};
use crate::coverage::Sources;
use crate::journal::{Journal, read_durations};
use crate::undeclared::Advisor;
use crate::unit::Unit;
use crate::{Args, Failure, Manifest, coverage, log, prepared, undeclared};

/// How long fixtures may take to be torn down after a signal. Bazel waits 15 s before it kills.
const GRACE: Duration = Duration::from_secs(6);

/// The exit code of a run that a signal has ended, as shells have it.
const ENDED_BY_SIGTERM: u8 = 143;

/// Everything that one run of a target has to do with.
pub(crate) struct Target {
    pub(crate) contract: Contract,
    pub(crate) manifest: Manifest,
    /// The program and its manifest: what there is among the runfiles besides the inputs.
    programs: [PathBuf; 2],
    args: Args,
    variables: Variables,
    /// The folder for temporary files, which is gone at the end where Bazel gave none.
    scratch: PathBuf,
    _temporary: Option<TempDir>,
}

impl Target {
    pub(crate) fn read(
        contract: Contract,
        manifest: Manifest,
        programs: [PathBuf; 2],
        arguments: &[String],
        variables: &Variables,
    ) -> Result<Self, Failure> {
        let temporary = match &contract.tmp {
            Some(_) => None,
            None => Some(TempDir::new().map_err(|error| Failure::io(Path::new("TMPDIR"), &error))?),
        };
        let folder = match (&contract.tmp, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => folder.path().to_path_buf(),
            (None, None) => std::env::temp_dir(),
        };
        Ok(Self {
            args: Args::read(arguments)?,
            scratch: folder.join("_fastest"),
            contract,
            manifest,
            programs,
            variables: variables.clone(),
            _temporary: temporary,
        })
    }

    /// The folder for files that are only needed during the run.
    pub(crate) fn temporary_files(&self) -> PathBuf {
        self.scratch.join("tmp")
    }

    /// Runs the tests and tells Bazel; gives the exit code.
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        // Before the session, so that it is dropped after it.
        let _leftovers = Leftovers::adopt();
        for folder in [self.temporary_files(), self.scratch.join("cache")] {
            fs::create_dir_all(&folder).map_err(|error| Failure::io(&folder, &error))?;
        }
        let cache = self.scratch.join("cache");
        prepared::unpack(&cache).map_err(|error| Failure::io(&cache, &error))?;
        let unit = self.unit(cache);
        let session = unit.open(&self.args)?;
        let workspace = session.workspace();
        let junit = JUnit::configured(workspace.config())?;
        let configured = workspace.addopts().maxfail;
        let configured = configured.and_then(|limit| usize::try_from(limit).ok());
        let mut options = self.args.options(configured, self.contract.fail_fast);
        if self.contract.xml.is_some() {
            options.junit_family = Some(junit.family.as_str().to_owned());
        }
        let mut measured = None;
        if let Some(contract) = &self.contract.coverage {
            let sources = Sources::read(contract, &self.manifest, &unit.root)?;
            let configured = &workspace.addopts().coverage;
            options.coverage = coverage::options(contract, configured, &sources)?;
            measured = Some((contract, sources));
        }
        let journal = Journal::new(&self.contract, junit, &self.manifest.label);
        end_on_signals(&journal, session.cancel_token())?;
        let advisor = Advisor::new(&self.manifest, &unit.root);
        let verdict = unit.run(
            &session,
            options,
            &self.wanted(workspace.addopts())?,
            |tests| journal.plan(tests),
            |event| journal.record(&advisor.reword(event)),
        );
        let report = journal.close();
        let verdict = verdict?;
        let report =
            report.map_err(|error| Failure::infrastructure(format!("the report: {error}")))?;
        let signal = journal.signal();
        let code = signal.map_or(verdict.code, |_| ENDED_BY_SIGTERM);
        self.print(&report, &unit, &advisor);
        if let (Some(signal), Some(test)) = (signal, journal.interrupted_test()) {
            println!("{test} was running, or about to, when {signal} ended the run");
        }
        if let Some((contract, sources)) = &measured {
            coverage::finish(contract, sources, &unit.root, code != 0)?;
        }
        Ok(code)
    }

    fn print(&self, report: &Report, unit: &Unit, advisor: &Advisor) {
        let mut out = std::io::stdout().lock();
        // Bazel has closed its end: nobody reads it.
        let _ = log::write(&mut out, report, self.args.verbose > 0);
        for advice in undeclared::advice(advisor, report, &unit.root, &unit.imports) {
            println!("{advice}");
        }
    }

    fn wanted(&self, addopts: &fastest_lib::workspace::Addopts) -> Result<Wanted, Failure> {
        let mut wanted = Wanted::default();
        let (keyword, markexpr) = (&self.args.keyword, &self.args.markexpr);
        wanted.keyword = keyword.clone().or_else(|| addopts.keyword.clone());
        wanted.markexpr = markexpr.clone().or_else(|| addopts.markexpr.clone());
        wanted.filter.clone_from(&self.contract.filter);
        let Some(shard) = &self.contract.shard else {
            return Ok(wanted);
        };
        wanted.shard = Some((shard.index, shard.total));
        if let Some(path) = &self.manifest.durations {
            let path = self.contract.root.join(path);
            wanted.durations = read_durations(&path).map_err(|error| {
                Failure::usage(format!("{}: no durations by test: {error}", path.display()))
            })?;
        }
        Ok(wanted)
    }

    /// What the target declares, as paths.
    fn unit(&self, cache_dir: PathBuf) -> Unit {
        let (contract, manifest) = (&self.contract, &self.manifest);
        // A target of another repository lies beside the main one.
        let (root, src) = match manifest
            .src
            .strip_prefix("../")
            .and_then(|src| src.split_once('/'))
        {
            Some((repository, src)) => (contract.runfiles.join(repository), src),
            None => (contract.root.clone(), manifest.src.as_str()),
        };
        let inputs = manifest.inputs.iter();
        let imports = manifest.imports.iter();
        let imports = imports.map(|path| contract.runfiles.join(path));
        let imports: Vec<PathBuf> = imports.chain([root.clone()]).collect();
        Unit {
            src: root.join(src),
            test: manifest.test.clone(),
            inputs: inputs
                .map(|input| lexical(&contract.root, &input.path))
                .chain(self.programs.clone())
                .collect(),
            environment: self.environment(&imports),
            imports,
            distributions: manifest.distributions.clone(),
            python: match &manifest.interpreter {
                Some(path) => lexical(&contract.root, path),
                None => PathBuf::from(&manifest.python),
            },
            outputs: contract
                .outputs
                .iter()
                .chain(&contract.tmp)
                .cloned()
                .collect(),
            network: if manifest.host_network {
                Network::Host
            } else {
                Network::Loopback
            },
            declaration: Declaration::Bazel(manifest.label.clone()),
            cache_dir,
            root,
        }
    }

    /// The environment of the tests: Bazel's, then what the target declares.
    pub(crate) fn environment(&self, imports: &[PathBuf]) -> Variables {
        let mut environment = Contract::of_tests(&self.variables);
        let folders: Vec<String> = imports
            .iter()
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        environment.insert("PYTHONPATH".to_owned(), folders.join(":"));
        let seed = self.contract.seed.unwrap_or(0);
        environment.insert("PYTHONHASHSEED".to_owned(), seed.to_string());
        environment.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        // A closed unit has these of its own.
        for name in ["HOME", "TMPDIR"] {
            environment.remove(name);
        }
        if self.contract.coverage.is_some() {
            let data = self.scratch.join("coverage-data");
            let data = data.to_string_lossy().into_owned();
            environment.insert("COVERAGE_FILE".to_owned(), data);
        }
        environment.extend(self.manifest.env.clone());
        environment
    }

    /// The environment of this process, which what it starts inherits.
    pub(crate) fn own_environment(&self) -> Variables {
        let mut environment = self.environment(&self.unit(PathBuf::new()).imports);
        let folder = self.temporary_files().to_string_lossy().into_owned();
        environment.insert("TMPDIR".to_owned(), folder);
        environment
    }
}

/// A path of the runfiles, which may begin with `../` for another repository.
fn lexical(root: &Path, path: &str) -> PathBuf {
    match path.strip_prefix("../") {
        Some(rest) => root.with_file_name("").join(rest),
        None => root.join(path),
    }
}

/// On the first signal writes what is known, and ends the run in order; after a while, at once.
fn end_on_signals(journal: &Journal, cancel: CancelToken) -> Result<(), Failure> {
    let failed = |error| Failure::infrastructure(format!("signals cannot be handled: {error}"));
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let journal = journal.clone();
    thread::spawn(move || {
        for signal in signals.forever() {
            let name = if signal == SIGTERM {
                "SIGTERM"
            } else {
                "SIGINT"
            };
            journal.interrupt(name);
            cancel.cancel();
            let cancel = cancel.clone();
            thread::spawn(move || {
                thread::sleep(GRACE);
                cancel.cancel();
            });
        }
    });
    Ok(())
}
