use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Folders, relative to the rootdir, that go to the front of `sys.path`.
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
            raw: BTreeMap::new(),
        }
    }
}
