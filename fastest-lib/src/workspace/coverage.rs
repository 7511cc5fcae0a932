use std::path::PathBuf;

/// How the coverage of a run is measured and reported: pytest-cov's options. A configuration file of
/// coverage.py completes them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CoverageOptions {
    /// `--cov=SOURCE`: packages and folders to measure; an empty one stands for everything. Without
    /// any, nothing is measured.
    pub sources: Vec<String>,
    /// `--cov-report=TYPE[:DEST]`; an empty one for no report at all.
    pub reports: Vec<String>,
    /// `--cov-config`: coverage.py's configuration file, in place of the one that it finds.
    pub config_file: Option<String>,
    /// `--cov-branch`: whether branches are measured besides lines.
    pub branch: bool,
    /// `--cov-append`: whether the data of earlier runs counts too.
    pub append: bool,
    /// `--cov-fail-under`: the run fails when less than that many percent are covered.
    pub fail_under: Option<f64>,
    /// `--cov-precision`: the digits behind the point of percentages.
    pub precision: Option<u32>,
    /// `--cov-context=test`: whether what each test covers is told apart.
    pub contexts: bool,
    /// `--no-cov`: whether nothing is measured in spite of all other options.
    pub off: bool,
    /// `--no-cov-on-fail`: whether there is no report when tests fail.
    pub not_on_failure: bool,
    /// Source files that reports name also where nothing of them is executed, besides those of
    /// `sources`; no option of pytest-cov. What the configuration omits stays out.
    pub files: Vec<PathBuf>,
}

/// Reports that take no destination, and those that do.
const TERMINAL: &[&str] = &["term", "term-missing"];
const FILES: &[&str] = &[
    "annotate",
    "html",
    "xml",
    "json",
    "lcov",
    "markdown",
    "markdown-append",
];

impl CoverageOptions {
    /// Whether there is anything to measure.
    pub fn is_on(&self) -> bool {
        !self.off && !self.sources.is_empty()
    }

    /// Takes in one option by its name; where it is given twice the last one holds, but for sources
    /// and reports, which add up. Fails with what is wrong with the value.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        let text = value.unwrap_or_default();
        match name {
            "--cov" => self.sources.push(text.to_owned()),
            "--cov-reset" => self.sources.clear(),
            "--cov-report" => {
                check_report(text)?;
                self.reports.push(text.to_owned());
            }
            "--cov-config" => self.config_file = Some(text.to_owned()),
            "--cov-branch" => self.branch = true,
            "--cov-append" => self.append = true,
            "--cov-fail-under" => self.fail_under = Some(percentage(text)?),
            "--cov-precision" => {
                let digits = text.parse().ok().filter(|digits| *digits < 10);
                self.precision = Some(digits.ok_or(format!("needs a digit, not `{text}`"))?);
            }
            "--cov-context" if text == "test" => self.contexts = true,
            "--cov-context" => return Err(format!("does not take `{text}`, but test")),
            "--no-cov" => self.off = true,
            "--no-cov-on-fail" => self.not_on_failure = true,
            _ => return Err("is not known".to_owned()),
        }
        Ok(())
    }
}

fn check_report(text: &str) -> Result<(), String> {
    let (kind, place) = match text.split_once(':') {
        Some((kind, place)) => (kind, Some(place)),
        None => (text, None),
    };
    match place {
        None if kind.is_empty() => Ok(()),
        None | Some("skip-covered") if TERMINAL.contains(&kind) => Ok(()),
        _ if FILES.contains(&kind) => Ok(()),
        _ => Err(format!(
            "does not take `{text}`, but {} with `:skip-covered` or not, and {} with `:DEST` or not",
            TERMINAL.join(", "),
            FILES.join(", ")
        )),
    }
}

fn percentage(text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.trim().parse().ok();
    value
        .filter(|value| *value <= 100.0)
        .ok_or_else(|| format!("needs a number up to 100, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_looked_at() {
        let check = |name: &str, value: &str, accepted: bool| {
            let set = CoverageOptions::default().set(name, Some(value));
            assert_eq!(set.is_ok(), accepted, "{name} {value}: {set:?}");
        };
        for report in [
            "",
            "term",
            "term:skip-covered",
            "term-missing",
            "html:out",
            "lcov",
        ] {
            check("--cov-report", report, true);
        }
        for report in ["xhtml", "term:out", ":out"] {
            check("--cov-report", report, false);
        }
        check("--cov-fail-under", "99.5", true);
        check("--cov-fail-under", "101", false);
        check("--cov-fail-under", "all", false);
        check("--cov-context", "test", true);
        check("--cov-context", "file", false);
        check("--cov-precision", "2", true);
        check("--cov-precision", "12", false);
    }

    #[test]
    fn sources_and_reports_add_up() {
        let mut options = CoverageOptions::default();
        assert!(!options.is_on());
        for (name, value) in [
            ("--cov", Some("a")),
            ("--cov-reset", None),
            ("--cov", Some("b")),
            ("--cov", None),
            ("--cov-report", Some("")),
        ] {
            options.set(name, value).unwrap();
        }
        assert_eq!(options.sources, ["b", ""]);
        assert!(options.is_on());
        options.set("--cov-report", Some("xml")).unwrap();
        options.set("--no-cov", None).unwrap();
        assert!(!options.is_on());
    }
}
