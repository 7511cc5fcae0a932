//! Runs the tests of one target of Buck2: one file as a closed unit, from the project's root.
//!
//! ```text
//! fastest-buck2-runner --manifest FILE --verdict FILE --dep-file FILE [--shard K/N]
//! fastest-buck2-runner --manifest FILE [--shard K/N] [OPTION …] [TEST …]
//! fastest-buck2-runner --prepare FILE --python EXE
//! ```
//!
//! The first is a build action: it succeeds when it has come to a verdict, whatever that is, so that
//! failures are cached as well. The second is a test: it prints failures, or with
//! `FASTEST_BUCK2_REPORT=json` its verdict, and its exit code is pytest's. The third makes a copy of the
//! program that carries its Python side compiled.

mod command;
mod declared;
mod manifest;
mod outcome;
mod run;

use std::process::ExitCode;

use clap::Parser;
use fastest_bazel_runner::Failure;

use command::Command;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let done = Command::read(&words).and_then(|command| match command {
        Command::Prepare(prepare) => prepare.run().map(|()| 0),
        Command::Run(run) => run::run(*run),
    });
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

/// Reads words, the program's name not among them, as a parser's.
fn parse<P: Parser>(words: impl IntoIterator<Item = String>) -> Result<P, Failure> {
    P::try_parse_from(words).map_err(|error| Failure::usage(error.to_string()))
}
