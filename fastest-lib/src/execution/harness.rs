//! The embedded Python side, written to a folder where an interpreter can import it.

use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::{Error, Result};

static HARNESS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/harness/fastest_harness");

const PACKAGE: &str = "fastest_harness";

/// Writes the harness below `cache_dir` unless this version of it is there, and gives the file to
/// start. Several processes may do so at once: each writes aside and renames.
pub(super) fn materialise(cache_dir: &Path) -> Result<PathBuf> {
    let files = python_files(&HARNESS);
    let mut hasher = blake3::Hasher::new();
    for (path, contents) in &files {
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update(&(contents.len() as u64).to_le_bytes());
        hasher.update(contents);
    }
    let digest = hasher.finalize().to_hex();
    let target = cache_dir.join("harness").join(&digest[..16]);
    let boot = target.join(PACKAGE).join("__main__.py");
    if boot.is_file() {
        return Ok(boot);
    }
    let parent = cache_dir.join("harness");
    fs::create_dir_all(&parent).map_err(|error| Error::io(&parent, error))?;
    let aside = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(&parent)
        .map_err(|error| Error::io(&parent, error))?;
    for (path, contents) in &files {
        let file = aside.path().join(PACKAGE).join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
        }
        fs::write(&file, contents).map_err(|error| Error::io(&file, error))?;
    }
    match fs::rename(aside.path(), &target) {
        Ok(()) => {
            // It has its final name now; there is nothing left to remove.
            let _ = aside.keep();
        }
        Err(_) if boot.is_file() => {}
        Err(error) => return Err(Error::io(&target, error)),
    }
    Ok(boot)
}

fn python_files(dir: &'static Dir<'static>) -> Vec<(&'static Path, &'static [u8])> {
    let mut files = Vec::new();
    let mut folders = vec![dir];
    while let Some(folder) = folders.pop() {
        files.extend(
            folder
                .files()
                .filter(|file| file.path().extension().is_some_and(|kind| kind == "py"))
                .map(|file| (file.path(), file.contents())),
        );
        folders.extend(folder.dirs());
    }
    files.sort_unstable();
    files
}
