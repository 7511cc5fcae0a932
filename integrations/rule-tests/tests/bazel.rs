//! The rules of Bazel, and the example that uses them. The version of Bazel that can be installed runs
//! them for real (`integrations/bazel/e2e`); these tests hold them to what newer ones check as well.

use std::path::{Path, PathBuf};

use fastest_rule_tests::{System, World};
use serde_json::{Value as Json, json};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn example() -> World {
    World::new(System::Bazel, repository().join("examples/bazel"))
        .with_cell("fastest", repository().join("integrations/bazel/rules"))
        // Its page says to copy it there.
        .with_file("", "tools/fastest-bazel-runner", "")
}

/// A package with one test, for what the example does not use.
fn small(test: &str) -> World {
    let build = format!(
        "load(\"@fastest//:defs.bzl\", \"fastest_library\", \"fastest_test\")\n\
         fastest_library(name = \"lib\", srcs = [\"lib.py\"], imports = [\"src\"])\n\
         fastest_test(name = \"test_a\", src = \"test_a.py\", deps = [\":lib\"], {test})\n"
    );
    example()
        .with_file("", "small/BUILD.bazel", &build)
        .with_file("", "small/lib.py", "")
        .with_file("", "small/test_a.py", "")
        .with_file("", "small/times.json", "{}")
}

fn analysed(world: &World) -> Json {
    world.analyse().unwrap_or_else(|error| panic!("{error:#}"))
}

fn manifest(target: &Json) -> String {
    let actions = target["actions"].as_array().unwrap();
    let mut written = actions.iter().filter(|action| action["kind"] == "write");
    written.next().unwrap()["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn the_example_s_tests_have_what_is_declared_in_their_runfiles_and_nothing_else() {
    let targets = analysed(&example());
    let convert = &targets["//money/tests:test_convert"];
    let runfiles = json!([
        "conftest.py",
        "money/__init__.py",
        "money/convert.py",
        "money/rates.csv",
        "money/rates.py",
        "money/tests/test_convert",
        "money/tests/test_convert.fastest",
        "money/tests/test_convert.py",
        "pyproject.toml",
    ]);
    assert_eq!(convert["runfiles"], runfiles);
    assert_eq!(
        convert["executable"],
        "bazel-out/bin/money/tests/test_convert"
    );
    let text = manifest(convert);
    for line in [
        "label\t//money/tests:test_convert",
        "src\tmoney/tests/test_convert.py",
        "input\tmoney/rates.csv\tmoney/rates.csv\t//money:rates.csv",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    let cart = manifest(&targets["//shop/tests:test_cart"]);
    assert!(
        cart.contains("shop/tests/conftest.py") && !cart.contains("invoices"),
        "{cart}"
    );
}

#[test]
fn attributes_reach_the_manifest() {
    let targets = analysed(&small(
        "imports = [\"../shared\"], distributions = [\"attrs\"], env = {\"A\": \"b\"}, test = \"TestA\", \
         durations = \"times.json\", size = \"small\", shard_count = 2, flaky = True, tags = [\"slow\"]",
    ));
    let text = manifest(&targets["//small:test_a"]);
    for line in [
        "distribution\tattrs",
        "durations\tsmall/times.json",
        "env\t[\"A\",\"b\"]",
        "import\tmain/shared",
        "import\tmain/small/src",
        "test\t\"TestA\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[test]
fn a_module_of_its_own_needs_no_other_rules() {
    for file in ["MODULE.bazel", "WORKSPACE"] {
        let evaluated = example().evaluate("fastest", file);
        evaluated.unwrap_or_else(|error| panic!("{file}: {error:#}"));
    }
    // Where no `PyInfo` is built in, nothing asks for one.
    let world = example().with_file("fastest", "private/py_infos.bzl", "PY_INFOS = []\n");
    analysed(&world);
}

/// A file, a piece of it, what a slip of the hand makes of that, and how it is named.
type Mistake = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const MISTAKES: &[Mistake] = &[
    // In rules.
    (
        "fastest",
        "private/library.bzl",
        "collect(ctx, ctx.files.srcs)",
        "collect(ctx, ctx.files.src)",
        "src",
    ),
    (
        "fastest",
        "private/library.bzl",
        "        info,\n",
        "",
        "said that it provides: Python sources",
    ),
    (
        "fastest",
        "private/library.bzl",
        "source_attributes = [\"srcs\"]",
        "source_attributes = [\"scrs\"]",
        "no attribute `scrs`; is `srcs` meant?",
    ),
    (
        "fastest",
        "private/library.bzl",
        "files = depset(ctx.files.srcs)",
        "files = ctx.files.srcs",
        "DefaultInfo.files: list",
    ),
    (
        "fastest",
        "private/library.bzl",
        "provides = [FastestInfo]",
        "provides = FastestInfo",
        "provides: provider where a list is wanted",
    ),
    (
        "fastest",
        "private/providers.bzl",
        "        sources = depset(sources, transitive = all_sources),\n",
        "        source = depset(sources, transitive = all_sources),\n",
        "no field `source`; is `sources` meant?",
    ),
    (
        "fastest",
        "private/providers.bzl",
        "all_sources.append(info.sources)",
        "all_sources.append(info.sources.to_list())",
        "transitive: list where a depset is wanted",
    ),
    (
        "fastest",
        "private/providers.bzl",
        "\"srcs\": attr.label_list(",
        "\"tags\": attr.label_list(",
        "`tags` is built in",
    ),
    (
        "fastest",
        "private/providers.bzl",
        "order = \"preorder\"",
        "order = \"pre\"",
        "`pre` is no order",
    ),
    (
        "fastest",
        "private/providers.bzl",
        "allow_files = [\".py\", \".pyi\"]",
        "allow_file = [\".py\", \".pyi\"]",
        "allow_file",
    ),
    (
        "fastest",
        "private/test.bzl",
        "cfg = \"exec\",\n",
        "",
        "cfg is needed where executable is True",
    ),
    (
        "fastest",
        "private/test.bzl",
        "            executable = executable,\n",
        "",
        "DefaultInfo.executable is missing",
    ),
    (
        "fastest",
        "private/test.bzl",
        "ctx.label.name + \".fastest\"",
        "\"../\" + ctx.label.name",
        "leads out of where it belongs",
    ),
    (
        "fastest",
        "private/test.bzl",
        "ctx.label.name + \".fastest\"",
        "ctx.label.name",
        "is declared twice",
    ),
    (
        "fastest",
        "private/test.bzl",
        "    ctx.actions.write(manifest, lines)\n",
        "",
        "no action makes `test_",
    ),
    (
        "fastest",
        "private/test.bzl",
        "    ctx.actions.write(manifest, lines)\n",
        "    ctx.actions.write(manifest, lines)\n    ctx.actions.write(manifest, lines)\n",
        "is made by two actions",
    ),
    (
        "fastest",
        "private/test.bzl",
        "set_param_file_format(\"multiline\")",
        "set_param_file_format(\"lines\")",
        "`lines` is no format",
    ),
    (
        "fastest",
        "private/test.bzl",
        "default = \":toolchain\"",
        "default = \":toolchan\"",
        "no such target `fastest//:toolchan`; is `fastest//:toolchain` meant?",
    ),
    (
        "fastest",
        "private/test.bzl",
        "providers = [FastestToolchainInfo]",
        "providers = [DefaultInfo, PyInfo]",
        "does not have: DefaultInfo or PyInfo",
    ),
    (
        "fastest",
        "private/test.bzl",
        "allow_single_file = True",
        "allow_single_file = \".py\"",
        "list of endings is wanted",
    ),
    (
        "fastest",
        "private/test.bzl",
        "target_file = toolchain.runner",
        "target_file = toolchain.python",
        "target_file: `python3`",
    ),
    (
        "fastest",
        "private/toolchain.bzl",
        "            runner = runner,\n",
        "            runer = runner,\n",
        "no field `runer`; is `runner` meant?",
    ),
    (
        "fastest",
        "private/toolchain.bzl",
        "DefaultInfo(files = depset([runner]))",
        "DefaultInfo(files = depset([[runner]]))",
        "a list cannot be an element",
    ),
    (
        "fastest",
        "defs.bzl",
        ":private/test.bzl",
        ":private/tests.bzl",
        "private/tests.bzl` cannot be loaded",
    ),
    (
        "fastest",
        "BUILD.bazel",
        "name = \"not_configured\"",
        "name = \"not_configure\"",
        "no such target `fastest//:not_configured`",
    ),
    (
        "fastest",
        "private/providers.bzl",
        "path.startswith(\"/\")",
        "f\"{path}\".startswith(\"/\")",
        "f-string",
    ),
    // In build files.
    (
        "",
        "shop/tests/BUILD.bazel",
        "    src = \"test_cart.py\",\n",
        "",
        "missing value for mandatory attribute `src`",
    ),
    (
        "",
        "shop/tests/BUILD.bazel",
        "src = \"test_cart.py\"",
        "src = \"test_carts.py\"",
        "no such target `//shop/tests:test_carts.py`",
    ),
    (
        "",
        "shop/tests/BUILD.bazel",
        "src = \"test_cart.py\"",
        "src = \"//shop:cart.py\"",
        "exports_files does not name",
    ),
    (
        "",
        "shop/tests/BUILD.bazel",
        "src = \"test_cart.py\"",
        "src = [\"test_cart.py\"]",
        "list where a string is wanted",
    ),
    (
        "",
        "shop/tests/BUILD.bazel",
        "name = \"test_discounts\"",
        "name = \"test_cart\"",
        "`//shop/tests:test_cart` is there twice",
    ),
    (
        "",
        "shop/tests/BUILD.bazel",
        "    name = \"test_cart\",\n",
        "    name = \"test_cart\",\n    size = \"smal\",\n",
        "`smal` is none of",
    ),
    (
        "",
        "money/BUILD.bazel",
        "data = [\"rates.csv\"]",
        "date = [\"rates.csv\"]",
        "no such attribute `date`; is `data` meant?",
    ),
    (
        "",
        "money/BUILD.bazel",
        "srcs = [\"rates.py\"]",
        "srcs = [\"rates.csv\"]",
        "does not end with any of",
    ),
    (
        "",
        "money/BUILD.bazel",
        "data = [\"rates.csv\"],\n",
        "data = [\"rates.csv\"],\n    _x = 1,\n",
        "no such attribute `_x`",
    ),
];

#[test]
fn mistakes_are_rejected_and_named() {
    let mut accepted = Vec::new();
    for (cell, path, from, to, named) in MISTAKES {
        let world = example().replace(cell, path, from, to);
        let world = world.unwrap_or_else(|error| panic!("{from}: {error:#}"));
        match world.analyse() {
            Ok(_) => accepted.push(format!("{path}: {to}: accepted")),
            Err(error) if format!("{error:#}").contains(named) => {}
            Err(error) => accepted.push(format!("{path}: {to}: named otherwise: {error:#}")),
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n\n"));
}

#[test]
fn targets_that_cannot_be_built_are_refused() {
    let check = |build: &str, named: &str| {
        let load = "load(\"@fastest//:defs.bzl\", \"fastest_library\", \"fastest_test\")\n";
        let world = example()
            .with_file("", "small/BUILD.bazel", &format!("{load}{build}"))
            .with_file("", "small/a.py", "");
        let error = world.analyse().unwrap_err();
        assert!(format!("{error:#}").contains(named), "{build}: {error:#}");
    };
    let a = "fastest_library(name = \"a\", deps = [\":b\"])\n";
    let b = "fastest_library(name = \"b\", deps = [\":a\"])\n";
    check(
        &format!("{a}{b}"),
        "cycle in dependency graph: //small:a -> //small:b -> //small:a",
    );
    check(
        "fastest_library(name = \"a\", deps = [\"//shop/tests:test_cart\"])\n",
        "is not visible from `small`",
    );
    check(
        "fastest_test(name = \"b\", src = \"a.py\")\nfastest_library(name = \"a\", deps = [\":b\"])\n",
        "does not have: Python sources",
    );
    check(
        "fastest_library(name = \"a\", deps = [\"a.py\"])\n",
        "no files are allowed",
    );
    check(
        "fastest_library(name = \"a\", imports = [\"/src\"])\n",
        "`/src` is absolute",
    );
    check(
        "fastest_library(name = \"a\", imports = [\"../../x\"])\n",
        "leads out of the repository",
    );
}
