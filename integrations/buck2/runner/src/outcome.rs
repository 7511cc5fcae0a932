//! A run's report as a verdict.

use fastest_bazel_runner::Failure;
use fastest_buck2_verdict::{Case, SCHEMA, Verdict};
use fastest_lib::execution::{LongRepr, Outcome, Phase, TestFinished};
use fastest_lib::report::{CollectReport, Report};

use crate::command::Run;
use crate::declared::Complaint;

/// What became of the tests; `complaints` are what the target does not declare.
pub(crate) fn verdict(run: &Run, report: &Report, code: u8, complaints: Vec<Complaint>) -> Verdict {
    let mut failures: Vec<String> = broken(report)
        .map(|collect| {
            let text = collect
                .longrepr
                .as_ref()
                .and_then(|repr| repr.text.as_deref());
            let printed = sections(&collect.sections);
            format!("{}\n{}{printed}", collect.id, text.unwrap_or_default())
        })
        .collect();
    failures.extend(report.internal_errors.iter().cloned());
    failures.extend(report.usage_errors.iter().cloned());
    let cases: Vec<Case> = report.tests.iter().map(case).collect();
    let told = cases.iter().map(|case| &case.output).chain(&failures);
    let told: Vec<&String> = told.filter(|text| text.contains("undeclared ")).collect();
    // What was denied has failed by itself, and names the file.
    let kept = |complaint: &Complaint| !told.iter().any(|text| text.contains(&complaint.file));
    let kept = complaints
        .into_iter()
        .filter(kept)
        .map(|complaint| complaint.text);
    let kept: Vec<String> = kept.collect();
    failures.extend(kept);
    if failures.is_empty() && !cases.iter().any(Case::is_failure) {
        match (code, &report.interrupted) {
            (0, _) => {}
            (5, _) => failures.push(format!(
                "no test was found in {}; `args` and names of tests leave some of them",
                run.manifest.src
            )),
            (_, Some((reason, _))) => failures.push(format!("the run was ended: {reason}")),
            (code, None) => failures.push(format!("the run ended with exit code {code}")),
        }
    }
    Verdict {
        schema: SCHEMA,
        label: run.manifest.label.clone(),
        src: run.manifest.src.clone(),
        shard: shard_name(run),
        passed: failures.is_empty() && !cases.iter().any(Case::is_failure),
        duration: report.duration,
        cases,
        failures,
    }
}

/// The files, classes and folders that could not be collected.
fn broken(report: &Report) -> impl Iterator<Item = &CollectReport> {
    let collect = report.collect.iter();
    collect.filter(|collect| collect.outcome == Outcome::Error)
}

/// How many of a verdict's failures, the first ones, a report has as well.
pub(crate) fn told_by_report(report: &Report) -> usize {
    broken(report).count() + report.internal_errors.len() + report.usage_errors.len()
}

/// The verdict of a target that asks for something without meaning.
pub(crate) fn refused(run: &Run, failure: &Failure) -> Verdict {
    Verdict {
        schema: SCHEMA,
        label: run.manifest.label.clone(),
        src: run.manifest.src.clone(),
        shard: shard_name(run),
        passed: false,
        duration: 0.0,
        cases: Vec::new(),
        failures: vec![failure.message.clone()],
    }
}

fn shard_name(run: &Run) -> Option<String> {
    run.shard.map(|(part, count)| format!("{part}/{count}"))
}

fn case(test: &TestFinished) -> Case {
    let id = test.id.as_str();
    let failed = test.outcome.is_failure();
    let mut told = test
        .phases
        .iter()
        .filter_map(|phase| phase.longrepr.as_ref());
    let mut output = String::new();
    for phase in test.phases.iter().filter(|_| failed) {
        write_phase(&mut output, phase);
    }
    Case {
        name: id.get(test.id.path().len() + 2..).unwrap_or(id).to_owned(),
        outcome: test.outcome.as_str().to_owned(),
        duration: test.duration,
        message: told.find_map(message),
        output,
    }
}

fn message(longrepr: &LongRepr) -> Option<String> {
    let text = longrepr.message.as_ref().or(longrepr.reason.as_ref())?;
    text.lines().next().map(ToOwned::to_owned)
}

fn write_phase(output: &mut String, phase: &Phase) {
    let text = phase
        .longrepr
        .as_ref()
        .and_then(|repr| repr.text.as_deref());
    if let Some(text) = text {
        output.push_str(text.trim_end());
        output.push('\n');
    }
    output.push_str(&sections(&phase.sections));
}

fn sections(sections: &[(String, String)]) -> String {
    let sections = sections.iter();
    sections
        .map(|(title, text)| format!("----- {title} -----\n{}\n", text.trim_end()))
        .collect()
}
