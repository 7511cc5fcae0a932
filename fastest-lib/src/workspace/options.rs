use std::ffi::OsString;
use std::path::PathBuf;

use super::config::ImportMode;

/// What [`Workspace::open`](super::Workspace::open) is to open: a folder, and the options of the
/// command line and the environment that have a say in it. Relative paths are relative to the
/// invocation folder.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WorkspaceOptions {
    /// The folder that the command was started in.
    pub invocation_dir: PathBuf,
    /// Paths and node ids as typed.
    pub args: Vec<String>,
    /// `--rootdir`.
    pub rootdir: Option<PathBuf>,
    /// `-c`/`--config-file`.
    pub config_file: Option<PathBuf>,
    /// `-o name=value`, in order.
    pub overrides: Vec<String>,
    /// `--import-mode`; none leaves it to the configuration.
    pub import_mode: Option<ImportMode>,
    /// `--python`: a path, or a name on the `PATH`.
    pub python: Option<PathBuf>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// `--ignore-glob`.
    pub ignore_glob: Vec<String>,
    /// `--deselect`.
    pub deselect: Vec<String>,
    /// `--confcutdir`.
    pub confcutdir: Option<PathBuf>,
    /// The value of `PYTEST_ADDOPTS`.
    pub env_addopts: Option<String>,
    /// The value of `PYTEST_TIMEOUT`.
    pub env_timeout: Option<String>,
    /// The value of `VIRTUAL_ENV`.
    pub virtual_env: Option<PathBuf>,
    /// The value of `PATH`.
    pub path_env: Option<OsString>,
    /// The value of `PYTHONPATH`.
    pub python_path_env: Option<OsString>,
    /// Where caches are kept; none leaves it to the system's folder of temporary files.
    pub cache_dir: Option<PathBuf>,
}

impl WorkspaceOptions {
    /// Options for a folder, in an empty environment.
    pub fn new(invocation_dir: impl Into<PathBuf>) -> Self {
        Self {
            invocation_dir: invocation_dir.into(),
            ..Self::default()
        }
    }

    /// Options for a folder, in the environment of this process.
    pub fn from_env(invocation_dir: impl Into<PathBuf>) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            env_addopts: set("PYTEST_ADDOPTS").map(|text| text.to_string_lossy().into_owned()),
            env_timeout: set("PYTEST_TIMEOUT").map(|text| text.to_string_lossy().into_owned()),
            virtual_env: set("VIRTUAL_ENV").map(PathBuf::from),
            path_env: set("PATH"),
            python_path_env: set("PYTHONPATH"),
            cache_dir: set("FASTEST_CACHE_DIR")
                .map(PathBuf::from)
                .or_else(|| Some(PathBuf::from(set("XDG_CACHE_HOME")?).join("fastest")))
                .or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache/fastest"))),
            ..Self::new(invocation_dir)
        }
    }

    /// The folder that caches are kept in.
    pub fn cache_folder(&self) -> PathBuf {
        self.cache_dir
            .clone()
            .unwrap_or_else(|| std::env::temp_dir().join("fastest-cache"))
    }
}
