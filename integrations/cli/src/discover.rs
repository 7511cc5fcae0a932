//! `fastest discover`.

use std::collections::HashSet;
use std::io::{self, Write};

use fastest_lib::discovery::{DiscoverOptions, Discovery};
use fastest_lib::report::ExitCode;
use fastest_lib::syntax::ParserKind;
use fastest_lib::{Error, NodeId, Session};
use serde_json::json;

use crate::args::{DiscoverArgs, DiscoverOutput, ParserArg};
use crate::workspace;

/// The version of the discovery schema.
const SCHEMA: u32 = 1;

pub(crate) fn discover(args: &DiscoverArgs) -> Result<ExitCode, Error> {
    let session = Session::open(workspace::options(&args.workspace)?)?;
    let mut options = DiscoverOptions::default();
    options.parser = match args.parser {
        ParserArg::Auto => ParserKind::Auto,
        ParserArg::Scanner => ParserKind::Scanner,
        ParserArg::TreeSitter => ParserKind::TreeSitter,
    };
    options.cache = !args.no_cache;
    let discovery = session.discover_with(&options)?;
    let filters = workspace::filters(&session, &args.workspace);
    let selection = session.select(&discovery, &filters)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match args.output {
        DiscoverOutput::Ids => {
            let selected: HashSet<&NodeId> = selection.tests().map(|test| &test.id).collect();
            let mut tests = discovery
                .tests()
                .filter(|(_, test)| selected.contains(&test.id));
            tests.try_for_each(|(_, test)| {
                writeln!(
                    out,
                    "{}{}",
                    test.id,
                    if test.open.is_some() { "[?]" } else { "" }
                )
            })
        }
        DiscoverOutput::Json => {
            let document = json!({
                "schema": SCHEMA,
                "rootdir": session.workspace().rootdir(),
                "files": discovery.files,
                "problems": discovery.problems,
            });
            writeln!(out, "{document}")
        }
    };
    // A reader that has had enough is no error.
    let _ = written.and_then(|()| out.flush());
    if args.stats {
        stats(&discovery);
    }
    for problem in &discovery.problems {
        workspace::print_problem(problem);
    }
    let none = selection.tests().next().is_none();
    Ok(if none {
        ExitCode::NoTestsCollected
    } else {
        ExitCode::Ok
    })
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
