//! Filters, the first failure, seeds.

use std::collections::BTreeSet;

use crate::support::{cases_of, workspace};

#[test]
fn the_command_line_s_choice_is_heeded() {
    let Some(mut bazel) = workspace() else {
        return;
    };
    let targets = ["//contract:money", "//contract:cart"];
    let filters: [(&str, &[&str], &[&str]); 8] = [
        ("test_pay", &["test_pay"], &[]),
        (
            "test_pay_each",
            &["test_pay_each[1]", "test_pay_each[3]"],
            &[],
        ),
        ("test_pay_each[3]", &["test_pay_each[3]"], &[]),
        (
            "contract/test_cart.py::TestCart::test_empty",
            &[],
            &["test_empty"],
        ),
        ("TestCart", &[], &["test_empty", "test_fixtures"]),
        // No node id: an expression of names.
        ("total or 3", &["test_pay_each[3]"], &["test_total"]),
        ("fixtures", &[], &["test_fixtures"]),
        ("test_nowhere", &[], &[]),
    ];
    for (filter, money, cart) in filters {
        let option = format!("--test_filter={filter}");
        let answer = bazel.call(&["test", &option, targets[0], targets[1]]);
        answer.expect(0);
        for (target, expected) in targets.iter().zip([money, cart]) {
            let ran: Vec<String> = cases_of(&bazel, target).into_keys().collect();
            assert_eq!(ran, expected, "{filter}: {target}");
        }
    }
    let malformed = bazel.call(&["test", "--test_filter=and and", targets[0]]);
    malformed.expect(3);

    let first = bazel.call(&["test", "--test_runner_fail_fast", "//contract:fails"]);
    first.expect(3);
    let ran: Vec<String> = cases_of(&bazel, "//contract:fails").into_keys().collect();
    assert_eq!(ran, ["test_fails", "test_passes"]);

    let runs = bazel.call(&["test", "--runs_per_test=3", "//contract:seed"]);
    let results = &runs.expect(0).events.results;
    let numbers: BTreeSet<u64> = results.iter().map(|result| result.run).collect();
    assert_eq!(numbers, BTreeSet::from([1, 2, 3]));

    let extra = bazel.call(&["test", "--test_arg=-k", "--test_arg=total", targets[1]]);
    extra.expect(0);
    assert_eq!(
        cases_of(&bazel, targets[1]).into_keys().collect::<Vec<_>>(),
        ["test_total"]
    );
    let by_hand = bazel.call(&["run", targets[1]]);
    let said = &by_hand.expect(0).stdout;
    assert!(said.contains("3 passed"), "{said}");
    let unknown = bazel.call(&["test", "--test_arg=--frobnicate", targets[1]]);
    unknown.expect(3);
    let log = bazel.test_file(targets[1], "test.log").unwrap_or_default();
    assert!(log.contains("--frobnicate"), "{log}");
}
