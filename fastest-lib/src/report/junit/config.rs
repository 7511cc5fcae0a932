use super::{JUnit, JUnitFamily, JUnitLogging};
use crate::workspace::{Config, IniValue};
use crate::{Error, ErrorKind, Result};

impl JUnit {
    /// What pytest's settings say of the report (`junit_family`, `junit_suite_name`, `junit_logging`,
    /// `junit_log_passing_tests`, `junit_duration_report`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when one of them has a value that pytest does not know.
    pub fn configured(config: &Config) -> Result<Self> {
        let mut junit = Self::default();
        if let Some(text) = text(config, "junit_family") {
            junit.family = match text.as_str() {
                "xunit1" | "legacy" => JUnitFamily::Xunit1,
                "xunit2" => JUnitFamily::Xunit2,
                _ => return Err(unknown("junit_family", &text, "legacy, xunit1, xunit2")),
            };
        }
        if let Some(name) = text(config, "junit_suite_name") {
            junit.suite_name = name;
        }
        if let Some(text) = text(config, "junit_logging") {
            junit.logging = match text.as_str() {
                "no" => JUnitLogging::No,
                "log" => JUnitLogging::Log,
                "system-out" => JUnitLogging::SystemOut,
                "system-err" => JUnitLogging::SystemErr,
                "out-err" => JUnitLogging::OutErr,
                "all" => JUnitLogging::All,
                _ => {
                    let known = "no, log, system-out, system-err, out-err, all";
                    return Err(unknown("junit_logging", &text, known));
                }
            };
        }
        if let Some(text) = text(config, "junit_log_passing_tests") {
            junit.log_passing_tests = match text.to_lowercase().as_str() {
                "y" | "yes" | "t" | "true" | "on" | "1" => true,
                "n" | "no" | "f" | "false" | "off" | "0" => false,
                _ => return Err(unknown("junit_log_passing_tests", &text, "true, false")),
            };
        }
        if let Some(text) = text(config, "junit_duration_report") {
            junit.call_duration_only = match text.as_str() {
                "call" => true,
                "total" => false,
                _ => return Err(unknown("junit_duration_report", &text, "total, call")),
            };
        }
        Ok(junit)
    }
}

fn text(config: &Config, name: &str) -> Option<String> {
    Some(match config.raw.get(name)? {
        IniValue::Text(text) => text.trim().to_owned(),
        IniValue::Bool(value) => value.to_string(),
        IniValue::Int(value) => value.to_string(),
        IniValue::List(items) => items.join(" "),
    })
}

fn unknown(name: &str, value: &str, known: &str) -> Error {
    let message = format!("`{name}` is `{value}`, but it must be one of {known}");
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_pytests() {
        let with = |name: &str, value: &str| {
            let mut config = Config::default();
            let value = IniValue::Text(value.to_owned());
            config.raw.insert(name.to_owned(), value);
            JUnit::configured(&config)
        };
        let legacy = with("junit_family", "legacy").unwrap();
        assert_eq!(legacy.family, JUnitFamily::Xunit1);
        assert!(
            !with("junit_log_passing_tests", "No")
                .unwrap()
                .log_passing_tests
        );
        assert!(
            with("junit_duration_report", "call")
                .unwrap()
                .call_duration_only
        );
        for name in ["junit_family", "junit_logging", "junit_duration_report"] {
            let error = with(name, "xunit3").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
