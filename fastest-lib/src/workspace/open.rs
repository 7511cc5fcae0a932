use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::addopts::Addopts;
use super::arguments::{self, Argument};
use super::config::{Config, IniValue};
use super::fastest_config::FastestConfig;
use super::files::{FileKind, FileSet, TestFile};
use super::fnmatch::{Fnmatch, PathPattern};
use super::glob::glob;
use super::interpreter::{self, Interpreter};
use super::limits;
use super::options::WorkspaceOptions;
use super::paths;
use super::rootdir::Setup;
use super::roots::{self, ImportRoots};
use super::text;
use super::walk::{self, ConftestCache, Rules};
use crate::{Error, ErrorKind, Problem, ProblemKind, Result};

/// A folder of tests with its configuration: what pytest knows before it collects.
#[derive(Debug)]
pub struct Workspace {
    options: WorkspaceOptions,
    rootdir: PathBuf,
    inipath: Option<PathBuf>,
    confcutdir: PathBuf,
    config: Config,
    addopts: Addopts,
    fastest_config: FastestConfig,
    arguments: Vec<Argument>,
    deselect: Vec<String>,
    problems: Vec<Problem>,
}

impl Workspace {
    /// Finds the rootdir and reads the configuration, by the rules of pytest 9.2.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when a path that was given is not there or an option is malformed,
    /// [`ErrorKind::Config`] when a configuration file cannot be parsed or a setting has a value of
    /// the wrong type, [`ErrorKind::Io`] when a configuration file cannot be read.
    pub fn open(mut options: WorkspaceOptions) -> Result<Self> {
        let folder = std::path::absolute(&options.invocation_dir)
            .map_err(|source| Error::io(&options.invocation_dir, source))?;
        options.invocation_dir = paths::absolute(&folder, "");
        let invocation_dir = options.invocation_dir.as_path();
        let is_path = |word: &str| {
            let path = word.split("::").next().unwrap_or_default();
            paths::absolute(invocation_dir, path).exists()
        };

        let env_words = split_env_addopts(&options)?;
        let env = Addopts::parse(&env_words, "PYTEST_ADDOPTS", &is_path)?;
        let args = [env.paths.as_slice(), &options.args].concat();
        let mut root = Setup {
            invocation_dir,
            args: &args,
            rootdir: options
                .rootdir
                .as_deref()
                .or(env.rootdir.as_deref().map(Path::new)),
            config_file: options
                .config_file
                .as_deref()
                .or(env.config_file.as_deref().map(Path::new)),
        }
        .determine()?;
        let settings = &mut root.settings;
        settings.apply_overrides(&env.overrides)?;
        settings.apply_overrides(&options.overrides)?;

        let ini_words = settings.args("addopts")?.unwrap_or_default();
        Addopts::parse(&ini_words, "addopts", &is_path)?;
        let words = [ini_words, env_words].concat();
        let addopts = Addopts::parse(&words, "addopts", &is_path)?;
        settings.apply_overrides(&addopts.overrides)?;
        settings.apply_overrides(&options.overrides)?;
        let mut config = Config::from_settings(settings)?;
        config.import_mode = options
            .import_mode
            .or(addopts.import_mode)
            .unwrap_or_default();

        let ini_dir = root.inipath.as_deref().and_then(Path::parent);
        let base = ini_dir.unwrap_or(invocation_dir);
        if base != root.rootdir {
            for path in &mut config.pythonpath {
                *path = base.join(&path).to_string_lossy().into_owned();
            }
        }
        let confcutdir = match options
            .confcutdir
            .as_deref()
            .or(addopts.confcutdir.as_deref().map(Path::new))
        {
            Some(given) => {
                let folder = paths::absolute(invocation_dir, given);
                if !folder.is_dir() {
                    let message = "--confcutdir must be a folder that is there";
                    return Err(Error::new(ErrorKind::Usage, message).with_path(given));
                }
                folder
            }
            None => ini_dir.unwrap_or(&root.rootdir).to_path_buf(),
        };

        let mut problems: Vec<Problem> = Vec::new();
        for name in root.ignored {
            let message = "its pytest configuration is not used: another file comes first";
            problems.push(Problem::new(ProblemKind::Config, message).at(name, None));
        }
        let fastest_config = FastestConfig::read(&root.rootdir, &mut problems)?;
        let args = [addopts.paths.as_slice(), &options.args].concat();
        let args = decide_args(args, &options, &root.rootdir, &config, &mut problems);
        let arguments = args
            .iter()
            .map(|text| Argument::resolve(invocation_dir, text))
            .collect::<Result<_>>()?;
        Ok(Self {
            rootdir: root.rootdir,
            inipath: root.inipath,
            confcutdir,
            config,
            fastest_config,
            arguments: arguments::normalize(arguments),
            deselect: [addopts.deselect.as_slice(), &options.deselect].concat(),
            addopts,
            problems,
            options,
        })
    }

    /// What this workspace was opened with.
    pub(crate) fn options(&self) -> &WorkspaceOptions {
        &self.options
    }

    /// The folder that node ids are relative to.
    pub fn rootdir(&self) -> &Path {
        &self.rootdir
    }

    /// The configuration file, when there is one.
    pub fn inipath(&self) -> Option<&Path> {
        self.inipath.as_deref()
    }

    /// The folder that the command was started in.
    pub fn invocation_dir(&self) -> &Path {
        &self.options.invocation_dir
    }

    /// The folder above which no `conftest.py` is loaded.
    pub fn confcutdir(&self) -> &Path {
        &self.confcutdir
    }

    /// pytest's settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The options of the configuration file and of `PYTEST_ADDOPTS`.
    pub fn addopts(&self) -> &Addopts {
        &self.addopts
    }

    /// How long a test may take by what pytest-timeout reads: `--timeout` in addopts, else
    /// `PYTEST_TIMEOUT`, else the setting `timeout`. Zero is any time.
    pub fn test_timeout(&self) -> Option<Duration> {
        let env = || limits::seconds(self.options.env_timeout.as_deref()?);
        let setting = || match self.config.raw.get("timeout")? {
            IniValue::Text(text) => limits::seconds(text),
            IniValue::Int(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
            _ => None,
        };
        self.addopts.timeout.or_else(env).or_else(setting)
    }

    /// The `[tool.fastest]` table.
    pub fn fastest_config(&self) -> &FastestConfig {
        &self.fastest_config
    }

    /// What is collected, in order: the paths and node ids that were given, else `testpaths`, else
    /// the invocation folder. None lies within another.
    pub fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// Prefixes of the node ids that are collected but not run: `--deselect` of the configuration
    /// and of the command line.
    pub fn deselect(&self) -> &[String] {
        &self.deselect
    }

    /// The folder of pytest's own cache; none where only pytest can tell, as it names a variable.
    pub(crate) fn pytest_cache(&self) -> Option<PathBuf> {
        let folder = match self.config.raw.get("cache_dir") {
            Some(IniValue::Text(folder)) => folder.as_str(),
            _ => ".pytest_cache",
        };
        (!folder.contains(['$', '~'])).then(|| self.rootdir.join(folder))
    }

    /// What is wrong with the configuration and did not stop the call.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The folders that go to the front of `sys.path`, absolute, in order.
    pub fn pythonpath(&self) -> Vec<PathBuf> {
        let entries = self.config.pythonpath.iter();
        entries
            .map(|path| self.rootdir.join(path).components().collect())
            .collect()
    }

    /// The path part of the node ids of a file, as it is relative to the rootdir.
    pub fn node_path(&self, path: &Path) -> String {
        let path = paths::absolute(&self.rootdir, path);
        let argument = self
            .arguments
            .iter()
            .find(|argument| path.starts_with(&argument.path));
        let argument = argument.map_or(self.rootdir.as_path(), |argument| &argument.path);
        walk::node_path(&self.rootdir, argument, &path)
    }

    /// Finds the test files, in the order in which pytest collects them.
    ///
    /// Among them are the files that a `conftest.py` may collect, as [`FileKind::Candidate`].
    /// What only Python knows is not applied: `collect_ignore` of a `conftest.py`, and plugins.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when a file was asked for from which pytest collects nothing. Folders
    /// that cannot be read are problems of the answer.
    pub fn test_files(&self) -> Result<FileSet> {
        let rules = self.rules();
        let mut conftests = ConftestCache::default();
        let mut found = FileSet::default();
        let mut single: HashMap<&Path, usize> = HashMap::new();
        for argument in &self.arguments {
            let path = argument.path.as_path();
            if path.is_dir() {
                let below = walk::collect_folder(&rules, path);
                found.files.extend(below.files);
                found.problems.extend(below.problems);
                found.conftests.extend(below.conftests);
                continue;
            }
            if let Some(&at) = single.get(path) {
                found.files[at].names.push(argument.full_names());
                continue;
            }
            let applying = conftests.get(&rules, path.parent().unwrap_or(path));
            let candidate = || {
                let collects = rules.may_collect(&applying);
                collects.then_some(FileKind::Candidate)
            };
            let kind = rules.kind_of_argument(path).or_else(candidate);
            let kind = kind.ok_or_else(|| {
                Error::new(ErrorKind::Usage, "no tests are collected from such a file")
                    .with_path(path)
                    .with_help("name a Python file or a folder")
            })?;
            single.insert(path, found.files.len());
            found.files.push(TestFile {
                path: path.to_path_buf(),
                kind,
                id: walk::node_path(&self.rootdir, path, path),
                conftests: applying,
                names: Vec::from_iter(
                    Some(argument.full_names()).filter(|names| !names.is_empty()),
                ),
            });
        }
        Ok(found)
    }

    /// Finds the Python interpreter without starting one: `--python`, `python` of `[tool.fastest]`,
    /// the active virtual environment, a `.venv` of the project, `python3` on the `PATH`.
    ///
    /// # Errors
    /// [`ErrorKind::Interpreter`] when the one that was named cannot be run, or none is found.
    pub fn interpreter(&self) -> Result<Interpreter> {
        let configured = self.fastest_config.python.as_deref();
        interpreter::find(&self.options, &self.rootdir, configured)
    }

    /// The folders in which the imports of these test files are looked up. Without an interpreter
    /// none is known for what is installed.
    pub fn import_roots(&self, files: &FileSet) -> ImportRoots {
        ImportRoots {
            inserted: ImportRoots::inserted(self.config.import_mode, files),
            ..self.fixed_import_roots()
        }
    }

    /// Those that do not depend on the test files.
    pub(crate) fn fixed_import_roots(&self) -> ImportRoots {
        let mut configured = self.pythonpath();
        configured.extend(roots::of_environment(
            self.invocation_dir(),
            self.options.python_path_env.as_deref(),
        ));
        let interpreter = self.interpreter().ok();
        ImportRoots {
            inserted: Vec::new(),
            configured,
            installed: interpreter
                .as_ref()
                .map(roots::site_packages)
                .unwrap_or_default(),
        }
    }

    /// A path as the command line has it, relative to the rootdir; with `..` where it leads out.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let path = paths::absolute(self.invocation_dir(), path);
        paths::relative(&self.rootdir, &path)
    }

    /// Whether a `conftest.py` may collect files that are no test files.
    pub(crate) fn may_collect(&self, conftest: &Path) -> bool {
        walk::mentions_hooks(conftest)
    }

    /// The patterns of test file names.
    pub(crate) fn test_patterns(&self) -> Vec<PathPattern> {
        let patterns = self.config.python_files.iter();
        patterns.map(|text| PathPattern::new(text)).collect()
    }

    /// Tells which files would be collected, without listing any folder.
    pub(crate) fn collects(&self) -> Collects<'_> {
        Collects {
            workspace: self,
            rules: self.rules(),
            folders: RefCell::default(),
        }
    }

    fn rules(&self) -> Rules {
        let (options, addopts) = (&self.options, &self.addopts);
        let patterns = |texts: &[String]| texts.iter().map(|text| PathPattern::new(text)).collect();
        let absolute = |text: &String| paths::absolute(&options.invocation_dir, text);
        let doctests_blocked = addopts.plugins.iter().any(|plugin| plugin == "no:doctest");
        let doctest_files = match addopts.doctest_glob.as_slice() {
            _ if doctests_blocked => Vec::new(),
            [] => vec![PathPattern::new("test*.txt")],
            globs => patterns(globs),
        };
        let ignore: BTreeSet<PathBuf> = addopts
            .ignore
            .iter()
            .chain(&options.ignore)
            .map(absolute)
            .collect();
        let ignore_glob = addopts.ignore_glob.iter().chain(&options.ignore_glob);
        Rules {
            rootdir: self.rootdir.clone(),
            confcutdir: (!addopts.noconftest).then(|| self.confcutdir.clone()),
            norecursedirs: patterns(&self.config.norecursedirs),
            python_files: patterns(&self.config.python_files),
            doctest_files,
            doctest_modules: addopts.doctest_modules && !doctests_blocked,
            ignore,
            ignore_glob: ignore_glob
                .map(|text| Fnmatch::new(&absolute(text).to_string_lossy()))
                .collect(),
            enter_environments: addopts.collect_in_virtualenv,
        }
    }
}

/// Tells which files would be collected.
pub(crate) struct Collects<'w> {
    workspace: &'w Workspace,
    rules: Rules,
    /// Whether the walk comes to a folder.
    folders: RefCell<HashMap<PathBuf, bool>>,
}

impl Collects<'_> {
    /// Whether a file, relative to the rootdir, is one of the test files.
    pub(crate) fn file(&self, path: &str) -> bool {
        let path = self.workspace.rootdir.join(path);
        let is_asked_for = |argument: &Argument| argument.path == path;
        if self.workspace.arguments.iter().any(is_asked_for) {
            return true;
        }
        let Some(folder) = path.parent() else {
            return false;
        };
        self.folder(folder) && self.rules.would_collect(&path)
    }

    fn folder(&self, folder: &Path) -> bool {
        if let Some(known) = self.folders.borrow().get(folder) {
            return *known;
        }
        let mut arguments = self.workspace.arguments.iter();
        let comes = arguments.any(|argument| self.rules.would_enter(&argument.path, folder));
        self.folders
            .borrow_mut()
            .insert(folder.to_path_buf(), comes);
        comes
    }
}

fn split_env_addopts(options: &WorkspaceOptions) -> Result<Vec<String>> {
    let text = options.env_addopts.as_deref().unwrap_or_default();
    text::shell_split(text)
        .map_err(|error| Error::new(ErrorKind::Usage, format!("PYTEST_ADDOPTS: {error}")))
}

/// What to collect when nothing was given: `testpaths`, but only from the rootdir itself, else the
/// invocation folder.
fn decide_args(
    args: Vec<String>,
    options: &WorkspaceOptions,
    rootdir: &Path,
    config: &Config,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    if !args.is_empty() {
        return args;
    }
    let invocation_dir = options.invocation_dir.as_path();
    if invocation_dir == rootdir {
        let testpaths = config.testpaths.iter();
        let found: Vec<String> = testpaths
            .flat_map(|pattern| glob(invocation_dir, pattern))
            .collect();
        if !found.is_empty() {
            return found;
        }
        if !config.testpaths.is_empty() {
            let message = "`testpaths` names nothing that is there; every folder is looked through";
            problems.push(Problem::new(ProblemKind::Config, message));
        }
    }
    vec![String::new()]
}
