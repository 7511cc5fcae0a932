//! Digests of what a collection depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::answer::Inputs;

/// 64 hexadecimal digits.
pub(super) type Digest = String;

/// Variables that differ from call to call and that no collection means to ask for: the size of the
/// terminal is asked for by whatever prints.
const IGNORED_VARIABLES: &[&str] = &[
    "_",
    "COLUMNS",
    "LINES",
    "PYTEST_CURRENT_TEST",
    "PYTEST_VERSION",
];

/// Names in folders that collections and runs leave there themselves.
const IGNORED_NAMES: &[&str] = &["__pycache__", ".pytest_cache", ".hypothesis"];

/// What the files of a session depend on together, each with its digest; none for what is not
/// there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shared {
    pub(super) files: BTreeMap<String, Option<Digest>>,
    folders: BTreeMap<String, Option<Digest>>,
    /// Folders of installed modules: the names and times of the distributions in them.
    libraries: BTreeMap<String, Digest>,
    variables: BTreeMap<String, Option<Digest>>,
    all_variables: Option<Digest>,
}

impl Shared {
    /// Takes the digests of `inputs`, and keeps those of `earlier` inputs besides. `is_shared` is
    /// false for the files that are looked at one by one.
    pub(super) fn new(
        inputs: &Inputs,
        is_shared: impl Fn(&str) -> bool,
        earlier: Option<Self>,
    ) -> Self {
        let mut shared = earlier.unwrap_or_default();
        let files = inputs.files.iter().chain(&inputs.probes);
        for path in files.filter(|path| is_shared(path)) {
            shared.files.insert(path.clone(), of_file(path));
        }
        for path in &inputs.folders {
            shared.folders.insert(path.clone(), of_folder(path));
        }
        for path in &inputs.libraries {
            shared.libraries.insert(path.clone(), of_library(path));
        }
        for name in &inputs.variables {
            let value = std::env::var_os(name);
            shared
                .variables
                .insert(name.clone(), value.as_deref().map(of_text));
        }
        if inputs.all_variables || shared.all_variables.is_some() {
            shared.all_variables = Some(of_variables(|_| true));
        }
        shared
    }

    /// Whether everything is still as it was.
    pub(super) fn is_unchanged(&self) -> bool {
        let same_file = |(path, digest): (&String, &Option<Digest>)| of_file(path) == *digest;
        let same_folder = |(path, digest): (&String, &Option<Digest>)| of_folder(path) == *digest;
        self.variables.iter().all(|(name, digest)| {
            let value = std::env::var_os(name);
            let is_same = || value.as_deref().map(of_text) == *digest;
            IGNORED_VARIABLES.contains(&name.as_str()) || is_same()
        }) && self
            .all_variables
            .as_ref()
            .is_none_or(|digest| of_variables(|_| true) == *digest)
            && self
                .libraries
                .iter()
                .all(|(path, digest)| of_library(path) == *digest)
            && self.files.par_iter().all(same_file)
            && self.folders.par_iter().all(same_folder)
    }

    /// A file that changed since `start`, so that it may have been read before.
    pub(super) fn changed_since(&self, start: SystemTime) -> Option<&str> {
        let mut files = self.files.keys().map(String::as_str);
        files.find(|path| is_newer(path, start))
    }
}

pub(super) fn is_newer(path: &str, start: SystemTime) -> bool {
    let modified = fs::metadata(path).and_then(|meta| meta.modified());
    modified.is_ok_and(|modified| modified >= start)
}

/// The digest of a file's content; a folder has one that only says that it is there.
pub(super) fn of_file(path: &str) -> Option<Digest> {
    match fs::read(path) {
        Ok(bytes) => Some(hex(blake3::hash(&bytes))),
        Err(_) if Path::new(path).is_dir() => Some("folder".to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => Some(error.kind().to_string()),
    }
}

fn of_folder(path: &str) -> Option<Digest> {
    let names: BTreeSet<_> = fs::read_dir(path)
        .ok()?
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| !IGNORED_NAMES.iter().any(|ignored| name == ignored))
        .collect();
    Some(of_parts(names.iter().map(|name| name.as_encoded_bytes())))
}

/// The distributions of a folder, as their names and times tell of them.
fn of_library(path: &str) -> Digest {
    const TELLING: &[&str] = &["dist-info", "egg-info", "egg-link", "egg", "pth"];
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let kind = Path::new(&name).extension().and_then(OsStr::to_str);
        if kind.is_some_and(|kind| TELLING.contains(&kind)) {
            let modified = entry.metadata().and_then(|meta| meta.modified()).ok();
            let modified = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
            entries.insert(name, modified.map_or(0, |since| since.as_nanos()));
        }
    }
    let mut hasher = blake3::Hasher::new();
    for (name, modified) in &entries {
        add(&mut hasher, name.as_encoded_bytes());
        add(&mut hasher, &modified.to_le_bytes());
    }
    hex(hasher.finalize())
}

/// The executable and, for a virtual environment, its settings.
pub(super) fn of_interpreter(path: &Path) -> Digest {
    let mut hasher = blake3::Hasher::new();
    add(&mut hasher, path.as_os_str().as_encoded_bytes());
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    add(&mut hasher, real.as_os_str().as_encoded_bytes());
    if let Ok(meta) = fs::metadata(&real) {
        add(&mut hasher, &meta.len().to_le_bytes());
        let modified = meta.modified().ok();
        let modified = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |since| since.as_nanos());
        add(&mut hasher, &modified.to_le_bytes());
    }
    let settings = path
        .ancestors()
        .nth(2)
        .map(|folder| folder.join("pyvenv.cfg"));
    add(
        &mut hasher,
        &settings
            .and_then(|path| fs::read(path).ok())
            .unwrap_or_default(),
    );
    hex(hasher.finalize())
}

/// The environment variables that Python and pytest themselves obey.
pub(super) fn of_python_variables() -> Digest {
    of_variables(|name| name.starts_with("PYTHON") || name.starts_with("PYTEST"))
}

fn of_variables(is_wanted: impl Fn(&str) -> bool) -> Digest {
    let variables: BTreeMap<_, _> = std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            is_wanted(&name) && !IGNORED_VARIABLES.contains(&&*name)
        })
        .collect();
    of_parts(
        variables
            .iter()
            .flat_map(|(name, value)| [name.as_encoded_bytes(), value.as_encoded_bytes()]),
    )
}

fn of_text(text: &OsStr) -> Digest {
    hex(blake3::hash(text.as_encoded_bytes()))
}

/// The digest of a list of byte strings.
pub(super) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        add(&mut hasher, part);
    }
    hex(hasher.finalize())
}

fn add(hasher: &mut blake3::Hasher, part: &[u8]) {
    hasher.update(&(part.len() as u64).to_le_bytes());
    hasher.update(part);
}

fn hex(hash: blake3::Hash) -> Digest {
    hash.to_hex().to_string()
}
