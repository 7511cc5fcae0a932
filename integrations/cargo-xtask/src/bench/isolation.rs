//! `cargo xtask bench isolation`: what a process for each file costs, and what a closed one costs.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::cost::{Figure, Verdict};
use super::lane::{Lane, alternate};
use super::{Bench, corpus};
use crate::conformance::{Volatile, differences, fastest_run, pytest_command, pytest_run};

/// How the files run: what it is called, the options, and the most of pytest's wall time.
const WAYS: [(&str, &[&str], f64); 2] = [
    (
        "fastest --isolation module",
        &["--isolation", "module"],
        0.12,
    ),
    ("fastest --hermetic", &["--hermetic"], 0.2),
];

/// Measure the generated corpus. Where the machine has other work, CPU time tells more.
pub(super) fn run(bench: &Bench) -> Result<(Value, Vec<String>)> {
    let root = corpus::write(&bench.dir)?;
    let dir = bench.dir.join("runs").join("isolation");
    let records = bench.dir.join("records");
    fs::create_dir_all(&records).with_context(|| format!("cannot create {}", records.display()))?;
    let volatile = Volatile::new(&[])?;
    let record = records.join("pytest.jsonl");
    let mut command = pytest_command(&bench.venv, &record, &[]);
    let pytest = pytest_run(command.current_dir(&root), &record, &volatile)?;
    let mut found = Vec::new();
    for (name, options, _) in WAYS {
        let mut command = fastest(bench, options);
        command.args(["--output", "json"]).current_dir(&root);
        let run = fastest_run(&mut command, &records.join("fastest.jsonl"), &volatile)?;
        let different = differences(&pytest, &run, &BTreeMap::new());
        found.extend(different.into_iter().map(|line| format!("{name}: {line}")));
    }
    let mut plain = Command::new(bench.venv.program("pytest"));
    plain.arg("-q");
    bench.venv.activate(&mut plain);
    let [bare, closed] = WAYS.map(|(name, options, _)| (name, fastest(bench, options)));
    let mut lanes = [("pytest", plain), bare, closed].map(|(name, mut command)| {
        command.current_dir(&root);
        Lane::new(name, command, &dir)
    });
    alternate(&mut lanes, bench.runs, pytest.exit_code)?;
    let mut verdicts = Vec::new();
    let [of_pytest, ways @ ..] = &lanes;
    let printer = bench.printer;
    printer.line(format!("isolation: {} results", pytest.records.len()));
    printer.line(format!("  {}", of_pytest.line()));
    for ((name, _, limit), of_way) in WAYS.iter().zip(ways) {
        printer.line(format!("  {}", of_way.line()));
        for (figure, limit) in [(Figure::Wall, Some(*limit)), (Figure::Cpu, None)] {
            let verdict = Verdict {
                what: format!("{name}, {} to pytest's", figure.word()),
                measured: of_way.costs().ratio_to(of_pytest.costs(), figure),
                limit,
            };
            printer.line(format!("  {}", verdict.line()));
            verdicts.push(verdict.json());
        }
    }
    Ok((json!({"verdicts": verdicts, "different": found}), found))
}

fn fastest(bench: &Bench, options: &[&str]) -> Command {
    let mut command = Command::new(&bench.fastest);
    command.args(["run", "-q", "-n", "2"]).args(options);
    command.env("FASTEST_CACHE_DIR", bench.dir.join("cache"));
    bench.venv.activate(&mut command);
    command
}
