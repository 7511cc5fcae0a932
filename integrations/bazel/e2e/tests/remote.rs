//! Remote execution: tests run where nothing of the workspace is to be seen, and once is enough.

use fastest_bazel_e2e::Remote;

use crate::support::{cases_of, workspace};

#[test]
fn tests_run_on_a_cluster_and_are_cached_there() {
    let Some(remote) = Remote::start() else {
        return;
    };
    let Some(mut bazel) = workspace() else {
        return;
    };
    let executor = format!("--remote_executor={}", remote.address());
    let call = [
        "test",
        "-k",
        "--test_output=errors",
        "--test_env=FROM_THE_CALL=1",
        // Nothing runs here if it does not run there.
        "--spawn_strategy=remote",
        "--noremote_local_fallback",
        &executor,
        "//contract/...",
        "//shards/...",
    ];
    let first = bazel.call(&call);
    first.expect(0);
    for result in &first.events.results {
        let here = (result.strategy.as_str(), result.cached, result.remote);
        assert_eq!(
            here,
            ("remote", false, false),
            "{result:?}\n{}",
            remote.log()
        );
    }
    let cases: Vec<String> = cases_of(&bazel, "//contract:cart").into_keys().collect();
    assert_eq!(cases, ["test_empty", "test_fixtures", "test_total"]);

    bazel.call(&["clean"]).expect(0);
    let second = bazel.call(&call);
    second.expect(0);
    let count = |events: &fastest_bazel_e2e::Events| events.results.len();
    assert_eq!(count(&second.events), count(&first.events));
    for result in &second.events.results {
        assert!(result.remote && !result.cached, "{result:?}");
    }
    // What was fetched is what was made.
    assert_eq!(
        cases_of(&bazel, "//contract:cart")
            .into_keys()
            .collect::<Vec<_>>(),
        cases
    );
}
