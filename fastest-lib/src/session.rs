mod incremental;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::json;

use crate::discovery::{self, DiscoverOptions, Discovery};
use crate::execution::{
    self, Boot, CancelToken, Early, Event, ExactContext, ExactOptions, ExactReport, Forecast,
    Measuring, OrderCheck, Recording, RunContext, Uncaptured, Units, Zygote,
};
use crate::graph::{Edge, GraphCounts, Groups, ImportGraph};
use crate::plan::{self, Capture, HermeticSpec, HermeticSpecs, Plan, RunOptions};
use crate::selection::{self, AffectedSet, Changes, Filters, Inputs, KnownFile, Selection};
use crate::syntax::Sources;
use crate::workspace::{History, Isolation, Records, Strategy, Workspace, WorkspaceOptions};
use crate::{Error, ErrorKind, Result};
use running::Watching;

/// The stages in their order: discover, select, plan, run.
///
/// Each method is one stage and can be called by itself; what one gives, the next takes.
#[derive(Debug)]
pub struct Session {
    workspace: Workspace,
    cache_dir: PathBuf,
    cancel: CancelToken,
    /// An interpreter that boots while discovery goes on.
    booting: Mutex<Option<Zygote>>,
}

impl Session {
    /// Opens the workspace that contains `directory`, with the settings of the environment.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be read; see [`Workspace::open`].
    pub fn new(directory: impl AsRef<Path>) -> Result<Self> {
        Self::open(WorkspaceOptions::from_env(directory.as_ref()))
    }

    /// Opens a workspace as `options` say.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be read or a path does not exist; see [`Workspace::open`].
    pub fn open(options: WorkspaceOptions) -> Result<Self> {
        let cache_dir = options.cache_folder();
        Ok(Self {
            workspace: Workspace::open(options)?,
            cache_dir,
            cancel: CancelToken::new(),
            booting: Mutex::new(None),
        })
    }

    /// The rootdir, the configuration and the files.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// A token that ends this session's run from elsewhere.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }

    /// Starts the interpreter that [`run`](Self::run) will need, so that it boots while tests are
    /// being discovered.
    ///
    /// # Errors
    ///
    /// When there is no interpreter, or it cannot be started.
    pub fn warm_up(&self, options: &RunOptions) -> Result<()> {
        let forecast = self.forecast();
        // What is measured or observed has to be imported then, and not before.
        let plain = !options.record_inputs
            && !options.coverage.is_on()
            && options.hermetic.is_none()
            && !forecast.modules().is_empty();
        let early = plain.then(|| Early {
            pythonpath: self.workspace.pythonpath(),
            modules: forecast.modules(),
        });
        let zygote = self.spawn_early(options, early)?;
        if let Ok(mut booting) = self.booting.lock() {
            *booting = Some(zygote);
        }
        Ok(())
    }

    /// Finds the tests, without running Python.
    ///
    /// # Errors
    ///
    /// When a path that was asked for does not exist.
    pub fn discover(&self) -> Result<Discovery> {
        self.discover_with(&DiscoverOptions::default())
    }

    /// Finds the tests, without running Python, as `options` say.
    ///
    /// # Errors
    ///
    /// When a path that was asked for does not exist.
    pub fn discover_with(&self, options: &DiscoverOptions) -> Result<Discovery> {
        let files = self.workspace.test_files()?;
        let sources = if options.cache {
            Sources::cached(options.parser, &self.cache_dir, self.workspace.rootdir())
        } else {
            Sources::new(options.parser)
        };
        let mut discovery = discovery::discover(&self.workspace, &files, &sources);
        discovery.problems.extend(sources.save());
        discovery.problems.extend(files.problems);
        Ok(discovery)
    }

    /// Replaces what discovery left open by what pytest collects, in one interpreter or from the
    /// answers of earlier calls; starts nothing when nothing is open.
    ///
    /// Files that have something open are collected by pytest, all files where hooks, plugins or
    /// parameters tie the tests of different files together. Their tests, ids and order are then
    /// those of `pytest --collect-only`, and nothing in the discovery is open. Files that cannot be
    /// collected have no tests and give a problem. `-k`, `-m` and `--deselect` are not applied:
    /// [`select`](Self::select) does that.
    ///
    /// # Errors
    ///
    /// When there is no interpreter with pytest, or pytest refuses its arguments or fails.
    pub fn resolve_open(
        &self,
        discovery: &mut Discovery,
        options: &ExactOptions,
    ) -> Result<ExactReport> {
        let (filters, run) = (Filters::default(), RunOptions::default());
        let context = ExactContext {
            workspace: &self.workspace,
            args: &plan::pytest_args(&self.workspace, &filters, &run),
            cache_dir: &self.cache_dir,
            cancel: &self.cancel,
            options,
        };
        execution::resolve(context, discovery)
    }

    /// Which files depend on which. Without `cache` every file is read, and nothing is kept.
    pub fn graph(&self, cache: bool) -> (ImportGraph, GraphCounts) {
        if cache {
            ImportGraph::cached(&self.workspace, &self.cache_dir)
        } else {
            (ImportGraph::new(&self.workspace), GraphCounts::default())
        }
    }

    /// [`graph`](Self::graph), joined with what runs have recorded, unless
    /// `[tool.fastest.graph] records` is false.
    pub fn joined_graph(&self, cache: bool) -> (ImportGraph, GraphCounts) {
        let (graph, counts) = self.graph(cache);
        if self.workspace.fastest_config().graph.records == Some(false) {
            return (graph, counts);
        }
        let records = self.records();
        if records.iter().next().is_none() {
            return (graph, counts);
        }
        (graph.joined(records), counts)
    }

    /// Every file that a test file can load or read; the file is relative to the invocation folder.
    ///
    /// # Errors
    ///
    /// When the graph has no such file.
    pub fn inputs(&self, graph: &ImportGraph, test: &Path) -> Result<Inputs> {
        selection::inputs(&self.workspace, graph, &self.workspace.relative(test))
    }

    /// [`inputs`](Self::inputs) of many test files, for less than each costs alone.
    ///
    /// # Errors
    ///
    /// When the graph has no file of one of these names.
    pub fn inputs_of_many<T: AsRef<Path>>(
        &self,
        graph: &ImportGraph,
        tests: impl IntoIterator<Item = T>,
    ) -> Result<Vec<Inputs>> {
        let tests = tests.into_iter();
        let tests = tests.map(|test| self.workspace.relative(test.as_ref()));
        selection::inputs_of_many(&self.workspace, graph, tests)
    }

    /// A test file as a closed unit, for a run with these options; the file is relative to the
    /// invocation folder. For many files, [`HermeticSpecs`] does it faster.
    ///
    /// # Errors
    ///
    /// When there is no interpreter.
    pub fn hermetic_spec(
        &self,
        graph: &ImportGraph,
        test: &Path,
        options: &RunOptions,
    ) -> Result<HermeticSpec> {
        let specs = HermeticSpecs::new(&self.workspace, Some(graph), options)?;
        Ok(specs.of(&self.workspace.relative(test)))
    }

    /// How a test file depends on a file: the edges of a shortest way; none when it does not. Both are
    /// relative to the invocation folder.
    ///
    /// # Errors
    ///
    /// When the graph has no such files.
    pub fn why(&self, graph: &ImportGraph, test: &Path, file: &Path) -> Result<Option<Vec<Edge>>> {
        let [test, file] = [test, file].map(|path| self.workspace.relative(path));
        for path in [&test, &file] {
            selection::known(graph, path)?;
        }
        Ok(graph.why(&test, &file))
    }

    /// What differs between the working tree and the merge base of `rev` and `HEAD`; see
    /// [`Changes::since`]. The graph tells which files there are.
    ///
    /// # Errors
    ///
    /// As [`Changes::since`].
    pub fn changes_since(&self, graph: &ImportGraph, rev: &str) -> Result<Changes> {
        let files = graph.real_files();
        let files = files.iter().map(|(path, stat)| KnownFile { path, stat });
        Changes::since_among(self.workspace.rootdir(), rev, files)
    }

    /// The test files that changes concern, of those that would be collected.
    pub fn affected(&self, graph: &ImportGraph, changes: &Changes) -> AffectedSet {
        selection::affected(&self.workspace, graph, changes)
    }

    /// The same where tests read nothing but their declared inputs, as under a build system: files that
    /// no edge leads to concern none.
    pub fn affected_units(&self, graph: &ImportGraph, changes: &Changes) -> AffectedSet {
        selection::affected_units(&self.workspace, graph, changes)
    }

    /// The graph in groups of files, for the targets of a build system: every test that would be
    /// collected reaches its inputs by them, and nothing else. Files for which `leave` holds are
    /// left out.
    pub fn groups(&self, graph: &ImportGraph, leave: impl Fn(&str) -> bool) -> Groups {
        graph.groups(&selection::test_roots(&self.workspace, graph), leave)
    }

    /// The installed distributions, by normalised name, that bring modules of these top-level names.
    pub fn distributions_of(&self, names: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
        let roots = self.workspace.fixed_import_roots();
        selection::distributions_of(&roots.installed, names)
    }

    /// Chooses among the discovered tests.
    ///
    /// # Errors
    ///
    /// When an expression is malformed or a node id is unknown.
    pub fn select(&self, discovery: &Discovery, filters: &Filters) -> Result<Selection> {
        let mut selected = selection::select(discovery, &filters.with_arguments_of(discovery))?;
        if filters.rerun.is_active() || filters.shard.is_some() {
            let history = self.history();
            let named = self.workspace.arguments().iter();
            let named = named.map(|argument| argument.path.clone()).collect();
            selection::rerun(&mut selected, discovery, &history, &named, filters.rerun);
            if let Some(shard) = filters.shard {
                selection::shard(&mut selected, &history, shard);
            }
        }
        Ok(selected)
    }

    /// Whether only Python knows if a test that `--last-failed` would run is still there, and none
    /// of the others certainly is. Without [`resolve_open`](Self::resolve_open), `select` then takes
    /// it to be there.
    pub fn last_failed_is_open(&self, discovery: &Discovery, filters: &Filters) -> bool {
        filters.rerun.last_failed && selection::is_undecided(discovery, &self.history())
    }

    /// Has the files of a selection run in the order of their distance from changes, the closest first:
    /// changed test files, then those that the fewest steps lead from to a changed file. Files that
    /// [`Filters::rerun`] puts first stay first.
    pub fn closest_first(&self, selection: &mut Selection, affected: &AffectedSet) {
        selection::closest_first(selection, affected);
    }

    fn forecast(&self) -> Forecast {
        let arguments = &self.workspace.options().args;
        Forecast::open(&self.cache_dir, self.workspace.rootdir(), arguments)
    }

    /// What earlier runs saw of the tests.
    pub fn history(&self) -> History {
        History::open(&self.cache_dir, self.workspace.rootdir())
    }

    /// Decides what runs where.
    pub fn plan(&self, discovery: &Discovery, selection: &Selection, options: &RunOptions) -> Plan {
        plan::plan(
            &self.workspace,
            discovery,
            selection,
            options,
            &self.history(),
        )
    }

    /// The command that runs the same tests in one process, under pytest alone, for its options that
    /// need a terminal such as `--pdb`; `extra` are such options.
    ///
    /// # Errors
    ///
    /// When there is no interpreter.
    pub fn pytest_command(
        &self,
        filters: &Filters,
        options: &RunOptions,
        extra: &[String],
    ) -> Result<Command> {
        let mut command = Command::new(self.workspace.interpreter()?.path);
        // As the script of that name: the current folder is not on `sys.path`.
        command
            .arg("-c")
            .arg("import sys; del sys.path[0]; import pytest; sys.exit(pytest.main())")
            .args(extra)
            .args(plan::pytest_args(&self.workspace, filters, options))
            .current_dir(self.workspace.invocation_dir());
        Ok(command)
    }

    fn dispatch(
        &self,
        plan: &Plan,
        options: &RunOptions,
        zygote: Zygote,
        watching: Watching<'_>,
        on_event: &mut dyn FnMut(&Event),
    ) -> Result<()> {
        let Watching {
            recording,
            measuring,
            incremental,
        } = watching;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = match options.strategy {
            Strategy::Simple => 1,
            _ => options.workers.unwrap_or(processors),
        };
        let basetemp = execution::basetemp();
        let graph = options
            .hermetic
            .as_ref()
            .filter(|options| options.manifest.is_none());
        let graph = graph.map(|_| self.joined_graph(true).0);
        let own = recording.map(Recording::folder).map(Path::to_owned);
        let own = own
            .into_iter()
            .chain(measuring.map(Measuring::folder).map(Path::to_owned));
        let units = options.hermetic.as_ref().map(|hermetic| {
            let specs = HermeticSpecs::new(&self.workspace, graph.as_ref(), options)?;
            Ok(Units::new(
                specs,
                hermetic,
                basetemp.clone(),
                own.collect(),
                &self.cache_dir,
            ))
        });
        let context = RunContext {
            plan,
            options,
            test_timeout: self.workspace.test_timeout(),
            needs_timeout_plugin: self.workspace.addopts().timeout.is_some(),
            ini: self.workspace.config(),
            rootdir: &self.workspace.rootdir().to_string_lossy(),
            config: self.harness_config(plan, options, &basetemp, (recording, measuring))?,
            zygote,
            spawn: &|| self.spawn(options),
            cancel: self.cancel.clone(),
            workers: workers.clamp(1, plan.files.len().max(1)),
            recording,
            said: incremental.map(|it| it.said.clone()).unwrap_or_default(),
            attribution: incremental.map(|it| &it.attribution),
            units: units.transpose()?,
        };
        execution::dispatch(context, on_event)
    }

    /// Runs files with failures once more, alone, and tells which of these failures depend on others.
    fn check_order(
        &self,
        order: OrderCheck,
        plan: &Plan,
        options: &RunOptions,
    ) -> Result<Vec<Event>> {
        let Some((plan, options)) = order.plan(plan, options) else {
            return Ok(Vec::new());
        };
        let mut passed = BTreeSet::new();
        let zygote = self.spawn(&options)?;
        self.dispatch(&plan, &options, zygote, Watching::default(), &mut |event| {
            if let Event::TestFinished(test) = event
                && !test.outcome.is_failure()
            {
                passed.insert(test.id.clone());
            }
        })?;
        Ok(order.events(&passed))
    }

    /// What earlier runs with [`RunOptions::record_inputs`] saw tests load and read.
    pub fn records(&self) -> Records {
        Records::open(&self.cache_dir, self.workspace.rootdir())
    }

    /// Forgets what earlier runs saw of the tests, and empties pytest's cache as its `--cache-clear`
    /// does.
    ///
    /// # Errors
    ///
    /// When something cannot be removed.
    pub fn clear_history(&self) -> Result<()> {
        self.history().clear()?;
        let Some(folder) = self.workspace.pytest_cache() else {
            return Ok(());
        };
        for name in ["d", "v"] {
            let folder = folder.join(name);
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(&folder, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn spawn(&self, options: &RunOptions) -> Result<Zygote> {
        self.spawn_early(options, None)
    }

    fn spawn_early(&self, options: &RunOptions, early: Option<Early<'_>>) -> Result<Zygote> {
        let interpreter = self.workspace.interpreter()?;
        let uncaptured = if options.stdout_is_data {
            Uncaptured::Stderr
        } else {
            Uncaptured::Stdout
        };
        let hermetic = options.hermetic.as_ref();
        let environment = hermetic.map(|hermetic| hermetic.environment(&interpreter.path));
        Zygote::spawn(
            &interpreter.path,
            self.workspace.invocation_dir(),
            &self.cache_dir,
            &Boot {
                uncaptured,
                environment: environment.as_ref(),
                early,
            },
        )
    }

    /// How workers capture: `addopts` may name a method that captures less than descriptors.
    fn capture_method(&self, options: &RunOptions) -> &str {
        match (options.capture, self.workspace.addopts().capture.as_deref()) {
            (Capture::No, _) => "no",
            (Capture::Fd, Some(method @ ("sys" | "tee-sys"))) => method,
            (Capture::Fd, _) => "fd",
        }
    }

    /// What every worker is told; `harness/fastest_harness` reads it.
    fn harness_config(
        &self,
        plan: &Plan,
        options: &RunOptions,
        basetemp: &Path,
        (recording, measuring): (Option<&Recording>, Option<&Measuring<'_>>),
    ) -> Result<serde_json::Value> {
        let config = self.workspace.config();
        let warnings = [
            self.workspace.addopts().warnings.as_slice(),
            &options.warnings,
        ]
        .concat();
        let addopts = self.workspace.addopts();
        let plugin_options = [addopts.plugins.as_slice(), &options.plugins].concat();
        let pythonpath = self.workspace.pythonpath();
        let pythonpath = pythonpath.iter().map(|path| utf8(path));
        Ok(json!({
            "rootdir": utf8(self.workspace.rootdir())?,
            "inipath": self.workspace.inipath().map(utf8).transpose()?,
            "invocation_dir": utf8(self.workspace.invocation_dir())?,
            "confcutdir": utf8(self.workspace.confcutdir())?,
            "python_files": config.python_files,
            "python_classes": config.python_classes,
            "python_functions": config.python_functions,
            "import_mode": config.import_mode,
            "pythonpath": pythonpath.collect::<Result<Vec<_>>>()?,
            "markers": config.markers,
            "filterwarnings": config.filterwarnings,
            "cmdline_warnings": warnings,
            "doctest": {
                "modules": addopts.doctest_modules,
                "ignore_import_errors": addopts.doctest_ignore_import_errors,
                "continue_on_failure": addopts.doctest_continue_on_failure,
                "report": addopts.doctest_report.as_deref().unwrap_or("udiff"),
                "optionflags": config.doctest_optionflags,
                "encoding": config.doctest_encoding,
            },
            "usefixtures": config.usefixtures,
            "xfail_strict": config.xfail_strict,
            "strict_markers": config.strict_markers,
            "empty_parameter_set_mark": config.empty_parameter_set_mark,
            "keyword": plan.keyword,
            "markexpr": plan.markexpr,
            "deselect": plan.deselect,
            "capture": self.capture_method(options),
            "basetemp": utf8(basetemp)?,
            "maxfail": options.maxfail,
            "timeout": options.timeout.map(|limit| limit.as_secs_f64()),
            "terminal": options
                .debugger_terminal
                .then(|| rustix::process::getpgrp().as_raw_nonzero()),
            "tbstyle": options.traceback.as_str(),
            "showlocals": options.showlocals,
            "explain_xfailed": options.explain_xfailed,
            "verbosity": options.verbosity,
            "cache_dir": utf8(&self.cache_dir)?,
            "pytest_args": plan.pytest_args,
            "alone": options.is_isolated(),
            "fork_tests": options.isolation == Isolation::Test,
            "hooks": plan.asks_plugins,
            "fastest_plugins": self.workspace.fastest_config().plugins,
            "async_options": addopts.plugin_options,
            "settings": config.raw,
            "plugin_options": plugin_options,
            "junit_family": options.junit_family,
            "coverage": measuring.map(Measuring::settings),
            "hermetic": options.hermetic.is_some(),
            "record_inputs": recording.map(|recording| utf8(recording.folder())).transpose()?,
        }))
    }
}

/// A path that a worker can be told of.
fn utf8(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        Error::new(ErrorKind::Usage, "the path is not UTF-8")
            .with_path(path)
            .with_help("use a folder whose name is")
    })
}
