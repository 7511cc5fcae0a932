//! `cargo xtask bench isolation`: what a process for each file costs, and what a closed one costs.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::cost::{Costs, Figure, Verdict};
use super::measure::Spread;
use super::run::{LIMIT, check};
use super::{Bench, corpus};
use crate::conformance::{Volatile, differences, fastest_run, pytest_command, pytest_run};
use crate::measured::measure;

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
    let commands = [plain, fastest(bench, WAYS[0].1), fastest(bench, WAYS[1].1)];
    let mut costs = [(); 3].map(|()| Costs(Vec::new()));
    // The first round warms up.
    for round in 0..=bench.runs {
        for ((n, command), costs) in commands.iter().enumerate().zip(&mut costs) {
            let mut again = Command::new(command.get_program());
            again.args(command.get_args()).current_dir(&root);
            for (name, value) in command.get_envs() {
                match value {
                    Some(value) => again.env(name, value),
                    None => again.env_remove(name),
                };
            }
            let name = if n == 0 { "pytest" } else { WAYS[n - 1].0 };
            let usage = measure(&again, &dir.join(name), LIMIT)?;
            check(name, usage.code, pytest.exit_code, &dir)?;
            if round > 0 {
                costs.0.push(usage);
            }
        }
    }
    let mut verdicts = Vec::new();
    let [of_pytest, ways @ ..] = &costs;
    bench
        .printer
        .line(format!("isolation: {} results", pytest.records.len()));
    bench
        .printer
        .line(format!("  {}", of_pytest.line("pytest", "")));
    for ((name, _, limit), of_way) in WAYS.iter().zip(ways) {
        bench.printer.line(format!("  {}", of_way.line(name, "")));
        for (figure, limit) in [(Figure::Wall, Some(*limit)), (Figure::Cpu, None)] {
            let value = |usage: &crate::measured::Usage| match figure {
                Figure::Wall => usage.wall,
                Figure::Cpu => usage.cpu,
            };
            let pairs = of_pytest.0.iter().zip(&of_way.0);
            let what = match figure {
                Figure::Wall => "wall",
                Figure::Cpu => "CPU",
            };
            let verdict = Verdict {
                what: format!("{name}, {what} to pytest's"),
                measured: Spread::of(pairs.map(|(one, two)| value(two) / value(one))).median,
                limit,
            };
            bench.printer.line(format!("  {}", verdict.line()));
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
