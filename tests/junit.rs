//! JUnit reports, held against those that pytest writes.

use std::path::Path;
use std::process::Command;

use crate::oracle::ENGINES;
use crate::support::{Finished, Project, Started, check_each, project, python};

/// Everything that a report has a form for, in files of both engines.
const KINDS: &[(&str, &str)] = &[
    (
        "test_native.py",
        r#"
import sys, logging
import pytest

def test_passes():
    print("out"); print("err", file=sys.stderr); logging.warning("logged")

def test_fails():
    print("before")
    assert {"a": 1, "b": [1, 2]} == {"a": 1, "b": [1, 3]}

def test_long():
    raise ValueError("first\n" + "x" * 600 + "\nlast")

def test_control():
    print("bell\x07 and \x1b[31mred")
    assert "\x00" == "\ufffe<&\">'"

@pytest.fixture
def broken():
    print("in setup")
    raise RuntimeError("no setup")

@pytest.fixture
def leaves():
    yield
    print("in teardown")
    raise RuntimeError("no teardown")

def test_error_in_setup(broken): pass
def test_error_in_teardown(leaves): print("ran")
def test_both(leaves): assert 0, "call"

@pytest.mark.skip(reason="not <now>")
def test_skipped(): pass
def test_skips_itself():
    print("until here")
    pytest.skip("inside")
@pytest.mark.skipif("1 == 1", reason="condition")
def test_skipped_by_condition(): pass
@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0
@pytest.mark.xfail
def test_xfails_without_reason(): assert 0
@pytest.mark.xfail(run=False)
def test_does_not_run(): assert 0
@pytest.mark.xfail
def test_xpasses(): pass
@pytest.mark.xfail(strict=True, reason="must fail")
def test_xpasses_strictly(): pass
def test_xfails_itself(): pytest.xfail("by itself")

@pytest.mark.parametrize("value", ["a::b", "c/d.py", "[x]", "é"])
def test_parameters(value): assert value != "[x]"

class TestClass:
    class TestInner:
        def test_deep(self): assert False

def test_property(record_property):
    record_property("name", 3)
    record_property("list", [1, None, True, "x"])
def test_property_of_failure(record_property, leaves):
    record_property("name", 1.5)
    assert 0
"#,
    ),
    (
        "sub/test_hooked.py",
        r#"
import unittest
import pytest

def test_attribute(record_xml_attribute, record_testsuite_property):
    record_testsuite_property("arch", "<ppc>")
    record_testsuite_property("count", 2)
    record_xml_attribute("assertions", 7)
    record_xml_attribute("classname", "own")

def test_attribute_of_failure(record_xml_attribute, record_testsuite_property):
    record_testsuite_property("arch", "<ppc>")
    record_xml_attribute("name", "renamed")
    assert 0

class TestCase(unittest.TestCase):
    def test_fails(self): self.assertEqual(1, 2)
    @unittest.skip("later")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass

def test_subtests(subtests):
    for i in range(3):
        with subtests.test("number", i=i):
            print("sub", i)
            assert i != 1
"#,
    ),
    (
        "test_skips_module.py",
        "import pytest\npytest.skip('the whole \\'module\\'', allow_module_level=True)\n",
    ),
    (
        "test_importorskip.py",
        "import pytest\npytest.importorskip('no_such_module')\n",
    ),
    (
        "test_skips_by_unittest.py",
        "import unittest\nraise unittest.SkipTest('whole')\n",
    ),
    ("test_broken.py", "import no_such_module\n"),
    ("test_syntax.py", "def test_a(:\n"),
    (
        "test_broken_class.py",
        "import pytest\n@pytest.mark.parametrize('x', 3)\ndef test_a(x): pass\n",
    ),
];

/// Prints a report in lines: its own attributes and properties, then the test cases in the order of
/// their names; without times, the timestamp and the host.
const NORMALISE: &str = r#"
import re, sys
import xml.etree.ElementTree as ET

def shown(node, depth=0):
    drop = ("time", "timestamp", "hostname")
    attributes = {name: value for name, value in node.attrib.items() if name not in drop}
    lines = ["  " * depth + f"{node.tag} {sorted(attributes.items())} {node.text or ''!r}"]
    for child in node:
        lines += shown(child, depth + 1)
    return lines

suites = ET.parse(sys.argv[1]).getroot()
(suite,) = suites
cases = ["\n".join(shown(case)) for case in suite if case.tag == "testcase"]
missing = [case.get("name") for case in suite.iter("testcase") if "time" not in case.attrib]
assert not missing, missing
assert all(name in suite.attrib for name in ("time", "timestamp", "hostname")), suite.attrib
rest = [line for part in suite if part.tag != "testcase" for line in shown(part)]
print(suites.attrib, sorted((k, v) for k, v in suite.attrib.items()
      if k not in ("time", "timestamp", "hostname")))
text = "\n".join([*rest, *sorted(cases)])
# The fixtures are not the same functions, and nothing is at the same place.
text = re.sub(r"record_\w+ = <.*?>+(?=\\n)", "", text)
print(re.sub(r"0x[0-9a-f]{6,}", "0x", text))
"#;

fn normalised(report: &Path) -> String {
    let mut command = Command::new(python());
    command.args(["-c", NORMALISE]).arg(report);
    let finished = Started::new(command).finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    String::from_utf8(finished.stdout).unwrap()
}

fn by_pytest(project: &Project, arguments: &[&str]) -> String {
    let mut command = Command::new(python());
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    command.args(["--continue-on-collection-errors", "--junitxml=pytest.xml"]);
    command.args(arguments).current_dir(project.root());
    let finished: Finished = Started::new(command).finish();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    normalised(&project.root().join("pytest.xml"))
}

#[test]
fn reports_are_those_of_pytest() {
    let project = project(KINDS);
    let cases: &[&[&str]] = &[
        &[],
        &["-o", "junit_family=xunit1", "-o", "junit_logging=all"],
        &["-o", "junit_family=legacy", "--junit-prefix=pre.fix"],
        &[
            "-o",
            "junit_logging=out-err",
            "-o",
            "junit_log_passing_tests=False",
        ],
        &["-o", "junit_logging=log", "-o", "junit_suite_name=a<b"],
        &[
            "-o",
            "junit_logging=system-out",
            "-o",
            "junit_duration_report=call",
        ],
        &["-o", "junit_logging=system-err"],
    ];
    check_each(cases, |arguments| {
        let expected = by_pytest(&project, arguments);
        assert!(expected.lines().count() > 60, "{expected}");
        for engine in ENGINES {
            let mut all = vec!["--junitxml=fastest.xml", "-n", "1"];
            all.extend(arguments);
            let finished = project.run(engine, &all);
            assert_eq!(finished.code, Some(1), "{finished:?}");
            let found = normalised(&project.root().join("fastest.xml"));
            let differing: Vec<_> = found
                .lines()
                .zip(expected.lines())
                .filter(|(ours, theirs)| ours != theirs)
                .take(4)
                .collect();
            assert!(
                found == expected,
                "--engine {engine} {arguments:?}, (ours, theirs): {differing:#?}\n{}",
                finished.stderr
            );
        }
    });
}

#[test]
fn settings_of_addopts_count_and_workers_do_not_write() {
    let ini =
        "[pytest]\njunit_suite_name = mine\naddopts = --junitxml=out/report.xml --junit-prefix=p\n";
    let project = project(&[
        ("pytest.ini", ini),
        ("test_a.py", "def test_a(): pass\n"),
        (
            "test_b.py",
            "import unittest\nclass TestB(unittest.TestCase):\n    def test_b(self): pass\n",
        ),
    ]);
    let finished = project.run("auto", &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = normalised(&project.root().join("out/report.xml"));
    for part in [
        "('name', 'mine')",
        "('tests', '2')",
        "p.test_a",
        "p.test_b.TestB",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    let finished = project.run("auto", &["-o", "junit_family=xunit9"]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(
        finished.stderr.contains("legacy, xunit1, xunit2"),
        "{finished:?}"
    );
}
