//! `cargo xtask bench incremental`: a run with nothing changed, beside pytest.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::cost::{Figure, Verdict};
use super::lane::{Lane, alternate};
use super::{Bench, corpus};
use crate::conformance::{Volatile, differences, fastest_run, pytest_command, pytest_run};

/// Of pytest's wall time, with nothing changed.
const UNCHANGED: f64 = 0.01;

/// Measure the generated corpus; its outcomes have to be pytest's, whether tests ran or not.
pub(super) fn run(bench: &Bench) -> Result<(Value, Vec<String>)> {
    // What fails is run each time.
    let root = corpus::write_passing(&bench.dir)?;
    let incremental = || {
        let mut command = Command::new(&bench.fastest);
        command.args(["run", "-q", "-n", "2", "--incremental"]);
        command.current_dir(&root);
        command.env("FASTEST_CACHE_DIR", bench.dir.join("cache"));
        bench.venv.activate(&mut command);
        command
    };
    let pytest = || {
        let mut command = Command::new(bench.venv.program("pytest"));
        command.arg("-q").current_dir(&root);
        bench.venv.activate(&mut command);
        command
    };
    let records = bench.dir.join("records");
    fs::create_dir_all(&records).with_context(|| format!("cannot create {}", records.display()))?;
    let volatile = Volatile::new(&[])?;
    let record = records.join("pytest.jsonl");
    let mut command = pytest_command(&bench.venv, &record, &[]);
    let expected = pytest_run(command.current_dir(&root), &record, &volatile)?;
    let mut found = Vec::new();
    for _ in 0..2 {
        let mut command = incremental();
        command.args(["--output", "json"]);
        let got = fastest_run(&mut command, &records.join("fastest.jsonl"), &volatile)?;
        found.extend(differences(&expected, &got, &BTreeMap::new()));
    }
    let dir = bench.dir.join("runs").join("incremental");
    let programs = [
        ("pytest", pytest()),
        ("fastest --incremental", incremental()),
    ];
    let mut lanes = programs.map(|(name, command)| Lane::new(name, command, &dir));
    alternate(&mut lanes, bench.runs, expected.exit_code)?;
    let count = expected.records.len();
    let printer = bench.printer;
    printer.line(format!("incremental: {count} results, nothing changed"));
    let mut runners = serde_json::Map::new();
    for lane in &lanes {
        printer.line(format!("  {}", lane.line()));
        runners.insert(lane.name().to_owned(), lane.json());
    }
    let [of_pytest, of_fastest] = lanes.each_ref().map(Lane::costs);
    let verdicts = [(Figure::Wall, Some(UNCHANGED)), (Figure::Cpu, None)].map(|(figure, limit)| {
        let verdict = Verdict {
            what: format!("nothing changed, {} to pytest's", figure.word()),
            measured: of_fastest.median(figure) / of_pytest.median(figure),
            limit,
        };
        printer.line(format!("  {}", verdict.line()));
        verdict.json()
    });
    Ok((
        json!({"runners": runners, "verdicts": verdicts, "different": found}),
        found,
    ))
}
