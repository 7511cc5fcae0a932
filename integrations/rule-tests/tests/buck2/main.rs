//! The rules of Buck2, and the example that uses them.

mod mistakes;

use fastest_rule_tests::{System, World, repository};
use serde_json::{Value as Json, json};

/// The runner, as the toolchain prepares it.
const RUNNER: &str = "buck-out/gen/toolchains/__fastest__/fastest.runner";

fn example() -> World {
    let project = repository().join("examples/buck2");
    World::new(System::Buck2, &project)
        .with_cell("toolchains", project.join("toolchains"))
        .with_cell("fastest", repository().join("integrations/buck2/rules"))
}

/// The example with one more package.
fn small(test: &str) -> World {
    example().with_small("BUCK", test)
}

fn analysed(world: &World) -> Json {
    world.analyse().unwrap_or_else(|error| panic!("{error:#}"))
}

fn run_actions(target: &Json) -> Vec<&Json> {
    let actions = target["actions"].as_array().unwrap().iter();
    actions.filter(|action| action["kind"] == "run").collect()
}

fn written(target: &Json) -> &Json {
    let actions = target["actions"].as_array().unwrap();
    let mut written = actions
        .iter()
        .filter(|action| action["kind"] == "write_json");
    &written.next().unwrap()["content"]
}

#[test]
fn the_example_s_tests_are_cached_actions_that_are_replayed() {
    let targets = analysed(&example());
    for (label, source, data) in [
        (
            "//money/tests:test_convert",
            "money/rates.py",
            "money/rates.csv",
        ),
        (
            "//shop/tests:test_cart",
            "shop/tests/conftest.py",
            "pyproject.toml",
        ),
        (
            "//invoices/tests:test_invoice",
            "conftest.py",
            "invoices/tests/data/two.txt",
        ),
    ] {
        let target = &targets[label];
        let [action] = run_actions(target)[..] else {
            panic!("{label}: {target:#}");
        };
        let covered = &action["dep_files"]["sources"];
        let has = |list: &Json, path: &str| list.as_array().unwrap().contains(&json!(path));
        // A changed source may leave the verdict as it is; changed data and another list of files not.
        assert!(has(&covered["inputs"], source), "{label}: {covered:#}");
        assert!(has(&action["untagged"], data), "{label}: {action:#}");
        let manifest = &target["default_outputs"][0];
        assert!(
            has(&action["untagged"], manifest.as_str().unwrap()),
            "{label}: {action:#}"
        );
        assert!(has(&written(target)["sources"], source), "{label}");
        assert!(has(&written(target)["data"], data), "{label}");
        assert_eq!(action["env"], json!({"PYTHONDONTWRITEBYTECODE": "1"}));
        // A Python of the machine without a name is no key to share verdicts by.
        assert_eq!(action["allow_cache_upload"], json!(false));

        let verdict = &target["sub_targets"]["verdict"]["default_outputs"];
        assert_eq!(action["outputs"], json!([verdict[0], covered["dep_file"]]));
        let runner = [RUNNER, "--manifest", manifest.as_str().unwrap()];
        let mut command = vec!["fastest-buck2-replay", verdict[0].as_str().unwrap(), "--"];
        command.extend(runner);
        command.push("--");
        assert_eq!(target["test"]["command"], json!(command), "{label}");
        assert_eq!(target["run"], json!(runner), "{label}");
        // Failures are run again, where the files have to be there.
        for input in [source, data, verdict[0].as_str().unwrap()] {
            assert!(has(&target["test"]["inputs"], input), "{label}: {input}");
        }
    }
    let of_cart = written(&targets["//shop/tests:test_cart"])["sources"].to_string();
    assert!(!of_cart.contains("invoices"), "{of_cart}");
}

#[test]
fn attributes_reach_the_manifest_the_actions_and_the_test() {
    let targets = analysed(&small(
        "srcs = [\"lib.py\"], imports = [\"../shared\", \".\"], distributions = [\"attrs\"], \
         env = {\"A\": \"b\"}, args = [\"-m\", \"not slow\"], test = \"TestA\", labels = [\"slow\"], \
         timeout_seconds = 9, cases = [\"test_b\", \"TestC::test_d\"], contacts = [\"ann\"], shard_count = 2",
    ));
    let target = &targets["//small:test_a"];
    let manifest = written(target);
    for (key, expected) in [
        ("args", json!(["-m", "not slow"])),
        ("distributions", json!(["attrs"])),
        ("env", json!({"A": "b"})),
        ("imports", json!(["./shared", "./small", "./small/src"])),
        ("label", json!("root//small:test_a")),
        ("src", json!("small/test_a.py")),
        ("test", json!("TestA")),
        ("timeout", json!(9)),
    ] {
        assert_eq!(manifest[key], expected, "{key}");
    }
    assert_eq!(target["test"]["labels"], json!(["slow"]));

    let actions = run_actions(target);
    let shards: Vec<_> = actions
        .iter()
        .map(|action| action["argv"].to_string())
        .collect();
    assert_eq!(shards.len(), 2);
    assert!(
        shards[0].contains("\"--shard\",\"1/2\"") && shards[1].contains("\"2/2\""),
        "{shards:?}"
    );
    let command = target["test"]["command"].as_array().unwrap();
    for action in &actions {
        assert!(command.contains(&action["outputs"][0]), "{command:?}");
    }

    for (name, case) in [("test_b", "test_b"), ("TestC.test_d", "TestC::test_d")] {
        let part = target["sub_targets"][name]["test"]["command"]
            .as_array()
            .unwrap();
        assert_eq!(part.last().unwrap(), case);
        assert_eq!(part[..part.len() - 1], command[..], "{name}");
        let run = target["sub_targets"][name]["run"].as_array().unwrap();
        assert_eq!(run.last().unwrap(), case);
    }
}

#[test]
fn the_order_of_lists_does_not_reach_the_manifest() {
    let [sorted, reversed] = [false, true].map(|reversed| {
        let world = example().with_lists("BUCK", reversed);
        written(&analysed(&world)["//small:test_a"]).to_string()
    });
    assert_eq!(sorted, reversed);
    for part in ["small/two", "numpy", "base.py", "a.txt"] {
        assert!(sorted.contains(part), "{part}: {sorted}");
    }
}

#[test]
fn verdicts_are_shared_where_their_keys_say_which_python_gave_them() {
    let check = |from: &str, to: &str, shared: bool, word: &str| {
        let world = small("").replace("toolchains", "BUCK", from, to).unwrap();
        let target = &analysed(&world)["//small:test_a"];
        let action = run_actions(target)[0];
        assert_eq!(action["allow_cache_upload"], json!(shared), "{to}");
        assert!(
            written(target).to_string().contains(word),
            "{to}: {target:#}"
        );
    };
    check(
        "python = \"python3\"",
        "python = \"/opt/python\"",
        false,
        "/opt/python",
    );
    check(
        "python = \"python3\"",
        "identity = \"lock-1\"",
        true,
        "lock-1",
    );
    let tool = "tool(name = \"py\", visibility = [\"PUBLIC\"])\nfastest_toolchain(";
    let rule = "def _tool(_ctx):\n    return [DefaultInfo(), RunInfo(args = [\"bin/py\"])]\n\n\
                tool = rule(impl = _tool, attrs = {})\n";
    let load = "load(\"@fastest//:defs.bzl\"";
    let world = small("")
        .with_file("toolchains", "tool.bzl", rule)
        .replace(
            "toolchains",
            "BUCK",
            "\nfastest_toolchain(",
            &format!("\n{tool}"),
        )
        .and_then(|world| {
            let both = format!("load(\":tool.bzl\", \"tool\")\n{load}");
            world.replace("toolchains", "BUCK", load, &both)
        })
        .and_then(|world| {
            world.replace(
                "toolchains",
                "BUCK",
                "python = \"python3\"",
                "python = \":py\"",
            )
        })
        .unwrap();
    let target = &analysed(&world)["//small:test_a"];
    assert_eq!(run_actions(target)[0]["allow_cache_upload"], json!(true));
    assert_eq!(written(target)["python"], json!(["bin/py"]));
}

#[test]
fn buck2_s_own_runner_lists_and_reports_tests_one_by_one() {
    let build = "load(\"@fastest//:per_case.bzl\", \"fastest_test\")\n\
                 fastest_test(name = \"test_a\", src = \"test_a.py\")\n";
    let world = example()
        .with_file("", "small/BUCK", build)
        .with_file("", "small/test_a.py", "");
    let target = &analysed(&world)["//small:test_a"];
    assert_eq!(target["internal"]["command"], target["test"]["command"]);
    let line = json!({
        "fastest_verdict": 1,
        "cases": [
            {"name": "test_b", "outcome": "passed", "duration": 0.5, "message": null, "output": ""},
            {"name": "A::test_c", "outcome": "error", "duration": 0.0, "message": "no", "output": "all"},
        ],
    });
    let output = json!(format!(
        "noise\n{{\"fastest_verdict\":1,{}\n",
        &line.to_string()[1..]
    ));
    let call = |function: &str, arguments: &[Json]| {
        let result = world.call("fastest", "per_case.bzl", function, arguments);
        result.unwrap_or_else(|error| panic!("{error:#}"))
    };
    let listed = call("testing_parse_listing", std::slice::from_ref(&output));
    assert_eq!(
        listed[1],
        json!({"name": "A::test_c", "filter": "A::test_c"})
    );
    let results = call("testing_parse_result", &[output, json!(""), json!(1)]);
    assert_eq!(results[0]["status"], "PASS");
    let failed = json!({
        "name": "A::test_c", "status": "FAIL", "message": "no", "details": "all", "duration": 0.0,
    });
    assert_eq!(results[1], failed);
}

/// As much of the prelude as concerns libraries: what they hand on.
const PRELUDE: &str = "
PythonLibraryManifests = transitive_set(args_projections = {
    \"resource_artifacts\": lambda value: value.resources,
    \"source_artifacts\": lambda value: value.sources,
})

PythonLibraryInfo = provider(fields = {
    \"manifests\": provider_field(typing.Any, default = None),
    \"shared_libraries\": provider_field(typing.Any, default = None),
})

def _impl(ctx):
    manifests = ctx.actions.tset(
        PythonLibraryManifests,
        value = struct(resources = ctx.attrs.resources, sources = ctx.attrs.srcs),
        children = [dep[PythonLibraryInfo].manifests for dep in ctx.attrs.deps],
    )
    return [DefaultInfo(), PythonLibraryInfo(manifests = manifests)]

python_library = rule(impl = _impl, attrs = {
    \"deps\": attrs.list(attrs.dep(providers = [PythonLibraryInfo]), default = []),
    \"resources\": attrs.list(attrs.source(), default = []),
    \"srcs\": attrs.list(attrs.source(), default = []),
})
";

#[test]
fn libraries_of_the_prelude_are_dependencies_by_a_bridge() {
    let build = "load(\"@fastest//:defs.bzl\", \"fastest_test\")\n\
                 load(\"@fastest//:prelude.bzl\", \"fastest_prelude_library\")\n\
                 load(\"@prelude//python:python.bzl\", \"python_library\")\n\
                 python_library(name = \"base\", srcs = [\"src/base.py\"], resources = [\"a.txt\"])\n\
                 python_library(name = \"top\", srcs = [\"src/top.py\"], deps = [\":base\"])\n\
                 fastest_prelude_library(name = \"lib\", deps = [\":top\"], imports = [\"src\"], \
                 distributions = [\"attrs\"])\n\
                 fastest_test(name = \"test_a\", src = \"test_a.py\", deps = [\":lib\"])\n";
    let files = ["a.txt", "src/base.py", "src/top.py", "test_a.py"];
    let world = example()
        .with_cell("prelude", repository().join("prelude"))
        .with_file("prelude", "python/python.bzl", PRELUDE)
        .with_file("", "small/BUCK", build);
    let world = files.iter().fold(world, |world, file| {
        world.with_file("", &format!("small/{file}"), "")
    });
    let target = &analysed(&world)["//small:test_a"];
    let manifest = written(target);
    for (key, expected) in [
        (
            "sources",
            json!(["small/test_a.py", "small/src/top.py", "small/src/base.py"]),
        ),
        ("data", json!(["small/a.txt"])),
        ("imports", json!(["./small/src"])),
        ("distributions", json!(["attrs"])),
    ] {
        assert_eq!(manifest[key], expected, "{key}");
    }
    // They are inputs of the action; of sources only those that are loaded count.
    let action = run_actions(target)[0];
    let covered = &action["dep_files"]["sources"]["inputs"];
    assert!(
        covered.to_string().contains("small/src/base.py"),
        "{covered}"
    );
    let untagged = &action["untagged"];
    assert!(untagged.to_string().contains("small/a.txt"), "{untagged}");

    let direct = world.replace("", "small/BUCK", "deps = [\":lib\"]", "deps = [\":top\"]");
    let error = direct.unwrap().analyse().unwrap_err();
    assert!(
        format!("{error:#}").contains("`//small:top` does not have"),
        "{error:#}"
    );
}

#[test]
fn affected_tests_are_asked_of_the_graph() {
    let graph = json!({
        "root//a:lib": {"rule": "fastest_library", "files": ["a/lib.py"], "deps": []},
        "root//a:test": {"rule": "fastest_test", "files": ["a/test.py"], "deps": ["root//a:lib"]},
        "root//b:test": {"rule": "fastest_test", "files": ["b/test.py"], "deps": []},
        "root//b:other": {"rule": "other_test", "files": [], "deps": ["root//a:lib"]},
    });
    let call = |arguments: Json| {
        let world = example();
        world.call(
            "fastest",
            "affected.bxl",
            "affected",
            &[arguments, graph.clone()],
        )
    };
    let printed = call(json!({"changed": ["a/lib.py"]})).unwrap();
    assert_eq!(printed, json!(["root//a:test"]));
    // Buck2 succeeds where it is given no test at all.
    let none = call(json!({"changed": ["c.py"]})).unwrap_err();
    assert!(format!("{none:#}").contains("--allow_none"), "{none:#}");
    let allowed = call(json!({"changed": ["c.py"], "allow_none": true}));
    assert_eq!(allowed.unwrap(), json!([]));
}

#[test]
fn values_without_meaning_are_refused_by_the_rules_themselves() {
    for (attributes, named) in [
        ("shard_count = 0", "shard_count: 0 is less than 1"),
        ("imports = [\"/src\"]", "`/src` is absolute"),
        (
            "imports = [\"../../src\"]",
            "`../../src` leads out of the cell",
        ),
        (
            "cases = [\"test_b\", \"test_b\"]",
            "`test_b` is there twice",
        ),
        ("cases = [\"verdict\"]", "`verdict`"),
        (
            "cases = [\"test b\"]",
            "`test b` cannot be a sub-target's name",
        ),
    ] {
        let error = small(attributes).analyse().unwrap_err();
        assert!(
            format!("{error:#}").contains(named),
            "{attributes}: {error:#}"
        );
    }
}
