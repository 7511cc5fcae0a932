"""`fastest_toolchain`: the programs and the interpreter that tests run with."""

FastestToolchainInfo = provider(
    doc = "What tests run with.",
    fields = {
        # What stands for a Python of the machine in the keys of actions.
        "identity": provider_field(str),
        # The interpreter, as an argument.
        "python": provider_field(typing.Any),
        # `fastest-buck2-replay`, as arguments.
        "replayer": provider_field(typing.Any),
        # `fastest-buck2-runner`, with its Python side compiled for the interpreter.
        "runner": provider_field(typing.Any),
        # Whether verdicts may be uploaded: their keys say which interpreter gave them.
        "shared": provider_field(bool),
    },
)

def _program(value):
    """A program that is either a target or one of the machine."""
    if isinstance(value, Dependency):
        return value[RunInfo].args
    return value

def _prepared(ctx, runner, python, shared):
    """Has the runner compile its Python side once for all tests.

    Python does not promise to compile to the same bytes twice: where verdicts are shared, so is this,
    or their keys would differ.
    """
    prepared = ctx.actions.declare_output(ctx.label.name + ".runner")
    ctx.actions.run(
        cmd_args(runner, "--prepare", prepared.as_output(), "--python", python),
        category = "fastest_prepare",
        env = {"FASTEST_PYTHON_IDENTITY": ctx.attrs.identity},
        allow_cache_upload = shared,
    )
    return prepared

def _toolchain_impl(ctx):
    python = _program(ctx.attrs.python)
    shared = isinstance(ctx.attrs.python, Dependency) or ctx.attrs.identity != ""
    return [
        DefaultInfo(),
        FastestToolchainInfo(
            identity = ctx.attrs.identity,
            python = python,
            replayer = _program(ctx.attrs.replayer),
            runner = _prepared(ctx, _program(ctx.attrs.runner), python, shared),
            shared = shared,
        ),
    ]

def _program_attribute(default, doc):
    return attrs.one_of(
        attrs.exec_dep(providers = [RunInfo]),
        attrs.string(),
        default = default,
        doc = doc,
    )

fastest_toolchain = rule(
    impl = _toolchain_impl,
    attrs = {
        "identity": attrs.string(
            default = "",
            doc = "With a Python of the machine: what tells it and the distributions that are " +
                  "installed in it from others, such as the digest of a lock file. Without it " +
                  "verdicts are not uploaded to a cache that machines share.",
        ),
        "python": _program_attribute(
            "python3",
            "The interpreter: a target, or the path or name of one of the machine.",
        ),
        "replayer": _program_attribute(
            "fastest-buck2-replay",
            "`fastest-buck2-replay`, likewise.",
        ),
        "runner": _program_attribute(
            "fastest-buck2-runner",
            "`fastest-buck2-runner`, likewise.",
        ),
    },
    doc = "The programs and the interpreter that tests run with.",
    is_toolchain_rule = True,
)
