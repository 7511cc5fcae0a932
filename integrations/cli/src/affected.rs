//! `fastest affected`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use fastest_buck2::Line;
use fastest_lib::discovery::{DiscoverOptions, DiscoveredFile, Discovery};
use fastest_lib::graph::ImportGraph;
use fastest_lib::report::ExitCode;
use fastest_lib::selection::{AffectedReason, AffectedSet, AffectedTest, Change, Changes};
use fastest_lib::{Error, NodeId, Problem, Session};
use serde::Serialize;

use crate::args::{AffectedArgs, AffectedOutput, LevelArg};
use crate::graph::way;
use crate::labels::{self, Labels};
use crate::workspace;

/// The version of the schema of affected sets.
const SCHEMA: u32 = 1;

/// What `--output json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    rootdir: &'a Path,
    base: Option<&'a str>,
    changes: &'a [Change],
    outside: &'a [String],
    tests: Vec<Test<'a>>,
    test_files: usize,
    without_tests: &'a [String],
    problems: &'a [Problem],
    /// Targets of Buck2, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    buck2: Option<Vec<Line>>,
}

#[derive(Serialize)]
struct Test<'a> {
    #[serde(flatten)]
    test: &'a AffectedTest,
    ids: Vec<&'a NodeId>,
    /// Whether it may have tests that are not among them.
    open: bool,
}

pub(crate) fn affected(args: &AffectedArgs) -> Result<ExitCode, Error> {
    let system = labels::system(args)?;
    let options = workspace::options(&args.workspace)?;
    let session = Session::open(options)?;
    let (rootdir, here) = {
        let workspace = session.workspace();
        (workspace.rootdir(), workspace.invocation_dir())
    };
    let (graph, _) = session.joined_graph(!args.no_cache);
    let changes = match &args.since {
        Some(rev) => session.changes_since(&graph, rev)?,
        None => Changes::listed(rootdir, here, &args.changed),
    };
    if let Some(system) = system {
        let labels = Labels::of(system, &session, &graph, &changes);
        labels.print(&session, args.output);
        if args.explain {
            explain(&session.affected_units(&graph, &changes));
        }
        for problem in graph.problems() {
            workspace::print_problem(&problem);
        }
        std::mem::forget(graph);
        return Ok(match labels.is_incomplete() {
            true => ExitCode::TestsFailed,
            false => ExitCode::Ok,
        });
    }
    let mut set = session.affected(&graph, &changes);
    set.problems.extend(graph.problems());
    let (discovery, narrowed) = match args.output {
        AffectedOutput::Files => (None, BTreeSet::new()),
        _ => {
            let (discovery, narrowed) = discover(args, &session, &graph, &set, &changes)?;
            (Some(discovery), narrowed)
        }
    };
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = match (args.output, &discovery) {
        (AffectedOutput::Json, Some(discovery)) => {
            let lines = Labels::lines_if_any(&session, &graph, &changes);
            json(
                &session, &changes, &set, discovery, &narrowed, lines, &mut out,
            )
        }
        (_, Some(discovery)) => ids(discovery, &narrowed, &mut out),
        (_, None) => set
            .tests
            .iter()
            .try_for_each(|test| writeln!(out, "{}", test.file)),
    };
    // A reader that has had enough is no error.
    let _ = written.and_then(|()| out.flush());
    if args.explain {
        explain(&set);
    }
    for problem in &set.problems {
        workspace::print_problem(problem);
    }
    // The process ends here; to take a large graph apart first would only cost time.
    std::mem::forget(graph);
    Ok(ExitCode::Ok)
}

/// One node id a line, and the paths of files that may have further tests.
fn ids(discovery: &Discovery, narrowed: &BTreeSet<String>, out: &mut impl Write) -> io::Result<()> {
    for (_, test) in discovery.tests() {
        writeln!(out, "{}", test.id)?;
    }
    let mut files = discovery.files.iter();
    files.try_for_each(|file| match may_have_more(file, narrowed) {
        true => writeln!(out, "{}", file.path),
        false => Ok(()),
    })
}

/// Whether a file may have tests that are not listed. A narrowed file has none that count: what makes them
/// is as it was.
fn may_have_more(file: &DiscoveredFile, narrowed: &BTreeSet<String>) -> bool {
    !narrowed.contains(&file.path) && file.may_have_more()
}

/// The tests of the files that are concerned, and the files of which only some are.
fn discover(
    args: &AffectedArgs,
    session: &Session,
    graph: &ImportGraph,
    set: &AffectedSet,
    changes: &Changes,
) -> Result<(Discovery, BTreeSet<String>), Error> {
    if set.tests.is_empty() {
        return Ok(Default::default());
    }
    let rootdir = session.workspace().rootdir();
    let mut options = workspace::options(&args.workspace)?;
    let file = |test: &AffectedTest| rootdir.join(&test.file).to_string_lossy().into_owned();
    options.args = set.tests.iter().map(file).collect();
    // The rootdir must not depend on which files there are.
    options.rootdir = Some(rootdir.to_path_buf());
    let config = session.workspace().inipath();
    options.config_file = options
        .config_file
        .or_else(|| config.map(Path::to_path_buf));
    let of_files = Session::open(options)?;
    let mut discover = DiscoverOptions::default();
    discover.cache = !args.no_cache;
    let mut discovery = of_files.discover_with(&discover)?;
    let narrowed = match args.level {
        LevelArg::Symbol => set.narrow(graph, changes, rootdir, &mut discovery),
        LevelArg::File => BTreeSet::new(),
    };
    Ok((discovery, narrowed))
}

fn json(
    session: &Session,
    changes: &Changes,
    set: &AffectedSet,
    discovery: &Discovery,
    narrowed: &BTreeSet<String>,
    buck2: Option<Vec<Line>>,
    out: &mut impl Write,
) -> io::Result<()> {
    let ids = |test: &AffectedTest| {
        let files = discovery.files.iter().filter(|file| file.path == test.file);
        files
            .flat_map(|file| &file.tests)
            .map(|test| &test.id)
            .collect()
    };
    let open = |test: &AffectedTest| {
        let mut files = discovery.files.iter();
        let file = files.find(|file| file.path == test.file);
        file.is_some_and(|file| may_have_more(file, narrowed))
    };
    let tests = set.tests.iter();
    let document = Document {
        schema: SCHEMA,
        rootdir: session.workspace().rootdir(),
        base: changes.base.as_deref(),
        changes: &changes.changes,
        outside: &changes.outside,
        tests: tests
            .map(|test| Test {
                ids: ids(test),
                open: open(test),
                test,
            })
            .collect(),
        test_files: set.test_files,
        without_tests: &set.without_tests,
        problems: &set.problems,
        buck2,
    };
    serde_json::to_writer(&mut *out, &document).map_err(io::Error::from)?;
    writeln!(out)
}

fn explain(set: &AffectedSet) {
    for test in &set.tests {
        let why = match &test.reason {
            AffectedReason::Changed { .. } => "it has changed".to_owned(),
            AffectedReason::Depends {
                on, changed, path, ..
            } => {
                let mut lines = Vec::new();
                if !path.is_empty() {
                    lines.push(way(path).replace('\n', "\n  "));
                }
                if let Some(file) = changed {
                    lines.push(format!("{file} has changed, and {on} stands for it"));
                }
                lines.join("\n  ")
            }
            AffectedReason::Rule { file } => {
                format!("{file} has changed, and [tool.fastest.affected] ties them")
            }
            AffectedReason::Everything { file, why } => format!("{file} has changed: {why}"),
            _ => String::new(),
        };
        anstream::eprintln!("{}\n  {why}", test.file);
    }
    for file in &set.without_tests {
        anstream::eprintln!("{file}\n  concerns no test");
    }
    anstream::eprintln!("{} of {} test files", set.tests.len(), set.test_files);
}
