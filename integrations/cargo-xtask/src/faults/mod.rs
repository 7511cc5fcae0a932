//! `cargo xtask faults`: tests that misbehave in every way, disturbed from outside, many times.

mod random;
mod round;
mod suite;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::report::{Printer, time};
use crate::{fastest, repo, test};
use round::{Tools, Verdict};

/// How long the short form may start rounds.
const QUICK: Duration = Duration::from_secs(25);

/// The options of `cargo xtask faults`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many rounds to run.
    #[arg(long, default_value_t = 500)]
    rounds: u64,
    /// The seed of the first round; the others follow. A failing round names its own.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many rounds run at the same time.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// The executable, instead of the release build of this checkout.
    #[arg(long, value_name = "EXE")]
    fastest: Option<PathBuf>,
    /// The interpreter that the environment is made from.
    #[arg(long, default_value = "python3", value_name = "EXE")]
    python: String,
    /// The interpreter to use as it is; it has to have pytest.
    #[arg(long, value_name = "EXE")]
    interpreter: Option<PathBuf>,
}

/// How many rounds went well, and how many did not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    let interpreter = match &options.interpreter {
        Some(path) => path.clone(),
        None => test::venv(&options.python, Printer { json: false })?.python(),
    };
    let tools = Tools {
        fastest: fastest::executable(options.fastest.as_deref())?,
        python: interpreter,
        folder: repo::scratch().join("faults"),
    };
    let tally = rounds(&tools, options.seed, options.rounds, options.jobs, None)?;
    Ok(tally.failed == 0)
}

/// As many rounds as fit into the time that a step of the tests has.
pub(crate) fn run_quick(python: &str) -> Result<Tally> {
    let tools = Tools {
        fastest: fastest::executable(None)?,
        python: test::venv(python, Printer { json: false })?.python(),
        folder: repo::scratch().join("faults"),
    };
    rounds(&tools, 1, u64::MAX, 4, Some(QUICK))
}

fn rounds(
    tools: &Tools,
    seed: u64,
    count: u64,
    jobs: usize,
    limit: Option<Duration>,
) -> Result<Tally> {
    std::fs::create_dir_all(&tools.folder)?;
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let verdicts: Mutex<BTreeMap<u64, Result<Verdict>>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || limit.is_some_and(|limit| start.elapsed() > limit) {
                        return;
                    }
                    let seed = seed.wrapping_add(number);
                    let verdict = round::run(seed, tools);
                    report(seed, &verdict);
                    if let Ok(mut verdicts) = verdicts.lock() {
                        verdicts.insert(seed, verdict);
                    }
                }
            });
        }
    });
    let mut tally = Tally::default();
    for verdict in verdicts.into_inner().unwrap_or_default().into_values() {
        match verdict?.complaints.is_empty() {
            true => tally.passed += 1,
            false => tally.failed += 1,
        }
    }
    let rounds = tally.passed + tally.failed;
    let took = time(start.elapsed());
    println!("{rounds} rounds in {took}: {} went wrong", tally.failed);
    Ok(tally)
}

fn report(seed: u64, verdict: &Result<Verdict>) {
    let Ok(Verdict { complaints, record }) = verdict else {
        return;
    };
    if !complaints.is_empty() {
        println!("\nround {seed}: {}", complaints.join("\n"));
        println!("{record}");
        println!("again: cargo xtask faults --rounds 1 --seed {seed}");
    }
}
