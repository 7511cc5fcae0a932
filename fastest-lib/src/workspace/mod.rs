//! The first stage: from a path to the rootdir, the configuration, the files and the interpreter.
//!
//! [`Workspace::open`] determines the rootdir and reads the configuration as pytest 9.2 does, and
//! [`Workspace::test_files`] finds the files that it would collect, in its order. Nothing here runs
//! Python, so what a `conftest.py` or a plugin changes about collection is not seen.

mod addopts;
mod arguments;
mod config;
mod coverage;
mod display;
mod fastest_config;
mod files;
mod fnmatch;
mod glob;
mod graph_config;
mod hermetic_config;
mod history;
mod ini;
mod interpreter;
mod limits;
mod load;
mod open;
mod option_table;
mod options;
mod paths;
mod records;
mod rootdir;
mod roots;
mod settings;
mod strategy;
mod targets_config;
mod text;
mod version;
mod walk;

pub use addopts::Addopts;
pub use arguments::Argument;
pub use config::{Config, ImportMode, IniValue};
pub use coverage::CoverageOptions;
pub use display::{DisplayOptions, ShowCapture};
pub use fastest_config::{EngineChoice, FastestConfig, OutputFormat};
pub use files::{FileKind, FileSet, TestFile};
pub(crate) use fnmatch::{Fnmatch, PathPattern};
pub(crate) use glob::glob;
pub use graph_config::{AffectedConfig, AffectedRule, EdgeGlobs, GraphConfig, Policy};
pub use hermetic_config::{HermeticConfig, Network};
pub(crate) use history::RunHistory;
pub use history::{History, LastOutcome, TestHistory};
pub(crate) use ini::{Sections as IniSections, parse as parse_ini};
pub use interpreter::{Interpreter, InterpreterSource};
pub use limits::parse_size;
pub use open::Workspace;
pub(crate) use option_table::is_of_plugin as is_option_of_plugin;
pub use options::WorkspaceOptions;
pub(crate) use paths::{absolute, slashed};
pub(crate) use records::digest_of;
pub use records::{Record, Records};
pub use rootdir::config_file_within;
pub use roots::ImportRoots;
pub use strategy::{Isolation, Strategy};
pub use targets_config::{Granularity, TargetsConfig};
pub(crate) use text::nearest;
