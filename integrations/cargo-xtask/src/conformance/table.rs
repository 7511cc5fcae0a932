//! What is concluded of all suites together.

use std::fmt::Write as _;

use super::record::Run;
use super::suites::Suite;

/// How many of a suite's reasons the table names.
const REASONS: usize = 3;

/// One suite under one engine.
pub(super) struct Row {
    name: String,
    tests: usize,
    phases: usize,
    different: usize,
    set_apart: usize,
    native: usize,
    /// What kept tests from the native engine, and how many; the most frequent first.
    reasons: Vec<(String, usize)>,
}

impl Row {
    pub(super) fn of(suite: &Suite, run: &Run, different: usize, set_apart: usize) -> Self {
        let mut reasons: Vec<_> = run
            .fallbacks
            .iter()
            .map(|(reason, fallback)| (reason.clone(), fallback.tests))
            .collect();
        reasons.sort_by_key(|(_, tests)| std::cmp::Reverse(*tests));
        Self {
            name: format!("{} {}", suite.name, suite.version),
            tests: run.tests(),
            phases: run.records.values().map(|record| record.phases.len()).sum(),
            different,
            set_apart,
            native: run.native,
            reasons,
        }
    }

    fn markdown(&self) -> String {
        let mut reasons: Vec<String> = self
            .reasons
            .iter()
            .take(REASONS)
            .map(|(reason, tests)| format!("{tests}: {}", reason.replace('|', "\\|")))
            .collect();
        let left: usize = self.reasons.iter().skip(REASONS).map(|(_, n)| n).sum();
        if left > 0 {
            reasons.push(format!("{left}: other reasons"));
        }
        format!(
            "| {} | {} | {} | {} | {} | {:.1} % | {} |",
            self.name,
            self.tests,
            self.phases,
            self.different,
            self.set_apart,
            share(self.native, self.tests),
            reasons.join("; ")
        )
    }
}

/// The part of `all`, in percent.
pub(super) fn share(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

/// The table of the documentation: a row a suite, and one for all.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text =
        "| suite | tests | phases | different | set apart | native | the rest, by reason |\n\
                    |---|--:|--:|--:|--:|--:|---|\n"
            .to_owned();
    let sum = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let total = Row {
        name: format!("all {}", rows.len()),
        tests: sum(|row| row.tests),
        phases: sum(|row| row.phases),
        different: sum(|row| row.different),
        set_apart: sum(|row| row.set_apart),
        native: sum(|row| row.native),
        reasons: Vec::new(),
    };
    for row in rows.iter().chain([&total]) {
        let _ = writeln!(text, "{}", row.markdown());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_sums_up() {
        let row = |name: &str, tests, native, reasons: &[(&str, usize)]| Row {
            name: name.to_owned(),
            tests,
            phases: 3 * tests,
            different: 0,
            set_apart: 1,
            native,
            reasons: reasons.iter().map(|&(r, n)| (r.to_owned(), n)).collect(),
        };
        let reasons = [("a", 4), ("b|c", 3), ("d", 2), ("e", 1)];
        let text = markdown(&[row("x 1", 30, 20, &reasons), row("y 2", 10, 10, &[])]);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let expected = [
            "| x 1 | 30 | 90 | 0 | 1 | 66.7 % | 4: a; 3: b\\|c; 2: d; 1: other reasons |",
            "| y 2 | 10 | 30 | 0 | 1 | 100.0 % |  |",
            "| all 2 | 40 | 120 | 0 | 2 | 75.0 % |  |",
        ];
        assert_eq!(lines, expected);
    }
}
