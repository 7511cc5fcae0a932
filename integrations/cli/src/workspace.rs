//! From the command line to the library's options.

use std::path::Path;

use anstyle::AnsiColor;
use fastest_lib::selection::Filters;
use fastest_lib::workspace::{ImportMode, WorkspaceOptions};
use fastest_lib::{Error, ErrorKind, Problem, Session};

use crate::args::{ImportModeArg, PlaceArgs, WorkspaceArgs};
use crate::text::paint;

pub(crate) fn options(args: &WorkspaceArgs) -> Result<WorkspaceOptions, Error> {
    let mut options = place_options(&args.place)?;
    options.args.clone_from(&args.paths);
    options.import_mode = args.import_mode.map(|mode| match mode {
        ImportModeArg::Prepend => ImportMode::Prepend,
        ImportModeArg::Append => ImportMode::Append,
        ImportModeArg::Importlib => ImportMode::Importlib,
    });
    options.ignore.clone_from(&args.ignore);
    options.ignore_glob.clone_from(&args.ignore_glob);
    options.deselect.clone_from(&args.deselect);
    Ok(options)
}

/// Options without any paths.
pub(crate) fn place_options(args: &PlaceArgs) -> Result<WorkspaceOptions, Error> {
    let here = std::env::current_dir().map_err(|error| {
        Error::new(
            ErrorKind::Io,
            format!("the current folder cannot be used: {error}"),
        )
    })?;
    let mut options = WorkspaceOptions::from_env(here);
    options.rootdir.clone_from(&args.rootdir);
    options.config_file.clone_from(&args.config_file);
    options.overrides.clone_from(&args.overrides);
    Ok(options)
}

/// The filters of the command line, else those of `addopts`.
pub(crate) fn filters(session: &Session, args: &WorkspaceArgs) -> Filters {
    let addopts = session.workspace().addopts();
    Filters {
        keyword: args.keyword.clone().or_else(|| addopts.keyword.clone()),
        markexpr: args.markexpr.clone().or_else(|| addopts.markexpr.clone()),
        deselect: session.workspace().deselect().to_vec(),
        ..Filters::default()
    }
}

pub(crate) fn print_problem(problem: &Problem) {
    anstream::eprintln!(
        "{} {}{}",
        paint(AnsiColor::Yellow.on_default().bold(), "problem:"),
        place(problem),
        problem.message
    );
}

/// `file:line: `, as far as the problem speaks of one.
pub(crate) fn place(problem: &Problem) -> String {
    match (&problem.path, problem.line) {
        (Some(path), Some(line)) => format!("{path}:{line}: "),
        (Some(path), None) => format!("{path}: "),
        _ => String::new(),
    }
}

/// Creates a report file and the folders above it.
pub(crate) fn create(path: &Path) -> Result<std::fs::File, Error> {
    let failed = |error: std::io::Error| {
        Error::new(
            ErrorKind::Io,
            format!("{}: cannot be written: {error}", path.display()),
        )
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::File::create(path).map_err(failed)
}
