//! The test encyclopedia, target by target: one call runs all.

use std::collections::BTreeMap;
use std::fs;

use fastest_bazel_e2e::{Answer, Bazel, python};

use crate::support::{cases_of, workspace};

/// A target, its verdict, its test cases, and what its log has to say.
type Expected = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const TARGETS: &[Expected] = &[
    (
        "//contract:money",
        "PASSED",
        &[
            ("test_pay", "passed"),
            ("test_pay_each[1]", "passed"),
            ("test_pay_each[3]", "passed"),
        ],
        &["3 passed"],
    ),
    (
        "//contract:cart",
        "PASSED",
        &[
            ("test_empty", "passed"),
            ("test_fixtures", "passed"),
            ("test_total", "passed"),
        ],
        &[],
    ),
    (
        "//contract:cart_empty",
        "PASSED",
        &[("test_empty", "passed")],
        &["1 passed"],
    ),
    (
        "//contract:surroundings",
        "PASSED",
        &[
            (
                "test_the_current_folder_is_that_of_the_repository",
                "passed",
            ),
            ("test_the_environment_is_what_is_declared", "passed"),
            ("test_folders_are_its_own", "passed"),
            ("test_files_are_those_declared", "passed"),
            ("test_outputs_are_kept", "passed"),
            ("test_input_is_empty", "passed"),
            ("test_a_warning", "passed"),
        ],
        // By -v in `args`.
        &["contract/test_surroundings.py::test_a_warning PASSED"],
    ),
    (
        "//contract:imports",
        "PASSED",
        &[("test_roots", "passed")],
        &[],
    ),
    (
        "//contract:interpreter",
        "PASSED",
        &[
            ("test_pay", "passed"),
            ("test_pay_each[1]", "passed"),
            ("test_pay_each[3]", "passed"),
        ],
        &[],
    ),
    (
        "//contract:fails",
        "FAILED",
        &[
            ("test_passes", "passed"),
            ("test_fails", "failed"),
            ("test_fails_too", "failed"),
        ],
        &["assert 2 == 3", "said before", "2 failed, 1 passed"],
    ),
    (
        "//contract:exits",
        "FAILED",
        &[
            ("test_before", "passed"),
            ("test_exits", "failed"),
            ("test_after", "passed"),
        ],
        &[],
    ),
    (
        "//contract:undeclared",
        "FAILED",
        &[("contract.test_undeclared", "error")],
        &["deps = [\"//lib:hidden\"]  # add to //contract:undeclared"],
    ),
    // By way of the link to its own source, it finds what Bazel's sandbox lets through.
    (
        "//contract:escapes",
        "FAILED",
        &[
            ("test_inside", "passed"),
            ("test_reads", "failed"),
            ("test_imports", "failed"),
        ],
        &[
            "undeclared read of lib/hidden.py",
            "deps = [\"//lib:hidden\"]  # add to //contract:escapes",
            "No module named 'lib'",
            "deps = [\"//lib:lib\"]  # add to //contract:escapes",
        ],
    ),
    (
        "//contract:not_installed",
        "FAILED",
        &[],
        &["no-such.distribution", "take it out of `distributions`"],
    ),
    ("//contract:no_such_test", "FAILED", &[], &["test_no_such"]),
    ("//contract:no_tests", "FAILED", &[], &["no tests ran"]),
    (
        "//contract:broken",
        "FAILED",
        &[("contract.test_broken", "error")],
        &["RuntimeError: cannot be imported"],
    ),
    (
        "//contract:leaves_children",
        "PASSED",
        &[("test_leaves_a_child", "passed")],
        &[],
    ),
    ("//shards:known", "PASSED", &[], &[]),
    ("//shards:computed", "PASSED", &[], &[]),
    ("//shards:more_than_tests", "PASSED", &[], &[]),
    ("//shards:broken", "FAILED", &[], &[]),
];

#[test]
fn each_line_of_the_test_encyclopedia_holds() {
    let Some(mut bazel) = workspace() else {
        return;
    };
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", python().display());
    bazel.write_program("contract/python.sh", &script);
    let mut call = vec!["test", "-k", "--test_env=FROM_THE_CALL=1"];
    call.extend(TARGETS.iter().map(|(target, ..)| *target));
    let answer = bazel.call(&call);
    answer.expect(3);
    for (target, verdict, cases, log) in TARGETS {
        check(&bazel, &answer, target, verdict, cases, log);
    }
    outputs_are_kept(&bazel);
    shards_are_disjoint_and_together_all(&bazel, &answer);
    nobody_is_left();
}

fn check(
    bazel: &Bazel,
    answer: &Answer,
    target: &str,
    verdict: &str,
    cases: &[(&str, &'static str)],
    log: &[&str],
) {
    let text = bazel.test_file(target, "test.log").unwrap_or_default();
    let given = answer.events.summaries.get(target);
    let given = given.map(String::as_str);
    assert_eq!(given, Some(verdict), "{target}\n{text}\n{}", answer.stderr);
    if !cases.is_empty() {
        let expected: BTreeMap<String, &str> = cases
            .iter()
            .map(|(name, outcome)| ((*name).to_owned(), *outcome))
            .collect();
        assert_eq!(cases_of(bazel, target), expected, "{target}\n{text}");
    }
    for part in log {
        assert!(text.contains(part), "{target}: no {part:?}\n{text}");
    }
}

fn outputs_are_kept(bazel: &Bazel) {
    let logs = bazel.workspace().join("bazel-testlogs");
    let zip = logs.join("contract/surroundings/test.outputs/outputs.zip");
    let bytes = fs::read(&zip).unwrap_or_else(|error| panic!("{}: {error}", zip.display()));
    let name = b"kept.txt";
    assert!(bytes.windows(name.len()).any(|part| part == name));
    // A test without any leaves none.
    assert!(
        !logs
            .join("contract/money/test.outputs/outputs.zip")
            .exists()
    );
}

fn shards_are_disjoint_and_together_all(bazel: &Bazel, answer: &Answer) {
    let of = |target: &str, total: usize| -> Vec<Vec<String>> {
        let results = answer.events.results.iter();
        let count = results.filter(|result| result.label == target).count();
        assert_eq!(count, total, "{target} has not that many shards");
        let shard = |number| {
            let file = format!("shard_{number}_of_{total}/test.xml");
            let xml = bazel.test_file(target, &file).unwrap_or_default();
            crate::support::cases(&xml).into_keys().collect()
        };
        (1..=total).map(shard).collect()
    };
    let all = |shards: &[Vec<String>]| {
        let mut all: Vec<String> = shards.iter().flatten().cloned().collect();
        all.sort();
        all
    };
    // By their durations: the long one has a shard of its own, the others are of about the same length.
    let known = of("//shards:known", 3);
    assert!(known.contains(&vec!["test_long".to_owned()]), "{known:?}");
    let expected = [
        "test_in_class",
        "test_long",
        "test_short[0]",
        "test_short[1]",
        "test_short[2]",
        "test_short[3]",
    ];
    assert_eq!(all(&known), expected);
    let computed = of("//shards:computed", 2);
    let names = |name: &str| ["0", "16", "1", "4", "9"].map(|n| format!("{name}[{n}]"));
    let expected = [names("test_number"), names("test_text")].concat();
    assert_eq!(all(&computed), expected);
    assert!(
        computed.iter().all(|shard| shard.len() == 5),
        "{computed:?}"
    );
    let one = of("//shards:more_than_tests", 3);
    assert_eq!(all(&one), ["test_one"]);
    // What cannot be collected is said, once.
    let broken = of("//shards:broken", 2);
    assert_eq!(all(&broken), ["shards.test_broken"]);
}

fn nobody_is_left() {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let left = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let left = left.filter(|line| line.as_slice() == b"sleep\086399\0");
    assert_eq!(
        left.count(),
        0,
        "processes outlive the test that started them"
    );
}
