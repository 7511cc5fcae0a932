//! The workspace of the tests, and what they read of its results.

use std::collections::BTreeMap;

use fastest_bazel_e2e::{Bazel, repository};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// The workspace in `workspace/`, with the rules, the runner and an empty `WORKSPACE`.
pub(crate) fn workspace() -> Option<Bazel> {
    let bazel = Bazel::start()?;
    bazel.add_rules();
    let files = repository().join("integrations/bazel/e2e/workspace");
    bazel.copy(&files, "");
    Some(bazel)
}

/// By name, each test case of a report and how it ended: passed, failed, error or skipped.
pub(crate) fn cases(xml: &str) -> BTreeMap<String, &'static str> {
    let mut cases = BTreeMap::new();
    let mut reader = Reader::from_str(xml);
    let mut current: Option<String> = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.name().as_ref() {
                "testcase" => {
                    let name = name_of(&tag);
                    cases.insert(name.clone(), "passed");
                    current = Some(name);
                }
                other => outcome(&mut cases, current.as_deref(), other),
            },
            Ok(Event::Empty(tag)) => match tag.name().as_ref() {
                "testcase" => {
                    cases.insert(name_of(&tag), "passed");
                }
                other => outcome(&mut cases, current.as_deref(), other),
            },
            Ok(Event::Eof) => return cases,
            Ok(_) => {}
            Err(error) => panic!("{error}\n{xml}"),
        }
    }
}

fn outcome(cases: &mut BTreeMap<String, &'static str>, case: Option<&str>, tag: &str) {
    let outcome = match tag {
        "failure" => "failed",
        "error" => "error",
        "skipped" => "skipped",
        _ => return,
    };
    if let Some(known) = case.and_then(|case| cases.get_mut(case)) {
        *known = outcome;
    }
}

fn name_of(tag: &BytesStart<'_>) -> String {
    let name = tag.try_get_attribute("name").ok().flatten();
    let name = name.expect("a test case has a name");
    name.value.into_owned()
}

/// The cases of a target's report.
pub(crate) fn cases_of(bazel: &Bazel, target: &str) -> BTreeMap<String, &'static str> {
    let xml = bazel.test_file(target, "test.xml");
    cases(&xml.unwrap_or_else(|| panic!("{target} has no test.xml")))
}
