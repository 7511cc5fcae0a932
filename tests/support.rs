//! What the tests share.
#![allow(dead_code)]
use std::path::{Path, PathBuf};
/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
