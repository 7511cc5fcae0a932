//! The `fastest` command: a thin front end of `fastest-lib`.

mod affected;
mod args;
mod audit;
mod cache;
mod discover;
mod explain;
mod graph;
mod labels;
mod order;
mod pretty;
mod run;
mod targets;
mod text;
mod workspace;

use std::process::ExitCode;

use anstyle::AnsiColor;
use clap::Parser;
use fastest_lib::{Error, report};

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` come this way too; stdout may be closed.
            let _ = error.print();
            let code = if error.use_stderr() {
                report::ExitCode::UsageError
            } else {
                report::ExitCode::Ok
            };
            return code.code().into();
        }
    };
    let result = match cli.command {
        None => run::run(&cli.run),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Discover(args)) => discover::discover(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::Graph(args)) => graph::graph(&args),
        Some(Command::Inputs(args)) => graph::inputs(&args),
        Some(Command::Affected(args)) => affected::affected(&args),
        Some(Command::Why(args)) => graph::why(&args),
        Some(Command::Targets(args)) => targets::targets(&args),
        Some(Command::Audit(args)) => audit::audit(&args),
        Some(Command::Cache(args)) => cache::cache(&args),
    };
    let code = result.unwrap_or_else(|error| {
        complain(&error);
        report::ExitCode::of_error(&error)
    });
    code.code().into()
}

fn complain(error: &Error) {
    anstream::eprintln!(
        "{} {error}",
        text::paint(AnsiColor::Red.on_default().bold(), "error:")
    );
    if let Some(help) = error.help() {
        anstream::eprintln!(
            "{} {help}",
            text::paint(AnsiColor::Cyan.on_default(), "help:")
        );
    }
}
