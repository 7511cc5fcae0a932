//! What Buck2 starts an executor with, and what people write behind `--`.

use clap::Parser;

/// The command line: what `[test] v2_test_executor_args` adds, then the sockets, then what people wrote.
#[derive(Clone, Debug, Parser)]
#[command(name = "fastest-buck2-executor", no_binary_name = true)]
pub struct Options {
    /// The socket to serve on
    #[arg(long, value_name = "N")]
    pub executor_fd: i32,
    /// The socket of Buck2's server
    #[arg(long, value_name = "N")]
    pub orchestrator_fd: i32,
    /// What comes after `--`
    #[arg(last = true)]
    rest: Vec<String>,
}

/// What people write behind `--` of `buck2 test`.
#[derive(Clone, Debug, Default, Parser)]
#[command(
    name = "buck2 test --",
    no_binary_name = true,
    disable_version_flag = true
)]
#[non_exhaustive]
pub struct TestOptions {
    /// More arguments of every test's command; Fastest's tests are run anew with them
    #[arg(long, value_name = "ARG", num_args = 1.., allow_hyphen_values = true)]
    pub test_arg: Vec<String>,
    /// Variables of every test's environment
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_parser = variable)]
    pub env: Vec<(String, String)>,
    /// How long a target may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub timeout: u64,
    /// Run only the tests with this name, or below it; a target without any is passed over
    #[arg(long, value_name = "TEST")]
    pub filter: Vec<String>,
    /// List tests and run none
    #[arg(long)]
    pub list: bool,
    /// Of Buck1
    #[arg(long, hide = true)]
    buck_test_info: Option<String>,
}

impl Options {
    /// Reads a command line, the program's name not among it.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(words: Vec<String>) -> Result<(Self, TestOptions), String> {
        if words.iter().any(|word| word == "--executor-addr") {
            return Err(
                "it serves on inherited sockets alone: unset BUCK2_TEST_TPX_USE_TCP".to_owned(),
            );
        }
        let options = Self::try_parse_from(words).map_err(|error| error.to_string())?;
        let rest = options.rest.clone();
        let test_options = TestOptions::try_parse_from(rest).map_err(|error| error.to_string())?;
        if test_options.list && !test_options.test_arg.is_empty() {
            return Err("--list runs nothing that --test-arg could be for".to_owned());
        }
        Ok((options, test_options))
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_read() {
        let read = |text: &str| {
            let words = text.split(' ').map(ToOwned::to_owned).collect();
            Options::read(words)
        };
        let sockets = "--executor-fd 3 --orchestrator-fd 4";
        let (options, rest) = read(&format!("{sockets} -- --buck-test-info x")).unwrap();
        assert_eq!((options.executor_fd, options.orchestrator_fd), (3, 4));
        assert_eq!((rest.timeout, rest.list), (600, false));
        let text = format!(
            "{sockets} -- --env A=b C= --env D=e=f --timeout 9 --filter test_a --filter B --test-arg -k x"
        );
        let (_, rest) = read(&text).unwrap();
        let pairs = [("A", "b"), ("C", ""), ("D", "e=f")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(rest.env, pairs);
        assert_eq!(rest.filter, ["test_a", "B"]);
        assert_eq!(rest.test_arg, ["-k", "x"]);
        assert_eq!(rest.timeout, 9);
        for wrong in [
            "--executor-fd 3",
            "--executor-addr a --orchestrator-addr b",
            "--executor-fd 3 --orchestrator-fd 4 -- --env A",
            "--executor-fd 3 --orchestrator-fd 4 -- --frobnicate",
            "--executor-fd 3 --orchestrator-fd 4 -- --list --test-arg x",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
