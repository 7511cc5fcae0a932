//! Replays verdicts: silent and successful where they passed; where they did not, the tests run anew.
//!
//! ```text
//! fastest-buck2-replay VERDICT … -- RUNNER … -- [TEST | OPTION …]
//! ```
//!
//! A verdict of failure may come from a cache, and the failure from the machine that filled it: it
//! only decides which tests run again, here and now. Names of tests after the last `--` choose among
//! them, as the lines of `FASTEST_BUCK2_FILTER` do, of which none need be there; options are for the
//! runner, and no verdict is of a run with these. `--list` runs nothing where all verdicts can be read.
//!
//! Exit codes: 0 passed, 1 failed, 4 a wrong call; else the runner's.

mod call;

use std::io::Write;
use std::process::{Command, ExitCode};

use call::Call;
use fastest_buck2_verdict::{FILTER_VARIABLE, REPORT_JSON, REPORT_VARIABLE, Verdict};

fn main() -> ExitCode {
    match Call::parse(std::env::args_os().skip(1)) {
        Ok(mut call) => {
            let filter = std::env::var(FILTER_VARIABLE).unwrap_or_default();
            call.filter(filter.lines());
            replay(&call)
        }
        Err(message) => {
            complain(&message);
            ExitCode::from(4)
        }
    }
}

/// What is done about a verdict.
enum Kept {
    /// It is told as it is: it passed, or tests are only to be listed.
    Told(Verdict),
    /// Its tests run again, those of one shard if it is of one.
    Again(Option<String>),
}

fn replay(call: &Call) -> ExitCode {
    if !call.options.is_empty() {
        return live(call, None);
    }
    let (mut found, mut whole) = (false, true);
    let mut kept = Vec::new();
    for path in &call.verdicts {
        let read = std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| Verdict::parse(&text));
        match read {
            Ok(verdict) => {
                let shard = verdict.shard.clone();
                let verdict = verdict.only(&call.tests);
                found |= !verdict.cases.is_empty() || !call.must_exist;
                kept.push(if verdict.passed || call.list {
                    Kept::Told(verdict)
                } else {
                    Kept::Again(shard)
                });
            }
            Err(error) => {
                complain(&format!("{}: {error}; running the tests", path.display()));
                whole = false;
            }
        }
    }
    if !whole {
        return live(call, None);
    }
    let again = kept.iter().any(|kept| matches!(kept, Kept::Again(_)));
    if !found && !again {
        complain(&format!("no test is called {}", call.tests.join(", ")));
        return ExitCode::from(4);
    }
    let mut code = ExitCode::SUCCESS;
    for kept in kept {
        match kept {
            Kept::Told(verdict) if call.list || is_json() => say(&verdict.line()),
            Kept::Told(_) => {}
            Kept::Again(shard) => {
                let ended = live(call, shard);
                if ended != ExitCode::SUCCESS {
                    code = ended;
                }
            }
        }
    }
    code
}

fn is_json() -> bool {
    std::env::var(REPORT_VARIABLE).is_ok_and(|value| value == REPORT_JSON)
}

/// Runs the tests, those of one shard if it is named; they write to the same stdout and stderr.
fn live(call: &Call, shard: Option<String>) -> ExitCode {
    let mut command = Command::new(&call.program);
    command.args(&call.arguments);
    if let Some(shard) = shard {
        command.args(["--shard", &shard]);
    }
    command.args(&call.options).args(&call.tests);
    match command.status() {
        // Ended by a signal: as a shell says it, some failure at any rate.
        Ok(status) => match status.code() {
            Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
            None => {
                complain(&format!("{}: {status}", call.program.display()));
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            complain(&format!(
                "cannot run {}: {error}; the attribute `runner` of the fastest_toolchain names it",
                call.program.display()
            ));
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) {
    // Nobody is left to hear of it when stdout is closed.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "fastest-buck2-replay: {message}");
}
