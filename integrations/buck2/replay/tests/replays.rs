//! The replayer as Buck2 runs it, with a script in the place of the runner.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use fastest_buck2_verdict::{Case, FILTER_VARIABLE, REPORT_VARIABLE, SCHEMA, Verdict};

fn verdict(shard: Option<&str>, cases: &[(&str, &str)], failures: &[&str]) -> String {
    let cases: Vec<Case> = cases
        .iter()
        .map(|(name, outcome)| Case {
            name: (*name).to_owned(),
            outcome: (*outcome).to_owned(),
            duration: 0.0,
            message: None,
            output: String::new(),
        })
        .collect();
    let verdict = Verdict {
        schema: SCHEMA,
        label: "root//t:a".to_owned(),
        src: "t/test_a.py".to_owned(),
        shard: shard.map(ToOwned::to_owned),
        passed: failures.is_empty() && !cases.iter().any(Case::is_failure),
        duration: 0.0,
        cases,
        failures: failures.iter().map(ToString::to_string).collect(),
    };
    verdict.line()
}

struct Replayed {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// The arguments of each run of the runner.
    runs: Vec<String>,
}

/// Replays verdicts; the runner ends with `live`.
fn replay(verdicts: &[String], live: i32, extra: &[&str], env: &[(&str, &str)]) -> Replayed {
    let folder = tempfile::tempdir().unwrap();
    let runner = folder.path().join("runner");
    let log = folder.path().join("log");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\necho ran\nexit {live}\n",
        log.display()
    );
    fs::write(&runner, script).unwrap();
    fs::set_permissions(&runner, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastest-buck2-replay"));
    for (at, text) in verdicts.iter().enumerate() {
        let path = folder.path().join(at.to_string());
        fs::write(&path, text).unwrap();
        command.arg(path);
    }
    command
        .arg("--")
        .arg(&runner)
        .args(["--manifest", "m", "--"])
        .args(extra);
    command
        .env_remove(REPORT_VARIABLE)
        .env_remove(FILTER_VARIABLE);
    let output = command.envs(env.iter().copied()).output().unwrap();
    replayed(&output, &log)
}

fn replayed(output: &Output, log: &Path) -> Replayed {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let runs = fs::read_to_string(log).unwrap_or_default();
    Replayed {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        runs: runs.lines().map(ToOwned::to_owned).collect(),
    }
}

fn good() -> String {
    verdict(
        None,
        &[("test_a", "passed"), ("A::test_b[1]", "skipped")],
        &[],
    )
}

fn bad() -> String {
    verdict(None, &[("test_a", "passed"), ("test_b", "failed")], &[])
}

#[test]
fn what_passed_is_silent_and_what_failed_runs_again() {
    let check = |verdicts: &[String], live: i32, extra: &[&str], code: i32, runs: &[&str]| {
        let found = replay(verdicts, live, extra, &[]);
        assert_eq!(
            found.code,
            Some(code),
            "{verdicts:?} {extra:?}: {}",
            found.stderr
        );
        assert_eq!(found.runs, runs, "{verdicts:?} {extra:?}");
        let printed = if runs.is_empty() { "" } else { "ran\n" };
        assert!(found.stdout.starts_with(printed));
        assert_eq!(found.stdout.is_empty(), runs.is_empty(), "{}", found.stdout);
    };
    check(&[good()], 1, &[], 0, &[]);
    check(&[bad()], 1, &[], 1, &["--manifest m"]);
    // The failure was another machine's, or it comes and goes.
    check(&[bad()], 0, &[], 0, &["--manifest m"]);
    check(
        &[verdict(None, &[], &["no import"])],
        2,
        &[],
        2,
        &["--manifest m"],
    );
    // Of shards only those that failed.
    let shards = [
        verdict(Some("1/3"), &[("test_a", "passed")], &[]),
        verdict(Some("2/3"), &[("test_b", "failed")], &[]),
        verdict(Some("3/3"), &[("test_c", "error")], &[]),
    ];
    let runs = ["--manifest m --shard 2/3", "--manifest m --shard 3/3"];
    check(&shards, 1, &[], 1, &runs);
    // Single tests.
    check(&[bad()], 1, &["test_a"], 0, &[]);
    check(&[bad()], 1, &["test_b"], 1, &["--manifest m test_b"]);
    check(&[good()], 1, &["A.test_b"], 0, &[]);
    check(&[good()], 1, &["test_c"], 4, &[]);
    // No verdict is of a run with other options.
    check(&[good()], 1, &["-k", "a"], 1, &["--manifest m -k a"]);
}

#[test]
fn a_verdict_that_cannot_be_read_is_none() {
    for text in [
        "",
        "{}",
        "not a verdict",
        &good()[..20],
        &good().replace("\"fastest_verdict\":1", "\"fastest_verdict\":2"),
        &bad().replace("\"passed\":false", "\"passed\":true"),
    ] {
        let found = replay(&[good(), text.to_owned()], 1, &[], &[]);
        assert_eq!(found.code, Some(1), "{text}");
        assert_eq!(found.runs, ["--manifest m"], "{text}");
        assert!(
            found.stderr.contains("running the tests"),
            "{}",
            found.stderr
        );
    }
}

#[test]
fn verdicts_are_handed_on_as_lines() {
    let json = [(REPORT_VARIABLE, "json")];
    let found = replay(&[good()], 1, &[], &json);
    assert_eq!(
        (found.code, found.stdout.trim_end()),
        (Some(0), good().as_str())
    );
    let found = replay(&[good()], 1, &["test_a"], &json);
    let only = Verdict::parse(found.stdout.trim_end()).unwrap();
    assert_eq!(only.cases.len(), 1);
    // What failed, the runner tells.
    assert_eq!(replay(&[bad()], 1, &[], &json).stdout, "ran\n");
    // Nothing runs for a list.
    let found = replay(&[bad()], 1, &["--list"], &json);
    assert_eq!((found.code, found.runs.len()), (Some(0), 0));
    assert_eq!(
        Verdict::parse(found.stdout.trim_end()).unwrap().cases.len(),
        2
    );
}

#[test]
fn a_filter_may_match_nothing() {
    let filter = |names: &'static str| [(FILTER_VARIABLE, names), (REPORT_VARIABLE, "json")];
    let found = replay(&[good()], 1, &[], &filter("test_c\ntest_a"));
    assert_eq!(found.code, Some(0));
    assert_eq!(
        Verdict::parse(found.stdout.trim_end()).unwrap().cases.len(),
        1
    );
    let found = replay(&[bad()], 1, &[], &filter("test_c"));
    assert_eq!((found.code, found.runs.len()), (Some(0), 0));
    let found = replay(&[bad()], 1, &[], &filter("test_b"));
    assert_eq!(
        (found.code, found.runs),
        (Some(1), vec!["--manifest m test_b".to_owned()])
    );
}

#[test]
fn a_wrong_call_and_a_missing_runner_are_named() {
    let program = || Command::new(env!("CARGO_BIN_EXE_fastest-buck2-replay"));
    let output = program().output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage"));
    let output = program()
        .args(["gone", "--", "./no-such-runner", "--"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        shown.contains("no-such-runner") && shown.contains("`runner`"),
        "{shown}"
    );
}
