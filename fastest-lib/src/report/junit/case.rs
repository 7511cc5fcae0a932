//! The test cases of a report, made of events in the way in which pytest makes them of its reports.

use super::text::{address, python_repr, shorten};
use super::{JUnit, JUnitFamily, JUnitLogging};
use crate::NodeId;
use crate::execution::{LongRepr, Outcome, Phase, TestFinished, When};
use crate::report::CollectReport;

/// An element within a test case.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) tag: &'static str,
    pub(super) kind: Option<&'static str>,
    pub(super) message: Option<String>,
    pub(super) text: String,
}

/// A `testcase` element.
#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) attributes: Vec<(String, String)>,
    /// Seconds.
    pub(super) duration: f64,
    pub(super) properties: Vec<(String, String)>,
    pub(super) elements: Vec<Element>,
}

/// The counts of a suite.
#[derive(Debug, Default)]
pub(super) struct Stats {
    pub(super) errors: usize,
    pub(super) failures: usize,
    pub(super) skipped: usize,
    passed: usize,
    /// Tests that passed, and whose teardown failed: one case, but two results.
    double: usize,
}

impl Stats {
    pub(super) fn tests(&self) -> usize {
        (self.errors + self.failures + self.skipped + self.passed).saturating_sub(self.double)
    }
}

/// Makes cases of events.
pub(super) struct Cases<'a> {
    junit: &'a JUnit,
    pub(super) stats: Stats,
    pub(super) cases: Vec<Case>,
}

impl<'a> Cases<'a> {
    pub(super) fn new(junit: &'a JUnit) -> Self {
        Self {
            junit,
            stats: Stats::default(),
            cases: Vec::new(),
        }
    }

    pub(super) fn add_collect(&mut self, report: &CollectReport) {
        let longrepr = report.longrepr.as_ref();
        let (tag, message, text) = match report.outcome {
            Outcome::Skipped => {
                let text = longrepr.map(skip_tuple).unwrap_or_default();
                ("skipped", "collection skipped", text)
            }
            _ => {
                let text = longrepr.map(shown).unwrap_or_default();
                ("error", "collection failure", text)
            }
        };
        let mut case = Case::default();
        self.push(&mut case, simple(tag, message.to_owned(), text));
        self.finish(case, &report.id, Some((report.id.path(), None)), &[]);
    }

    pub(super) fn add_internal_error(&mut self, text: &str) {
        let attributes = [("classname", "pytest"), ("name", "internal")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut case = Case {
            attributes: attributes.to_vec(),
            ..Case::default()
        };
        let text = text.trim().to_owned();
        self.push(
            &mut case,
            simple("error", "internal error".to_owned(), text),
        );
        self.cases.push(case);
    }

    pub(super) fn add_test(&mut self, test: &TestFinished) {
        let location = test.phases.iter().find_map(|phase| phase.location.as_ref());
        let location = location.map(|(path, line)| (path.as_str(), *line));
        let attributes: Vec<_> = test
            .phases
            .iter()
            .flat_map(|phase| phase.attributes.iter().cloned())
            .collect();
        let mut case = Case::default();
        // The report of a failed call whose teardown is still to come.
        let mut open: Option<&Phase> = None;
        let mut begun = false;
        for phase in &test.phases {
            match (phase.outcome, phase.when) {
                (Outcome::Passed, When::Call) => self.stats.passed += 1,
                (Outcome::Passed, _) => {}
                (Outcome::Skipped, _) => self.skipped(&mut case, phase),
                (_, When::Call) => {
                    self.failure(&mut case, phase);
                    open.get_or_insert(phase);
                    if !self.junit.log_passing_tests {
                        self.captured(&mut case, phase);
                    }
                }
                (_, when) => {
                    if when == When::Teardown {
                        if let Some(call) = open {
                            // An error after a failure is a case of its own.
                            let mut first = std::mem::take(&mut case);
                            first.properties = properties(call);
                            self.finish(first, &test.id, location, &attributes);
                        } else {
                            self.stats.double += usize::from(begun);
                        }
                    }
                    self.error(&mut case, phase);
                }
            }
            if !self.junit.call_duration_only || phase.when == When::Call {
                case.duration += phase.duration;
            }
            begun |= !self.junit.call_duration_only
                || phase.when == When::Call
                || phase.outcome != Outcome::Passed;
            if phase.when == When::Teardown {
                self.captured(&mut case, phase);
                case.properties = properties(phase);
            }
        }
        // The first of two cases has the attributes of the test.
        let attributes = if open.is_some() && self.is_last(&test.id) {
            Vec::new()
        } else {
            attributes
        };
        self.finish(case, &test.id, location, &attributes);
    }

    /// Whether the case before is of the same test.
    fn is_last(&self, id: &NodeId) -> bool {
        let (classname, name) = self.names(id);
        self.cases.last().is_some_and(|case| {
            let has = |key: &str, value: &str| {
                let pair = (key.to_owned(), value.to_owned());
                case.attributes.contains(&pair)
            };
            has("classname", &classname) && has("name", &name)
        })
    }

    fn names(&self, id: &NodeId) -> (String, String) {
        let (mut classname, name) = address(id);
        if let Some(prefix) = self.junit.prefix.as_ref().filter(|text| !text.is_empty()) {
            classname = if classname.is_empty() {
                prefix.clone()
            } else {
                format!("{prefix}.{classname}")
            };
        }
        (classname, name)
    }

    fn finish(
        &mut self,
        mut case: Case,
        id: &NodeId,
        location: Option<(&str, Option<u32>)>,
        more: &[(String, String)],
    ) {
        let (classname, name) = self.names(id);
        let mut attributes = vec![
            ("classname".to_owned(), classname),
            ("name".to_owned(), name),
        ];
        if self.junit.family == JUnitFamily::Xunit1
            && let Some((path, line)) = location
        {
            attributes.push(("file".to_owned(), path.to_owned()));
            attributes.extend(line.map(|line| ("line".to_owned(), line.to_string())));
        }
        // What a test says of itself wins, where the family has room for it.
        for (name, value) in more {
            match attributes.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => old.clone_from(value),
                None if self.junit.family == JUnitFamily::Xunit1 => {
                    attributes.push((name.clone(), value.clone()));
                }
                None => {}
            }
        }
        case.attributes = attributes;
        self.cases.push(case);
    }

    fn push(&mut self, case: &mut Case, element: Element) {
        match element.tag {
            "error" => self.stats.errors += 1,
            "failure" => self.stats.failures += 1,
            "skipped" => self.stats.skipped += 1,
            _ => {}
        }
        case.elements.push(element);
    }

    fn failure(&mut self, case: &mut Case, phase: &Phase) {
        if phase.wasxfail.is_some() {
            let message = "xfail-marked test passes unexpectedly".to_owned();
            self.push(case, simple("skipped", message, String::new()));
            return;
        }
        let text = phase.longrepr.as_ref().map(shown).unwrap_or_default();
        let message = shorten(&crash_message(phase.longrepr.as_ref()));
        self.push(case, simple("failure", message, text));
    }

    fn error(&mut self, case: &mut Case, phase: &Phase) {
        let reason = crash_message(phase.longrepr.as_ref());
        let message = format!("failed on {} with \"{reason}\"", phase.when.as_str());
        let text = phase.longrepr.as_ref().map(shown).unwrap_or_default();
        self.push(case, simple("error", shorten(&message), text));
    }

    fn skipped(&mut self, case: &mut Case, phase: &Phase) {
        if let Some(reason) = &phase.wasxfail {
            let reason = reason.strip_prefix("reason: ").unwrap_or(reason);
            let element = Element {
                kind: Some("pytest.xfail"),
                ..simple("skipped", reason.to_owned(), String::new())
            };
            self.push(case, element);
            return;
        }
        let longrepr = phase.longrepr.as_ref();
        let reason = longrepr.and_then(|l| l.reason.clone()).unwrap_or_default();
        let place = longrepr.and_then(|l| Some(format!("{}:{}", l.path.as_ref()?, l.line?)));
        let text = format!("{}: {reason}", place.unwrap_or_default());
        let element = Element {
            kind: Some("pytest.skip"),
            ..simple("skipped", reason, text)
        };
        self.push(case, element);
        self.captured(case, phase);
    }

    /// What was printed and logged, as far as the settings want it.
    fn captured(&mut self, case: &mut Case, phase: &Phase) {
        if !self.junit.log_passing_tests && phase.outcome == Outcome::Passed {
            return;
        }
        let logging = self.junit.logging;
        let any = |wanted: &[JUnitLogging]| wanted.contains(&logging);
        let section = |title: &str, prefix: &str| {
            let texts = phase.sections.iter();
            let texts = texts.filter(|(title, _)| title.starts_with(prefix));
            let content: String = texts.map(|(_, text)| text.as_str()).collect();
            format!("{title:-^80}\n{content}\n")
        };
        let mut content = String::new();
        if any(&[JUnitLogging::Log, JUnitLogging::All]) {
            content = section(" Captured Log ", "Captured log");
        }
        for (tag, title, prefix, only) in [
            (
                "system-out",
                " Captured Out ",
                "Captured stdout",
                JUnitLogging::SystemOut,
            ),
            (
                "system-err",
                " Captured Err ",
                "Captured stderr",
                JUnitLogging::SystemErr,
            ),
        ] {
            if any(&[only, JUnitLogging::OutErr, JUnitLogging::All]) {
                content.push_str(&section(title, prefix));
                self.push(case, plain(tag, std::mem::take(&mut content)));
            }
        }
        if !content.is_empty() {
            self.push(case, plain("system-out", content));
        }
    }
}

fn simple(tag: &'static str, message: String, text: String) -> Element {
    Element {
        tag,
        kind: None,
        message: Some(message),
        text,
    }
}

fn plain(tag: &'static str, text: String) -> Element {
    Element {
        tag,
        kind: None,
        message: None,
        text,
    }
}

fn properties(phase: &Phase) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let pairs = phase.properties.iter();
    pairs
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// What the exception says where there is one, else all that is said.
fn crash_message(longrepr: Option<&LongRepr>) -> String {
    let Some(longrepr) = longrepr else {
        return String::new();
    };
    let message = longrepr.full_message.as_ref().or(longrepr.message.as_ref());
    match message.filter(|_| longrepr.path.is_some()) {
        Some(message) => message.clone(),
        None => shown(longrepr),
    }
}

fn shown(longrepr: &LongRepr) -> String {
    let text = longrepr.text.as_ref().or(longrepr.message.as_ref());
    let text = text.or(longrepr.reason.as_ref());
    text.map_or("", |text| text.trim()).to_owned()
}

/// What pytest shows of a collector that skipped itself: a tuple of Python.
fn skip_tuple(longrepr: &LongRepr) -> String {
    let reason = longrepr.reason.as_deref().unwrap_or_default();
    // The name of pytest's own exception is taken off on the way here.
    let prefix = if reason.starts_with("unittest.case.SkipTest") {
        ""
    } else {
        "Skipped: "
    };
    format!(
        "({}, {}, {})",
        python_repr(longrepr.path.as_deref().unwrap_or_default()),
        longrepr.line.unwrap_or_default(),
        python_repr(&format!("{prefix}{reason}"))
    )
}
