//! `fastest graph`, `inputs` and `why`: what depends on what.

use std::io::{self, Write};
use std::path::Path;

use fastest_lib::graph::{Edge, NodeKind, Part};
use fastest_lib::report::ExitCode;
use fastest_lib::selection::Inputs;
use fastest_lib::{Error, ErrorKind, Session};
use serde::Serialize;

use crate::args::{GraphArgs, GraphOutput, InputsArgs, InputsOutput, WhyArgs};
use crate::workspace;

/// The version of the schema of `inputs`.
const SCHEMA: u32 = 1;

pub(crate) fn graph(args: &GraphArgs) -> Result<ExitCode, Error> {
    let session = Session::open(workspace::options(&args.workspace)?)?;
    let (graph, counts) = session.graph(!args.no_cache);
    let out = io::stdout().lock();
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    let paths = paths(&session, args);
    let part = graph.part(&paths);
    let written = match args.output {
        Some(GraphOutput::Json) => serde_json::to_writer(&mut out, &part)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
        Some(GraphOutput::Dot) => dot(&part, &mut out),
        None => Ok(()),
    };
    // A reader that has had enough is no error.
    let _ = written.and_then(|()| out.flush());
    if args.stats || args.output.is_none() {
        let stats = graph.stats();
        anstream::eprintln!(
            "{} modules ({} test files), {} other files, {} from elsewhere, {} edges, {} unresolved \
             places; {}",
            stats.modules,
            stats.tests,
            stats.data,
            stats.distributions,
            stats.edges,
            stats.unresolved,
            if counts.from_cache {
                "from the cache".to_owned()
            } else {
                format!("{} files read", counts.read)
            }
        );
    }
    for problem in graph.problems() {
        workspace::print_problem(&problem);
    }
    // The process ends here; to take a large graph apart first would only cost time.
    std::mem::forget(graph);
    Ok(ExitCode::Ok)
}

/// What was asked for, relative to the rootdir; everything without.
fn paths(session: &Session, args: &GraphArgs) -> Vec<String> {
    if args.workspace.paths.is_empty() {
        return vec![String::new()];
    }
    let workspace = session.workspace();
    let paths = workspace.arguments().iter();
    let paths = paths.map(|argument| workspace.node_path(&argument.path));
    paths
        .map(|path| if path == "." { String::new() } else { path })
        .collect()
}

fn dot(part: &Part<'_>, out: &mut impl Write) -> io::Result<()> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    writeln!(out, "digraph imports {{")?;
    for node in part.nodes() {
        let shape = match node.kind {
            NodeKind::Folder | NodeKind::Modules => "folder",
            NodeKind::Distribution | NodeKind::Missing => "plain",
            _ if node.is_test => "box",
            _ => "ellipse",
        };
        writeln!(out, "  {} [shape={shape}];", quoted(&node.path))?;
    }
    for edge in part.edges() {
        let Edge { from, to, kind, .. } = &edge;
        let style = if edge.conditional { "dashed" } else { "solid" };
        let kind = kind.as_str();
        writeln!(
            out,
            "  {} -> {} [label={}, style={style}];",
            quoted(from),
            quoted(to),
            quoted(kind)
        )?;
    }
    writeln!(out, "}}")
}

/// What `inputs --output json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    rootdir: &'a Path,
    tests: &'a [Inputs],
}

pub(crate) fn inputs(args: &InputsArgs) -> Result<ExitCode, Error> {
    let mut options = workspace::options(&args.workspace)?;
    // Files that are no tests, and those that are not there, are for the graph to judge.
    let files = std::mem::take(&mut options.args);
    if files.is_empty() {
        let message = "no test file is named; name one or more: `fastest inputs tests/test_a.py`";
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let session = Session::open(options)?;
    let (graph, _) = session.joined_graph(!args.no_cache);
    let all = session.inputs_of_many(&graph, &files)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match args.output {
        InputsOutput::Json => {
            let document = Document {
                schema: SCHEMA,
                rootdir: graph.rootdir(),
                tests: &all,
            };
            serde_json::to_writer(&mut out, &document)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        }
        InputsOutput::Files => {
            let mut files: Vec<&String> = all.iter().flat_map(|inputs| &inputs.files).collect();
            files.sort_unstable();
            files.dedup();
            files
                .into_iter()
                .try_for_each(|file| writeln!(out, "{file}"))
        }
    };
    let _ = written.and_then(|()| out.flush());
    let mut unresolved: Vec<_> = all.iter().flat_map(|inputs| &inputs.unresolved).collect();
    unresolved.sort_unstable();
    unresolved.dedup();
    if args.output == InputsOutput::Files {
        for place in unresolved {
            anstream::eprintln!("unresolved: {}:{}: {}", place.path, place.line, place.what);
        }
    }
    for problem in graph.problems() {
        workspace::print_problem(&problem);
    }
    Ok(ExitCode::Ok)
}

pub(crate) fn why(args: &WhyArgs) -> Result<ExitCode, Error> {
    let session = Session::open(workspace::place_options(&args.place)?)?;
    let (graph, _) = session.joined_graph(!args.no_cache);
    let (test, file) = (&args.test, &args.file);
    let mut out = io::stdout().lock();
    Ok(match session.why(&graph, test, file)? {
        Some(path) => {
            let way = match path.is_empty() {
                true => format!("{} is the file itself", test.display()),
                false => way(&path),
            };
            let _ = writeln!(out, "{way}");
            ExitCode::Ok
        }
        None => {
            let (test, file) = (test.display(), file.display());
            let _ = writeln!(
                out,
                "{test} does not depend on {file}, as far as can be seen"
            );
            ExitCode::TestsFailed
        }
    })
}

/// A way through the graph, one edge a line.
pub(crate) fn way(path: &[Edge]) -> String {
    let lines = path.iter().map(|edge| {
        let line = match edge.line {
            0 => String::new(),
            line => format!(":{line}"),
        };
        let Edge {
            from,
            to,
            kind,
            rule,
            ..
        } = edge;
        let kind = kind.as_str();
        let rule = if *rule == kind {
            String::new()
        } else {
            format!(", rule {rule}")
        };
        format!("{from}{line} -> {to} ({kind}{rule})")
    });
    lines.collect::<Vec<_>>().join("\n")
}
