use std::collections::BTreeMap;
use std::time::Duration;

use super::config::ImportMode;
use super::coverage::CoverageOptions;
use super::display::DisplayOptions;
use super::limits;
use super::option_table::{self, Arity, Effect};
use crate::{Error, ErrorKind, Result};

/// pytest's command line options as `addopts` of the configuration file and `PYTEST_ADDOPTS` give
/// them. Where an option is given twice the last one holds, but for those that add up.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Addopts {
    /// `-k`: the expression of names.
    pub keyword: Option<String>,
    /// `-m`: the expression of marks.
    pub markexpr: Option<String>,
    /// `--maxfail`, or 1 for `-x`; 0 is no limit.
    pub maxfail: Option<u32>,
    /// The `-v` less the `-q`, counted up from `--verbosity`.
    pub verbosity: i32,
    /// `--capture`: `fd`, `sys`, `no` or `tee-sys`; `-s` is `no`.
    pub capture: Option<String>,
    /// `--tb`: the style of tracebacks.
    pub tbstyle: Option<String>,
    /// `--durations`: how many of the slowest tests to list; 0 is all.
    pub durations: Option<u32>,
    /// `--last-failed`.
    pub last_failed: bool,
    /// `--failed-first`.
    pub failed_first: bool,
    /// `--new-first`.
    pub new_first: bool,
    /// `--last-failed-no-failures`: `all` or `none`.
    pub last_failed_no_failures: Option<String>,
    /// `--cache-clear`.
    pub cache_clear: bool,
    /// `-l`/`--showlocals` (true) or `--no-showlocals` (false).
    pub showlocals: Option<bool>,
    /// What is shown, and how.
    pub display: DisplayOptions,
    /// `--junit-xml`: where to write the JUnit report.
    pub junit_xml: Option<String>,
    /// `--junit-prefix`: what to put before the class names of the JUnit report.
    pub junit_prefix: Option<String>,
    /// `--basetemp`: the folder that temporary folders of tests are made in.
    pub basetemp: Option<String>,
    /// `--timeout`, of pytest-timeout: the seconds that a test may take; 0 is no limit.
    pub timeout: Option<Duration>,
    /// `-W`: warning filters, in order.
    pub warnings: Vec<String>,
    /// `-p`: plugins to load, or `no:NAME` to block, in order.
    pub plugins: Vec<String>,
    /// `--asyncio-mode` and `--anyio-mode`, by the names that the plugins give them.
    pub plugin_options: BTreeMap<String, String>,
    /// `--disable-plugin-autoload`: whether only plugins named by `-p` are loaded.
    pub disable_plugin_autoload: bool,
    /// `-o name=value` in order; `--strict`, `--strict-markers` and `--strict-config` are such.
    pub overrides: Vec<String>,
    /// `--import-mode`.
    pub import_mode: Option<ImportMode>,
    /// `--ignore`: paths that collection leaves out.
    pub ignore: Vec<String>,
    /// `--ignore-glob`: patterns of paths that collection leaves out.
    pub ignore_glob: Vec<String>,
    /// `--deselect`: prefixes of node ids that are collected but not run.
    pub deselect: Vec<String>,
    /// `--confcutdir`: above it no `conftest.py` is loaded.
    pub confcutdir: Option<String>,
    /// `--noconftest`: whether no `conftest.py` is loaded at all.
    pub noconftest: bool,
    /// `--collect-in-virtualenv`: whether folders that are virtual environments are entered.
    pub collect_in_virtualenv: bool,
    /// `--doctest-modules`: whether every module is looked through for doctests.
    pub doctest_modules: bool,
    /// `--doctest-glob`: patterns of text files with doctests.
    pub doctest_glob: Vec<String>,
    /// `--doctest-ignore-import-errors`: whether a module that cannot be imported is skipped.
    pub doctest_ignore_import_errors: bool,
    /// `--doctest-continue-on-failure`: whether the examples after a failed one run too.
    pub doctest_continue_on_failure: bool,
    /// `--doctest-report`: how what an example printed is compared with what it should have.
    pub doctest_report: Option<String>,
    /// pytest-cov's options.
    pub coverage: CoverageOptions,
    /// `--rootdir`; it has an effect in `PYTEST_ADDOPTS` only.
    pub rootdir: Option<String>,
    /// `-c`; it has an effect in `PYTEST_ADDOPTS` only.
    pub config_file: Option<String>,
    /// Paths and node ids: they are collected before those of the command line.
    pub paths: Vec<String>,
    /// The tokens that are modelled by no other field: options of plugins, and pytest's own that
    /// change what runs or how. Only pytest itself knows what they do.
    pub unknown: Vec<String>,
}

impl Addopts {
    /// Parses options as pytest's command line does. `is_path` tells whether a word names something
    /// on disk: the word after an option that nobody here knows is that option's value unless it
    /// does.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when an option lacks its value or does not take that value; `source`
    /// then says where it stands.
    pub(crate) fn parse(
        words: &[String],
        source: &str,
        is_path: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut parser = Parser {
            result: Self::default(),
            words: words.into_iter().peekable(),
            source,
            is_path,
        };
        parser.run()?;
        Ok(parser.result)
    }
}

struct Parser<'a> {
    result: Addopts,
    words: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
    source: &'a str,
    is_path: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<()> {
        while let Some(word) = self.words.next() {
            if word == "--" {
                let rest = self.words.by_ref().map(str::to_owned);
                self.result.paths.extend(rest);
            } else if !is_option(word) {
                self.result.paths.push(word.to_owned());
            } else if word.starts_with("--") {
                self.long(word)?;
            } else {
                self.short(word)?;
            }
        }
        Ok(())
    }

    fn long(&mut self, word: &'a str) -> Result<()> {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let Some((arity, effect)) = option_table::find(name) else {
            return self.stranger(word);
        };
        let value = match (arity, inline) {
            (Arity::Flag, None) => None,
            (Arity::Flag, Some(value)) => {
                return Err(self.error(name, &format!("takes no value, but has `{value}`")));
            }
            (_, Some(value)) => Some(value),
            (Arity::Value, None) => Some(self.value_of(name)?),
            (Arity::Optional, None) => self.words.next_if(|next| !is_option(next)),
        };
        self.apply(word, name, effect, value, inline.is_some())
    }

    /// A word such as `-x`, `-xvs`, `-kEXPR`, `-k=EXPR` or `-k EXPR`.
    fn short(&mut self, word: &'a str) -> Result<()> {
        let mut rest = &word[1..];
        while let Some(letter) = rest.chars().next() {
            let name = format!("-{letter}");
            rest = &rest[letter.len_utf8()..];
            let Some((arity, effect)) = option_table::find(&name) else {
                let spelled = if rest.len() + 1 + letter.len_utf8() == word.len() {
                    word.to_owned()
                } else {
                    format!("-{letter}{rest}")
                };
                return self.stranger_spelled(spelled, !rest.is_empty());
            };
            if arity == Arity::Flag {
                self.apply(&name, &name, effect, None, false)?;
                continue;
            }
            let inline = !rest.is_empty();
            let value = if inline {
                rest.strip_prefix('=').unwrap_or(rest)
            } else {
                self.value_of(&name)?
            };
            let spelled = if inline {
                format!("{name}{rest}")
            } else {
                name.clone()
            };
            return self.apply(&spelled, &name, effect, Some(value), inline);
        }
        Ok(())
    }

    fn stranger(&mut self, word: &str) -> Result<()> {
        self.stranger_spelled(word.to_owned(), word.contains('='))
    }

    /// An option that is not in the table, with its value if the next word looks like one.
    fn stranger_spelled(&mut self, spelled: String, has_value: bool) -> Result<()> {
        self.result.unknown.push(spelled);
        if !has_value
            && let Some(next) = self.words.peek()
            && !is_option(next)
            && !(self.is_path)(next)
        {
            let value = self.words.next().map(str::to_owned);
            self.result.unknown.extend(value);
        }
        Ok(())
    }

    fn value_of(&mut self, name: &str) -> Result<&'a str> {
        match self.words.next_if(|next| !is_option(next)) {
            Some(value) => Ok(value),
            None => Err(self.error(name, "needs a value")),
        }
    }

    /// Keeps an option; `spelled` is the word it stood in, `inline` whether the value did too.
    fn apply(
        &mut self,
        spelled: &str,
        name: &str,
        effect: Effect,
        value: Option<&str>,
        inline: bool,
    ) -> Result<()> {
        let text = || value.unwrap_or_default().to_owned();
        match effect {
            Effect::Harmless => {}
            Effect::Keyword => self.result.keyword = Some(text()),
            Effect::Markexpr => self.result.markexpr = Some(text()),
            Effect::ExitFirst => self.result.maxfail = Some(1),
            Effect::Maxfail => self.result.maxfail = Some(self.number(name, &text())?),
            Effect::Verbose => self.result.verbosity += 1,
            Effect::Quiet => self.result.verbosity -= 1,
            Effect::Verbosity => self.result.verbosity = self.number(name, &text())?,
            Effect::Capture => {
                let choices = &["fd", "sys", "no", "tee-sys"];
                self.result.capture = Some(self.choice(name, text(), choices)?);
            }
            Effect::NoCapture => self.result.capture = Some("no".to_owned()),
            Effect::Tb => {
                let choices = &["auto", "long", "short", "no", "line", "native"];
                self.result.tbstyle = Some(self.choice(name, text(), choices)?);
            }
            Effect::Durations => self.result.durations = Some(self.number(name, &text())?),
            Effect::LastFailed => self.result.last_failed = true,
            Effect::FailedFirst => self.result.failed_first = true,
            Effect::NewFirst => self.result.new_first = true,
            Effect::LastFailedNoFailures => {
                let choice = self.choice(name, text(), &["all", "none"])?;
                self.result.last_failed_no_failures = Some(choice);
            }
            Effect::CacheClear => self.result.cache_clear = true,
            Effect::ShowLocals(shown) => self.result.showlocals = Some(shown),
            Effect::Display => {
                let set = self.result.display.set(name, value);
                set.map_err(|message| self.error(name, &message))?;
            }
            Effect::JunitXml => self.result.junit_xml = Some(text()),
            Effect::JunitPrefix => self.result.junit_prefix = Some(text()),
            Effect::Basetemp => self.result.basetemp = Some(text()),
            Effect::Timeout => {
                let seconds = limits::seconds(&text());
                let error = || self.error(name, &format!("needs seconds, not `{}`", text()));
                self.result.timeout = Some(seconds.ok_or_else(error)?);
            }
            Effect::Warning => self.result.warnings.push(text()),
            Effect::Plugin => self.result.plugins.push(text().trim().to_owned()),
            Effect::DisablePluginAutoload => self.result.disable_plugin_autoload = true,
            Effect::Override => self.result.overrides.push(text()),
            Effect::PluginOption(option) => {
                let options = &mut self.result.plugin_options;
                options.insert(option.to_owned(), text());
            }
            Effect::Strict(setting) => self.result.overrides.push(format!("{setting}=true")),
            Effect::ImportMode => {
                let choices = &["prepend", "append", "importlib"];
                let mode = self.choice(name, text(), choices)?;
                self.result.import_mode = Some(match mode.as_str() {
                    "append" => ImportMode::Append,
                    "importlib" => ImportMode::Importlib,
                    _ => ImportMode::Prepend,
                });
            }
            Effect::Ignore => self.result.ignore.push(text()),
            Effect::IgnoreGlob => self.result.ignore_glob.push(text()),
            Effect::Deselect => self.result.deselect.push(text()),
            Effect::Confcutdir => self.result.confcutdir = Some(text()),
            Effect::NoConftest => self.result.noconftest = true,
            Effect::CollectInVirtualenv => self.result.collect_in_virtualenv = true,
            Effect::Rootdir => self.result.rootdir = Some(text()),
            Effect::ConfigFile => self.result.config_file = Some(text()),
            Effect::DoctestModules => self.result.doctest_modules = true,
            Effect::DoctestGlob => self.result.doctest_glob.push(text()),
            Effect::DoctestIgnoreImportErrors => self.result.doctest_ignore_import_errors = true,
            Effect::DoctestContinueOnFailure => self.result.doctest_continue_on_failure = true,
            Effect::DoctestReport => {
                let choices = &["none", "cdiff", "ndiff", "udiff", "only_first_failure"];
                let report = self.choice(name, text().to_lowercase(), choices)?;
                self.result.doctest_report = Some(report);
            }
            Effect::Coverage => {
                let set = self.result.coverage.set(name, value);
                set.map_err(|message| self.error(name, &message))?;
            }
            Effect::Unmodelled | Effect::OfPlugin => {}
        }
        if effect.is_unmodelled() {
            self.result.unknown.push(spelled.to_owned());
            if !inline {
                self.result.unknown.extend(value.map(str::to_owned));
            }
        }
        Ok(())
    }

    fn number<T: std::str::FromStr>(&self, name: &str, text: &str) -> Result<T> {
        let parsed = text.trim().parse();
        parsed.map_err(|_| self.error(name, &format!("needs a whole number, not `{text}`")))
    }

    fn choice(&self, name: &str, text: String, choices: &[&str]) -> Result<String> {
        if choices.contains(&text.as_str()) {
            return Ok(text);
        }
        let expected = choices.join(", ");
        Err(self.error(name, &format!("does not take `{text}`, but {expected}")))
    }

    fn error(&self, name: &str, message: &str) -> Error {
        Error::new(
            ErrorKind::Usage,
            format!("{}: {name} {message}", self.source),
        )
    }
}

/// Whether a word is an option: a word with a space in it is not, whatever it begins with.
fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && !word.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Addopts> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Addopts::parse(&words, "addopts", &|word| word.starts_with("tests"))
    }

    fn check(text: &str, change: impl FnOnce(&mut Addopts)) {
        let mut expected = Addopts::default();
        change(&mut expected);
        assert_eq!(parse(text).unwrap(), expected, "{text}");
    }

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn options_are_read_as_argparse_reads_them() {
        check("", |_| {});
        check("-ra -q --color=yes --strict-config", |expected| {
            expected.display.report_chars = Some("a".into());
            expected.display.color = Some(true);
            expected.verbosity = -1;
            expected.overrides = list(&["strict_config=true"]);
        });
        check("-xvsk name", |expected| {
            expected.maxfail = Some(1);
            expected.verbosity = 1;
            expected.capture = Some("no".into());
            expected.keyword = Some("name".into());
        });
        check("-k=a -m not_b --maxfail 3", |expected| {
            expected.keyword = Some("a".into());
            expected.markexpr = Some("not_b".into());
            expected.maxfail = Some(3);
        });
        check(
            "--import-mode=importlib --tb short -W error -Wignore",
            |expected| {
                expected.import_mode = Some(ImportMode::Importlib);
                expected.tbstyle = Some("short".into());
                expected.warnings = list(&["error", "ignore"]);
            },
        );
        check(
            "-p no:cacheprovider -pfoo --ignore=a --ignore b tests/x",
            |expected| {
                expected.plugins = list(&["no:cacheprovider", "foo"]);
                expected.ignore = list(&["a", "b"]);
                expected.paths = list(&["tests/x"]);
            },
        );
        check("--asyncio-mode=strict --asyncio-mode auto", |expected| {
            expected
                .plugin_options
                .insert("asyncio_mode".into(), "auto".into());
        });
        check(
            "--doctest-modules --doctest-report NDIFF --doctest-glob=*.md",
            |expected| {
                expected.doctest_modules = true;
                expected.doctest_report = Some("ndiff".into());
                expected.doctest_glob = list(&["*.md"]);
            },
        );
        check(
            "--doctest-ignore-import-errors --doctest-continue-on-failure",
            |expected| {
                expected.doctest_ignore_import_errors = true;
                expected.doctest_continue_on_failure = true;
            },
        );
        check(
            "--cov tests --cov --cov-report=term-missing:skip-covered --cov-branch",
            |expected| {
                expected.coverage.sources = list(&["tests", ""]);
                expected.coverage.reports = list(&["term-missing:skip-covered"]);
                expected.coverage.branch = true;
            },
        );
        check("--lf --nf --lfnf=none --durations-min 0.5", |expected| {
            (expected.last_failed, expected.new_first) = (true, true);
            expected.last_failed_no_failures = Some("none".into());
            expected.display.durations_min = Some(0.5);
        });
        check("-v -- -not-an-option", |expected| {
            expected.verbosity = 1;
            expected.paths = list(&["-not-an-option"]);
        });
    }

    #[test]
    fn what_is_not_modelled_is_kept_with_its_value() {
        let unknown = |text: &str, words: &[&str], paths: &[&str]| {
            check(text, |expected| {
                expected.unknown = list(words);
                expected.paths = list(paths);
            });
        };
        unknown("-n auto tests", &["-n", "auto"], &["tests"]);
        unknown("-n4", &["-n4"], &[]);
        unknown("--foreign tests/a", &["--foreign"], &["tests/a"]);
        unknown("--foreign value -Z", &["--foreign", "value", "-Z"], &[]);
        unknown("--runxfail", &["--runxfail"], &[]);
        unknown("--log-level INFO", &["--log-level", "INFO"], &[]);
        unknown("--assert=plain", &["--assert=plain"], &[]);
    }

    #[test]
    fn mistakes_name_the_option() {
        let fails = |text: &str, message: &str| {
            let error = parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert_eq!(error.to_string(), message);
        };
        fails(
            "--cov-fail-under=x",
            "addopts: --cov-fail-under needs a number up to 100, not `x`",
        );
        fails("-k", "addopts: -k needs a value");
        fails("--tb -v", "addopts: --tb needs a value");
        fails(
            "--maxfail=x",
            "addopts: --maxfail needs a whole number, not `x`",
        );
        fails("--lf=3", "addopts: --lf takes no value, but has `3`");
        fails(
            "--capture=all",
            "addopts: --capture does not take `all`, but fd, sys, no, tee-sys",
        );
    }
}
