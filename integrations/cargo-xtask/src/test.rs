//! `cargo xtask test`: every check and every test, from a bare checkout.

use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use regex::Regex;

use crate::external::Programs;
use crate::process::{capture, pass_through, shown, succeed};
use crate::report::{Printer, time};
use crate::venv::Venv;
use crate::{conformance, coverage, external, faults, replay, repo, soundness};

/// What the tests run with. Everything that a test needs is pinned here.
const REQUIREMENTS: &[&str] = &[
    "pytest==9.2.0",
    "coverage==7.17.5",
    "pytest-mock==3.17.0",
    "pytest-xdist==3.8.0",
    "ruff==0.17.6",
];

/// What the harness's tests of pytest plugins run with, apart from the rest: a plugin that is
/// installed changes how every test runs.
const PLUGIN_REQUIREMENTS: &[&str] = &[
    "anyio==4.16.0",
    "pytest==9.2.0",
    "pytest-asyncio==1.5.0",
    "trio==0.35.0",
];

/// The tests of the Python side; run once they are there.
const HARNESS_TESTS: &str = "fastest-lib/harness/tests";

/// The options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out what needs a release build or a download: the documentation, the example, the
    /// conformance suites, coverage and what real projects read.
    #[arg(long)]
    fast: bool,
    /// Go on after a step that failed.
    #[arg(long)]
    keep_going: bool,
    /// The interpreter that the environments are made from.
    #[arg(long, default_value = "python3", value_name = "EXE")]
    python: String,
}

/// Passed and failed: tests where a step runs some, else the step itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

/// One step, as the table below lists it.
struct Step {
    name: &'static str,
    /// What to do when it fails.
    advice: &'static str,
    work: Work,
}

enum Work {
    Run(Command),
    Conformance { discovery: bool },
    Hermetic,
    Coverage,
    Soundness,
    Replay,
    Faults,
}

/// The environment of the tests and of the benchmarks.
pub(crate) fn venv(python: &str, printer: Printer) -> Result<Venv> {
    let requirements: Vec<String> = REQUIREMENTS.iter().map(ToString::to_string).collect();
    Venv::ensure(
        &repo::scratch().join("venv"),
        python,
        &requirements,
        printer,
    )
}

/// The environment of the harness's tests of pytest plugins.
fn plugin_venv(python: &str, printer: Printer) -> Result<Venv> {
    let requirements: Vec<String> = PLUGIN_REQUIREMENTS
        .iter()
        .map(ToString::to_string)
        .collect();
    let dir = repo::scratch().join("venv-plugins");
    Venv::ensure(&dir, python, &requirements, printer)
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    let start = Instant::now();
    let venv = venv(&options.python, Printer { json: false })?;
    let plugins = plugin_venv(&options.python, Printer { json: false })?;
    rust_components()?;
    let programs = external::programs(&venv);
    println!("environment: {}", time(start.elapsed()));
    let mut total = Tally::default();
    for mut step in steps(&venv, &plugins, &programs, options.fast) {
        println!("\n==> {}", step.name);
        let start = Instant::now();
        let tally = perform(&mut step.work, &options.python).unwrap_or_else(|error| {
            println!("error: {error:#}");
            let (passed, failed) = (0, 1);
            Tally { passed, failed }
        });
        total.passed += tally.passed;
        total.failed += tally.failed;
        let word = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("<== {}: {word} in {}", step.name, time(start.elapsed()));
        if tally.failed > 0 {
            println!("    {}", step.advice);
            if !options.keep_going {
                println!("    the steps after it were not run; --keep-going runs them");
                break;
            }
        }
    }
    println!("\ntotal time: {}", time(start.elapsed()));
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(total.failed == 0)
}

/// A minimal toolchain has neither rustfmt nor clippy; rustup adds them.
fn rust_components() -> Result<()> {
    for component in ["rustfmt", "clippy"] {
        let tool = component.trim_start_matches("rust");
        let mut probe = Command::new("cargo");
        let limit = Duration::from_secs(300);
        if capture(probe.args([tool, "--version"]), limit)?
            .status
            .success()
        {
            continue;
        }
        let mut rustup = Command::new("rustup");
        rustup.args(["component", "add", component]);
        succeed(rustup.current_dir(repo::root()), limit).with_context(|| {
            format!("the Rust toolchain has no {component} and rustup cannot add it; install it")
        })?;
    }
    Ok(())
}

fn steps(venv: &Venv, plugins: &Venv, programs: &Programs, fast: bool) -> Vec<Step> {
    let cargo = |arguments: &str| {
        let mut command = Command::new("cargo");
        command.args(arguments.split(' '));
        command
    };
    let python = |arguments: &[&str]| {
        let mut command = Command::new(venv.python());
        venv.activate(command.args(arguments));
        command
    };
    let step = |name, command, advice| Step {
        name,
        advice,
        work: Work::Run(command),
    };
    let mut tests = cargo("test --workspace --no-fail-fast");
    tests.env("FASTEST_TEST_PYTHON", venv.python());
    tests.envs(programs.iter().map(|(name, path)| (name, path)));
    let mut steps = vec![
        step(
            "rustfmt",
            cargo("fmt --all --check"),
            "run `cargo fmt --all`",
        ),
        step(
            "ruff check",
            python(&["-m", "ruff", "check"]),
            "`ruff check --fix` corrects most of it",
        ),
        step(
            "ruff format",
            python(&["-m", "ruff", "format", "--check"]),
            "run `ruff format`",
        ),
        step(
            "clippy",
            cargo("clippy --workspace --all-targets -- -D warnings"),
            "correct what clippy names above",
        ),
        step(
            "cargo test",
            tests,
            "the failing test is named above; `cargo test -p PACKAGE NAME` runs it alone, \
             with FASTEST_TEST_PYTHON set to an interpreter that has pytest",
        ),
    ];
    if repo::root().join(HARNESS_TESTS).is_dir() {
        let mut harness = python(&["-m", "pytest", "-q", "-rs", HARNESS_TESTS]);
        harness.env("FASTEST_PLUGINS_PYTHON", plugins.python());
        steps.push(step(
            "harness tests",
            harness,
            "the failing test is named above",
        ));
    }
    if fast {
        return steps;
    }
    let documentation = |arguments: &str| {
        let mut command = cargo(arguments);
        command.env("RUSTDOCFLAGS", "-D warnings");
        command
    };
    let rules = "--manifest-path integrations/rule-tests/Cargo.toml";
    let mut rule_tests = cargo(&format!("test --no-fail-fast {rules}"));
    rule_tests.env("FASTEST_TEST_PYTHON", venv.python());
    rule_tests.envs(programs.iter().map(|(name, path)| (*name, path)));
    steps.extend([
        step(
            "rule files: rustfmt",
            cargo(&format!("fmt {rules} --check")),
            "run `cargo fmt` in integrations/rule-tests",
        ),
        step(
            "rule files: clippy",
            cargo(&format!("clippy {rules} --all-targets -- -D warnings")),
            "correct what clippy names above",
        ),
        step(
            "rule files",
            rule_tests,
            "the failing test is named above; what it evaluates is in integrations/{bazel,buck2}/rules, \
             the stand-ins in integrations/rule-tests/standins",
        ),
        step(
            "rule files: rustdoc",
            documentation(&format!("doc --no-deps {rules}")),
            "correct the documentation named above",
        ),
    ]);
    let doc = documentation("doc --workspace --no-deps");
    let mut quickstart = cargo("fastest examples/quickstart");
    venv.activate(&mut quickstart);
    steps.extend([
        step("rustdoc", doc, "correct the documentation named above"),
        step("quickstart", quickstart, "the example has to pass as its README says"),
        Step {
            name: "conformance",
            advice: "each difference is printed above; `cargo xtask conformance SUITE` runs one suite",
            work: Work::Conformance { discovery: false },
        },
        Step {
            name: "discovery conformance",
            advice: "each difference is printed above; `cargo xtask conformance --discovery SUITE` \
                     compares one suite",
            work: Work::Conformance { discovery: true },
        },
        Step {
            name: "hermetic conformance",
            advice: "each difference is printed above; `cargo xtask conformance --hermetic SUITE` runs \
                     one suite",
            work: Work::Hermetic,
        },
        Step {
            name: "coverage",
            advice: "each line that is measured otherwise is printed above; `cargo xtask coverage SUITE` \
                     measures one suite",
            work: Work::Coverage,
        },
        Step {
            name: "faults",
            advice: "each round that went wrong is printed above, with the command that repeats it",
            work: Work::Faults,
        },
        Step {
            name: "soundness",
            advice: "each file that is missed is printed above, with the test that reads it; `cargo xtask \
                     soundness SUITE` looks at one project",
            work: Work::Soundness,
        },
        Step {
            name: "replay",
            advice: "each test that is missed is printed above, with the change that reaches it; \
                     `cargo xtask replay --quick` runs this step alone",
            work: Work::Replay,
        },
    ]);
    steps
}

fn perform(work: &mut Work, python: &str) -> Result<Tally> {
    match work {
        Work::Run(command) => {
            println!("{}", shown(command));
            let (success, stdout) = pass_through(command.current_dir(repo::root()))?;
            Ok(tally(success, &stdout))
        }
        Work::Conformance { discovery } => {
            let tally = conformance::run_quick(python, *discovery)?;
            let conformance::Tally { equal, different } = tally;
            let (passed, failed) = (equal, different);
            Ok(Tally { passed, failed })
        }
        Work::Hermetic => {
            let conformance::Tally { equal, different } = conformance::run_quick_hermetic(python)?;
            let (passed, failed) = (equal, different);
            Ok(Tally { passed, failed })
        }
        Work::Coverage => {
            let coverage::Tally { equal, different } = coverage::run_quick(python)?;
            let (passed, failed) = (equal, different);
            Ok(Tally { passed, failed })
        }
        Work::Soundness => {
            let soundness::Tally { named, missed } = soundness::run_quick(python)?;
            let (passed, failed) = (named, missed);
            Ok(Tally { passed, failed })
        }
        Work::Faults => {
            let faults::Tally { passed, failed } = faults::run_quick(python)?;
            Ok(Tally { passed, failed })
        }
        Work::Replay => {
            let replayed = replay::run_quick(python)?;
            let failed = replayed.missed.len();
            let passed = replayed.reached - failed;
            Ok(Tally { passed, failed })
        }
    }
}

/// The tests that a step's output counts; a step that counts none is one itself, and a step that
/// failed has at least one failure.
fn tally(success: bool, stdout: &str) -> Tally {
    static COUNT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(\d+) (passed|failed|errors?)\b").expect("a valid pattern")
    });
    let summary = |line: &&str| line.starts_with("test result: ") || line.contains(" in ");
    let mut total = Tally::default();
    for line in stdout.lines().filter(summary) {
        for found in COUNT.captures_iter(line) {
            let n: usize = found[1].parse().unwrap_or_default();
            match &found[2] {
                "passed" => total.passed += n,
                _ => total.failed += n,
            }
        }
    }
    if !success {
        total.failed = total.failed.max(1);
    } else if total == Tally::default() {
        total.passed = 1;
    }
    total
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn steps_are_counted_by_their_tests() {
        let check = |success, stdout: &str, passed, failed| {
            assert_eq!(tally(success, stdout), Tally { passed, failed }, "{stdout}");
        };
        check(true, "", 1, 0);
        check(false, "error: could not compile", 0, 1);
        let cargo = "test result: ok. 3 passed; 0 failed; 1 ignored; finished in 0.00s\n";
        check(true, &cargo.repeat(2), 6, 0);
        check(
            false,
            "test result: FAILED. 3 passed; 2 failed; 0 ignored",
            3,
            2,
        );
        check(false, "=== 1 failed, 7 passed, 1 error in 0.12s ===", 7, 2);
        check(true, "17 passed, 1 skipped, 1 xfailed in 0.05s", 17, 0);
    }

    #[test]
    fn every_requirement_is_pinned() {
        assert!(
            [REQUIREMENTS, PLUGIN_REQUIREMENTS]
                .concat()
                .iter()
                .all(|line| line.contains("=="))
        );
    }

    #[test]
    fn the_repository_is_where_it_is_expected() {
        let exists = |path: PathBuf| assert!(path.exists(), "{}", path.display());
        exists(repo::root().join("Cargo.lock"));
        exists(repo::script("record_pytest.py"));
    }
}
