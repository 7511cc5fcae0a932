"""Tests that Buck2's own runner lists and reports one by one.

`InternalRunnerTestInfo` is known to Buck2 since June 2026; older ones cannot load this file. It
takes effect where `[test] use_internal_runner` says so.
"""

load("//private:test.bzl", "TEST_ATTRIBUTES", "default_info", "external_info", "test_parts")

# Has the replayer print what it knows as JSON.
_REPORT = {"FASTEST_BUCK2_REPORT": "json"}

_STATUS = {
    "error": "FAIL",
    "failed": "FAIL",
    "passed": "PASS",
    "skipped": "SKIP",
    "xfailed": "PASS",
    "xpassed": "PASS",
}

def _reports(output):
    lines = [line for line in output.splitlines() if line.startswith("{\"fastest_verdict\"")]
    return [json.decode(line) for line in lines]

def _parse_listing(listing):
    return [
        {"filter": case["name"], "name": case["name"]}
        for report in _reports(listing)
        for case in report["cases"]
    ]

def _parse_result(stdout, _stderr, _exit_code):
    return [
        {
            "details": case["output"],
            "duration": case["duration"],
            "message": case["message"],
            "name": case["name"],
            "status": _STATUS.get(case["outcome"], "FATAL"),
        }
        for report in _reports(stdout)
        for case in report["cases"]
    ]

def _test_impl(ctx):
    parts = test_parts(ctx)
    internal = InternalRunnerTestInfo(
        type = "custom",
        command = parts.replay,
        contacts = ctx.attrs.contacts,
        env = _REPORT,
        labels = ctx.attrs.labels,
        listing_command = parts.replay + ["--list"],
        parse_test_listing = _parse_listing,
        parse_test_result = _parse_result,
        run_from_project_root = True,
        use_project_relative_paths = True,
    )
    return [
        default_info(ctx, parts),
        RunInfo(args = parts.live),
        external_info(ctx, parts.replay),
        internal,
    ]

fastest_test = rule(
    impl = _test_impl,
    attrs = TEST_ATTRIBUTES,
    doc = "As `fastest_test` of `defs.bzl`, with each test listed and reported by itself.",
)

# For tests of these rules.
testing_parse_listing = _parse_listing
testing_parse_result = _parse_result
