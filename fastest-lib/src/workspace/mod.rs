//! The first stage: from a path to the rootdir, the configuration, the files and the interpreter.

mod config;
mod files;

pub use config::{Config, ImportMode, IniValue};
pub use files::{FileSet, TestFile};
