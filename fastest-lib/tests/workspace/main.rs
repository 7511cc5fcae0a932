//! Compares the workspace stage with pytest itself, over folders that are made for it.
//!
//! `FASTEST_TEST_PYTHON` names an interpreter that has pytest; `cargo xtask test` sets it.

mod arguments;
mod case;
mod configuration;
mod errors;
mod fastest;
mod files;
mod rootdir;
