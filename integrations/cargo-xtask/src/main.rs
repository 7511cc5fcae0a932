//! Repository tasks: the tests, the comparisons with pytest, the benchmarks.

mod bench;
mod conformance;
mod coverage;
mod external;
mod fastest;
mod faults;
mod listing;
mod measured;
mod outline;
mod process;
mod replay;
mod repo;
mod report;
mod soundness;
mod test;
mod venv;

use std::process::ExitCode;

use clap::Parser;

/// Tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Run every check and every test.
    Test(test::Options),
    /// Run pinned releases of real projects under pytest and under fastest and compare.
    Conformance(conformance::Options),
    /// Measure fastest against pytest on a generated corpus.
    Bench(bench::Options),
    /// Run one program and write what it cost; a part of `bench`.
    #[command(hide = true)]
    Measure(measured::Options),
    /// Hold the coverage that fastest measures of real projects against pytest-cov's.
    Coverage(coverage::Options),
    /// Hold the two parsers against each other on large packages.
    Outline(outline::Options),
    /// Hold what `fastest inputs` names against what the tests of real projects read.
    Soundness(soundness::Options),
    /// Run tests that misbehave, disturb the runs from outside, and look for what is lost or left.
    Faults(faults::Options),
    /// Hold `fastest affected` against what changes between releases of real projects reach.
    Replay(replay::Options),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Test(options) => test::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Measure(options) => measured::run(&options),
        Task::Coverage(options) => coverage::run(&options),
        Task::Outline(options) => outline::run(&options),
        Task::Soundness(options) => soundness::run(&options),
        Task::Faults(options) => faults::run(&options),
        Task::Replay(options) => replay::run(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
