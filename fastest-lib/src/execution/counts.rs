use serde::{Deserialize, Serialize};

use super::Outcome;

/// How many reports fell into each of pytest's categories.
///
/// A test that passes and then fails in its teardown counts twice, as it does for pytest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Failed calls.
    pub failed: usize,
    /// Passed calls.
    pub passed: usize,
    /// Skipped tests, files and classes.
    pub skipped: usize,
    /// Tests that `-k`, `-m` or `--deselect` dropped.
    pub deselected: usize,
    /// Expected failures.
    pub xfailed: usize,
    /// Unexpected passes that are allowed.
    pub xpassed: usize,
    /// Recorded warnings.
    pub warnings: usize,
    /// Failed setups and teardowns, and files that could not be collected.
    pub errors: usize,
    /// Tests that did not run, because nothing that they depend on has changed; they count above, too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unchanged: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Counts {
    pub(crate) fn add(&mut self, category: Outcome) {
        match category {
            Outcome::Passed => self.passed += 1,
            Outcome::Skipped => self.skipped += 1,
            Outcome::Xfailed => self.xfailed += 1,
            Outcome::Xpassed => self.xpassed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Error => self.errors += 1,
        }
    }

    /// The parts of pytest's last line, such as `1 failed, 3 passed, 2 warnings`, and how many tests did
    /// not run because nothing has changed: `3 passed (2 unchanged)`.
    pub fn describe(&self) -> String {
        let plural =
            |count: usize, word: &str| format!("{word}{}", if count == 1 { "" } else { "s" });
        let parts: Vec<String> = [
            (self.failed, "failed".to_owned()),
            (self.passed, "passed".to_owned()),
            (self.skipped, "skipped".to_owned()),
            (self.deselected, "deselected".to_owned()),
            (self.xfailed, "xfailed".to_owned()),
            (self.xpassed, "xpassed".to_owned()),
            (self.warnings, plural(self.warnings, "warning")),
            (self.errors, plural(self.errors, "error")),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        if parts.is_empty() {
            return "no tests ran".to_owned();
        }
        match self.unchanged {
            0 => parts.join(", "),
            count => format!("{} ({count} unchanged)", parts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_worded_as_pytest_words_it() {
        let check = |counts: Counts, expected: &str| assert_eq!(counts.describe(), expected);
        check(Counts::default(), "no tests ran");
        check(
            Counts {
                passed: 1,
                warnings: 1,
                ..Counts::default()
            },
            "1 passed, 1 warning",
        );
        check(
            Counts {
                passed: 412,
                skipped: 1,
                unchanged: 400,
                ..Counts::default()
            },
            "412 passed, 1 skipped (400 unchanged)",
        );
        check(
            Counts {
                failed: 1,
                passed: 2,
                skipped: 3,
                deselected: 4,
                xfailed: 5,
                xpassed: 6,
                warnings: 7,
                errors: 8,
                unchanged: 0,
            },
            "1 failed, 2 passed, 3 skipped, 4 deselected, 5 xfailed, 6 xpassed, 7 warnings, \
             8 errors",
        );
    }
}
