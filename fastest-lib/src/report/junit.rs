use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event as Xml};

use super::Report;
use crate::NodeId;
use crate::execution::{LongRepr, Outcome, Phase, TestFinished};

/// The longest `message` attribute; the element's text holds the whole, as in pytest 9.
const MESSAGE_BUDGET: usize = 500;

/// Writes a [`Report`] in the `xunit2` form of JUnit XML, the one that pytest writes by default.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct JUnit {
    /// When the run began, in RFC 3339.
    pub timestamp: Option<String>,
    /// The name of the machine.
    pub hostname: Option<String>,
}

impl JUnit {
    /// Writes the document; fails only as `out` does.
    pub fn write(&self, report: &Report, out: impl Write) -> io::Result<()> {
        let mut writer = Writer::new(out);
        writer.write_event(Xml::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
        let count = |tag: &str| {
            report
                .tests
                .iter()
                .flat_map(elements)
                .filter(|element| element.tag == tag)
                .count()
                + report
                    .collect
                    .iter()
                    .filter(|collect| collect_tag(collect.outcome) == tag)
                    .count()
        };
        let mut suite = vec![
            ("name", "pytest".to_owned()),
            ("errors", count("error").to_string()),
            ("failures", count("failure").to_string()),
            ("skipped", count("skipped").to_string()),
            (
                "tests",
                (report.tests.len() + report.collect.len()).to_string(),
            ),
            ("time", format!("{:.3}", report.duration)),
        ];
        suite.extend(self.timestamp.clone().map(|value| ("timestamp", value)));
        suite.extend(self.hostname.clone().map(|value| ("hostname", value)));
        let suite: Vec<_> = suite
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        writer
            .create_element("testsuites")
            .with_attribute(("name", "pytest tests"))
            .write_inner_content(|writer| {
                writer
                    .create_element("testsuite")
                    .with_attributes(suite)
                    .write_inner_content(|writer| write_cases(report, writer))?;
                Ok(())
            })?;
        Ok(())
    }
}

fn write_cases(report: &Report, writer: &mut Writer<impl Write>) -> io::Result<()> {
    for collect in &report.collect {
        let text = collect.longrepr.as_ref().map(shown).unwrap_or_default();
        let (tag, message) = match collect.outcome {
            Outcome::Skipped => ("skipped", "collection skipped"),
            _ => ("error", "collection failure"),
        };
        let element = Element {
            tag,
            kind: None,
            message: message.to_owned(),
            text,
        };
        write_case(writer, &collect.id, 0.0, &[], &[element])?;
    }
    for test in &report.tests {
        let properties: Vec<_> = test
            .phases
            .iter()
            .flat_map(|phase| phase.properties.clone())
            .collect();
        let elements: Vec<_> = elements(test).collect();
        write_case(writer, &test.id, test.duration, &properties, &elements)?;
    }
    Ok(())
}

struct Element {
    tag: &'static str,
    kind: Option<&'static str>,
    message: String,
    text: String,
}

fn elements(test: &TestFinished) -> impl Iterator<Item = Element> {
    test.phases.iter().filter_map(element)
}

fn element(phase: &Phase) -> Option<Element> {
    let longrepr = phase.longrepr.as_ref();
    let text = longrepr.map(shown).unwrap_or_default();
    let message = longrepr
        .and_then(|l| l.message.clone())
        .unwrap_or_else(|| text.clone());
    Some(match phase.category()? {
        Outcome::Passed | Outcome::Xpassed => return None,
        Outcome::Failed => Element {
            tag: "failure",
            kind: None,
            message: shorten(&message),
            text,
        },
        Outcome::Error => {
            let message = format!("failed on {} with \"{message}\"", phase.when.as_str());
            Element {
                tag: "error",
                kind: None,
                message: shorten(&message),
                text,
            }
        }
        Outcome::Xfailed => {
            let reason = phase.wasxfail.as_deref().unwrap_or_default();
            let reason = reason.strip_prefix("reason: ").unwrap_or(reason);
            Element {
                tag: "skipped",
                kind: Some("pytest.xfail"),
                message: reason.to_owned(),
                text: String::new(),
            }
        }
        Outcome::Skipped => {
            let reason = longrepr.and_then(|l| l.reason.clone()).unwrap_or_default();
            let place = longrepr.and_then(|l| Some(format!("{}:{}", l.path.as_ref()?, l.line?)));
            let text = format!("{}: {reason}", place.unwrap_or_default());
            Element {
                tag: "skipped",
                kind: Some("pytest.skip"),
                message: reason,
                text,
            }
        }
    })
}

fn collect_tag(outcome: Outcome) -> &'static str {
    if outcome == Outcome::Skipped {
        "skipped"
    } else {
        "error"
    }
}

fn write_case(
    writer: &mut Writer<impl Write>,
    id: &NodeId,
    duration: f64,
    properties: &[(String, serde_json::Value)],
    elements: &[Element],
) -> io::Result<()> {
    let (classname, name) = address(id);
    let time = format!("{duration:.3}");
    let case = writer
        .create_element("testcase")
        .with_attribute(("classname", escape(&classname).as_str()))
        .with_attribute(("name", escape(&name).as_str()))
        .with_attribute(("time", time.as_str()));
    if properties.is_empty() && elements.is_empty() {
        case.write_empty()?;
        return Ok(());
    }
    case.write_inner_content(|writer| {
        if !properties.is_empty() {
            writer
                .create_element("properties")
                .write_inner_content(|writer| {
                    for (name, value) in properties {
                        let value = match value {
                            serde_json::Value::String(text) => text.clone(),
                            other => other.to_string(),
                        };
                        writer
                            .create_element("property")
                            .with_attribute(("name", escape(name).as_str()))
                            .with_attribute(("value", escape(&value).as_str()))
                            .write_empty()?;
                    }
                    Ok(())
                })?;
        }
        for element in elements {
            let mut start = writer.create_element(element.tag);
            if let Some(kind) = element.kind {
                start = start.with_attribute(("type", kind));
            }
            let message = escape(&element.message);
            let start = start.with_attribute(("message", message.as_str()));
            if element.text.is_empty() {
                start.write_empty()?;
            } else {
                start.write_text_content(BytesText::new(&escape(&element.text)))?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn shown(longrepr: &LongRepr) -> String {
    let text = longrepr.text.as_ref().or(longrepr.message.as_ref());
    let text = text.or(longrepr.reason.as_ref());
    text.map_or("", |text| text.trim()).to_owned()
}

/// The class and the name of a test case: the path with dots and the classes, then the rest.
fn address(id: &NodeId) -> (String, String) {
    let path = id.path();
    let module = path.strip_suffix(".py").unwrap_or(path).replace('/', ".");
    let mut names = vec![module];
    names.extend(id.names().into_iter().map(ToOwned::to_owned));
    let name = names.pop().unwrap_or_default();
    (names.join("."), name)
}

/// Keeps whole lines while they fit, and says what it left out.
fn shorten(message: &str) -> String {
    let lines: Vec<&str> = message.lines().collect();
    let mut kept = String::new();
    let mut count = 0;
    let mut size = 0;
    for line in &lines {
        let length = line.chars().count() + 1;
        if count > 0 && size + length > MESSAGE_BUDGET {
            break;
        }
        if count > 0 {
            kept.push('\n');
        }
        kept.push_str(line);
        size += length;
        count += 1;
    }
    let cut = kept.chars().count() > MESSAGE_BUDGET;
    if cut {
        kept = kept.chars().take(MESSAGE_BUDGET).collect::<String>() + "...";
    }
    match lines.len() - count {
        0 if !cut => message.to_owned(),
        0 => format!("{kept}\n[truncated; full report in element text]"),
        1 => format!("{kept}\n[+1 more line; full report in element text]"),
        more => format!("{kept}\n[+{more} more lines; full report in element text]"),
    }
}

/// Spells out the characters that XML cannot hold, as pytest does.
fn escape(text: &str) -> String {
    let legal = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{80}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || c >= '\u{10000}'
    };
    if text.chars().all(legal) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match u32::from(c) {
            _ if legal(c) => c.to_string(),
            code @ 0..=0xff => format!("#x{code:02X}"),
            code => format!("#x{code:04X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_dotted() {
        let check = |id: &str, classname: &str, name: &str| {
            let got = address(&NodeId::new(id));
            assert_eq!((got.0.as_str(), got.1.as_str()), (classname, name), "{id}");
        };
        check("a/test_b.py::test_c[x::y]", "a.test_b", "test_c[x::y]");
        check("test_b.py::TestC::test_d", "test_b.TestC", "test_d");
        check("a/test_b.py", "", "a.test_b");
    }

    #[test]
    fn control_characters_are_spelled_out() {
        assert_eq!(escape("a\u{7}b\u{7f}\u{ffff}\n"), "a#x07b#x7F#xFFFF\n");
    }

    #[test]
    fn long_messages_are_cut_at_lines() {
        assert_eq!(shorten("short"), "short");
        let long = format!("first\n{}\nlast", "x".repeat(600));
        assert_eq!(
            shorten(&long),
            "first\n[+2 more lines; full report in element text]"
        );
    }
}
