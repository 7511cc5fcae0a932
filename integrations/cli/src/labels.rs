//! `fastest affected --output bazel` and `buck2`: the labels of affected tests.

use std::io::{self, Write};

use anstyle::AnsiColor;
use fastest_buck2::Line;
use fastest_lib::graph::ImportGraph;
use fastest_lib::selection::Changes;
use fastest_lib::{Error, ErrorKind, Problem, Session};
use fastest_targets::{Concerned, FileChange, Owners, System};

use crate::args::{AffectedArgs, AffectedOutput, LevelArg, SystemArg};
use crate::targets::print_notes;
use crate::text::paint;
use crate::{targets, workspace};

/// The test targets that changes concern, and how many there are.
pub(crate) struct Labels {
    system: System,
    owners: Owners,
    concerned: Concerned,
    problems: Vec<Problem>,
}

impl Labels {
    /// What changes concern, by the build files there are and by the import graph.
    pub(crate) fn of(
        which: SystemArg,
        session: &Session,
        graph: &ImportGraph,
        changes: &Changes,
    ) -> Self {
        let (system, _) = targets::system(which, session);
        let owners = Owners::read(&system, graph);
        let rootdir = session.workspace().rootdir();
        let prefix = rootdir.strip_prefix(&system.root).unwrap_or(rootdir);
        let prefix = prefix.to_string_lossy().replace('\\', "/");
        let from_root = |path: &str| match prefix.as_str() {
            "" => path.to_owned(),
            prefix => format!("{prefix}/{path}"),
        };
        let is_build_file = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            system.is_build_file(name)
        };
        let paths: Vec<&str> = changes
            .changes
            .iter()
            .map(|change| change.path.as_str())
            .collect();
        let build_files: Vec<&str> = paths
            .iter()
            .copied()
            .filter(|path| is_build_file(path))
            .collect();
        let before = changes.before_many(&build_files);
        let mut before: std::collections::HashMap<&str, Option<Vec<u8>>> =
            build_files.into_iter().zip(before).collect();
        let compared = changes.base.is_some();
        let files: Vec<FileChange> = paths
            .iter()
            .map(|path| {
                let text = before.remove(path).flatten();
                let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                FileChange::new(from_root(path), text, compared)
            })
            .collect();
        let mut concerned = owners.concerned(&system, &files);
        let mut of_sources = changes.clone();
        of_sources
            .changes
            .retain(|change| !is_build_file(&change.path) && !change.path.ends_with(".bzl"));
        let set = session.affected_units(graph, &of_sources);
        concerned.add(&owners, set.tests.iter().map(|test| from_root(&test.file)));
        Self {
            system,
            owners,
            concerned,
            problems: set.problems,
        }
    }

    /// Prints the labels, one a line, and says what they lack.
    pub(crate) fn print(&self, session: &Session, output: AffectedOutput) {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = match output {
            AffectedOutput::Buck2Json => self.lines().iter().try_for_each(|line| {
                serde_json::to_writer(&mut out, line)?;
                writeln!(out)
            }),
            _ => self
                .concerned
                .labels()
                .into_iter()
                .try_for_each(|label| writeln!(out, "//{}:{}", label.package, label.name)),
        };
        // A reader that has had enough is no error.
        let _ = written.and_then(|()| out.flush());
        for problem in &self.problems {
            workspace::print_problem(problem);
        }
        let rootdir = session.workspace().rootdir();
        print_notes(&self.system, rootdir, &self.owners.notes);
        for (file, label) in &self.concerned.without_target {
            anstream::eprintln!(
                "{} {file}: it is affected and no target tests it; `fastest targets {}` makes \
                 {}",
                paint(AnsiColor::Yellow.on_default().bold(), "problem:"),
                self.system.word(),
                self.system.full(label),
            );
        }
        if self.concerned.labels().is_empty() {
            anstream::eprintln!("no test is affected, and no label is printed");
        }
    }

    /// What Buck2's change detector would print; none where Buck2 has no targets.
    pub(crate) fn lines_if_any(
        session: &Session,
        graph: &ImportGraph,
        changes: &Changes,
    ) -> Option<Vec<Line>> {
        let (system, _) = targets::system(SystemArg::Buck2, session);
        if Owners::read(&system, graph).is_empty() {
            return None;
        }
        Some(Self::of(SystemArg::Buck2, session, graph, changes).lines())
    }

    /// What Buck2's change detector would print.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let tests = self.concerned.tests.iter();
        tests.map(|test| Line::of(&self.system, test)).collect()
    }

    /// Whether a build file could not be read.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.owners.notes.iter().any(|note| note.is_error)
    }
}

/// The build system that an output is for.
pub(crate) fn system(args: &AffectedArgs) -> Result<Option<SystemArg>, Error> {
    let system = match args.output {
        AffectedOutput::Bazel => SystemArg::Bazel,
        AffectedOutput::Buck2 | AffectedOutput::Buck2Json => SystemArg::Buck2,
        _ => return Ok(None),
    };
    if args.level == LevelArg::Symbol {
        let message = "`--level symbol` chooses among the tests of a file, and targets are made for \
                       files; leave it out";
        return Err(Error::new(ErrorKind::Usage, message));
    }
    Ok(Some(system))
}
