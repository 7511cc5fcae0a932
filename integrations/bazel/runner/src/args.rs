//! The `args` of a target and `--test_arg`: pytest's words for what a target may want.

use std::time::Duration;

use clap::Parser;
use fastest_lib::plan::{Capture, RunOptions, TracebackStyle};
use fastest_lib::workspace::{EngineChoice, Isolation};

use crate::Failure;

/// Runs the tests of one file.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "args", no_binary_name = true, disable_version_flag = true)]
pub struct Args {
    /// Run the tests that this expression matches
    #[arg(short = 'k', value_name = "EXPR")]
    pub keyword: Option<String>,
    /// Run the tests whose marks this expression matches
    #[arg(short = 'm', value_name = "EXPR")]
    pub markexpr: Option<String>,
    /// Stop after the first failure
    #[arg(short = 'x', long)]
    exitfirst: bool,
    /// Stop after so many failures
    #[arg(long, value_name = "N")]
    maxfail: Option<usize>,
    /// Do not capture output
    #[arg(short = 's')]
    no_capture: bool,
    /// More of long comparisons; and one line a test
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Less output
    #[arg(short, long, action = clap::ArgAction::Count)]
    quiet: u8,
    /// How failures are shown
    #[arg(long, value_name = "STYLE", value_parser = ["auto", "long", "short", "line", "native", "no"])]
    tb: Option<String>,
    /// Show local variables
    #[arg(short = 'l', long)]
    showlocals: bool,
    /// What runs the tests
    #[arg(long, value_name = "ENGINE", value_parser = ["auto", "native", "pytest"])]
    engine: Option<String>,
    /// How long one test may take, in seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// A filter of Python warnings
    #[arg(short = 'W', value_name = "FILTER")]
    warnings: Vec<String>,
    /// A pytest plugin to load, or to leave out (no:NAME)
    #[arg(short = 'p', value_name = "PLUGIN")]
    plugins: Vec<String>,
    /// A setting in place of that of the configuration file
    #[arg(short = 'o', value_name = "NAME=VALUE")]
    pub overrides: Vec<String>,
}

impl Args {
    /// Reads arguments, without the name of the program.
    ///
    /// # Errors
    ///
    /// When one is not known or its value has no meaning.
    pub fn read(arguments: &[String]) -> Result<Self, Failure> {
        Self::try_parse_from(arguments).map_err(|error| Failure::usage(error.to_string()))
    }

    /// The options of a run that they ask for, `configured` being the configuration's limit of failures.
    pub fn options(&self, configured: Option<usize>, fail_fast: bool) -> RunOptions {
        let mut options = RunOptions::default();
        // One file: more workers would have nothing to do.
        options.workers = Some(1);
        options.maxfail = match self.maxfail {
            _ if self.exitfirst || fail_fast => 1,
            given => given.or(configured).unwrap_or(0),
        };
        options.capture = if self.no_capture {
            Capture::No
        } else {
            Capture::Fd
        };
        options.verbosity = i32::from(self.verbose) - i32::from(self.quiet);
        options.traceback = match self.tb.as_deref() {
            Some("long") => TracebackStyle::Long,
            Some("short") => TracebackStyle::Short,
            Some("line") => TracebackStyle::Line,
            Some("native") => TracebackStyle::Native,
            Some("no") => TracebackStyle::No,
            _ => TracebackStyle::Auto,
        };
        options.engine = match self.engine.as_deref() {
            Some("native") => EngineChoice::Native,
            Some("pytest") => EngineChoice::Pytest,
            _ => EngineChoice::Auto,
        };
        options.isolation = Isolation::Module;
        options.showlocals = self.showlocals;
        options.timeout = self
            .timeout
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        options.warnings.clone_from(&self.warnings);
        options.plugins.clone_from(&self.plugins);
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Args, Failure> {
        let words: Vec<String> = text.split_whitespace().map(ToOwned::to_owned).collect();
        Args::read(&words)
    }

    #[test]
    fn pytest_s_words_are_taken() {
        let args =
            read("-k pay -m slow -x --tb=short --engine pytest -o xfail_strict=true").unwrap();
        assert_eq!(args.keyword.as_deref(), Some("pay"));
        let options = args.options(Some(3), false);
        assert_eq!((options.maxfail, options.workers), (1, Some(1)));
        assert_eq!(options.engine, EngineChoice::Pytest);
        for (text, fail_fast, maxfail) in [
            ("", false, 3),
            ("", true, 1),
            ("--maxfail 2", false, 2),
            ("--maxfail 2", true, 1),
        ] {
            let options = read(text).unwrap().options(Some(3), fail_fast);
            assert_eq!(options.maxfail, maxfail, "{text} {fail_fast}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in ["--frobnicate", "--engine fast", "t/test_one.py", "-k"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
