use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::version::Version;
use crate::{Error, Result};

/// How test modules and conftests are put on `sys.path`, as pytest's `--import-mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ImportMode {
    /// The first folder upward without an `__init__.py` goes to the front of `sys.path`.
    #[default]
    Prepend,
    /// The same folder goes to the end of `sys.path`.
    Append,
    /// `sys.path` is left alone; modules are loaded from their files.
    Importlib,
}

/// One raw value of an ini file: text, or what TOML made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum IniValue {
    /// A string.
    Text(String),
    /// A list of strings, from TOML.
    List(Vec<String>),
    /// A boolean, from TOML's native mode (`[tool.pytest]`).
    Bool(bool),
    /// An integer, from TOML's native mode (`[tool.pytest]`).
    Int(i64),
}

/// pytest's settings after the ini file, `addopts` and the command line, with pytest's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Config {
    /// Where to look for tests when no path is given, before glob expansion.
    pub testpaths: Vec<String>,
    /// Globs of test file names.
    pub python_files: Vec<String>,
    /// Prefixes or globs of test class names.
    pub python_classes: Vec<String>,
    /// Prefixes or globs of test function names.
    pub python_functions: Vec<String>,
    /// Globs of folder names that collection does not enter.
    pub norecursedirs: Vec<String>,
    /// Options that the ini file puts before the command line's, split as a shell splits them.
    pub addopts: Vec<String>,
    /// Folders, relative to the rootdir or absolute, that go to the front of `sys.path`.
    pub pythonpath: Vec<String>,
    /// Registered markers, one `name(args): description` each.
    pub markers: Vec<String>,
    /// Warning filters, in the order of the ini file.
    pub filterwarnings: Vec<String>,
    /// Fixtures that every test uses.
    pub usefixtures: Vec<String>,
    /// The least pytest version that the configuration asks for.
    pub minversion: Option<String>,
    /// How modules are imported.
    pub import_mode: ImportMode,
    /// Whether an unexpected pass of an `xfail` test fails by default.
    pub xfail_strict: bool,
    /// What becomes of a test with an empty parameter set: `skip`, `xfail` or `fail_at_collect`.
    pub empty_parameter_set_mark: String,
    /// Whether every strictness setting that is not set itself is on.
    pub strict: bool,
    /// Whether a mark that is not registered is an error.
    pub strict_markers: bool,
    /// Whether an unknown setting is an error.
    pub strict_config: bool,
    /// Whether two parameter sets of one test must not have the same id.
    pub strict_parametrization_ids: bool,
    /// Plugins that must be installed, as requirements.
    pub required_plugins: Vec<String>,
    /// Whether tests that a module imports from elsewhere are collected there too.
    pub collect_imported_tests: bool,
    /// Whether a folder without an `__init__.py` can be a part of a module's name.
    pub consider_namespace_packages: bool,
    /// The option flags of doctests.
    pub doctest_optionflags: Vec<String>,
    /// The encoding of text files with doctests.
    pub doctest_encoding: String,
    /// Every setting of the ini file as it was read, for those who need one that has no field.
    pub raw: BTreeMap<String, IniValue>,
}

impl Default for Config {
    fn default() -> Self {
        let list = |items: &[&str]| items.iter().map(ToString::to_string).collect();
        Self {
            testpaths: Vec::new(),
            python_files: list(&["test_*.py", "*_test.py"]),
            python_classes: list(&["Test"]),
            python_functions: list(&["test"]),
            norecursedirs: list(&[
                "*.egg",
                ".*",
                "_darcs",
                "build",
                "CVS",
                "dist",
                "node_modules",
                "venv",
                "{arch}",
            ]),
            addopts: Vec::new(),
            pythonpath: Vec::new(),
            markers: Vec::new(),
            filterwarnings: Vec::new(),
            usefixtures: Vec::new(),
            minversion: None,
            import_mode: ImportMode::default(),
            xfail_strict: false,
            empty_parameter_set_mark: "skip".to_owned(),
            strict: false,
            strict_markers: false,
            strict_config: false,
            strict_parametrization_ids: false,
            required_plugins: Vec::new(),
            collect_imported_tests: true,
            consider_namespace_packages: false,
            doctest_optionflags: list(&["ELLIPSIS"]),
            doctest_encoding: "utf-8".to_owned(),
            raw: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Gives the settings their types. `pythonpath` stays as it is written.
    ///
    /// # Errors
    /// A setting with a value that its type does not allow.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        let default = Self::default();
        let strict = settings.bool("strict")?.unwrap_or_default();
        let strictness = |name: &str| Ok::<_, Error>(settings.bool(name)?.unwrap_or(strict));
        let args = |name: &str, default: Vec<String>| {
            Ok::<_, Error>(settings.args(name)?.unwrap_or(default))
        };
        Ok(Self {
            testpaths: args("testpaths", default.testpaths)?,
            python_files: args("python_files", default.python_files)?,
            python_classes: args("python_classes", default.python_classes)?,
            python_functions: args("python_functions", default.python_functions)?,
            norecursedirs: args("norecursedirs", default.norecursedirs)?,
            addopts: args("addopts", default.addopts)?,
            pythonpath: args("pythonpath", default.pythonpath)?,
            markers: settings.lines("markers")?.unwrap_or_default(),
            filterwarnings: settings.lines("filterwarnings")?.unwrap_or_default(),
            usefixtures: args("usefixtures", default.usefixtures)?,
            minversion: settings
                .string("minversion")?
                .filter(|version| !version.is_empty()),
            import_mode: default.import_mode,
            xfail_strict: strictness("strict_xfail")?,
            empty_parameter_set_mark: settings
                .choice(
                    "empty_parameter_set_mark",
                    &["skip", "xfail", "fail_at_collect"],
                )?
                .unwrap_or(default.empty_parameter_set_mark),
            strict,
            strict_markers: strictness("strict_markers")?,
            strict_config: strictness("strict_config")?,
            strict_parametrization_ids: strictness("strict_parametrization_ids")?,
            required_plugins: args("required_plugins", default.required_plugins)?,
            collect_imported_tests: settings
                .bool("collect_imported_tests")?
                .unwrap_or(default.collect_imported_tests),
            consider_namespace_packages: settings
                .bool("consider_namespace_packages")?
                .unwrap_or(default.consider_namespace_packages),
            doctest_optionflags: args("doctest_optionflags", default.doctest_optionflags)?,
            doctest_encoding: settings
                .string("doctest_encoding")?
                .unwrap_or(default.doctest_encoding),
            raw: settings.raw(),
        })
    }

    /// Whether a pytest of this version is new enough for `minversion`. A version that cannot be
    /// read satisfies nothing but a configuration that asks for none.
    pub fn minversion_satisfied(&self, version: &str) -> bool {
        let Some(least) = &self.minversion else {
            return true;
        };
        match (Version::parse(least), Version::parse(version)) {
            (Some(least), Some(version)) => least <= version,
            _ => false,
        }
    }

    pub(crate) fn is_pytest_setting(name: &str) -> bool {
        PYTEST_SETTINGS.contains(&name)
    }

    /// Names of the settings that pytest itself does not have: a plugin's, or mistakes.
    pub fn plugin_settings(&self) -> impl Iterator<Item = &str> {
        self.raw
            .keys()
            .map(String::as_str)
            .filter(|name| !PYTEST_SETTINGS.contains(name))
    }
}

/// The settings that pytest has without plugins.
const PYTEST_SETTINGS: &[&str] = &[
    "addopts",
    "assertion_text_diff_style",
    "cache_dir",
    "collect_imported_tests",
    "consider_namespace_packages",
    "console_output_style",
    "disable_test_id_escaping_and_forfeit_all_rights_to_community_support",
    "doctest_encoding",
    "doctest_optionflags",
    "empty_parameter_set_mark",
    "enable_assertion_pass_hook",
    "faulthandler_exit_on_timeout",
    "faulthandler_timeout",
    "filterwarnings",
    "junit_duration_report",
    "junit_family",
    "junit_log_passing_tests",
    "junit_logging",
    "junit_suite_name",
    "log_auto_indent",
    "log_cli",
    "log_cli_date_format",
    "log_cli_format",
    "log_cli_level",
    "log_date_format",
    "log_file",
    "log_file_date_format",
    "log_file_format",
    "log_file_level",
    "log_file_mode",
    "log_format",
    "log_level",
    "markers",
    "max_warnings",
    "minversion",
    "norecursedirs",
    "parametrize_long_str_id_strategy",
    "python_classes",
    "python_files",
    "python_functions",
    "pythonpath",
    "required_plugins",
    "strict",
    "strict_config",
    "strict_markers",
    "strict_parametrization_ids",
    "strict_xfail",
    "testpaths",
    "tmp_path_retention_count",
    "tmp_path_retention_policy",
    "truncation_limit_chars",
    "truncation_limit_lines",
    "usefixtures",
    "verbosity_assertions",
    "verbosity_subtests",
    "verbosity_test_cases",
    "xfail_strict",
];
