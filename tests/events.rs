//! The documentation of the events, held against what the command prints and what the library has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Finished, project, repository};

/// The parts that fields hold, by the names of the fields.
const PARTS: &[(&str, &str)] = &[
    ("phases", "phase"),
    ("longrepr", "longrepr"),
    ("counts", "counts"),
];

/// What the page says: the fields of each event and of each part, by its title.
#[derive(Debug)]
struct Documented {
    events: BTreeMap<String, BTreeSet<String>>,
    parts: BTreeMap<String, BTreeSet<String>>,
}

fn documented() -> Documented {
    let page = std::fs::read_to_string(repository().join("docs/events.md")).unwrap();
    let mut documented = Documented {
        events: BTreeMap::new(),
        parts: BTreeMap::new(),
    };
    let mut fields = None;
    let code = |text: &str| text.strip_suffix('`').map(ToOwned::to_owned);
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("## `").and_then(code) {
            fields = Some(documented.events.entry(name).or_default());
        } else if let Some(name) = line.strip_prefix("### `").and_then(code) {
            fields = Some(documented.parts.entry(name).or_default());
        } else if let Some((name, _)) = line.strip_prefix("| `").and_then(|l| l.split_once('`'))
            && let Some(fields) = &mut fields
        {
            fields.insert(name.to_owned());
        }
    }
    documented
}

/// The kinds of events in the source of the library, as JSON names them.
fn kinds() -> BTreeSet<String> {
    let path = repository().join("fastest-lib/src/execution/event.rs");
    let file = syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
    let kebab = |name: String| {
        let mut out = String::new();
        for (at, letter) in name.char_indices() {
            if letter.is_uppercase() && at > 0 {
                out.push('-');
            }
            out.extend(letter.to_lowercase());
        }
        out
    };
    let events = file.items.iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == "Event" => Some(item),
        _ => None,
    });
    let variants = events.unwrap().variants.iter();
    variants
        .map(|variant| kebab(variant.ident.to_string()))
        .collect()
}

#[test]
fn every_event_of_the_library_has_a_section_and_no_other() {
    let documented = documented();
    let found: BTreeSet<String> = documented.events.keys().cloned().collect();
    assert_eq!(found, kinds());
    assert!(documented.events.values().all(|fields| !fields.is_empty()));
}

/// Holds an object against the fields of a table; `seen` gathers which tables were met.
fn check(title: &str, value: &Value, documented: &Documented, seen: &mut BTreeSet<String>) {
    let fields = match title.strip_prefix("event ") {
        Some(event) => documented.events.get(event),
        None => documented.parts.get(title),
    };
    let fields = fields.unwrap_or_else(|| panic!("{title} is not documented: {value}"));
    let Value::Object(object) = value else {
        assert_eq!(value, &Value::Null, "{title}");
        return;
    };
    seen.insert(title.to_owned());
    for (name, value) in object {
        if name == "event" {
            continue;
        }
        assert!(
            fields.contains(name),
            "{title} has an undocumented {name}: {value}"
        );
        seen.insert(format!("{title}.{name}"));
        let part = match (title, name.as_str()) {
            ("event problem", "problem") => Some("problem"),
            _ => PARTS
                .iter()
                .find(|(field, _)| field == name)
                .map(|(_, part)| *part),
        };
        match (part, value) {
            (Some(part), Value::Array(items)) => {
                items
                    .iter()
                    .for_each(|item| check(part, item, documented, seen));
            }
            (Some(part), value) => check(part, value, documented, seen),
            (None, _) => {}
        }
    }
}

#[test]
fn what_runs_print_is_documented() {
    let project = project(&[
        (
            "test_kinds.py",
            "import pytest, warnings\n\
             @pytest.fixture\ndef broken(): raise OSError\n\
             def test_passes(record_property): print('x'); record_property('a', 1)\n\
             def test_fails(): raise ValueError('a\\nb')\n\
             def test_warns(): warnings.warn('w')\n\
             def test_errors(broken): pass\n\
             @pytest.mark.skip\ndef test_skipped(): pass\n\
             @pytest.mark.xfail\ndef test_xfails(): assert 0\n",
        ),
        (
            "test_hooked.py",
            "import pytest\npytest_plugins = []\n\
             def test_property(record_testsuite_property, record_xml_attribute):\n    \
                 record_testsuite_property('a', 1); record_xml_attribute('b', 2)\n\
             def test_subtests(subtests):\n    \
                 with subtests.test('one'): assert 0\n",
        ),
        ("test_broken.py", "print('x'); import no_such_module\n"),
        ("test_dies.py", "import os\ndef test_dies(): os._exit(3)\n"),
    ]);
    project.write("broken/conftest.py", "import no_such_module\n");
    project.write("broken/test_a.py", "def test_a(): pass\n");
    let junit = ["--junit-xml=r.xml", "-o", "junit_family=xunit1"];
    let files = [
        "test_kinds.py",
        "test_hooked.py",
        "test_broken.py",
        "test_dies.py",
    ];
    let runs: Vec<Finished> = vec![
        project.run(
            "auto",
            &[&files[..], &junit, &["--cov", "--cov-fail-under=1"]].concat(),
        ),
        project.run(
            "auto",
            &["test_kinds.py", "-x", "-k", "not passes", "-n", "1"],
        ),
        project.run("auto", &["broken"]),
        project.run("auto", &["test_kinds.py::test_absent"]),
    ];
    let (documented, mut seen) = (documented(), BTreeSet::new());
    for finished in &runs {
        for event in finished.events() {
            let title = format!("event {}", event["event"].as_str().unwrap());
            check(&title, &event, &documented, &mut seen);
        }
    }
    // So that the test holds something against the page.
    for met in [
        "event run-started.schema",
        "event file-collected.deselected",
        "event collect-finished.sections",
        "event file-deoptimized.reason",
        "event test-finished.phases",
        "event warning.nodeid",
        "event interrupted.exit_code",
        "event suite-property.value",
        "event coverage-finished.total",
        "event usage-error.message",
        "event run-finished.counts",
        "phase.wasxfail",
        "phase.subtest",
        "phase.properties",
        "phase.attributes",
        "phase.location",
        "longrepr.full_message",
        "longrepr.reason",
        "counts.errors",
    ] {
        assert!(seen.contains(met), "no run has {met}: {seen:#?}");
    }
}
