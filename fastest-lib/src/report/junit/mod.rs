//! JUnit XML.

mod case;
mod config;
mod text;

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event as Xml};

use self::case::{Case, Cases, Element};
use self::text::escape;
use super::Report;

/// Writes a [`Report`] as JUnit XML, in the structure of pytest's `--junitxml`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JUnit {
    /// When the run began, in RFC 3339.
    pub timestamp: Option<String>,
    /// The name of the machine.
    pub hostname: Option<String>,
    /// `junit_family`.
    pub family: JUnitFamily,
    /// `junit_suite_name`.
    pub suite_name: String,
    /// `--junit-prefix`: what is put before the names of classes.
    pub prefix: Option<String>,
    /// `junit_logging`.
    pub logging: JUnitLogging,
    /// `junit_log_passing_tests`: whether what passing tests print and log is written.
    pub log_passing_tests: bool,
    /// `junit_duration_report = call`: whether setup and teardown do not count as a test's time.
    pub call_duration_only: bool,
}

/// The schema of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum JUnitFamily {
    /// With the file, the line and attributes of its own for each test; also called `legacy`.
    Xunit1,
    /// The strict one, pytest's default.
    #[default]
    Xunit2,
}

impl JUnitFamily {
    /// The name, as `junit_family` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Xunit1 => "xunit1",
            Self::Xunit2 => "xunit2",
        }
    }
}

/// What of captured output goes into a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum JUnitLogging {
    /// Nothing.
    #[default]
    No,
    /// Log records.
    Log,
    /// Standard output.
    SystemOut,
    /// Standard error.
    SystemErr,
    /// Both.
    OutErr,
    /// All three.
    All,
}

impl Default for JUnit {
    fn default() -> Self {
        Self {
            timestamp: None,
            hostname: None,
            family: JUnitFamily::default(),
            suite_name: "pytest".to_owned(),
            prefix: None,
            logging: JUnitLogging::default(),
            log_passing_tests: true,
            call_duration_only: false,
        }
    }
}

impl JUnit {
    /// Writes the document; fails only as `out` does.
    pub fn write(&self, report: &Report, out: impl Write) -> io::Result<()> {
        let mut cases = Cases::new(self);
        for collect in &report.collect {
            cases.add_collect(collect);
        }
        for test in &report.tests {
            cases.add_test(test);
        }
        for text in &report.internal_errors {
            cases.add_internal_error(text);
        }
        let stats = &cases.stats;
        let mut suite = vec![
            ("name", escape(&self.suite_name)),
            ("errors", stats.errors.to_string()),
            ("failures", stats.failures.to_string()),
            ("skipped", stats.skipped.to_string()),
            ("tests", stats.tests().to_string()),
            ("time", format!("{:.3}", report.duration)),
        ];
        suite.extend(self.timestamp.clone().map(|value| ("timestamp", value)));
        suite.extend(self.hostname.clone().map(|value| ("hostname", value)));
        let suite = suite.iter().map(|(name, value)| (*name, value.as_str()));
        let mut writer = Writer::new(out);
        writer.write_event(Xml::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
        writer
            .create_element("testsuites")
            .with_attribute(("name", "pytest tests"))
            .write_inner_content(|writer| {
                writer
                    .create_element("testsuite")
                    .with_attributes(suite)
                    .write_inner_content(|writer| {
                        write_properties(&report.suite_properties, writer)?;
                        cases
                            .cases
                            .iter()
                            .try_for_each(|case| write_case(case, writer))
                    })?;
                Ok(())
            })?;
        Ok(())
    }
}

fn write_properties(
    properties: &[(String, String)],
    writer: &mut Writer<impl Write>,
) -> io::Result<()> {
    if properties.is_empty() {
        return Ok(());
    }
    writer
        .create_element("properties")
        .write_inner_content(|writer| {
            for (name, value) in properties {
                writer
                    .create_element("property")
                    .with_attribute(("name", escape(name).as_str()))
                    .with_attribute(("value", escape(value).as_str()))
                    .write_empty()?;
            }
            Ok(())
        })?;
    Ok(())
}

fn write_case(case: &Case, writer: &mut Writer<impl Write>) -> io::Result<()> {
    let mut start = writer.create_element("testcase");
    for (name, value) in &case.attributes {
        start = start.with_attribute((escape(name).as_str(), escape(value).as_str()));
    }
    let time = format!("{:.3}", case.duration);
    let start = start.with_attribute(("time", time.as_str()));
    if case.properties.is_empty() && case.elements.is_empty() {
        start.write_empty()?;
        return Ok(());
    }
    start.write_inner_content(|writer| {
        write_properties(&case.properties, writer)?;
        case.elements
            .iter()
            .try_for_each(|element| write_element(element, writer))
    })?;
    Ok(())
}

fn write_element(element: &Element, writer: &mut Writer<impl Write>) -> io::Result<()> {
    let mut start = writer.create_element(element.tag);
    if let Some(kind) = element.kind {
        start = start.with_attribute(("type", kind));
    }
    if let Some(message) = &element.message {
        start = start.with_attribute(("message", escape(message).as_str()));
    }
    if element.text.is_empty() {
        start.write_empty()?;
    } else {
        start.write_text_content(BytesText::new(&escape(&element.text)))?;
    }
    Ok(())
}
