//! Targets of other rules as dependencies of tests.

use crate::support::workspace;

/// Rules that are built into Bazel.
const BUILT_IN: &str = "\
py_library(name = \"base\", srcs = [\"src/base.py\"], data = [\"base.txt\"], imports = [\"src\"])
py_library(name = \"top\", srcs = [\"src/top.py\"], deps = [\":base\"])
py_library(name = \"idle\", srcs = [\"src/idle.py\"])
";

/// A provider of somebody's own, as rules_python has one.
const PROVIDER: &str = "\
PyInfo = provider(fields = [\"imports\", \"transitive_sources\", \"uses_shared_libraries\"])

def _library_impl(ctx):
    deps = ctx.attr.deps
    root = \"/\".join([ctx.workspace_name, ctx.label.package])
    runfiles = ctx.runfiles(files = ctx.files.srcs + ctx.files.data)
    for dep in deps:
        runfiles = runfiles.merge(dep[DefaultInfo].default_runfiles)
    return [
        DefaultInfo(files = depset(ctx.files.srcs), runfiles = runfiles),
        PyInfo(
            imports = depset(
                [root + \"/\" + path for path in ctx.attr.imports],
                transitive = [dep[PyInfo].imports for dep in deps],
            ),
            transitive_sources = depset(
                ctx.files.srcs,
                transitive = [dep[PyInfo].transitive_sources for dep in deps],
                order = \"postorder\",
            ),
            uses_shared_libraries = False,
        ),
    ]

py_library = rule(
    implementation = _library_impl,
    attrs = {
        \"data\": attr.label_list(allow_files = True),
        \"deps\": attr.label_list(providers = [PyInfo]),
        \"imports\": attr.string_list(),
        \"srcs\": attr.label_list(allow_files = [\".py\"]),
    },
)
";

const TESTS: &str = "
load(\"//tools/fastest:defs.bzl\", \"fastest_library\", \"fastest_test\")

fastest_library(name = \"ours\", srcs = [\"ours.py\"], imports = [\".\"], deps = [\":top\"])
fastest_test(name = \"direct\", size = \"small\", src = \"test_direct.py\", deps = [\":top\"])
fastest_test(name = \"through\", size = \"small\", src = \"test_through.py\", deps = [\":ours\"])
";

const SOURCES: &[(&str, &str)] = &[
    (
        "other/src/base.py",
        "from pathlib import Path\n\nTEXT = (Path(__file__).parents[1] / \"base.txt\").read_text()\n",
    ),
    (
        "other/src/top.py",
        "from base import TEXT\n\nTOP = TEXT * 2\n",
    ),
    ("other/src/idle.py", ""),
    ("other/base.txt", "x"),
    ("other/ours.py", "from top import TOP\n\nOURS = TOP * 2\n"),
    (
        "other/test_direct.py",
        "from top import TOP\n\n\ndef test_top():\n    assert set(TOP) == {\"x\"}\n",
    ),
    (
        "other/test_through.py",
        "from ours import OURS\n\n\ndef test_ours():\n    assert len(OURS) == 4\n",
    ),
];

/// Runs tests that depend on targets with a provider; `build` makes the targets, `files` are what that
/// needs besides.
fn check(build: &str, files: &[(&str, &str)]) {
    let Some(mut bazel) = workspace() else {
        return;
    };
    bazel.write("other/BUILD.bazel", &format!("{build}{TESTS}"));
    for (path, text) in SOURCES.iter().chain(files) {
        bazel.write(path, text);
    }
    let call = ["test", "//other/..."];
    let all = ["//other:direct", "//other:through"];
    let first = bazel.call(&call);
    assert_eq!(first.expect(0).events.executed(), all);
    for (path, text, again) in [
        ("other/src/idle.py", "IDLE = 1\n", &[][..]),
        (
            "other/src/top.py",
            "from base import TEXT\n\nTOP = 2 * TEXT\n",
            &all,
        ),
        (
            "other/ours.py",
            "from top import TOP\n\nOURS = 2 * TOP\n",
            &all[1..],
        ),
    ] {
        bazel.write(path, text);
        let answer = bazel.call(&call);
        assert_eq!(answer.expect(0).events.executed(), again, "{path}");
    }
    // What none of them hands on is not there.
    bazel.write("other/src/top.py", "import idle\n\nTOP = \"xx\"\n");
    let answer = bazel.call(&call);
    answer.expect(3);
    let log = bazel
        .test_file("//other:direct", "test.log")
        .unwrap_or_default();
    assert!(log.contains("`idle` is not declared"), "{log}");
}

#[test]
fn bazel_s_own_libraries_hand_on_their_sources() {
    check(BUILT_IN, &[]);
}

#[test]
fn a_provider_of_another_rule_set_takes_the_place_of_bazel_s() {
    let files = [
        ("other/py_info.bzl", PROVIDER),
        // As the file itself says.
        (
            "tools/fastest/private/py_infos.bzl",
            "load(\"//other:py_info.bzl\", OtherPyInfo = \"PyInfo\")\n\nPY_INFOS = [PyInfo, OtherPyInfo]\n",
        ),
    ];
    let load = "load(\":py_info.bzl\", \"py_library\")\n";
    check(&format!("{load}{BUILT_IN}"), &files);
}
