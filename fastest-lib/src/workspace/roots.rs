//! The folders in which Python looks for modules when pytest runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::config::ImportMode;
use super::files::{FileKind, FileSet};
use super::interpreter::Interpreter;
use super::paths;

/// The folders in which imports of test files are looked up, in the order of their weight.
///
/// The standard library is not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportRoots {
    /// Put on `sys.path` by pytest for the test files and conftests themselves; none under
    /// `--import-mode=importlib`. Which of two comes first depends on the order of collection.
    pub inserted: Vec<PathBuf>,
    /// `pythonpath` of the configuration, then `PYTHONPATH`.
    pub configured: Vec<PathBuf>,
    /// The `site-packages` folders of the interpreter.
    pub installed: Vec<PathBuf>,
}

impl ImportRoots {
    /// The folders that pytest puts on `sys.path` for these files.
    pub(crate) fn inserted(mode: ImportMode, files: &FileSet) -> Vec<PathBuf> {
        if mode == ImportMode::Importlib {
            return Vec::new();
        }
        let modules = files.files.iter().filter(|f| f.kind == FileKind::Module);
        let mut folders = BTreeSet::new();
        for file in modules {
            let paths = file.conftests.iter().chain([&file.path]);
            folders.extend(paths.filter_map(|path| path.parent()));
        }
        let roots: BTreeSet<&Path> = folders.into_iter().map(above_package).collect();
        roots.into_iter().map(Path::to_path_buf).collect()
    }
}

/// The first folder upward that is no package.
fn above_package(folder: &Path) -> &Path {
    let mut outside = folder.ancestors();
    outside
        .find(|folder| !folder.join("__init__.py").is_file())
        .unwrap_or(folder)
}

/// The `site-packages` folders of an interpreter, found without starting it: by the layout that
/// installations and virtual environments have. Empty when it is none that is known.
pub(crate) fn site_packages(interpreter: &Interpreter) -> Vec<PathBuf> {
    let Some(prefix) = interpreter.path.parent().and_then(Path::parent) else {
        return Vec::new();
    };
    let Ok(environment) = std::fs::read_to_string(prefix.join("pyvenv.cfg")) else {
        // Outside of an environment the prefix is where the real executable lies.
        let Ok(real) = interpreter.path.canonicalize() else {
            return Vec::new();
        };
        return of_installation(&real);
    };
    let setting = |name: &str| {
        let mut lines = environment.lines();
        lines.find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    let mut found = below(prefix, None);
    if setting("include-system-site-packages").as_deref() == Some("true")
        && let Ok(real) = interpreter.path.canonicalize()
    {
        found.extend(of_installation(&real));
    }
    found
}

fn of_installation(executable: &Path) -> Vec<PathBuf> {
    let Some(prefix) = executable.parent().and_then(Path::parent) else {
        return Vec::new();
    };
    let name = executable.file_name().unwrap_or_default().to_string_lossy();
    let version = name.contains('.').then(|| name.into_owned());
    let mut found = Vec::new();
    if prefix == Path::new("/usr") {
        // Debian keeps what pip installs, and what its packages bring, under other names.
        found.extend(below(Path::new("/usr/local"), version.as_deref()));
        found.extend([PathBuf::from("/usr/lib/python3/dist-packages")].filter_folders());
    }
    found.extend(below(prefix, version.as_deref()));
    found
}

/// The folders of installed modules below `prefix/lib/python3.x`; of that one Python when the
/// executable's name says which.
fn below(prefix: &Path, version: Option<&str>) -> Vec<PathBuf> {
    let windows = prefix.join("Lib").join("site-packages");
    if cfg!(windows) {
        return [windows].filter_folders().collect();
    }
    let mut folders = Vec::new();
    for lib in ["lib", "lib64"] {
        let Ok(entries) = std::fs::read_dir(prefix.join(lib)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("python3.") && version.is_none_or(|version| version == name) {
                for packages in ["site-packages", "dist-packages"] {
                    folders.push(entry.path().join(packages));
                }
            }
        }
    }
    folders.sort();
    let mut seen = BTreeSet::new();
    let folders = folders.filter_folders();
    // `lib64` is often a link to `lib`.
    let distinct = folders.filter(|path| path.canonicalize().is_ok_and(|real| seen.insert(real)));
    distinct.collect()
}

trait FilterFolders: IntoIterator<Item = PathBuf> + Sized {
    fn filter_folders(self) -> impl Iterator<Item = PathBuf> {
        self.into_iter().filter(|path| path.is_dir())
    }
}

impl<T: IntoIterator<Item = PathBuf>> FilterFolders for T {}

/// The folders of a search path as the environment spells it.
pub(crate) fn of_environment(base: &Path, value: Option<&std::ffi::OsStr>) -> Vec<PathBuf> {
    let folders = value.into_iter().flat_map(std::env::split_paths);
    folders
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| paths::absolute(base, path))
        .collect()
}
