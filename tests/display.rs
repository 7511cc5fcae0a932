//! What people read, held against what pytest prints.

use std::process::Command;

use crate::oracle::ENGINES;
use crate::support::{Project, Started, check_each, project, python};

const TESTS: &str = r#"
import logging, sys
import pytest

def value(): return -1

def test_difference():
    print("out"); print("err", file=sys.stderr); logging.warning("logged")
    assert ["a", "b", "c" * 100] == ["a", "x", "c" * 101], "with a message"

def test_text():
    assert "one\ntwo\nthree" == "one\n2\nthree"

def test_long_text():
    assert "\n".join(map(str, range(40))) == "\n".join(map(str, range(1, 41)))

def test_where(): assert value() == 1
def test_raises(): raise ValueError("first " + "x" * 90 + "\nsecond")
def test_passes(): print("printed")

@pytest.fixture
def broken(): raise RuntimeError("no setup " + "x" * 80)
def test_error(broken): pass

@pytest.fixture
def leaves():
    yield
    print("torn down")
def test_fails_and_prints_at_its_end(leaves): assert 0

@pytest.mark.skip(reason="not now")
def test_skipped(): pass
@pytest.mark.parametrize("x", [1, 2])
def test_skips_itself(x): pytest.skip("inside")
@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0
@pytest.mark.xfail
def test_xpasses(): print("unexpected")

class TestClass:
    @pytest.mark.parametrize("x", ["a::b"])
    def test_in_class(self, x): assert x == 1
"#;

/// What follows the header, without how long it took.
fn body(stdout: &[u8]) -> String {
    let text = String::from_utf8_lossy(stdout);
    let mut lines: Vec<&str> = text.lines().collect();
    let starts = "==== platform rootdir: configfile: plugins: collected collecting fastest Python";
    let is_header =
        |line: &&str| line.is_empty() || starts.split(' ').any(|start| line.starts_with(start));
    let first = lines.iter().position(|line| !is_header(line));
    lines.drain(..first.unwrap_or(0));
    let shown = lines.iter().map(|line| match line.split_once(" in ") {
        Some((counts, took)) if took.contains("s ") || took.ends_with('s') => {
            counts.trim_matches(['=', ' ']).to_owned()
        }
        _ => line.trim_end().to_owned(),
    });
    let text = shown.collect::<Vec<_>>().join("\n");
    // Objects are at other places.
    let address = regex::Regex::new("0x[0-9a-f]{6,}").unwrap();
    address.replace_all(&text, "0x").into_owned()
}

fn by_pytest(project: &Project, arguments: &[&str]) -> String {
    let mut command = Command::new(python());
    command.args(["-m", "pytest", "-p", "no:cacheprovider"]);
    command.args(arguments).current_dir(project.root());
    body(&Started::new(command).finish().stdout)
}

fn by_fastest(project: &Project, engine: &str, arguments: &[&str]) -> String {
    let python = python();
    let mut all = vec!["run", "-n", "1", "--engine", engine, "--python"];
    all.push(python.to_str().unwrap());
    all.extend(arguments);
    body(&project.fastest(&all).finish().stdout)
}

#[test]
fn reports_read_as_pytests() {
    let project = project(&[("test_a.py", TESTS)]);
    let cases: &[&[&str]] = &[
        &[],
        &["-rA"],
        &["-ra", "--tb=short", "--show-capture=stdout"],
        &["-rN", "--tb=long", "--show-capture=no"],
        &["-rsX", "--tb=line", "-q", "-k", "not error"],
        &["-rfEp", "--tb=no"],
        &["-vv", "-rx", "--xfail-tb", "-k", "text or xfails"],
        &["-rs", "--no-fold-skipped", "-k", "skip"],
        &["--no-summary"],
        &["-qq", "-k", "passes or where"],
        &["-l", "-k", "text", "--force-short-summary", "-vv"],
    ];
    check_each(cases, |arguments| {
        let expected = by_pytest(&project, arguments);
        assert!(!expected.is_empty());
        for engine in ENGINES {
            let found = by_fastest(&project, engine, arguments);
            assert_eq!(found, expected, "--engine {engine} {arguments:?}");
        }
    });
}

#[test]
fn addopts_decide_what_is_shown() {
    let ini = "[pytest]\naddopts = -rs --no-header --tb=no --show-capture=no --color=no\n";
    let project = project(&[("test_a.py", TESTS), ("pytest.ini", ini)]);
    let found = by_fastest(&project, "auto", &[]);
    assert_eq!(found, by_pytest(&project, &[]));
    assert!(found.contains("SKIPPED [2] test_a.py:"), "{found}");
    assert!(!found.contains("FAILED"), "{found}");
}

#[test]
fn colours_are_asked_for_by_option_and_environment() {
    let project = project(&[("test_a.py", TESTS)]);
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let python = python();
        let mut all = vec!["-k", "text or where", "--python", python.to_str().unwrap()];
        all.extend(arguments);
        let mut started = project.fastest(&all);
        started.command.env_remove("NO_COLOR");
        started.command.envs(variables.iter().copied());
        String::from_utf8(started.finish().stdout).unwrap()
    };
    for (arguments, variables) in [
        (&["--color=yes"][..], &[("NO_COLOR", "1")][..]),
        (&[], &[("FORCE_COLOR", "1")]),
        (&[], &[("PY_COLORS", "1")]),
    ] {
        let text = coloured(arguments, variables);
        for line in ["\x1b[92m+ two\x1b[0m", "\x1b[91m- 2\x1b[0m", "\x1b[31mE "] {
            assert!(text.contains(line), "{arguments:?} {variables:?}: {text:?}");
        }
    }
    for (arguments, variables) in [
        (&["--color=no"][..], &[("FORCE_COLOR", "1")][..]),
        (&[], &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]),
        (&[], &[]),
    ] {
        assert!(!coloured(arguments, variables).contains('\x1b'));
    }
}

#[test]
fn mistakes_name_the_option() {
    let project = project(&[("test_a.py", "def test_a(): pass\n")]);
    for (option, message) in [
        (
            "--color=blue",
            "--color does not take `blue`, but yes, no, auto",
        ),
        ("--show-capture=x", "--show-capture does not take `x`"),
        ("--durations-min=x", "--durations-min needs seconds"),
    ] {
        let finished = project.fastest(&[option]).finish();
        assert_eq!(finished.code, Some(4), "{finished:?}");
        assert!(finished.stderr.contains(message), "{finished:?}");
    }
}
