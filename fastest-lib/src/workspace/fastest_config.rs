use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::graph_config::{AffectedConfig, GraphConfig};
use super::hermetic_config::HermeticConfig;
use super::limits;
use super::load;
use super::strategy::{Isolation, Strategy};
use super::targets_config::TargetsConfig;
use super::text;
use crate::{Error, ErrorKind, Problem, ProblemKind, Result};

/// Which engine runs the tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EngineChoice {
    /// The native engine where it can, else pytest.
    #[default]
    Auto,
    /// The native engine alone.
    Native,
    /// pytest alone.
    Pytest,
}

/// In which form results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OutputFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object a line.
    Json,
    /// JUnit XML.
    Junit,
}

/// The `[tool.fastest]` table: defaults for options of the same names.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct FastestConfig {
    /// How many workers run tests at the same time.
    pub workers: Option<usize>,
    /// Which engine runs the tests.
    pub engine: Option<EngineChoice>,
    /// How files are divided among processes.
    pub optimizer: Option<Strategy>,
    /// What shares a process.
    pub isolation: Option<Isolation>,
    /// The interpreter: a path relative to the rootdir, or a name on the `PATH`.
    pub python: Option<PathBuf>,
    /// In which form results are written.
    pub output: Option<OutputFormat>,
    /// How many of the slowest tests to list; 0 is all.
    pub durations: Option<u32>,
    /// The least seconds of a phase that is worth to be listed.
    pub durations_min: Option<f64>,
    /// After how many failures to stop; 0 is never.
    pub maxfail: Option<u32>,
    /// Whether the output of tests is captured.
    pub capture: Option<bool>,
    /// How much to print; negative is less than usual.
    pub verbose: Option<i32>,
    /// How long a test, or the import of a file, may take; 0 is any time.
    #[serde(default, deserialize_with = "limits::seconds_setting")]
    pub timeout: Option<Duration>,
    /// How many bytes a worker may hold when it asks for another file.
    #[serde(default, deserialize_with = "limits::size_setting")]
    pub max_worker_memory: Option<u64>,
    /// Where to write a JUnit report.
    pub junit_xml: Option<PathBuf>,
    /// Whether files do not run whose outcomes are known, since nothing that they depend on has changed.
    pub incremental: Option<bool>,
    /// Plugins to load, each as `package.module:Class`.
    #[serde(default)]
    pub plugins: Vec<String>,
    /// How the import graph is made.
    #[serde(default)]
    pub graph: GraphConfig,
    /// Which tests a changed file concerns that no edge leads to.
    #[serde(default)]
    pub affected: AffectedConfig,
    /// What tests may use when each file runs as a closed unit.
    #[serde(default)]
    pub hermetic: HermeticConfig,
    /// How build files for Bazel are written.
    #[serde(default)]
    pub bazel: TargetsConfig,
    /// How build files for Buck2 are written.
    #[serde(default)]
    pub buck2: TargetsConfig,
}

const KEYS: &[&str] = &[
    "workers",
    "engine",
    "optimizer",
    "isolation",
    "python",
    "output",
    "durations",
    "durations-min",
    "maxfail",
    "capture",
    "verbose",
    "timeout",
    "max-worker-memory",
    "junit-xml",
    "incremental",
    "plugins",
    "graph",
    "affected",
    "hermetic",
    "bazel",
    "buck2",
];

impl FastestConfig {
    /// Reads the table from the `pyproject.toml` of a folder; without one every default holds.
    /// Unknown keys become problems.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, or a key with a value of the wrong type.
    pub(crate) fn read(rootdir: &Path, problems: &mut Vec<Problem>) -> Result<Self> {
        let path = rootdir.join("pyproject.toml");
        if !path.is_file() {
            return Ok(Self::default());
        }
        let source = load::read_text(&path)?;
        let mut document: Table = source
            .parse()
            .map_err(|error| load::toml_error(&path, &source, &error))?;
        let Some(Value::Table(mut tool)) = document.remove("tool") else {
            return Ok(Self::default());
        };
        let error = |line: Option<u32>, message: String| {
            let place = line.map_or_else(String::new, |line| format!("line {line}: "));
            Error::new(ErrorKind::Config, format!("{place}{message}")).with_path(&path)
        };
        let mut table = match tool.remove("fastest") {
            None => return Ok(Self::default()),
            Some(Value::Table(table)) => table,
            Some(_) => return Err(error(None, "`tool.fastest` must be a table".to_owned())),
        };
        let names: Vec<String> = table.keys().cloned().collect();
        for name in names {
            let line = line_of(&source, &name);
            if !KEYS.contains(&name.as_str()) {
                table.remove(&name);
                let meant = text::nearest(&name, KEYS.iter().copied());
                let hint = match meant {
                    Some(key) => format!("did you mean `{key}`?"),
                    None => format!("the keys are {}", KEYS.join(", ")),
                };
                let message = format!("unknown key `{name}` in [tool.fastest] is not used; {hint}");
                problems
                    .push(Problem::new(ProblemKind::Config, message).at("pyproject.toml", line));
                continue;
            }
            let alone: Table = table.get_key_value(&name).into_iter().map(cloned).collect();
            alone.try_into::<Self>().map_err(|cause| {
                let cause = cause.message().trim();
                error(line, format!("`{name}` in [tool.fastest]: {cause}"))
            })?;
        }
        table
            .try_into()
            .map_err(|cause| error(None, format!("[tool.fastest]: {}", cause.message())))
    }
}

fn cloned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// The line on which a key of the table stands.
fn line_of(source: &str, key: &str) -> Option<u32> {
    fn entry<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<(usize, &'t DeValue<'i>)> {
        table
            .iter()
            .find(|(key, _)| key.get_ref() == name)
            .map(|(key, value)| (key.span().start, value.get_ref()))
    }
    let document = DeTable::parse(source).ok()?;
    let (_, tool) = entry(document.get_ref(), "tool")?;
    let (_, fastest) = entry(tool.as_table()?, "fastest")?;
    let (start, _) = entry(fastest.as_table()?, key)?;
    Some(load::line_at(source.as_bytes(), start))
}
