//! Evaluates rule and build files with stand-ins of the build systems' own functions.
//!
//! Neither a current Bazel nor any Buck2 can be installed by a package name. What is here takes the
//! place of one for the rules' sake: `standins/buck2.star` and `standins/bazel.star` are Starlark too,
//! and hold a rule to what the real ones would: types of attributes, names, providers, outputs that are
//! made once, cycles, visibility. [`World`] loads files and analyses all targets; what comes out is JSON.

mod mistake;
mod object;
mod order;
mod small;
mod world;

use std::path::{Path, PathBuf};

pub use mistake::Mistake;
pub use world::{System, World};

/// The folder of this repository.
pub fn repository() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().unwrap_or(folder)
}
