//! What people read: progress while tests run, then failures, warnings and the last line.

mod failure;
mod summary;

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use fastest_lib::execution::{CoverageSummary, Enforcement, Event, Outcome, Phase, TestFinished};
use fastest_lib::plan::{Plan, TracebackStyle};
use fastest_lib::workspace::{DisplayOptions, Workspace};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text::{colour_of, paint, terminal_width};

/// How much is shown, and what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verbosity {
    /// `-v` counts up, `-q` down.
    pub(crate) level: i32,
    /// How many of the slowest phases are listed; 0 means all.
    pub(crate) durations: Option<usize>,
}

/// All that decides what is shown.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) verbosity: Verbosity,
    pub(crate) traceback: TracebackStyle,
    pub(crate) options: DisplayOptions,
}

#[derive(Default)]
struct FileProgress {
    expected: usize,
    letters: Letters,
}

/// Letters of outcomes, coloured, and how many they are.
#[derive(Debug, Default)]
struct Letters {
    text: String,
    count: usize,
}

impl Letters {
    fn push(&mut self, category: Outcome) {
        self.text
            .push_str(&paint(colour_of(category), letter(category)));
        self.count += 1;
    }
}

/// Shows a run as it goes and its report at the end.
pub(crate) struct Pretty {
    out: AutoStream<io::Stdout>,
    verbosity: Verbosity,
    look: Look,
    bar: Option<ProgressBar>,
    files: HashMap<String, FileProgress>,
    /// How many tests discovery expects in files that have not been collected.
    expected: HashMap<String, usize>,
    total: usize,
    finished: usize,
    failures: usize,
    /// The files that do not run, while that has not been told.
    unchanged: usize,
    /// With `-q`, the letters of the line that is not full yet.
    letters: Letters,
    /// Why nothing can be written to stdout any more: its reader has gone, or a disk is full.
    pub(crate) unwritten: Option<io::Error>,
}

impl Pretty {
    pub(crate) fn new(look: Look, plan: &Plan) -> Self {
        let verbosity = look.verbosity;
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
            out: AutoStream::new(io::stdout(), colours(look.options.color)),
            verbosity,
            look,
            bar,
            files: HashMap::new(),
            expected,
            total,
            finished: 0,
            failures: 0,
            unchanged: 0,
            letters: Letters::default(),
            unwritten: None,
        }
    }

    fn line(&mut self, text: &str) {
        let Self {
            out,
            bar,
            unwritten,
            ..
        } = self;
        if unwritten.is_some() {
            return;
        }
        let mut print = || {
            *unwritten = writeln!(out, "{text}").and_then(|()| out.flush()).err();
        };
        match bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn has_header(&self) -> bool {
        self.verbosity.level >= 0 && !self.look.options.no_header
    }

    pub(crate) fn header(&mut self, workspace: &Workspace, rerun: Option<&str>) {
        if !self.has_header() {
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

    fn unenforced(&mut self, enforcement: &Enforcement) {
        let lines = unenforced(enforcement);
        for line in &lines {
            self.line(line);
        }
        if !lines.is_empty() {
            self.line("");
        }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        if matches!(
            event,
            Event::FileCollected { .. } | Event::RunFinished { .. }
        ) {
            self.tell_unchanged();
        }
        match event {
            Event::RunStarted {
                python,
                pytest,
                workers,
                ..
            } if self.has_header() => {
                let pytest = pytest
                    .as_ref()
                    .map_or(String::new(), |v| format!(", pytest {v}"));
                let plural = if *workers == 1 { "" } else { "s" };
                self.line(&format!(
                    "Python {python}{pytest}, {workers} worker{plural}\n"
                ));
            }
            Event::HermeticStarted(enforcement) => self.unenforced(enforcement),
            Event::FileUnchanged { path, tests, .. } => {
                let expected = self.expected.remove(path).unwrap_or_default();
                self.total = (self.total + tests).saturating_sub(expected);
                self.unchanged += 1;
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

    /// How many files do not run, once that is known.
    fn tell_unchanged(&mut self) {
        let count = std::mem::take(&mut self.unchanged);
        if count > 0 && self.verbosity.level >= 0 {
            let plural = if count == 1 { "" } else { "s" };
            self.line(&format!("{count} unchanged file{plural}, not run"));
        }
    }

    fn test_finished(&mut self, test: &TestFinished) {
        self.finished += 1;
        self.failures += usize::from(test.outcome.is_failure());
        let colour = colour_of(test.outcome);
        let percent = self.finished * 100 / self.total.max(self.finished);
        if self.verbosity.level >= 1 {
            for phase in &test.phases {
                if let Some(category) = phase.category() {
                    let line = self.verbose_line(test, phase, category, percent);
                    self.line(&line);
                }
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
        if self.verbosity.level < 0 && !test.unchanged {
            self.quiet_letters(test, percent);
        }
        let Some(file) = self.files.get_mut(test.id.path()) else {
            return;
        };
        for category in test.phases.iter().filter_map(Phase::category) {
            file.letters.push(category);
        }
        file.expected = file.expected.saturating_sub(1);
        if file.expected == 0
            && let Some(file) = self.files.remove(test.id.path())
            && self.verbosity.level == 0
            && self.bar.is_none()
        {
            let path = format!("{} ", test.id.path());
            let width = path.chars().count() + file.letters.count;
            let line = aligned(&(path + &file.letters.text), width, percent);
            self.line(&line);
        }
    }

    /// With `-v` each report has a line, with the reason of a skip or of an expected failure.
    fn verbose_line(
        &self,
        test: &TestFinished,
        phase: &Phase,
        category: Outcome,
        percent: usize,
    ) -> String {
        let word = match category {
            Outcome::Xfailed => "XFAIL".to_owned(),
            Outcome::Xpassed => "XPASS".to_owned(),
            other => other.as_str().to_uppercase(),
        };
        let word = match test.unchanged {
            true => word + " (unchanged)",
            false => word,
        };
        let mut width = test.id.as_str().chars().count() + 1 + word.len();
        let mut line = format!("{} {}", test.id, paint(colour_of(category), &word));
        let skipped = phase.longrepr.as_ref().and_then(|l| l.reason.as_deref());
        let expected = phase.wasxfail.as_deref();
        let reason = expected.map(|reason| reason.strip_prefix("reason: ").unwrap_or(reason));
        if let Some(reason) = reason.or(skipped).filter(|reason| !reason.is_empty()) {
            let room = terminal_width().saturating_sub(width + PERCENT);
            let whole = format!(" ({reason})");
            let shown = match room.checked_sub(" ()".len()) {
                _ if self.verbosity.level >= 2 => whole,
                Some(room) if room >= "...".len() => {
                    let first = reason.lines().next().unwrap_or_default();
                    format!(" ({})", console::truncate_str(first, room, "..."))
                }
                _ => String::new(),
            };
            width += console::measure_text_width(&shown);
            line.push_str(&shown);
        }
        aligned(&line, width, percent)
    }

    /// With `-q` only letters tell of progress, a full line at a time.
    fn quiet_letters(&mut self, test: &TestFinished, percent: usize) {
        for category in test.phases.iter().filter_map(Phase::category) {
            self.letters.push(category);
            if self.letters.count + PERCENT >= terminal_width() {
                self.end_letters(percent);
            }
        }
    }

    fn end_letters(&mut self, percent: usize) {
        let letters = std::mem::take(&mut self.letters);
        if letters.count > 0 {
            self.line(&aligned(&letters.text, letters.count, percent));
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
}

/// What ` [100%]` takes, and the column that pytest leaves free.
const PERCENT: usize = 8;

/// A line of a width with how much is done at the right margin, where there is room.
fn aligned(text: &str, width: usize, percent: usize) -> String {
    let fill = terminal_width().saturating_sub(width + PERCENT);
    format!("{text}{} [{percent:3}%]", " ".repeat(fill))
}

/// Whether to write the codes of colours: as asked, else as the environment says by the variables
/// that pytest knows, else as the terminal can.
fn colours(asked: Option<bool>) -> ColorChoice {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let of_pytest = match std::env::var("PY_COLORS").as_deref() {
        Ok("1") => Some(true),
        Ok("0") => Some(false),
        _ => None,
    };
    match asked.or(of_pytest) {
        Some(true) => ColorChoice::Always,
        Some(false) => ColorChoice::Never,
        None if set("NO_COLOR") => ColorChoice::Never,
        None if set("FORCE_COLOR") => ColorChoice::Always,
        None => AutoStream::choice(&io::stdout()),
    }
}

/// What of the walls around closed units this system does not have, a line each.
pub(crate) fn unenforced(enforcement: &Enforcement) -> Vec<String> {
    let word = paint(AnsiColor::Yellow.on_default().bold(), "not enforced:");
    let sentences = enforcement.unenforced.iter();
    sentences
        .map(|sentence| format!("{word} {sentence}"))
        .collect()
}

/// Whether the coverage is what was asked for.
pub(crate) fn coverage_verdict(coverage: &CoverageSummary) -> Option<String> {
    let (wanted, total) = (coverage.fail_under?, coverage.total?);
    let (style, fail, reached) = if coverage.failed {
        (AnsiColor::Red, "FAIL ", "not reached")
    } else {
        (AnsiColor::Green, "", "reached")
    };
    let text =
        format!("{fail}Required test coverage of {wanted}% {reached}. Total coverage: {total:.2}%");
    Some(paint(style.on_default().bold(), &text))
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
