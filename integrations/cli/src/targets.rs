//! `fastest targets`: build files from the import graph.

use std::io::{self, Write};
use std::path::Path;

use anstyle::AnsiColor;
use fastest_lib::report::ExitCode;
use fastest_lib::workspace::{Granularity, TargetsConfig};
use fastest_lib::{Error, ErrorKind, Session};
use fastest_targets::{Note, System, Targets, TargetsOptions};

use crate::args::{GranularityArg, SystemArg, TargetsArgs};
use crate::text::paint;
use crate::workspace;

pub(crate) fn targets(args: &TargetsArgs) -> Result<ExitCode, Error> {
    let session = Session::open(workspace::place_options(&args.place)?)?;
    let (graph, _) = session.graph(!args.no_cache);
    let (system, config) = system(args.system, &session);
    let granularity = args.granularity.map(|granularity| match granularity {
        GranularityArg::File => Granularity::File,
        GranularityArg::Test => Granularity::Test,
    });
    let options = TargetsOptions {
        granularity: granularity.unwrap_or(config.granularity),
        cache: !args.no_cache,
        ..TargetsOptions::of(config)
    };
    let targets = Targets::of(&system, &session, &graph, &options);
    if !args.check {
        targets
            .apply(&system.root)
            .map_err(|error| Error::new(ErrorKind::Io, error.to_string()))?;
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let rootdir = session.workspace().rootdir();
    let mut changes = targets.changes.iter();
    let written = changes.try_for_each(|change| {
        let path = shown(&system, rootdir, &change.path);
        writeln!(out, "{path}")
    });
    // A reader that has had enough is no error.
    let _ = written.and_then(|()| out.flush());
    print_notes(&system, rootdir, &targets.notes);
    let changed = targets.changes.len();
    let what = match args.check {
        true => format!("{changed} stale"),
        false => format!("{changed} written"),
    };
    anstream::eprintln!(
        "{} build files of {}: {} libraries, {} tests; {what}",
        targets.files,
        system.name(),
        targets.libraries,
        targets.tests,
    );
    if args.check && changed > 0 {
        anstream::eprintln!(
            "{} `fastest targets {}` brings them up to date",
            paint(AnsiColor::Cyan.on_default(), "help:"),
            system.word()
        );
    }
    // The process ends here; to take a large graph apart first would only cost time.
    std::mem::forget(graph);
    let failed = targets.notes.iter().any(|note| note.is_error) || args.check && changed > 0;
    Ok(match failed {
        true => ExitCode::TestsFailed,
        false => ExitCode::Ok,
    })
}

/// The build system around the rootdir, and what the configuration says of it.
pub(crate) fn system(system: SystemArg, session: &Session) -> (System, &TargetsConfig) {
    let workspace = session.workspace();
    let config = workspace.fastest_config();
    match system {
        SystemArg::Bazel => (fastest_bazel::system(workspace.rootdir()), &config.bazel),
        SystemArg::Buck2 => (fastest_buck2::system(workspace.rootdir()), &config.buck2),
    }
}

/// A path relative to the root of the workspace, as one relative to the rootdir.
fn shown(system: &System, rootdir: &Path, path: &str) -> String {
    let absolute = system.root.join(path);
    let inside = absolute.strip_prefix(rootdir);
    inside.map_or_else(
        |_| path.to_owned(),
        |inside| inside.to_string_lossy().replace('\\', "/"),
    )
}

pub(crate) fn print_notes(system: &System, rootdir: &Path, notes: &[Note]) {
    for note in notes {
        let (color, word) = match note.is_error {
            true => (AnsiColor::Red, "error:"),
            false => (AnsiColor::Yellow, "problem:"),
        };
        let line = note
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        anstream::eprintln!(
            "{} {}{line}: {}",
            paint(color.on_default().bold(), word),
            shown(system, rootdir, &note.path),
            note.message
        );
    }
}
