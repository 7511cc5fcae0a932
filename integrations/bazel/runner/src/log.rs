//! What a person reads: failures in full, then a line each, then the sum.

use std::io::{self, Write};

use fastest_lib::execution::{LongRepr, Outcome, Phase, TestFinished};
use fastest_lib::report::Report;

const WIDTH: usize = 80;

/// Writes a report as people read it; with `verbose` also a line for each test.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn write(out: &mut impl Write, report: &Report, verbose: bool) -> io::Result<()> {
    if verbose {
        for test in &report.tests {
            writeln!(out, "{} {}", test.id, test.outcome.as_str().to_uppercase())?;
        }
    }
    let mut short = Vec::new();
    let errors: Vec<_> = report
        .collect
        .iter()
        .filter(|collect| collect.outcome == Outcome::Error)
        .collect();
    if !errors.is_empty() {
        rule(out, '=', "ERRORS")?;
    }
    for collect in errors {
        rule(out, '_', &format!("ERROR collecting {}", collect.id))?;
        details(out, collect.longrepr.as_ref(), &collect.sections)?;
        short.push(short_line(
            "ERROR",
            collect.id.as_str(),
            collect.longrepr.as_ref(),
        ));
    }
    let failed = |test: &&TestFinished| test.phases.iter().any(|phase| category(phase).is_some());
    let failures: Vec<&TestFinished> = report.tests.iter().filter(failed).collect();
    if !failures.is_empty() {
        rule(out, '=', "FAILURES")?;
    }
    for test in failures {
        for phase in &test.phases {
            let Some(word) = category(phase) else {
                continue;
            };
            let when = match word {
                "ERROR" => format!("ERROR at {} of ", phase.when.as_str()),
                _ => String::new(),
            };
            rule(out, '_', &format!("{when}{}", test.id))?;
            details(out, phase.longrepr.as_ref(), &phase.sections)?;
            short.push(short_line(word, test.id.as_str(), phase.longrepr.as_ref()));
        }
    }
    for text in &report.internal_errors {
        rule(out, '=', "INTERNAL ERROR")?;
        writeln!(out, "{text}")?;
    }
    for text in &report.usage_errors {
        writeln!(out, "ERROR: {text}")?;
    }
    if !short.is_empty() {
        rule(out, '=', "short test summary info")?;
    }
    for line in short {
        writeln!(out, "{line}")?;
    }
    for problem in &report.problems {
        writeln!(out, "problem: {}", problem.message)?;
    }
    if let Some((reason, _)) = &report.interrupted {
        writeln!(out, "interrupted: {reason}")?;
    }
    rule(out, '=', &report.last_line())
}

fn category(phase: &Phase) -> Option<&'static str> {
    match phase.category()? {
        Outcome::Failed => Some("FAILED"),
        Outcome::Error => Some("ERROR"),
        _ => None,
    }
}

fn details(
    out: &mut impl Write,
    longrepr: Option<&LongRepr>,
    sections: &[(String, String)],
) -> io::Result<()> {
    if let Some(text) = longrepr.and_then(|longrepr| longrepr.text.as_deref()) {
        writeln!(out, "{}", text.trim_end())?;
    }
    for (title, text) in sections {
        rule(out, '-', title)?;
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

fn short_line(word: &str, id: &str, longrepr: Option<&LongRepr>) -> String {
    let message = longrepr.and_then(|longrepr| longrepr.message.as_deref());
    match message.and_then(|message| message.lines().next()) {
        Some(message) => format!("{word} {id} - {message}"),
        None => format!("{word} {id}"),
    }
}

fn rule(out: &mut impl Write, line: char, title: &str) -> io::Result<()> {
    let width = title.chars().count() + 2;
    let half = WIDTH.saturating_sub(width) / 2;
    let side = |length: usize| line.to_string().repeat(length.max(1));
    let rest = WIDTH.saturating_sub(width + half);
    writeln!(out, "{} {title} {}", side(half), side(rest))
}
