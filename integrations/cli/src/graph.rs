//! `fastest graph`, `inputs` and `why`: what depends on what.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use fastest_lib::graph::{Edge, ImportGraph, Node, NodeKind};
use fastest_lib::report::ExitCode;
use fastest_lib::selection::Inputs;
use fastest_lib::{Error, ErrorKind, Session};
use serde::Serialize;

use crate::args::{GraphArgs, GraphOutput, InputsArgs, InputsOutput, WhyArgs};
use crate::workspace;

/// The version of the schemas of `graph` and `inputs`.
const SCHEMA: u32 = 1;

pub(crate) fn graph(args: &GraphArgs) -> Result<ExitCode, Error> {
    let session = Session::open(workspace::options(&args.workspace)?)?;
    let (graph, counts) = session.graph(!args.no_cache);
    let out = io::stdout().lock();
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    let shown = Shown::new(&session, &graph);
    let written = match args.output {
        Some(GraphOutput::Json) => json(&graph, &shown, &mut out),
        Some(GraphOutput::Dot) => dot(&graph, &shown, &mut out),
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

/// The nodes that are shown: those that were asked for and what lies below them.
struct Shown {
    paths: Vec<String>,
    /// What their edges lead to.
    targets: HashSet<Arc<str>>,
}

impl Shown {
    fn new(session: &Session, graph: &ImportGraph) -> Self {
        let workspace = session.workspace();
        let paths = workspace.arguments().iter();
        let mut shown = Self {
            paths: paths
                .map(|argument| workspace.node_path(&argument.path))
                .map(|path| if path == "." { String::new() } else { path })
                .collect(),
            targets: HashSet::new(),
        };
        if !shown.is_all() {
            let edges = graph.edges().filter(|edge| shown.has(&edge.from));
            shown.targets = edges.map(|edge| edge.to).collect();
        }
        shown
    }

    fn is_all(&self) -> bool {
        self.paths.iter().any(String::is_empty)
    }

    fn has(&self, name: &str) -> bool {
        self.paths.iter().any(|path| {
            let rest = name.strip_prefix(path.as_str());
            rest.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Folders and distributions elsewhere are shown where an edge leads to them.
    fn has_node(&self, node: &Node) -> bool {
        let is_target = || !node.kind.is_file() && self.targets.contains(node.path.as_str());
        self.is_all() || self.has(&node.path) || is_target()
    }
}

fn json(graph: &ImportGraph, shown: &Shown, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\"schema\":{SCHEMA},\"rootdir\":")?;
    serde_json::to_writer(&mut *out, graph.rootdir())?;
    let mut separator = ",\"nodes\":[";
    for node in graph.nodes() {
        if !shown.has_node(&node) {
            continue;
        }
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut *out, &node)?;
        separator = ",";
    }
    out.write_all(if separator == "," {
        b"],\"edges\":["
    } else {
        b",\"nodes\":[],\"edges\":["
    })?;
    separator = "";
    for edge in graph.edges() {
        if shown.has(&edge.from) {
            out.write_all(separator.as_bytes())?;
            serde_json::to_writer(&mut *out, &edge)?;
            separator = ",";
        }
    }
    out.write_all(b"],\"problems\":")?;
    serde_json::to_writer(&mut *out, &graph.problems())?;
    out.write_all(b"}\n")
}

fn dot(graph: &ImportGraph, shown: &Shown, out: &mut impl Write) -> io::Result<()> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    writeln!(out, "digraph imports {{")?;
    for node in graph.nodes() {
        if !shown.has_node(&node) {
            continue;
        }
        let shape = match node.kind {
            NodeKind::Folder | NodeKind::Modules => "folder",
            NodeKind::Distribution | NodeKind::Missing => "plain",
            _ if node.is_test => "box",
            _ => "ellipse",
        };
        writeln!(out, "  {} [shape={shape}];", quoted(&node.path))?;
    }
    for edge in graph.edges().filter(|edge| shown.has(&edge.from)) {
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
    let (graph, _) = session.graph(!args.no_cache);
    let mut all: Vec<Inputs> = Vec::new();
    for file in &files {
        all.push(session.inputs(&graph, Path::new(file))?);
    }
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
    let (graph, _) = session.graph(!args.no_cache);
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
