"""`fastest_test`: one file of tests, or one test of it, as a test of Buck2.

The tests run in a build action, whose output is the verdict: that is cached as all actions are.
The test itself only replays the verdict, and runs the tests anew where it says that they failed.
"""

load(":closure.bzl", "COMMON_ATTRIBUTES", "info_of")
load(":toolchain.bzl", "FastestToolchainInfo")

# The version of the manifest, as the runner reads it.
_MANIFEST = 1

# What Python is kept from leaving among the sources.
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1"}

# By this the executor knows whom it may ask for verdicts.
_TEST_ENVIRONMENT = _ENVIRONMENT | {"FASTEST_BUCK2_TARGET": "1"}

def _write_manifest(ctx, toolchain, closure):
    """Writes what the runner is to know.

    It names every declared file, and it is an input that no dep file covers: a file that comes
    or goes makes the tests run, although none of those that they read has changed.
    """
    return ctx.actions.write_json(
        ctx.label.name + ".fastest.json",
        {
            "args": ctx.attrs.args,
            "data": closure.project_as_args("data"),
            "distributions": closure.project_as_args("distributions"),
            "env": {name: ctx.attrs.env[name] for name in sorted(ctx.attrs.env)},
            "identity": toolchain.identity,
            "imports": closure.project_as_args("imports"),
            "label": str(ctx.label.raw_target()),
            "python": cmd_args(toolchain.python),
            "schema": _MANIFEST,
            "sources": closure.project_as_args("sources"),
            "src": ctx.attrs.src,
            "test": ctx.attrs.test,
            "timeout": ctx.attrs.timeout_seconds,
        },
    )

def _run(ctx, toolchain, manifest, closure, shard, shards):
    """Registers the action that runs the tests of one shard; gives its verdict."""
    name = ctx.label.name
    selected = []
    if shards > 1:
        name = "{}.{}_of_{}".format(name, shard, shards)
        selected = ["--shard", "{}/{}".format(shard, shards)]
    verdict = ctx.actions.declare_output(name + ".verdict.json")
    loaded = ctx.actions.declare_output(name + ".loaded")

    # Sources are imported, and the runner knows which of them were. Data may be read in ways that
    # nobody sees, and so may everything once another program has been started.
    tag = ctx.actions.artifact_tag()
    ctx.actions.run(
        cmd_args(
            toolchain.runner,
            "--manifest",
            manifest,
            "--verdict",
            verdict.as_output(),
            "--dep-file",
            tag.tag_artifacts(loaded.as_output()),
            selected,
            hidden = [
                closure.project_as_args("data"),
                tag.tag_artifacts(closure.project_as_args("sources")),
                toolchain.python,
            ],
        ),
        category = "fastest_test",
        identifier = name,
        env = _ENVIRONMENT,
        dep_files = {"sources": tag},
        allow_cache_upload = toolchain.shared,
    )
    return verdict

def _sub_target_name(case):
    """A test's name as Buck2 allows one in brackets: `TestCart.test_add`."""
    return case.replace("::", ".")

def test_parts(ctx):
    """Makes everything that a test target consists of.

    Args:
      ctx: the context of a rule with the attributes `TEST_ATTRIBUTES`.

    Returns:
      A struct of the providers' parts: `manifest`, `verdicts`, `replay`, the command that replays
      them, to which names of tests may be added, and `live`, the command that runs the tests.
    """
    if ctx.attrs.shard_count < 1:
        fail("shard_count: {} is less than 1".format(ctx.attrs.shard_count))
    toolchain = ctx.attrs._toolchain[FastestToolchainInfo]
    closure = info_of(ctx, [ctx.attrs.src] + ctx.attrs.srcs).closure
    manifest = _write_manifest(ctx, toolchain, closure)
    verdicts = [
        _run(ctx, toolchain, manifest, closure, shard + 1, ctx.attrs.shard_count)
        for shard in range(ctx.attrs.shard_count)
    ]
    live = cmd_args(
        toolchain.runner,
        "--manifest",
        manifest,
        hidden = [
            closure.project_as_args("data"),
            closure.project_as_args("sources"),
            toolchain.python,
        ],
    )
    return struct(
        live = live,
        manifest = manifest,
        replay = [toolchain.replayer] + verdicts + ["--", live, "--"],
        verdicts = verdicts,
    )

def external_info(ctx, command):
    """Gives what `buck2 test` runs.

    Args:
      ctx: the context of a rule with the attributes `TEST_ATTRIBUTES`.
      command: a list of arguments.

    Returns:
      An `ExternalRunnerTestInfo`.
    """
    return ExternalRunnerTestInfo(
        type = "custom",
        command = command,
        contacts = ctx.attrs.contacts,
        env = _TEST_ENVIRONMENT,
        labels = ctx.attrs.labels,
        run_from_project_root = True,
        use_project_relative_paths = True,
    )

def default_info(ctx, parts):
    """Gives the manifest to who builds the target, and a sub-target for each test that is known.

    Args:
      ctx: the context of a rule with the attributes `TEST_ATTRIBUTES`.
      parts: what `test_parts` gave.

    Returns:
      A `DefaultInfo`; its sub-target `verdict` has the verdicts.
    """
    sub_targets = {"verdict": [DefaultInfo(default_outputs = parts.verdicts)]}
    for case in ctx.attrs.cases:
        name = _sub_target_name(case)
        if name in sub_targets:
            fail("cases: `{}` is there twice, or is named like a sub-target of its own".format(case))
        command = parts.replay + [case]
        sub_targets[name] = [
            DefaultInfo(),
            RunInfo(args = cmd_args(parts.live, case)),
            external_info(ctx, command),
        ]
    return DefaultInfo(default_output = parts.manifest, sub_targets = sub_targets)

def _test_impl(ctx):
    parts = test_parts(ctx)
    return [
        default_info(ctx, parts),
        RunInfo(args = parts.live),
        external_info(ctx, parts.replay),
    ]

TEST_ATTRIBUTES = COMMON_ATTRIBUTES | {
    "args": attrs.list(
        attrs.string(),
        default = [],
        doc = "Options of pytest that choose among the tests: `-k`, `-m`, `--maxfail`, `-x`.",
    ),
    "cases": attrs.list(
        attrs.string(),
        default = [],
        doc = "Tests of the file, such as `TestCart::test_add`, each of which becomes a " +
              "sub-target `//package:name[TestCart.test_add]`.",
    ),
    "contacts": attrs.list(
        attrs.string(),
        default = [],
        doc = "Whom to tell of failures.",
    ),
    "env": attrs.dict(
        key = attrs.string(),
        value = attrs.string(),
        default = {},
        doc = "Variables of the tests' environment.",
    ),
    "shard_count": attrs.int(
        default = 1,
        doc = "How many actions the tests of the file are divided among.",
    ),
    "src": attrs.source(doc = "The file of tests."),
    "test": attrs.string(
        default = "",
        doc = "One test of the file, by its node id there, such as `TestCart::test_add`; by " +
              "default all of them.",
    ),
    "timeout_seconds": attrs.int(
        default = 0,
        doc = "How long a test may take, in seconds; 0 leaves it to the project's configuration.",
    ),
    "_toolchain": attrs.toolchain_dep(
        default = "toolchains//:fastest",
        providers = [FastestToolchainInfo],
    ),
}

fastest_test = rule(
    impl = _test_impl,
    attrs = TEST_ATTRIBUTES,
    doc = "Tests of one file, as pytest runs them, from declared inputs alone.",
)
