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
            options: Vec::new(),
            list: false,
        };
        call.take(extra)?;
        Ok(call)
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
        if self.list && !self.options.is_empty() {
            return Err(format!("--list takes no {}", self.options.join(" ")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_parts_are_told_apart() {
        let check = |line: &str, expected: Option<(usize, usize, &[&str], &[&str], bool)>| {
            let words = line.split(' ').filter(|word| !word.is_empty());
            let call = Call::parse(words.map(OsString::from)).ok();
            let found = call.as_ref().map(|call| {
                let (tests, options) = (call.tests.clone(), call.options.clone());
                let counts = (call.verdicts.len(), call.arguments.len());
                (counts.0, counts.1, tests, options, call.list)
            });
            let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
            let expected = expected.map(|(verdicts, arguments, tests, options, list)| {
                (verdicts, arguments, owned(tests), owned(options), list)
            });
            assert_eq!(found, expected, "{line}");
        };
        check("v -- run --manifest m --", Some((1, 2, &[], &[], false)));
        check(
            "v w -- run -- test_a",
            Some((2, 0, &["test_a"], &[], false)),
        );
        check("v -- run -- --list", Some((1, 0, &[], &[], true)));
        let (test, options): (&[&str], &[&str]) = (&["test_a"], &["-k", "b", "--", "c"]);
        check(
            "v -- run -- test_a -k b -- c",
            Some((1, 0, test, options, false)),
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
