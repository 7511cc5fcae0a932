//! The rules of Bazel, and the example that uses them. The version of Bazel that can be installed runs
//! them for real (`integrations/bazel/e2e`); these tests hold them to what newer ones check as well.

mod mistakes;

use fastest_rule_tests::{System, World, repository};
use serde_json::{Value as Json, json};

fn example() -> World {
    World::new(System::Bazel, repository().join("examples/bazel"))
        .with_cell("fastest", repository().join("integrations/bazel/rules"))
        // Its page says to copy it there.
        .with_file("", "tools/fastest-bazel-runner", "")
}

/// The example with one more package.
fn small(test: &str) -> World {
    example()
        .with_small("BUILD.bazel", test)
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
fn the_order_of_lists_does_not_reach_the_manifest() {
    let [sorted, reversed] = [false, true].map(|reversed| {
        let world = example().with_lists("BUILD.bazel", reversed);
        manifest(&analysed(&world)["//small:test_a"])
    });
    assert_eq!(sorted, reversed);
    for part in ["small/two", "numpy", "base.py", "a.txt"] {
        assert!(sorted.contains(part), "{part}: {sorted}");
    }
}

#[test]
fn other_rules_hand_on_their_sources_in_an_order_of_their_own() {
    let rule = "def _impl(ctx):\n    files = depset(ctx.files.srcs, order = \"topological\")\n    return [\n        \
                DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files)),\n        \
                PyInfo(imports = depset([\"main/other\"], order = \"postorder\"), \
                transitive_sources = files),\n    ]\n\nother = rule(implementation = _impl, \
                attrs = {\"srcs\": attr.label_list(allow_files = True)})\n";
    let world = small("imports = [\".\"]")
        .with_file("", "small/other.bzl", rule)
        .with_file("", "small/other.py", "")
        .replace(
            "",
            "small/BUILD.bazel",
            "deps = [\":lib\"]",
            "deps = [\":other\", \":lib\"]",
        )
        .and_then(|world| {
            let load = "load(\"@fastest";
            let made =
                "load(\":other.bzl\", \"other\")\nother(name = \"other\", srcs = [\"other.py\"])\n";
            world.replace("", "small/BUILD.bazel", load, &format!("{made}{load}"))
        });
    let text = manifest(&analysed(&world.unwrap())["//small:test_a"]);
    let imports = text
        .lines()
        .filter_map(|line| line.strip_prefix("import\t"));
    let expected = ["main/small", "main/small/src", "main/other"];
    assert_eq!(imports.collect::<Vec<_>>(), expected);
    assert!(text.contains("input\tsmall/other.py\t"), "{text}");
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
