//! `fastest explain`.

use std::io::{self, Write};

use fastest_lib::plan::{Engine, RunOptions};
use fastest_lib::report::ExitCode;
use fastest_lib::{Error, Session};

use crate::args::ExplainArgs;
use crate::workspace;

pub(crate) fn explain(args: &ExplainArgs) -> Result<ExitCode, Error> {
    let session = Session::open(workspace::options(&args.workspace)?)?;
    let discovery = session.discover()?;
    let filters = workspace::filters(&session, &args.workspace);
    let selection = session.select(&discovery, &filters)?;
    let plan = session.plan(&discovery, &selection, &RunOptions::default());
    let mut text = String::new();
    for file in &plan.files {
        let engine = match file.engine {
            Engine::Native => "native, unless its worker finds more when it has imported the file",
            _ => "pytest",
        };
        text.push_str(&format!("{}\n  engine: {engine}\n", file.path));
        for reason in &file.reasons {
            text.push_str(&format!("    {reason}\n"));
        }
        let Some(found) = discovery.files.iter().find(|found| found.path == file.path) else {
            continue;
        };
        for reason in &found.asks_plugins {
            let (line, message) = (reason.line, &reason.message);
            text.push_str(&format!("  asks plugins: line {line}: {message}\n"));
        }
        text.push_str(&format!("  tests: {}\n", found.tests.len()));
        for open in &found.open {
            text.push_str(&format!("  open: line {}: {}\n", open.line, open.message));
        }
        for test in &found.tests {
            if let Some(open) = &test.open {
                text.push_str(&format!("  open: {}: {}\n", test.id, open.message));
            }
        }
    }
    // A reader that has had enough is no error.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(if plan.files.is_empty() {
        ExitCode::NoTestsCollected
    } else {
        ExitCode::Ok
    })
}
