//! What becomes of a build file that people have written in.

use fastest_targets::Kind;

use crate::project::Project;

/// `a.py` needs `b.py` and `data.txt`; `test_a.py` needs `a.py`.
const SOURCES: &[(&str, &str)] = &[
    (
        "a.py",
        "from pathlib import Path\nimport b\nopen(Path(__file__).parent / 'data.txt')\n",
    ),
    ("b.py", ""),
    ("data.txt", ""),
    ("test_a.py", "import a\n\n\ndef test_a():\n    pass\n"),
];

const LOAD: &str = "load(\"@fastest//:defs.bzl\", \"fastest_library\", \"fastest_test\")\n";

const A: &str = "fastest_library(
    name = \"a\",
    srcs = [\"a.py\"],
    data = [\"data.txt\"],
    visibility = [\"//:__subpackages__\"],
    deps = [\":b\"],
)
";

const B: &str = "fastest_library(
    name = \"b\",
    srcs = [\"b.py\"],
    visibility = [\"//:__subpackages__\"],
)
";

const TEST: &str = "fastest_test(
    name = \"test_a\",
    src = \"test_a.py\",
    deps = [\":a\"],
)
";

fn check(before: &str, after: &str) {
    let project = Project::new(Kind::Bazel, SOURCES.iter().copied());
    if !before.is_empty() {
        project.write("BUILD.bazel", before);
    }
    project.update();
    assert_eq!(project.read("BUILD.bazel"), after, "\nbefore:\n{before}");
}

#[test]
fn a_new_file_is_whole() {
    check("", &format!("{LOAD}\n{A}\n{B}\n{TEST}"));
}

#[test]
fn what_people_wrote_stays() {
    let foreign = "package(default_visibility = [\"//visibility:private\"])  # ours\n\n# Why.\ngenrule(\n  name='odd', cmd = \"x\",outs=[ 'y' ],\n)\n\ndef helper(name):\n    return name  # here\n";
    check(
        &format!("{LOAD}\n{foreign}\n{A}\n{B}\n{TEST}"),
        &format!("{LOAD}\n{foreign}\n{A}\n{B}\n{TEST}"),
    );
    // Foreign statements alone: ours come behind them, the load before.
    check(
        &format!("# Licence.\n\n{foreign}"),
        &format!("# Licence.\n\n{LOAD}\n{foreign}\n{A}\n{B}\n{TEST}"),
    );
    // A description stays first.
    check(
        "\"\"\"About this package.\"\"\"\n",
        &format!("\"\"\"About this package.\"\"\"\n\n{LOAD}\n{A}\n{B}\n{TEST}"),
    );
    // Loads stand in the order of their labels.
    check(
        "load(\"//z:z.bzl\", \"z\")\n\nz(name = \"z\")\n",
        &format!("{LOAD}load(\"//z:z.bzl\", \"z\")\n\nz(name = \"z\")\n\n{A}\n{B}\n{TEST}"),
    );
}

#[test]
fn only_owned_attributes_change() {
    let old = "# The first library.
fastest_library(
    name = \"first\",  # not a
    testonly = True,
    srcs = [\"a.py\"],
    tags = [\"x\"],
    visibility = [\"//b:__pkg__\"],  # narrow
    deps = [
        # Gone.
        \":gone\",
        \"//x:y\",  # keep
    ],
)
";
    let new = "# The first library.
fastest_library(
    name = \"first\",  # not a
    testonly = True,
    srcs = [\"a.py\"],
    data = [\"data.txt\"],
    tags = [\"x\"],
    visibility = [\"//b:__pkg__\"],  # narrow
    deps = [
        # Gone.
        \":b\",
        \"//x:y\",  # keep
    ],
)
";
    let test = "fastest_test(
    name = \"renamed\",
    size = \"small\",
    src = \":test_a.py\",
    env = {\"A\": \"b\"},
    deps = [\"first\"],
)
";
    check(
        &format!("{LOAD}\n{old}\n{B}\n{test}"),
        &format!("{LOAD}\n{new}\n{B}\n{test}"),
    );
}

#[test]
fn keep_is_kept() {
    let kept = "# keep
fastest_library(
    name = \"gone\",
    srcs = [\"gone.py\"],
)
";
    let attribute = "fastest_test(
    name = \"test_a\",
    src = \"test_a.py\",
    # keep: they come by the toolchain
    deps = [\"//other\"],
)
";
    let value = "fastest_library(
    name = \"b\",
    srcs = [
        \"b.py\",
        \"made.py\",  # keep
    ],
    visibility = [\"//:__subpackages__\"],
)
";
    let text = format!("{LOAD}\n{A}\n{value}\n{kept}\n{attribute}");
    check(&text, &text);
    // `keep sorted` is a word to the formatter.
    let sorted = B.replace(
        "    srcs = [\"b.py\"],\n",
        "    # keep sorted\n    srcs = [\n        \"b.py\",\n        \"c.py\",\n    ],\n",
    );
    let merged = B.replace("    srcs = ", "    # keep sorted\n    srcs = ");
    check(
        &format!("{LOAD}\n{A}\n{sorted}\n{TEST}"),
        &format!("{LOAD}\n{A}\n{merged}\n{TEST}"),
    );
}

#[test]
fn what_is_computed_stays() {
    let sum = B.replace(
        "[\"b.py\"],",
        "[\n        \"b.py\",\n        \"old.py\",\n    ] + select({\"//x\": [\"c.py\"]}),",
    );
    let summed = B.replace("[\"b.py\"],", "[\"b.py\"] + select({\"//x\": [\"c.py\"]}),");
    check(
        &format!("{LOAD}\n{A}\n{sum}\n{TEST}"),
        &format!("{LOAD}\n{A}\n{summed}\n{TEST}"),
    );
    let glob = B.replace("[\"b.py\"]", "glob([\"b*.py\"])");
    let variable = TEST.replace("[\":a\"]", "DEPS");
    let text = format!("{LOAD}\n{A}\n{glob}\n{variable}");
    let project = Project::new(Kind::Bazel, SOURCES.iter().copied());
    project.write("BUILD.bazel", &text);
    let targets = project.update();
    assert_eq!(project.read("BUILD.bazel"), text);
    let notes: Vec<_> = targets
        .notes
        .iter()
        .map(|note| (note.line, note.message.as_str()))
        .collect();
    let [(Some(20), message)] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    assert!(
        message.starts_with("`deps` of `test_a` is computed"),
        "{message}"
    );
}

#[test]
fn macros_and_other_names_of_the_rules() {
    let load =
        "load(\"//tools:rules.bzl\", library = \"fastest_library\", test = \"fastest_test\")\n";
    let named = |text: &str| text.replace("fastest_", "");
    let text = format!("{load}\n{}\n{}\n{}", named(A), named(B), named(TEST));
    check(&text, &text);
    // A macro that is about a file of tests stands for its target.
    let load = "load(\"//tools:rules.bzl\", \"our_test\")\n";
    let ours = "our_test(\n    name = \"all_of_a\",\n    src = \"test_a.py\",\n)\n";
    let library = "load(\"@fastest//:defs.bzl\", \"fastest_library\")\n";
    check(
        &format!("{load}\n{ours}"),
        &format!("{library}{load}\n{ours}\n{A}\n{B}"),
    );
    // Names that are taken are left to who has them.
    let taken = "genrule(\n    name = \"test_a\",\n)\n";
    let test = TEST.replace("\"test_a\"", "\"test_a_test\"");
    check(taken, &format!("{LOAD}\n{taken}\n{A}\n{B}\n{test}"));
}

#[test]
fn removed_files_drop_their_targets() {
    let gone =
        "# About it.\nfastest_library(\n    name = \"gone\",\n    srcs = [\"gone.py\"],\n)\n";
    let test = "fastest_test(\n    name = \"test_gone\",\n    src = \"test_gone.py\",\n)\n";
    let aside = "# About nothing.\n";
    check(
        &format!("{LOAD}\n{A}\n{B}\n{aside}\n{gone}\n{TEST}\n{test}"),
        &format!("{LOAD}\n{A}\n{B}\n{aside}\n{TEST}"),
    );
    // A target that names no file is somebody's.
    let all = "fastest_library(\n    name = \"all\",\n    deps = [\":a\"],\n)\n";
    check(
        &format!("{LOAD}\n{A}\n{all}\n{B}\n{TEST}"),
        &format!("{LOAD}\n{A}\n{all}\n{B}\n{TEST}"),
    );
    let project = Project::new(Kind::Bazel, SOURCES.iter().copied());
    project.write("sub/x.py", "");
    project.write("kept/x.py", "");
    project.write("kept/BUILD.bazel", "# Mine.\n");
    project.update();
    assert!(project.path("sub/BUILD.bazel").is_file());
    project.remove("sub/x.py");
    project.remove("kept/x.py");
    project.update();
    assert!(!project.path("sub/BUILD.bazel").exists());
    assert_eq!(project.read("kept/BUILD.bazel"), "# Mine.\n");
}

#[test]
fn a_target_for_each_test() {
    let text = "class TestA:\n    def test_b(self):\n        pass\n\n\ndef test_c():\n    pass\n";
    let project = Project::new(Kind::Bazel, [("test_x.py", text)]).single_tests();
    project.update();
    let built = project.read("BUILD.bazel");
    let tests = ["TestA::test_b", "test_c"].map(|test| {
        let name = test.replace("::", ".");
        format!("fastest_test(\n    name = \"test_x.{name}\",\n    src = \"test_x.py\",\n    test = \"{test}\",\n)\n")
    });
    let load = "load(\"@fastest//:defs.bzl\", \"fastest_test\")\n";
    assert_eq!(built, format!("{load}\n{}", tests.join("\n")));
    // A file that may have other tests has one target.
    project.write(
        "test_x.py",
        &format!("{text}\n\nglobals()['test_d'] = test_c\n"),
    );
    project.update();
    assert_eq!(
        project.read("BUILD.bazel"),
        format!("{load}\nfastest_test(\n    name = \"test_x\",\n    src = \"test_x.py\",\n)\n")
    );
}
