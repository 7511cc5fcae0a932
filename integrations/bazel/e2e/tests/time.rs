//! A test that takes too long, and one that passes the second time.

use std::fs;

use fastest_bazel_e2e::python;

use crate::support::{cases_of, workspace};

#[test]
fn what_is_known_at_the_timeout_is_kept() {
    let Some(mut bazel) = workspace() else {
        return;
    };
    let answer = bazel.call(&["test", "--test_timeout=4", "//slow"]);
    answer.expect(3);
    assert_eq!(answer.events.summaries["//slow:slow"], "TIMEOUT");
    let cases: Vec<_> = cases_of(&bazel, "//slow:slow").into_iter().collect();
    let expected = [("test_in_time", "passed"), ("test_never_ends", "failed")];
    assert_eq!(
        cases,
        expected.map(|(name, outcome)| (name.to_owned(), outcome))
    );
    let log = bazel
        .test_file("//slow:slow", "test.log")
        .unwrap_or_default();
    let line = "slow/test_slow.py::test_never_ends was running";
    assert!(log.contains(line), "{log}");
}

#[test]
fn a_flaky_test_has_another_attempt() {
    let Some(mut bazel) = workspace() else {
        return;
    };
    let script = bazel.workspace().join("unsteady-python");
    let state = bazel.workspace().join("started-before");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" != -I ] && [ ! -e {state} ]; then touch {state}; exit 1; fi\nexec {python} \
         \"$@\"\n",
        state = state.display(),
        python = python().display()
    );
    bazel.write_program("unsteady-python", &text);
    let build = fs::read_to_string(bazel.workspace().join("flaky/BUILD.bazel")).unwrap();
    let build = build.replace("%UNSTEADY%", &script.display().to_string());
    bazel.write("flaky/BUILD.bazel", &build);

    let answer = bazel.call(&["test", "//flaky"]);
    answer.expect(0);
    assert_eq!(answer.events.summaries["//flaky:flaky"], "FLAKY");
    let statuses = answer
        .events
        .results
        .iter()
        .map(|result| result.status.as_str());
    assert_eq!(statuses.collect::<Vec<_>>(), ["FAILED", "PASSED"]);
}
