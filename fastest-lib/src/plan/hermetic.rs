use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::environment::distributions;
use crate::graph::ImportGraph;
use crate::plan::RunOptions;
use crate::selection::InputsFinder;
use crate::workspace::{Network, Workspace, absolute, glob, slashed};

/// How a message names the declaration that would allow an access.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Declaration {
    /// A key of `[tool.fastest.hermetic]` in `pyproject.toml`.
    #[default]
    Pyproject,
    /// An attribute of the Bazel target with this label.
    Bazel(String),
    /// An attribute of the Buck2 target with this label.
    Buck2(String),
}

/// How tests are run as closed units: what each may use besides what the import graph says, or
/// instead of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HermeticOptions {
    /// Files that every test may read besides its closure: globs relative to the rootdir, or
    /// absolute; a folder stands for all that is in it.
    pub data: Vec<String>,
    /// All files and folders that tests may read, absolute; with it the graph is not asked. Build
    /// systems give what their targets declare.
    pub manifest: Option<Vec<PathBuf>>,
    /// Variables of the environment with their values, besides the fixed ones.
    pub environment: BTreeMap<String, String>,
    /// Variables that are taken over from the environment of the caller, where they are set.
    pub pass_environment: Vec<String>,
    /// Which connections may be made.
    pub network: Network,
    /// Folders, absolute, in which tests may write besides their own `TMPDIR`.
    pub outputs: Vec<PathBuf>,
    /// How many bytes of address space the process of a file may have; none is any number.
    pub memory: Option<u64>,
    /// How messages name what would have to be declared.
    pub declaration: Declaration,
}

impl HermeticOptions {
    /// What `[tool.fastest.hermetic]` of a workspace says.
    pub fn configured(workspace: &Workspace) -> Self {
        let config = &workspace.fastest_config().hermetic;
        let outputs = config.outputs.iter();
        Self {
            data: config.data.clone(),
            manifest: None,
            environment: config.environment.clone(),
            pass_environment: config.pass_environment.clone(),
            network: config.network,
            outputs: outputs
                .map(|path| absolute(workspace.rootdir(), path))
                .collect(),
            memory: config.memory,
            declaration: Declaration::Pyproject,
        }
    }

    /// The whole environment of tests, but for `HOME` and `TMPDIR`, which each file has of its own:
    /// what never varies, what is declared, and what is taken over.
    pub fn environment(&self, interpreter: &Path) -> BTreeMap<String, String> {
        let folder = interpreter.parent().unwrap_or(Path::new("/usr/bin"));
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display());
        let fixed = [
            ("LC_ALL", "C.UTF-8"),
            ("PATH", path.as_str()),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONHASHSEED", "0"),
            ("PYTHONNOUSERSITE", "1"),
            ("TZ", "UTC"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut environment = BTreeMap::from(fixed.map(owned));
        let passed = self.pass_environment.iter();
        environment
            .extend(passed.filter_map(|name| Some((name.clone(), std::env::var(name).ok()?))));
        environment.extend(self.environment.clone());
        environment
    }
}

/// One test file as a closed unit: everything that its outcomes may depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HermeticSpec {
    /// The test file, relative to the rootdir.
    pub test: String,
    /// Every file that it may read, sorted; relative to the rootdir, absolute outside of it. What
    /// belongs to the interpreter, to its distributions or to the system is not among them.
    pub inputs: Vec<String>,
    /// The interpreter, as it is started.
    pub interpreter: PathBuf,
    /// The installed distributions, all of which it may import, as `name==version`, sorted.
    pub distributions: Vec<String>,
    /// Its whole environment, but for `HOME` and `TMPDIR`, which are folders of its own.
    pub environment: BTreeMap<String, String>,
    /// Which connections it may make.
    pub network: Network,
    /// Folders, absolute, in which it may write besides its own `TMPDIR`.
    pub outputs: Vec<PathBuf>,
    /// How long one of its tests may take; none is any time.
    pub timeout: Option<Duration>,
    /// How many bytes of address space its process may have; none is any number.
    pub memory: Option<u64>,
}

/// Makes the specifications of the test files of one run.
pub struct HermeticSpecs<'a> {
    rootdir: &'a Path,
    finder: Option<(&'a ImportGraph, InputsFinder<'a>)>,
    /// What every test file may read, without what the graph says.
    shared: BTreeSet<String>,
    template: HermeticSpec,
}

impl std::fmt::Debug for HermeticSpecs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("HermeticSpecs");
        shown.field("template", &self.template);
        shown.finish_non_exhaustive()
    }
}

impl<'a> HermeticSpecs<'a> {
    /// Gets ready to make specifications for a run with these options; where they are not hermetic,
    /// with what the workspace configures. Without a manifest in the options, the graph tells what
    /// files may read.
    ///
    /// # Errors
    ///
    /// When there is no interpreter.
    pub fn new(
        workspace: &'a Workspace,
        graph: Option<&'a ImportGraph>,
        run: &RunOptions,
    ) -> Result<Self> {
        let configured;
        let options = match &run.hermetic {
            Some(options) => options,
            None => {
                configured = HermeticOptions::configured(workspace);
                &configured
            }
        };
        let rootdir = workspace.rootdir();
        let data = options
            .data
            .iter()
            .flat_map(|pattern| glob(rootdir, pattern));
        let data = data.map(|path| rootdir.join(path));
        let manifest = options.manifest.iter().flatten();
        let manifest = manifest.map(|path| rootdir.join(path));
        let mut shared = BTreeSet::new();
        for path in data.chain(manifest) {
            add_all(rootdir, &path, &mut shared);
        }
        let interpreter = workspace.interpreter()?.path;
        let template = HermeticSpec {
            test: String::new(),
            inputs: Vec::new(),
            distributions: distributions(&workspace.fixed_import_roots().installed),
            environment: options.environment(&interpreter),
            interpreter,
            network: options.network,
            outputs: options.outputs.clone(),
            timeout: run.timeout.or_else(|| workspace.test_timeout()),
            memory: options.memory,
        };
        let graph = graph.filter(|_| options.manifest.is_none());
        Ok(Self {
            rootdir,
            finder: graph.map(|graph| (graph, InputsFinder::new(workspace, graph))),
            shared,
            template,
        })
    }

    /// The specification of a test file, which is named relative to the rootdir. One that the graph
    /// does not know may read itself and what is declared.
    pub fn of(&self, test: &str) -> HermeticSpec {
        let mut inputs = self.shared.clone();
        inputs.insert(test.to_owned());
        if let Some((graph, finder)) = &self.finder
            && graph.node(test).is_some()
        {
            inputs.extend(finder.of(test).files);
        }
        HermeticSpec {
            test: test.to_owned(),
            inputs: inputs.into_iter().collect(),
            ..self.template.clone()
        }
    }

    /// Where the files of a specification lie, absolute.
    pub fn rootdir(&self) -> &Path {
        self.rootdir
    }
}

/// Adds a file, or all that is below a folder, by the names that specifications have. What a link
/// leads to is read through it, and counts by the name of the link.
fn add_all(rootdir: &Path, path: &Path, found: &mut BTreeSet<String>) {
    if !path.is_dir() {
        if path.exists() {
            let inside = path.strip_prefix(rootdir).unwrap_or(path);
            found.insert(slashed(inside));
        }
        return;
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        // Links to folders may lead in circles.
        let is_link_to_folder =
            entry.file_type().is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir();
        if !is_link_to_folder {
            add_all(rootdir, &entry.path(), found);
        }
    }
}
