//! The sections that follow a run.

use anstyle::{AnsiColor, Style};
use fastest_lib::execution::{LongRepr, Outcome, Phase, TestFinished, When};
use fastest_lib::plan::TracebackStyle;
use fastest_lib::report::{CollectReport, ExitCode, Report};

use super::{Pretty, coverage_verdict};
use crate::text::{colour_of, paint, terminal_width};
use crate::workspace::place;

impl Pretty {
    /// The sections that follow a run.
    pub(crate) fn report(&mut self, report: &Report) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.end_letters(100);
        if self.verbosity.level >= 0 {
            self.line("");
        }
        if !self.look.options.no_summary {
            self.sections_of(report);
        }
        for message in &report.usage_errors {
            self.line(&format!(
                "{} {message}",
                paint(AnsiColor::Red.on_default(), "ERROR:")
            ));
        }
        if let Some((reason, _)) = &report.interrupted {
            self.rule('!', reason, AnsiColor::Red.on_default());
        }
        let colour = match report.exit_code() {
            ExitCode::Ok if report.counts.warnings + report.counts.xpassed > 0 => AnsiColor::Yellow,
            ExitCode::Ok => AnsiColor::Green,
            ExitCode::NoTestsCollected => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        match self.verbosity.level {
            0.. => self.rule('=', &report.last_line(), colour.on_default()),
            -1 => self.line(&paint(colour.on_default(), &report.last_line())),
            _ => {}
        }
    }

    fn sections_of(&mut self, report: &Report) {
        if self.look.traceback != TracebackStyle::No {
            self.errors(report);
            self.failures(report, Outcome::Failed, "FAILURES");
            if self.look.options.xfail_tb {
                self.failures(report, Outcome::Xfailed, "XFAILURES");
            }
        }
        for text in &report.internal_errors {
            self.rule('=', "INTERNAL ERROR", AnsiColor::Red.on_default());
            self.line(text.trim_end());
        }
        self.problems(report);
        if self.verbosity.level >= 0 && !self.look.options.no_warnings {
            self.warnings(report);
        }
        if self.look.traceback != TracebackStyle::No {
            self.passes(report, 'P', Outcome::Passed, "PASSES");
            self.passes(report, 'X', Outcome::Xpassed, "XPASSES");
        }
        self.durations(report);
        self.coverage(report);
        self.short_summary(report);
        self.order_dependent(report);
    }

    fn errors(&mut self, report: &Report) {
        let collect: Vec<&CollectReport> = report
            .collect
            .iter()
            .filter(|collect| collect.outcome.is_failure())
            .collect();
        let phases: Vec<(&TestFinished, &Phase)> = with_category(report, Outcome::Error).collect();
        if collect.is_empty() && phases.is_empty() {
            return;
        }
        self.rule('=', "ERRORS", Style::new());
        for collect in collect {
            let title = format!("ERROR collecting {}", collect.id);
            self.failure(&title, collect.longrepr.as_ref(), &collect.sections);
        }
        for (test, phase) in phases {
            let title = format!("ERROR at {} of {}", phase.when.as_str(), title_of(test));
            self.failure(&title, phase.longrepr.as_ref(), &phase.sections);
        }
    }

    fn failures(&mut self, report: &Report, category: Outcome, heading: &str) {
        let mut first = true;
        for (test, phase) in with_category(report, category) {
            if std::mem::take(&mut first) {
                self.rule('=', heading, Style::new());
            }
            let mut title = title_of(test);
            if let Some(subtest) = &phase.subtest {
                title.push(' ');
                title.push_str(subtest);
            }
            self.failed_phase(&title, test, phase);
        }
    }

    /// What passing tests printed, where `letter` asks for it.
    fn passes(&mut self, report: &Report, letter: char, category: Outcome, heading: &str) {
        if !self.look.options.listed().contains(letter) {
            return;
        }
        let mut first = true;
        for (test, phase) in with_category(report, category) {
            if std::mem::take(&mut first) {
                self.rule('=', heading, Style::new());
            }
            if !phase.sections.is_empty() {
                let green = AnsiColor::Green.on_default().bold();
                self.rule('_', &title_of(test), green);
                self.sections(&phase.sections);
            }
            self.teardown_output(test);
        }
    }

    fn problems(&mut self, report: &Report) {
        for problem in &report.problems {
            let word = paint(AnsiColor::Yellow.on_default().bold(), "problem:");
            self.line(&format!("{word} {}{}", place(problem), problem.message));
        }
    }

    fn warnings(&mut self, report: &Report) {
        if report.warnings.is_empty() {
            return;
        }
        self.rule('=', "warnings summary", AnsiColor::Yellow.on_default());
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for warning in &report.warnings {
            let text = format!(
                "  {}:{}: {}: {}",
                warning.path,
                warning.line,
                warning.category,
                warning.message.replace('\n', "\n    ")
            );
            match groups.iter_mut().find(|(shown, _)| *shown == text) {
                Some((_, tests)) => tests.push(&warning.nodeid),
                None => groups.push((text, vec![&warning.nodeid])),
            }
        }
        for (text, mut tests) in groups {
            let count = tests.len();
            tests.dedup();
            match tests.as_slice() {
                [test] if !test.is_empty() => self.line(test),
                [first, ..] if count > 1 && !first.is_empty() => {
                    self.line(&format!("{first} and {} more", count - 1));
                }
                _ => {}
            }
            self.line(&text);
            self.line("");
        }
    }

    fn durations(&mut self, report: &Report) {
        let Some(limit) = self.verbosity.durations else {
            return;
        };
        let mut phases: Vec<(f64, &str, &TestFinished)> = report
            .tests
            .iter()
            .flat_map(|test| {
                test.phases
                    .iter()
                    .map(move |phase| (phase.duration, phase.when.as_str(), test))
            })
            .collect();
        phases.sort_by(|a, b| b.0.total_cmp(&a.0));
        let title = match limit {
            0 => "slowest durations".to_owned(),
            limit => format!("slowest {limit} durations"),
        };
        self.rule('=', &title, Style::new());
        let shown = if limit == 0 { phases.len() } else { limit };
        // Phases that take no time are not what anybody looks for, unless asked with -vv.
        let usual = if self.verbosity.level >= 2 {
            0.0
        } else {
            0.005
        };
        let least = self.look.options.durations_min.unwrap_or(usual);
        for (duration, when, test) in phases.iter().take(shown).filter(|(d, ..)| *d >= least) {
            self.line(&format!("{duration:.2}s {when:<8} {}", test.id));
        }
    }

    fn coverage(&mut self, report: &Report) {
        let Some(coverage) = &report.coverage else {
            return;
        };
        let verdict = coverage_verdict(coverage);
        if coverage.text.is_empty() && verdict.is_none() {
            return;
        }
        self.rule('=', "tests coverage", Style::new());
        if !coverage.text.is_empty() {
            let title = format!("coverage: {}", coverage.environment);
            self.rule('_', &title, Style::new());
            self.line("");
            self.line(coverage.text.trim_end());
        }
        if let Some(verdict) = verdict {
            self.line(&verdict);
        }
    }

    fn short_summary(&mut self, report: &Report) {
        let mut lines = Vec::new();
        for letter in self.look.options.listed().chars() {
            match letter {
                'f' => lines.extend(self.simple_lines(report, Outcome::Failed)),
                'p' => lines.extend(self.simple_lines(report, Outcome::Passed)),
                'E' => {
                    lines.extend(self.simple_lines(report, Outcome::Error));
                    lines.extend(self.collect_lines(report));
                }
                's' if self.look.options.no_fold_skipped => lines.extend(each_skipped(report)),
                's' => lines.extend(folded_skips(report)),
                'x' => lines.extend(expected_lines(report, Outcome::Xfailed, "XFAIL")),
                'X' => lines.extend(expected_lines(report, Outcome::Xpassed, "XPASS")),
                _ => {}
            }
        }
        if lines.is_empty() {
            return;
        }
        let style = AnsiColor::Cyan.on_default().bold();
        self.rule('=', "short test summary info", style);
        for line in lines {
            self.line(&line);
        }
    }

    fn order_dependent(&mut self, report: &Report) {
        for found in &report.order_dependent {
            let after = match found.after.as_slice() {
                [] => "fails beside other files that are only imported".to_owned(),
                files => format!("fails after {}", files.join(", ")),
            };
            let word = paint(AnsiColor::Yellow.on_default().bold(), "ORDER-DEPENDENT");
            let path = paint(Style::new().bold(), &found.path);
            self.line(&format!("{word} {path} {after}, passes alone:"));
            for test in &found.tests {
                self.line(&format!("  {test}"));
            }
        }
    }

    fn simple_lines(&self, report: &Report, category: Outcome) -> Vec<String> {
        let phases = with_category(report, category);
        let line = |(test, phase): (&TestFinished, &Phase)| {
            let word = match &phase.subtest {
                Some(subtest) if category == Outcome::Failed => format!("SUBFAILED{subtest}"),
                Some(subtest) if category == Outcome::Passed => format!("SUBPASSED{subtest}"),
                _ => category.as_str().to_uppercase(),
            };
            self.simple_line(category, &word, test.id.as_str(), phase.longrepr.as_ref())
        };
        phases.map(line).collect()
    }

    fn collect_lines(&self, report: &Report) -> Vec<String> {
        let failed = report.collect.iter();
        let failed = failed.filter(|collect| collect.outcome.is_failure());
        let line = |collect: &CollectReport| {
            let longrepr = collect.longrepr.as_ref();
            self.simple_line(Outcome::Error, "ERROR", collect.id.as_str(), longrepr)
        };
        failed.map(line).collect()
    }

    /// A line of the summary with as much of the message as there is room for.
    fn simple_line(
        &self,
        category: Outcome,
        word: &str,
        id: &str,
        longrepr: Option<&LongRepr>,
    ) -> String {
        let line = format!("{} {}", paint(colour_of(category), word), emphasised(id));
        let Some(message) = longrepr.and_then(|longrepr| longrepr.message.as_deref()) else {
            return line;
        };
        let whole = (is_ci() || self.verbosity.level >= 2) && !self.look.options.short_summary;
        if whole {
            let longrepr = longrepr.and_then(|longrepr| longrepr.full_message.as_deref());
            return format!("{line} - {}", longrepr.unwrap_or(message));
        }
        let first = message.lines().next().unwrap_or_default();
        let room =
            terminal_width().saturating_sub(console::measure_text_width(&line) + " - ".len());
        if first.is_empty() || room < "...".len() {
            return line;
        }
        format!("{line} - {}", console::truncate_str(first, room, "..."))
    }
}

/// Whether the run is one of continuous integration, where long lines do no harm.
fn is_ci() -> bool {
    ["CI", "BUILD_NUMBER"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn each_skipped(report: &Report) -> Vec<String> {
    let phases = with_category(report, Outcome::Skipped);
    let tests = phases.map(|(test, phase)| (test.id.as_str(), phase.longrepr.as_ref()));
    let files = report.collect.iter();
    let files = files.filter(|collect| collect.outcome == Outcome::Skipped);
    let files = files.map(|collect| (collect.id.as_str(), collect.longrepr.as_ref()));
    let line = |(id, longrepr): (&str, Option<&LongRepr>)| {
        let reason = longrepr.and_then(|longrepr| longrepr.reason.as_deref());
        let reason = reason.map_or_else(String::new, |reason| format!(" - Skipped: {reason}"));
        format!("{} {}{reason}", skipped_word(), emphasised(id))
    };
    files.chain(tests).map(line).collect()
}

/// The skipped tests, those with one place and reason together.
fn folded_skips(report: &Report) -> Vec<String> {
    let here = std::env::current_dir().unwrap_or_default();
    let files = report.collect.iter();
    let files = files.filter(|collect| collect.outcome == Outcome::Skipped);
    let phases = with_category(report, Outcome::Skipped);
    let longreprs = files
        .map(|collect| collect.longrepr.as_ref())
        .chain(phases.map(|(_, phase)| phase.longrepr.as_ref()));
    let mut folded: Vec<(String, usize)> = Vec::new();
    for longrepr in longreprs.flatten() {
        let path = std::path::Path::new(longrepr.path.as_deref().unwrap_or_default());
        let path = path.strip_prefix(&here).unwrap_or(path).display();
        let line = longrepr
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let reason = longrepr.reason.as_deref().unwrap_or_default();
        let text = format!("{path}{line}: {reason}");
        match folded.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => folded.push((text, 1)),
        }
    }
    let line = |(text, count): &(String, usize)| format!("{} [{count}] {text}", skipped_word());
    folded.iter().map(line).collect()
}

fn skipped_word() -> String {
    paint(colour_of(Outcome::Skipped), "SKIPPED")
}

fn expected_lines(report: &Report, category: Outcome, word: &str) -> Vec<String> {
    let line = |(test, phase): (&TestFinished, &Phase)| {
        let word = paint(colour_of(category), word);
        let at = match phase.when {
            When::Call => String::new(),
            when => format!(" at {} of", when.as_str()),
        };
        let reason = phase
            .wasxfail
            .as_deref()
            .filter(|reason| !reason.is_empty());
        let reason = reason.map_or_else(String::new, |reason| format!(" - {reason}"));
        format!("{word}{at} {}{reason}", emphasised(test.id.as_str()))
    };
    with_category(report, category).map(line).collect()
}

/// A node id whose names stand out.
fn emphasised(id: &str) -> String {
    match id.split_once("::") {
        Some((path, names)) => format!("{path}::{}", paint(Style::new().bold(), names)),
        None => id.to_owned(),
    }
}

fn with_category(
    report: &Report,
    category: Outcome,
) -> impl Iterator<Item = (&TestFinished, &Phase)> {
    report.tests.iter().flat_map(move |test| {
        test.phases
            .iter()
            .filter(move |phase| phase.category() == Some(category))
            .map(move |phase| (test, phase))
    })
}

fn title_of(test: &TestFinished) -> String {
    test.id.names().join(".")
}
