//! What people read: progress while tests run, then failures, warnings and the last line.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use fastest_lib::execution::{Event, LongRepr, Outcome, Phase, TestFinished};
use fastest_lib::plan::Plan;
use fastest_lib::report::{CollectReport, ExitCode, Report};
use fastest_lib::workspace::Workspace;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text::{bold, colour_of, paint, terminal_width};
use crate::workspace::place;

/// How much is shown, and what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verbosity {
    /// `-v` counts up, `-q` down.
    pub(crate) level: i32,
    /// How many of the slowest phases are listed; 0 means all.
    pub(crate) durations: Option<usize>,
    /// The least seconds that are worth to be listed.
    pub(crate) durations_min: Option<f64>,
}

#[derive(Default)]
struct FileProgress {
    expected: usize,
    letters: String,
}

/// Shows a run as it goes and its report at the end.
pub(crate) struct Pretty {
    out: AutoStream<io::Stdout>,
    verbosity: Verbosity,
    bar: Option<ProgressBar>,
    files: HashMap<String, FileProgress>,
    /// How many tests discovery expects in files that have not been collected.
    expected: HashMap<String, usize>,
    total: usize,
    finished: usize,
    failures: usize,
    /// Whether stdout was closed by its reader.
    pub(crate) closed: bool,
}

impl Pretty {
    pub(crate) fn new(verbosity: Verbosity, plan: &Plan) -> Self {
        let mut expected = HashMap::new();
        for file in &plan.files {
            *expected.entry(file.path.clone()).or_default() += file.tests;
        }
        let total = plan.files.iter().map(|file| file.tests).sum();
        let live = io::stdout().is_terminal() && io::stderr().is_terminal() && verbosity.level >= 0;
        let bar = live.then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            if let Ok(style) =
                ProgressStyle::with_template("{bar:30.green/black} {pos}/{len} {msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        Self {
            out: AutoStream::auto(io::stdout()),
            verbosity,
            bar,
            files: HashMap::new(),
            expected,
            total,
            finished: 0,
            failures: 0,
            closed: false,
        }
    }

    fn line(&mut self, text: &str) {
        let Self {
            out, bar, closed, ..
        } = self;
        let mut print = || {
            if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
                *closed = true;
            }
        };
        match bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub(crate) fn header(&mut self, workspace: &Workspace, rerun: Option<&str>) {
        if self.verbosity.level < 0 {
            return;
        }
        let mut line = format!("rootdir: {}", workspace.rootdir().display());
        if let Some(inipath) = workspace.inipath() {
            let shown = inipath.strip_prefix(workspace.rootdir()).unwrap_or(inipath);
            line.push_str(&format!(", configfile: {}", shown.display()));
        }
        self.line(&format!("fastest {}, {line}", env!("CARGO_PKG_VERSION")));
        if let Some(rerun) = rerun {
            self.line(&format!("run-last-failure: {rerun}"));
        }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted {
                python,
                pytest,
                workers,
                ..
            } if self.verbosity.level >= 0 => {
                let pytest = pytest
                    .as_ref()
                    .map_or(String::new(), |v| format!(", pytest {v}"));
                let plural = if *workers == 1 { "" } else { "s" };
                self.line(&format!(
                    "Python {python}{pytest}, {workers} worker{plural}\n"
                ));
            }
            Event::FileCollected { path, tests, .. } => {
                let expected = self.expected.remove(path).unwrap_or_default();
                self.total = (self.total + tests).saturating_sub(expected);
                if let Some(bar) = &self.bar {
                    bar.set_length(self.total as u64);
                }
                let file = self.files.entry(path.clone()).or_default();
                file.expected += tests;
            }
            Event::FileDeoptimized { path, reason } if self.verbosity.level >= 2 => {
                self.line(&format!("{path} runs under pytest: {reason}"));
            }
            Event::CollectFinished { id, outcome, .. } if self.verbosity.level >= 0 => {
                let word = outcome.as_str().to_uppercase();
                self.line(&format!("{id} {}", paint(colour_of(*outcome), &word)));
            }
            Event::TestFinished(test) => self.test_finished(test),
            _ => {}
        }
    }

    fn test_finished(&mut self, test: &TestFinished) {
        self.finished += 1;
        self.failures += usize::from(test.outcome.is_failure());
        let colour = colour_of(test.outcome);
        let percent = self.finished * 100 / self.total.max(self.finished);
        if self.verbosity.level >= 1 {
            for phase in &test.phases {
                let Some(category) = phase.category() else {
                    continue;
                };
                let word = paint(colour_of(category), &category.as_str().to_uppercase());
                let reason = phase.longrepr.as_ref().and_then(|l| l.reason.as_deref());
                let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
                self.line(&format!("{} {word}{reason} [{percent:3}%]", test.id));
            }
        } else if self.bar.is_some() && test.outcome.is_failure() {
            let word = paint(colour, &test.outcome.as_str().to_uppercase());
            self.line(&format!("{word} {}", test.id));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.finished as u64);
            if self.failures > 0 {
                bar.set_message(format!("{} failed", self.failures));
            }
        }
        let Some(file) = self.files.get_mut(test.id.path()) else {
            return;
        };
        for category in test.phases.iter().filter_map(Phase::category) {
            file.letters
                .push_str(&paint(colour_of(category), letter(category)));
        }
        file.expected = file.expected.saturating_sub(1);
        if file.expected == 0
            && let Some(file) = self.files.remove(test.id.path())
            && self.verbosity.level == 0
            && self.bar.is_none()
        {
            self.line(&format!(
                "{} {} [{percent:3}%]",
                test.id.path(),
                file.letters
            ));
        }
    }

    /// The sections that follow a run.
    pub(crate) fn report(&mut self, report: &Report) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.errors(report);
        self.failures(report);
        for text in &report.internal_errors {
            self.rule('=', "INTERNAL ERROR", AnsiColor::Red.on_default());
            self.line(text.trim_end());
        }
        self.problems(report);
        if self.verbosity.level >= 0 {
            self.warnings(report);
        }
        self.durations(report);
        self.short_summary(report);
        self.order_dependent(report);
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
            ExitCode::Ok => AnsiColor::Green.on_default(),
            ExitCode::NoTestsCollected => AnsiColor::Yellow.on_default(),
            _ => AnsiColor::Red.on_default(),
        };
        if self.verbosity.level >= 0 {
            self.rule('=', &report.last_line(), colour);
        } else {
            self.line(&paint(colour, &report.last_line()));
        }
    }

    fn rule(&mut self, fill: char, title: &str, style: Style) {
        let width = terminal_width();
        let space = width.saturating_sub(title.chars().count() + 2).max(6);
        let (left, right) = (space / 2, space - space / 2);
        let line = format!(
            "{} {title} {}",
            fill.to_string().repeat(left.max(3)),
            fill.to_string().repeat(right.max(3))
        );
        self.line(&paint(style, &line));
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

    fn failures(&mut self, report: &Report) {
        let mut first = true;
        for (test, phase) in with_category(report, Outcome::Failed) {
            if std::mem::take(&mut first) {
                self.rule('=', "FAILURES", Style::new());
            }
            let mut title = title_of(test);
            if let Some(subtest) = &phase.subtest {
                title.push(' ');
                title.push_str(subtest);
            }
            self.failure(&title, phase.longrepr.as_ref(), &phase.sections);
        }
    }

    fn failure(&mut self, title: &str, longrepr: Option<&LongRepr>, sections: &[(String, String)]) {
        self.rule('_', title, AnsiColor::Red.on_default().bold());
        if let Some(text) = longrepr.and_then(|longrepr| longrepr.text.as_deref()) {
            for line in text.lines() {
                let style = match line.as_bytes().first() {
                    Some(b'E') => AnsiColor::Red.on_default().bold(),
                    Some(b'>') => Style::new().bold(),
                    _ => Style::new(),
                };
                self.line(&paint(style, line));
            }
        }
        for (title, text) in sections {
            self.rule('-', title, Style::new());
            self.line(text.trim_end_matches('\n'));
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
        let least = self.verbosity.durations_min.unwrap_or(usual);
        for (duration, when, test) in phases.iter().take(shown).filter(|(d, ..)| *d >= least) {
            self.line(&format!("{duration:.2}s {when:<8} {}", test.id));
        }
    }

    fn order_dependent(&mut self, report: &Report) {
        for found in &report.order_dependent {
            let after = match found.after.as_slice() {
                [] => "fails beside other files that are only imported".to_owned(),
                files => format!("fails after {}", files.join(", ")),
            };
            let word = paint(AnsiColor::Yellow.on_default().bold(), "ORDER-DEPENDENT");
            self.line(&format!(
                "{word} {} {after}, passes alone:",
                bold(&found.path)
            ));
            for test in &found.tests {
                self.line(&format!("  {test}"));
            }
        }
    }

    fn short_summary(&mut self, report: &Report) {
        let mut lines = Vec::new();
        for (test, phase) in with_category(report, Outcome::Failed) {
            lines.push((
                Outcome::Failed,
                test.id.to_string(),
                phase.longrepr.as_ref(),
            ));
        }
        for (test, phase) in with_category(report, Outcome::Error) {
            lines.push((Outcome::Error, test.id.to_string(), phase.longrepr.as_ref()));
        }
        for collect in report
            .collect
            .iter()
            .filter(|collect| collect.outcome.is_failure())
        {
            lines.push((
                Outcome::Error,
                collect.id.to_string(),
                collect.longrepr.as_ref(),
            ));
        }
        if lines.is_empty() {
            return;
        }
        self.rule('=', "short test summary info", AnsiColor::Cyan.on_default());
        for (outcome, id, longrepr) in lines {
            let word = paint(colour_of(outcome), &outcome.as_str().to_uppercase());
            let message = longrepr.and_then(|longrepr| longrepr.message.as_deref());
            let message = message
                .and_then(|text| text.lines().next())
                .unwrap_or_default();
            let dash = if message.is_empty() { "" } else { " - " };
            self.line(&format!("{word} {}{dash}{message}", bold(&id)));
        }
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

fn letter(category: Outcome) -> &'static str {
    match category {
        Outcome::Passed => ".",
        Outcome::Skipped => "s",
        Outcome::Xfailed => "x",
        Outcome::Xpassed => "X",
        Outcome::Failed => "F",
        _ => "E",
    }
}
