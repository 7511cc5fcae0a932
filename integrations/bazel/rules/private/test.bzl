"""`fastest_test`: one file of tests, or one test of it, as a test of Bazel."""

load(":private/providers.bzl", "COMMON_ATTRIBUTES", "collect", "collect_runfiles")
load(":private/toolchain.bzl", "FastestToolchainInfo")

# The version of the manifest, as the runner reads it.
_MANIFEST = 1

def _input_line(file):
    """A file of the runfiles, where it lies for actions, and what declares it."""
    return "input\t%s\t%s\t%s" % (file.short_path, file.path, file.owner)

def _symlink_line(entry):
    return "input\t%s\t%s\t%s" % (entry.path, entry.target_file.path, entry.target_file.owner)

def _root_symlink_line(entry):
    # Beside the repository's folder.
    target = entry.target_file
    return "input\t../%s\t%s\t%s" % (entry.path, target.path, target.owner)

def _import_line(path):
    return "import\t" + path

def _distribution_line(name):
    return "distribution\t" + name

def _expanded(ctx, value):
    """A value of `env`, with locations and make variables put in."""
    expanded = ctx.expand_location(value, ctx.attr.data)
    return ctx.expand_make_variables("env", expanded, {})

def _write_manifest(ctx, info, toolchain, runfiles):
    manifest = ctx.actions.declare_file(ctx.label.name + ".fastest")
    lines = ctx.actions.args()
    lines.set_param_file_format("multiline")
    lines.add("version\t%d" % _MANIFEST)
    lines.add("label\t%s" % ctx.label)
    lines.add("src\t%s" % ctx.file.src.short_path)
    if ctx.attr.test:
        lines.add("test\t%s" % json.encode(ctx.attr.test))
    if ctx.file.durations:
        lines.add("durations\t%s" % ctx.file.durations.short_path)
    if toolchain.interpreter:
        lines.add("interpreter\t%s" % toolchain.interpreter.short_path)
    else:
        lines.add("python\t%s" % toolchain.python)
    lines.add("network\t%s" % ctx.attr.network)
    for name in sorted(ctx.attr.env):
        pair = [name, _expanded(ctx, ctx.attr.env[name])]
        lines.add("env\t%s" % json.encode(pair))

    # Written when the action runs: nothing is flattened here.
    lines.add_all(info.imports, map_each = _import_line)
    lines.add_all(info.foreign_imports, map_each = _import_line)
    lines.add_all(info.distributions, map_each = _distribution_line)
    lines.add_all(runfiles.files, expand_directories = False, map_each = _input_line)
    lines.add_all(runfiles.symlinks, map_each = _symlink_line)
    lines.add_all(runfiles.root_symlinks, map_each = _root_symlink_line)
    ctx.actions.write(manifest, lines)
    return manifest

def _test_impl(ctx):
    toolchain = ctx.attr.toolchain[FastestToolchainInfo]
    info = collect(ctx, [ctx.file.src] + ctx.files.srcs)
    durations = [ctx.file.durations] if ctx.file.durations else []
    declared = collect_runfiles(ctx, info, durations)
    manifest = _write_manifest(ctx, info, toolchain, declared)
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = toolchain.runner,
        is_executable = True,
    )
    runfiles = declared.merge(ctx.runfiles(
        files = [executable, manifest],
        transitive_files = toolchain.files,
    ))
    return [
        DefaultInfo(
            executable = executable,
            files = depset([executable]),
            runfiles = runfiles,
        ),
        coverage_common.instrumented_files_info(
            ctx,
            dependency_attributes = ["deps", "data"],
            extensions = ["py"],
            source_attributes = ["srcs", "src"],
        ),
    ]

_ATTRIBUTES = {
    "durations": attr.label(
        allow_single_file = [".json"],
        doc = "Seconds by node id, as a run leaves them in `fastest-durations.json` among its " +
              "undeclared outputs: shards then take about the same time.",
    ),
    "env": attr.string_dict(
        doc = "Variables of the tests' environment; `$(location)` and make variables are put in.",
    ),
    "network": attr.string(
        default = "loopback",
        doc = "Which connections the tests may make: to their own loopback interface, or any that " +
              "the host can make.",
        values = [
            "host",
            "loopback",
        ],
    ),
    "src": attr.label(
        allow_single_file = True,
        doc = "The file of tests.",
        mandatory = True,
    ),
    "test": attr.string(
        doc = "One test of the file, by its node id there, such as `TestCart::test_add`; by " +
              "default all of them.",
    ),
    "toolchain": attr.label(
        default = ":toolchain",
        doc = "What it runs with.",
        providers = [FastestToolchainInfo],
    ),
    "_lcov_merger": attr.label(
        cfg = "exec",
        default = ":coverage_tool",
        executable = True,
    ),
}

fastest_test = rule(
    implementation = _test_impl,
    attrs = dict(COMMON_ATTRIBUTES, **_ATTRIBUTES),
    doc = "Tests of one file, as pytest runs them, from declared inputs alone.",
    test = True,
)
