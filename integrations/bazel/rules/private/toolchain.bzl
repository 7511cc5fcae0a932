"""`fastest_toolchain`: the runner and the interpreter that tests run with."""

FastestToolchainInfo = provider(
    doc = "What tests run with.",
    fields = {
        "files": "depset of files: what the interpreter needs, when it is a target",
        "interpreter": "file: the interpreter, when it is a target",
        "python": "string: the interpreter, when it is one of the machine",
        "runner": "file: the runner, with the Python side compiled for the interpreter",
    },
)

_NOT_CONFIGURED = """\
#!/bin/sh
echo "{label} names no runner. Set one with a fastest_toolchain target of your own:" >&2
echo "    build --@fastest//:toolchain=//tools:fastest      # in .bazelrc" >&2
exit 1
"""

def _prepare(ctx, interpreter_files):
    """Has the runner compile its Python side once for all tests."""
    prepared = ctx.actions.declare_file(ctx.label.name + ".runner")
    arguments = ctx.actions.args()
    arguments.add("--prepare", prepared)
    arguments.add("--python", ctx.file.interpreter or ctx.attr.python)
    ctx.actions.run(
        outputs = [prepared],
        inputs = interpreter_files,
        executable = ctx.executable.runner,
        arguments = [arguments],
        mnemonic = "FastestPrepare",
        progress_message = "Preparing the runner of Python tests",
        use_default_shell_env = True,
    )
    return prepared

def _not_configured(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    text = _NOT_CONFIGURED.format(label = ctx.label)
    ctx.actions.write(script, text, is_executable = True)
    return script

def _interpreter_files(ctx):
    """The interpreter and what it needs; nothing of one of the machine."""
    if not ctx.file.interpreter:
        return depset()
    needed = ctx.attr.interpreter[DefaultInfo].default_runfiles.files
    return depset([ctx.file.interpreter], transitive = [needed])

def _toolchain_impl(ctx):
    files = _interpreter_files(ctx)
    runner = _prepare(ctx, files) if ctx.executable.runner else _not_configured(ctx)
    return [
        DefaultInfo(files = depset([runner])),
        FastestToolchainInfo(
            files = files,
            interpreter = ctx.file.interpreter,
            python = ctx.attr.python,
            runner = runner,
        ),
    ]

fastest_toolchain = rule(
    implementation = _toolchain_impl,
    attrs = {
        "interpreter": attr.label(
            allow_single_file = True,
            doc = "The Python that tests run with, as a target whose runfiles are all it needs.",
        ),
        "python": attr.string(
            default = "python3",
            doc = "The Python of the machine that tests run with, where `interpreter` names none: " +
                  "an absolute path, or a name that is on the PATH of tests. What is installed " +
                  "there is no input that Bazel knows of.",
        ),
        "runner": attr.label(
            allow_single_file = True,
            cfg = "target",
            doc = "The program `fastest-bazel-runner`.",
            executable = True,
        ),
    },
    doc = "The runner and the interpreter that tests run with.",
    provides = [FastestToolchainInfo],
)

def _coverage_tool_impl(ctx):
    tool = ctx.actions.declare_file(ctx.label.name)
    runner = ctx.attr.toolchain[FastestToolchainInfo].runner
    ctx.actions.symlink(output = tool, target_file = runner, is_executable = True)
    return [DefaultInfo(
        executable = tool,
        files = depset([tool]),
        runfiles = ctx.runfiles(files = [tool]),
    )]

fastest_coverage_tool = rule(
    implementation = _coverage_tool_impl,
    attrs = {
        "toolchain": attr.label(
            doc = "The toolchain whose runner does it.",
            mandatory = True,
            providers = [FastestToolchainInfo],
        ),
    },
    doc = "Merges LCOV files: those of a test, and those of all tests.",
    executable = True,
)
