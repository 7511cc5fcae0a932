//! `cargo xtask bench incremental`: a run with nothing changed, beside pytest.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::cost::{Costs, Figure, Verdict};
use super::{Bench, corpus};
use crate::conformance::{Volatile, differences, fastest_run, pytest_command, pytest_run};
use crate::measured::measure;

/// No run needs a tenth of it.
const LIMIT: Duration = Duration::from_secs(900);

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
    let programs: [(&str, Command); 2] = [
        ("pytest", pytest()),
        ("fastest --incremental", incremental()),
    ];
    let mut costs = programs.each_ref().map(|_| Costs(Vec::new()));
    // The first round warms up.
    for round in 0..=bench.runs {
        for ((name, command), costs) in programs.iter().zip(&mut costs) {
            let usage = measure(command, &dir.join(name), LIMIT)?;
            ensure!(
                usage.code == expected.exit_code,
                "{name} ended with exit code {} and not {}",
                usage.code,
                expected.exit_code
            );
            if round > 0 {
                costs.0.push(usage);
            }
        }
    }
    let count = expected.records.len();
    let printer = bench.printer;
    printer.line(format!("incremental: {count} results, nothing changed"));
    let mut runners = serde_json::Map::new();
    for ((name, _), costs) in programs.iter().zip(&costs) {
        printer.line(format!("  {}", costs.line(name, "")));
        runners.insert((*name).to_owned(), Value::Object(costs.json()));
    }
    let [of_pytest, of_fastest] = &costs;
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
