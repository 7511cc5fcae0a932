use std::path::{Path, PathBuf};

use super::options::WorkspaceOptions;
use super::paths;
use crate::{Error, ErrorKind, Result};

/// What named the Python interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InterpreterSource {
    /// The `--python` option.
    Option,
    /// `python` in `[tool.fastest]`.
    Config,
    /// The active virtual environment, `VIRTUAL_ENV`.
    VirtualEnv,
    /// A `.venv` folder of the project.
    DotVenv,
    /// The `PATH`.
    Path,
}

/// The Python that tests run with. It is known to be an executable file, not to be a Python.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interpreter {
    /// The executable, absolute. Links are not resolved: a virtual environment is known by them.
    pub path: PathBuf,
    /// What named it.
    pub source: InterpreterSource,
}

const IN_ENVIRONMENT: &str = if cfg!(windows) {
    "Scripts/python.exe"
} else {
    "bin/python"
};

/// Finds the interpreter without starting one.
///
/// # Errors
/// [`ErrorKind::Interpreter`] when the one that was asked for is not there, or when there is none.
pub(crate) fn find(
    options: &WorkspaceOptions,
    rootdir: &Path,
    configured: Option<&Path>,
) -> Result<Interpreter> {
    let invocation_dir = &options.invocation_dir;
    if let Some(asked) = &options.python {
        return named(options, asked, invocation_dir, InterpreterSource::Option)
            .ok_or_else(|| missing(asked, "--python"));
    }
    if let Some(asked) = configured {
        return named(options, asked, rootdir, InterpreterSource::Config)
            .ok_or_else(|| missing(asked, "`python` in [tool.fastest]"));
    }
    let active = options.virtual_env.iter().map(|folder| {
        let folder = paths::absolute(invocation_dir, folder);
        (folder.join(IN_ENVIRONMENT), InterpreterSource::VirtualEnv)
    });
    let projects = project_folders(invocation_dir, rootdir);
    let projects = projects.into_iter().map(|folder| {
        let path = folder.join(".venv").join(IN_ENVIRONMENT);
        (path, InterpreterSource::DotVenv)
    });
    let mut tried = Vec::new();
    for (path, source) in active.chain(projects) {
        if is_executable(&path) {
            return Ok(Interpreter { path, source });
        }
        tried.push(path.display().to_string());
    }
    for name in ["python3", "python"] {
        if let Some(path) = on_path(options, Path::new(name)) {
            let source = InterpreterSource::Path;
            return Ok(Interpreter { path, source });
        }
        tried.push(format!("{name} on the PATH"));
    }
    let message = format!("no Python interpreter found; tried {}", tried.join(", "));
    Err(Error::new(ErrorKind::Interpreter, message)
        .with_help("activate a virtual environment, or name an interpreter with --python"))
}

fn missing(asked: &Path, by: &str) -> Error {
    Error::new(
        ErrorKind::Interpreter,
        format!("no Python interpreter that can be run, as {by} names it"),
    )
    .with_path(asked)
    .with_help("give the path of an executable, or a name that is on the PATH")
}

/// The interpreter that was asked for by path, or by name when there is no separator in it.
fn named(
    options: &WorkspaceOptions,
    asked: &Path,
    base: &Path,
    source: InterpreterSource,
) -> Option<Interpreter> {
    let path = if asked.components().count() > 1 {
        Some(paths::absolute(base, asked)).filter(|path| is_executable(path))
    } else {
        on_path(options, asked)
    };
    path.map(|path| Interpreter { path, source })
}

/// The folders whose `.venv` is the project's, nearest first: from the invocation folder up to the
/// rootdir when it lies inside, else from the rootdir up to the invocation folder.
fn project_folders<'a>(invocation_dir: &'a Path, rootdir: &'a Path) -> Vec<&'a Path> {
    let between = |from: &'a Path, to: &Path| -> Vec<&'a Path> {
        let inside = from.ancestors().take_while(|folder| folder.starts_with(to));
        inside.collect()
    };
    if invocation_dir.starts_with(rootdir) {
        between(invocation_dir, rootdir)
    } else if rootdir.starts_with(invocation_dir) {
        between(rootdir, invocation_dir)
    } else {
        vec![rootdir, invocation_dir]
    }
}

fn on_path(options: &WorkspaceOptions, name: &Path) -> Option<PathBuf> {
    let folders = options.path_env.as_deref()?;
    std::env::split_paths(folders)
        .map(|folder| paths::absolute(&options.invocation_dir, folder))
        .flat_map(|folder| {
            let plain = folder.join(name);
            let windows = cfg!(windows).then(|| plain.with_extension("exe"));
            std::iter::once(plain).chain(windows)
        })
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    let Ok(meta) = path.metadata() else {
        return false;
    };
    #[cfg(unix)]
    let runs = {
        use std::os::unix::fs::PermissionsExt;
        meta.permissions().mode() & 0o111 != 0
    };
    #[cfg(not(unix))]
    let runs = true;
    meta.is_file() && runs
}
