//! Failures in full: pytest's text, in pytest's colours, and what was captured.

use anstyle::{AnsiColor, Style};
use fastest_lib::execution::{LongRepr, Phase, TestFinished, When};
use fastest_lib::plan::TracebackStyle;
use fastest_lib::workspace::ShowCapture;

use super::Pretty;
use crate::text::paint;

impl Pretty {
    /// A phase with its headline; after a failed call what the teardown printed, too.
    pub(super) fn failed_phase(&mut self, title: &str, test: &TestFinished, phase: &Phase) {
        if self.look.traceback == TracebackStyle::Line {
            self.in_one_line(phase);
            return;
        }
        self.failure(title, phase.longrepr.as_ref(), &phase.sections);
        if phase.when == When::Call {
            self.teardown_output(test);
        }
    }

    fn in_one_line(&mut self, phase: &Phase) {
        let longrepr = phase.longrepr.as_ref();
        self.text_of(longrepr);
        self.sections(&phase.sections);
        if let Some(longrepr) = longrepr
            && let (Some(path), Some(line)) = (&longrepr.path, longrepr.line)
        {
            let message = longrepr.message.as_deref().unwrap_or_default();
            self.line(&format!("{path}:{line}: {message}"));
        }
    }

    fn text_of(&mut self, longrepr: Option<&LongRepr>) {
        if let Some(text) = longrepr.and_then(|longrepr| longrepr.text.as_deref()) {
            for line in text.lines() {
                self.line(&coloured(line));
            }
        }
    }

    /// What a test printed during its teardown.
    pub(super) fn teardown_output(&mut self, test: &TestFinished) {
        for phase in &test.phases {
            if phase.when == When::Teardown {
                let sections = phase.sections.iter();
                let of_teardown: Vec<_> = sections
                    .filter(|(title, _)| title.contains("teardown"))
                    .cloned()
                    .collect();
                self.sections(&of_teardown);
            }
        }
    }

    pub(super) fn failure(
        &mut self,
        title: &str,
        longrepr: Option<&LongRepr>,
        sections: &[(String, String)],
    ) {
        self.rule('_', title, AnsiColor::Red.on_default().bold());
        let is_long = matches!(
            self.look.traceback,
            TracebackStyle::Auto | TracebackStyle::Long
        );
        if is_long && longrepr.is_some_and(|longrepr| longrepr.path.is_some()) {
            self.line("");
        }
        self.text_of(longrepr);
        self.sections(sections);
    }

    pub(super) fn sections(&mut self, sections: &[(String, String)]) {
        let wanted = match self.look.options.show_capture {
            ShowCapture::No => return,
            ShowCapture::Stdout => "stdout",
            ShowCapture::Stderr => "stderr",
            ShowCapture::Log => "log",
            _ => "",
        };
        for (title, text) in sections.iter().filter(|(title, _)| title.contains(wanted)) {
            self.rule('-', title, Style::new());
            self.line(text.strip_suffix('\n').unwrap_or(text));
        }
    }
}

/// A line of a failure in the colours that pytest gives it: the failing line, what is wrong with it, the
/// lines of a comparison, and places.
fn coloured(line: &str) -> String {
    let red = AnsiColor::Red.on_default();
    if let Some(rest) = line.strip_prefix('E').filter(|rest| is_indented(rest)) {
        let content = rest.trim_start();
        let indent = &rest[..rest.len() - content.len()];
        return match difference(content) {
            Some(style) => format!(
                "{}{indent}{}",
                paint(red.bold(), "E"),
                paint(style, content)
            ),
            None => paint(red.bold(), line),
        };
    }
    if line.starts_with('>') {
        return paint(Style::new().bold(), line);
    }
    match place_of(line) {
        Some(at) => format!("{}{}", paint(red.bold(), &line[..at]), &line[at..]),
        None => line.to_owned(),
    }
}

fn is_indented(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// The style of a line of a comparison; none for other lines of an explanation.
fn difference(content: &str) -> Option<Style> {
    let (sign, rest) = content.split_at_checked(1)?;
    if !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    // `+  where x = f()` explains a value.
    let explains = |rest: &str| {
        let words = rest.trim_start();
        rest.starts_with("  ") && (words.starts_with("where ") || words.starts_with("and "))
    };
    match sign {
        "+" if explains(rest) => None,
        "+" => Some(AnsiColor::BrightGreen.on_default()),
        "-" => Some(AnsiColor::BrightRed.on_default()),
        "?" => Some(Style::new()),
        _ => None,
    }
}

/// Where the path of a line such as `tests/test_a.py:3: AssertionError` ends.
fn place_of(line: &str) -> Option<usize> {
    if line.starts_with([' ', '_']) {
        return None;
    }
    let at = line.find(':').filter(|at| *at > 0)?;
    let (number, rest) = line[at + 1..].split_once(':')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && (rest.is_empty() || rest.starts_with(' '))).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_pytests_colours() {
        let check = |line: &str, expected: &str| {
            let shown = coloured(line).replace('\u{1b}', "^");
            assert_eq!(shown, expected, "{line}");
        };
        check("    def test_a():", "    def test_a():");
        check(">       assert x", "^[1m>       assert x^[0m");
        check("E   assert 1 == 2", "^[1m^[31mE   assert 1 == 2^[0m");
        check("E     - a", "^[1m^[31mE^[0m     ^[91m- a^[0m");
        check("E     + b", "^[1m^[31mE^[0m     ^[92m+ b^[0m");
        check("E     ? ^", "^[1m^[31mE^[0m     ? ^");
        check(
            "E    +  where 1 = f()",
            "^[1m^[31mE    +  where 1 = f()^[0m",
        );
        check("E   -1 is wrong", "^[1m^[31mE   -1 is wrong^[0m");
        check(
            "a/b.py:12: ValueError",
            "^[1m^[31ma/b.py^[0m:12: ValueError",
        );
        check("_ _ _ _", "_ _ _ _");
        check("Exit: 3", "Exit: 3");
    }
}
