//! `fastest discover`.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use fastest_leftovers::Leftovers;
use fastest_lib::discovery::{DiscoverOptions, DiscoveredFile, Discovery};
use fastest_lib::execution::{ExactOptions, ExactReport};
use fastest_lib::report::ExitCode;
use fastest_lib::syntax::ParserKind;
use fastest_lib::{Error, NodeId, Problem, Session};
use serde::Serialize;

use crate::args::{DiscoverArgs, DiscoverOutput, ParserArg};
use crate::run::cancel_on_signals;
use crate::workspace;

/// The version of the discovery schema.
const SCHEMA: u32 = 1;

/// What `--output json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    rootdir: &'a Path,
    files: &'a [DiscoveredFile],
    problems: &'a [Problem],
}

pub(crate) fn discover(args: &DiscoverArgs) -> Result<ExitCode, Error> {
    // Before the session, so that it is dropped after it.
    let _leftovers = args.exact.then(Leftovers::adopt);
    let mut workspace_options = workspace::options(&args.workspace)?;
    workspace_options.python.clone_from(&args.python);
    let session = Session::open(workspace_options)?;
    let mut options = DiscoverOptions::default();
    options.parser = match args.parser {
        ParserArg::Auto => ParserKind::Auto,
        ParserArg::Scanner => ParserKind::Scanner,
        ParserArg::TreeSitter => ParserKind::TreeSitter,
    };
    options.cache = !args.no_cache;
    let mut discovery = session.discover_with(&options)?;
    let exact = match args.exact {
        true => Some(resolve(&session, &mut discovery, options.cache)?),
        false => None,
    };
    if let Some(reason) = exact.as_ref().and_then(|exact| exact.interrupted.as_ref()) {
        anstream::eprintln!("{reason}");
        return Ok(ExitCode::Interrupted);
    }
    let filters = workspace::filters(&session, &args.workspace);
    if filters.restrict(&discovery) {
        let selection = session.select(&discovery, &filters)?;
        let selected: HashSet<&NodeId> = selection.tests().map(|test| &test.id).collect();
        discovery.retain(|test| selected.contains(&test.id));
    }
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = match args.output {
        DiscoverOutput::Ids => discovery.tests().try_for_each(|(_, test)| {
            out.write_all(test.id.as_str().as_bytes())?;
            if test.open.is_some() {
                out.write_all(b"[?]")?;
            }
            out.write_all(b"\n")
        }),
        DiscoverOutput::Json => {
            let document = Document {
                schema: SCHEMA,
                rootdir: session.workspace().rootdir(),
                files: &discovery.files,
                problems: &discovery.problems,
            };
            let written = serde_json::to_writer(&mut out, &document);
            written
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        }
    };
    // A reader that has had enough is no error.
    let _ = written.and_then(|()| out.flush());
    if args.stats {
        stats(&discovery);
        if let Some(exact) = &exact {
            exact_stats(exact);
        }
    }
    for problem in &discovery.problems {
        workspace::print_problem(problem);
    }
    let none = discovery.tests().next().is_none();
    // The process ends here; to take a large answer apart first would only cost time.
    std::mem::forget(discovery);
    Ok(if exact.is_some_and(|exact| exact.errors > 0) {
        // As pytest, which then does not go on to run the others.
        ExitCode::Interrupted
    } else if none {
        ExitCode::NoTestsCollected
    } else {
        ExitCode::Ok
    })
}

fn resolve(
    session: &Session,
    discovery: &mut Discovery,
    cache: bool,
) -> Result<ExactReport, Error> {
    cancel_on_signals(session.cancel_token())?;
    let mut options = ExactOptions::default();
    options.cache = cache;
    session.resolve_open(discovery, &options)
}

fn exact_stats(exact: &ExactReport) {
    let (python, cache) = (exact.by_python, exact.from_cache);
    anstream::eprintln!("{python} files resolved by Python, {cache} from the cache");
    if let Some(reason) = &exact.whole_session {
        anstream::eprintln!("all files were collected together: {reason}");
    }
    if let Some(reason) = &exact.not_kept {
        anstream::eprintln!("the answer is not kept: {reason}");
    }
}

fn stats(discovery: &Discovery) {
    let tests = discovery
        .files
        .iter()
        .map(|file| file.tests.len())
        .sum::<usize>();
    let open = discovery
        .files
        .iter()
        .flat_map(|file| &file.tests)
        .filter(|t| t.open.is_some());
    let open_files = discovery
        .files
        .iter()
        .filter(|file| !file.open.is_empty())
        .count();
    anstream::eprintln!(
        "{} files ({open_files} open), {tests} tests ({} open)",
        discovery.files.len(),
        open.count()
    );
}
