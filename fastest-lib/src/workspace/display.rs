/// How a run is shown to people: pytest's options that change nothing else.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DisplayOptions {
    /// `-r`: the letters of the outcomes that the summary lists.
    pub report_chars: Option<String>,
    /// `--show-capture`: which captured output failures show.
    pub show_capture: ShowCapture,
    /// `--color`: whether colours are used; none leaves it to the terminal and the environment.
    pub color: Option<bool>,
    /// `--no-header`.
    pub no_header: bool,
    /// `--no-summary`: whether only the last line follows the tests.
    pub no_summary: bool,
    /// `--disable-warnings`: whether warnings are only counted.
    pub no_warnings: bool,
    /// `--xfail-tb`: whether expected failures are shown too.
    pub xfail_tb: bool,
    /// `--no-fold-skipped`: whether each skipped test is listed by itself.
    pub no_fold_skipped: bool,
    /// `--force-short-summary`: whether long messages are cut in the summary whatever the verbosity.
    pub short_summary: bool,
    /// `--durations-min`: the least seconds of a phase that `--durations` lists.
    pub durations_min: Option<f64>,
}

/// Which captured output is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShowCapture {
    /// Nothing.
    No,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Log records.
    Log,
    /// All of it.
    #[default]
    All,
}

impl DisplayOptions {
    /// Takes in one option by its name; the last one of a name holds. Fails with what is wrong with
    /// the value.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        let text = value.unwrap_or_default();
        let not_one_of = |known: &str| Err(format!("does not take `{text}`, but {known}"));
        match name {
            "-r" | "--report-chars" => self.report_chars = Some(text.to_owned()),
            "--show-capture" => {
                self.show_capture = match text {
                    "no" => ShowCapture::No,
                    "stdout" => ShowCapture::Stdout,
                    "stderr" => ShowCapture::Stderr,
                    "log" => ShowCapture::Log,
                    "all" => ShowCapture::All,
                    _ => return not_one_of("no, stdout, stderr, log, all"),
                }
            }
            "--color" => {
                self.color = match text {
                    "yes" => Some(true),
                    "no" => Some(false),
                    "auto" => None,
                    _ => return not_one_of("yes, no, auto"),
                }
            }
            "--durations-min" => {
                let seconds = text.trim().parse().ok();
                self.durations_min = Some(seconds.ok_or(format!("needs seconds, not `{text}`"))?);
            }
            "--no-header" => self.no_header = true,
            "--no-summary" => self.no_summary = true,
            "--disable-warnings" | "--disable-pytest-warnings" => self.no_warnings = true,
            "--xfail-tb" => self.xfail_tb = true,
            "--no-fold-skipped" => self.no_fold_skipped = true,
            "--force-short-summary" => self.short_summary = true,
            _ => return Err("is not known".to_owned()),
        }
        Ok(())
    }

    /// The outcomes that the summary lists, each by pytest's letter, in order: `f`, `E`, `s`, `x`,
    /// `X`, `p`, and `P` for the output of tests that passed.
    pub fn listed(&self) -> String {
        let mut listed = String::new();
        for letter in self.report_chars.as_deref().unwrap_or("fE").chars() {
            match letter {
                'a' => listed = "sxXEf".to_owned(),
                'A' => listed = "PpsxXEf".to_owned(),
                'N' => listed.clear(),
                'F' | 'S' => listed.extend(letter.to_lowercase()),
                _ if !listed.contains(letter) => listed.push(letter),
                _ => {}
            }
        }
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_pytests_meaning() {
        let check = |chars: Option<&str>, listed: &str| {
            let options = DisplayOptions {
                report_chars: chars.map(ToOwned::to_owned),
                ..DisplayOptions::default()
            };
            assert_eq!(options.listed(), listed, "{chars:?}");
        };
        check(None, "fE");
        check(Some("a"), "sxXEf");
        check(Some("xA"), "PpsxXEf");
        check(Some("aN"), "");
        check(Some("FxxN"), "");
        check(Some("Sx"), "sx");
    }

    #[test]
    fn values_are_looked_at() {
        let check = |name: &str, value: &str, accepted: bool| {
            let set = DisplayOptions::default().set(name, Some(value));
            assert_eq!(set.is_ok(), accepted, "{name} {value}");
        };
        check("--show-capture", "log", true);
        check("--show-capture", "some", false);
        check("--color", "auto", true);
        check("--color", "blue", false);
        check("--durations-min", "0.5", true);
        check("--durations-min", "long", false);
    }
}
