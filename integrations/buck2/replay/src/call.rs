//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The files with verdicts, one a shard.
    pub(crate) verdicts: Vec<PathBuf>,
    /// The runner.
    pub(crate) program: PathBuf,
    /// What it is always given.
    pub(crate) arguments: Vec<OsString>,
    /// The tests to look at; none is all.
    pub(crate) tests: Vec<String>,
    /// Whether it is a mistake when none of them is there.
    pub(crate) must_exist: bool,
    /// Options that no verdict was made with.
    pub(crate) options: Vec<String>,
    /// Whether tests are only to be listed.
    pub(crate) list: bool,
}

impl Call {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let usage = "usage: fastest-buck2-replay VERDICT … -- RUNNER … -- [TEST | OPTION …]";
        let mut parts = vec![Vec::new()];
        for argument in arguments {
            // What comes after the second one may be anything.
            if argument == "--" && parts.len() < 3 {
                parts.push(Vec::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(argument);
            }
        }
        let Ok([verdicts, runner, extra]) = <[Vec<OsString>; 3]>::try_from(parts) else {
            return Err(usage.to_owned());
        };
        let mut runner = runner.into_iter();
        let Some(program) = runner.next().filter(|_| !verdicts.is_empty()) else {
            return Err(usage.to_owned());
        };
        let mut call = Self {
            verdicts: verdicts.into_iter().map(PathBuf::from).collect(),
            program: PathBuf::from(program),
            arguments: runner.collect(),
            tests: Vec::new(),
            must_exist: false,
            options: Vec::new(),
            list: false,
        };
        call.take(extra)?;
        Ok(call)
    }

    /// Chooses among tests of which nobody knows whether they are there; those that were named win.
    pub(crate) fn filter<'t>(&mut self, names: impl Iterator<Item = &'t str>) {
        if self.tests.is_empty() {
            self.tests = names.map(ToOwned::to_owned).collect();
        }
    }

    /// An option may have a value, and only the runner knows which: behind the first one all are its.
    fn take(&mut self, extra: Vec<OsString>) -> Result<(), String> {
        for argument in extra {
            let Ok(text) = argument.into_string() else {
                return Err("an argument is not UTF-8".to_owned());
            };
            if !self.options.is_empty() {
                self.options.push(text);
            } else if text == "--list" {
                self.list = true;
            } else if text.starts_with('-') {
                self.options.push(text);
            } else {
                self.tests.push(text);
            }
        }
        self.must_exist = !self.tests.is_empty();
        if self.list && !self.options.is_empty() {
            return Err(format!("--list takes no {}", self.options.join(" ")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a call: how many verdicts, how many arguments; tests, options, whether it lists.
    type Parts<'t> = (usize, usize, &'t [&'t str], &'t [&'t str], bool);

    #[test]
    fn the_three_parts_are_told_apart() {
        let check = |line: &str, expected: Option<Parts<'_>>| {
            let words = line.split(' ').filter(|word| !word.is_empty());
            let call = Call::parse(words.map(OsString::from)).ok();
            assert_eq!(call.is_some(), expected.is_some(), "{line}");
            let (Some(call), Some((verdicts, arguments, tests, options, list))) = (call, expected)
            else {
                return;
            };
            assert_eq!(call.verdicts.len(), verdicts, "{line}");
            assert_eq!(call.arguments.len(), arguments, "{line}");
            assert_eq!(call.tests, tests, "{line}");
            assert_eq!(call.options, options, "{line}");
            assert_eq!(call.list, list, "{line}");
        };
        check("v -- run --manifest m --", Some((1, 2, &[], &[], false)));
        check(
            "v w -- run -- test_a",
            Some((2, 0, &["test_a"], &[], false)),
        );
        check("v -- run -- --list", Some((1, 0, &[], &[], true)));
        let options = ["-k", "b", "--", "c"];
        check(
            "v -- run -- test_a -k b -- c",
            Some((1, 0, &["test_a"], &options, false)),
        );
        for wrong in [
            "",
            "v",
            "v -- run",
            "-- run --",
            "v -- --",
            "v -- run -- --list -x",
        ] {
            check(wrong, None);
        }
    }
}
