//! The embedded Python side, written to a folder where an interpreter can import it.

use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use tempfile::TempDir;

use super::basetemp::temp_dir;
use crate::syntax::{Cleared, remove_owned};
use crate::{Error, Problem, ProblemKind, Result};

static HARNESS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/harness/fastest_harness");

const PACKAGE: &str = "fastest_harness";

/// What the name of an unfinished version begins with.
const ASIDE: &str = ".new-";

/// The harness as files.
#[derive(Debug)]
pub(super) struct Harness {
    /// The file that the interpreter has to run.
    pub(super) boot: PathBuf,
    /// Why it is not in the cache.
    pub(super) problem: Option<Problem>,
    /// Where it is instead; gone with this value.
    _elsewhere: Option<TempDir>,
}

impl Harness {
    /// Writes the harness below `cache_dir` unless this version of it is there; into a temporary
    /// folder if that is not possible.
    pub(super) fn materialise(cache_dir: &Path) -> Result<Self> {
        let error = match write(cache_dir) {
            Ok(boot) => {
                return Ok(Self {
                    boot,
                    problem: None,
                    _elsewhere: None,
                });
            }
            Err(error) => error,
        };
        let Ok(elsewhere) = tempfile::Builder::new()
            .prefix("fastest-")
            .tempdir_in(temp_dir())
        else {
            return Err(error.with_help("set FASTEST_CACHE_DIR to a folder that can be written"));
        };
        let message = format!(
            "the cache cannot be used ({error}), which makes every run start slower; set \
             FASTEST_CACHE_DIR to a folder that can be written"
        );
        Ok(Self {
            boot: write(elsewhere.path())?,
            problem: Some(Problem::new(ProblemKind::Io, message)),
            _elsewhere: Some(elsewhere),
        })
    }
}

/// What tells this harness from others.
pub(crate) fn digest() -> blake3::Hash {
    digest_of(&python_files(&HARNESS))
}

fn digest_of(files: &[(&Path, &[u8])]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for (path, contents) in files {
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update(&(contents.len() as u64).to_le_bytes());
        hasher.update(contents);
    }
    hasher.finalize()
}

/// Several processes may do this at once: each writes aside and renames.
fn write(cache_dir: &Path) -> Result<PathBuf> {
    let files = python_files(&HARNESS);
    let digest = digest_of(&files).to_hex();
    let target = cache_dir.join("harness").join(&digest[..16]);
    let boot = target.join(PACKAGE).join("__main__.py");
    if boot.is_file() {
        return Ok(boot);
    }
    let parent = cache_dir.join("harness");
    fs::create_dir_all(&parent).map_err(|error| Error::io(&parent, error))?;
    let aside = tempfile::Builder::new()
        .prefix(ASIDE)
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

/// Writes the embedded Python side below `cache_dir`, where runs with that cache look for it; gives the
/// folder of its package, which may be compiled ahead of runs.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_harness(cache_dir: &Path) -> Result<PathBuf> {
    let boot = write(cache_dir)?;
    Ok(boot
        .parent()
        .map_or_else(|| boot.clone(), Path::to_path_buf))
}

/// Removes the embedded Python side and the compiled tests from `cache_dir`, and nothing else. Runs
/// that are going on at the time may fail.
///
/// # Errors
///
/// When a file cannot be removed, or a folder cannot be read.
pub fn clear_harness(cache_dir: &Path) -> Result<Cleared> {
    let mut cleared = Cleared::default();
    let closed = cache_dir.join(super::units::CODE);
    for folder in [cache_dir, &closed] {
        remove_owned(folder, is_compiled_test, &mut cleared)
            .map_err(|error| Error::io(folder, error))?;
    }
    let _ = fs::remove_dir(&closed);
    let parent = cache_dir.join("harness");
    for version in folders(&parent)? {
        let name = version.file_name().unwrap_or_default().to_string_lossy();
        let is_ours = name.starts_with(ASIDE) || name.len() == 16 && name.bytes().all(is_hex);
        if is_ours {
            clear_package(&version.join(PACKAGE), &mut cleared)?;
            // Refused when something else is in it, here and below.
            let _ = fs::remove_dir(&version);
        }
    }
    let _ = fs::remove_dir(&parent);
    Ok(cleared)
}

fn clear_package(folder: &Path, cleared: &mut Cleared) -> Result<()> {
    for below in folders(folder)? {
        clear_package(&below, cleared)?;
    }
    let is_python = |name: &str| name.ends_with(".py") || name.contains(".pyc");
    remove_owned(folder, is_python, cleared).map_err(|error| Error::io(folder, error))
}

/// The folders in a folder, without symlinks to some.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};

    let failed = |error| Error::io(folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// `<digest>-<length>.<interpreter>-pytest-<version>….bin`, as `rewrite.py` names them; with a
/// process id behind it while it is being written.
fn is_compiled_test(name: &str) -> bool {
    let Some((digest, rest)) = name.split_once('-') else {
        return false;
    };
    let stem = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    digest.len() == 16
        && digest.bytes().all(is_hex)
        && rest.contains("-pytest-")
        && (rest.ends_with(".bin") || stem.ends_with(".bin."))
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
