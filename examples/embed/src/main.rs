//! Discovers the tests of a project, runs the first two and prints what became of them.
//!
//!     cargo run --package embed -- examples/quickstart

use std::process::ExitCode;

use fastest_lib::execution::Event;
use fastest_lib::plan::RunOptions;
use fastest_lib::selection::Filters;
use fastest_lib::workspace::WorkspaceOptions;
use fastest_lib::{Result, Session};

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    match run(&folder) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(4)
        }
    }
}

fn run(folder: &str) -> Result<u8> {
    // Everything that is there, found without running Python.
    let everything = Session::new(folder)?;
    let discovery = everything.discover()?;
    println!("{} tests", discovery.tests().count());

    // Two of them, by their node ids.
    let mut options = WorkspaceOptions::from_env(folder);
    options.args = discovery
        .tests()
        .take(2)
        .map(|(_, test)| test.id.to_string())
        .collect();
    let session = Session::open(options)?;
    let discovery = session.discover()?;
    let selection = session.select(&discovery, &Filters::default())?;
    let options = RunOptions::default();
    let plan = session.plan(&discovery, &selection, &options);
    let report = session.run(&plan, &options, |event| {
        if let Event::TestFinished(test) = event {
            println!("{} {}", test.id, test.outcome.as_str());
        }
    })?;
    println!("{}", report.counts.describe());
    Ok(report.exit_code().code())
}
