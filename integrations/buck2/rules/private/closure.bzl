"""What a target with Python sources hands to the targets that depend on it."""

def _sources(value):
    return value.sources

def _data(value):
    return value.data

def _imports(value):
    return value.imports

def _distributions(value):
    return value.distributions

# A type, as providers are.
# buildifier: disable=name-conventions
FastestClosure = transitive_set(
    args_projections = {
        "data": _data,
        "distributions": _distributions,
        "imports": _imports,
        "sources": _sources,
    },
)

FastestInfo = provider(
    doc = "Python sources and how they are imported.",
    fields = {
        # A `FastestClosure`: the target's files, and those of its dependencies.
        "closure": provider_field(typing.Any),
    },
)

def _import_root(ctx, path):
    if path.startswith("/"):
        fail("imports: `{}` is absolute; give a folder relative to the package".format(path))
    parts = []
    for part in ctx.label.package.split("/") + path.split("/"):
        if part == "..":
            if not parts:
                fail("imports: `{}` leads out of the cell".format(path))
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)

    # The cell's folder is known only where the path is written.
    return cmd_args(ctx.label.cell_root, format = "/".join(["{}"] + parts))

def _label_of(dep):
    return str(dep.label)

def _path_of(artifact):
    return artifact.short_path

def fastest_info(ctx, sources, data = [], imports = [], distributions = [], deps = []):
    """Makes what a rule returns for tests to depend on its targets.

    Args:
      ctx: the context of the rule.
      sources: the Python files of the target: artifacts, or other arguments that stand for some.
      data: other files that are read, likewise.
      imports: folders, relative to the package, from which the sources are imported besides the root
        of the project.
      distributions: names of the installed distributions that have to be there.
      deps: targets with `FastestInfo` whose files count too.

    Returns:
      A `FastestInfo`.
    """
    return FastestInfo(closure = ctx.actions.tset(
        FastestClosure,
        value = struct(
            data = data,
            distributions = distributions,
            # The order on `sys.path`: a target's own before those of its dependencies.
            imports = [_import_root(ctx, path) for path in imports],
            sources = sources,
        ),
        children = [dep[FastestInfo].closure for dep in sorted(deps, key = _label_of)],
    ))

def info_of(ctx, sources):
    """Joins what a target declares with what its dependencies hand on.

    A transitive set is walked in the order in which it was made. Lists whose order has no meaning are
    sorted before that, so that who merely reorders them has no test run again: a test's manifest
    follows it.

    Args:
      ctx: the context of a rule with the attributes `COMMON_ATTRIBUTES`.
      sources: the Python files of the target itself.

    Returns:
      A `FastestInfo`.
    """
    return fastest_info(
        ctx,
        sources = sorted(sources, key = _path_of),
        data = sorted(ctx.attrs.data, key = _path_of),
        imports = ctx.attrs.imports,
        distributions = sorted(ctx.attrs.distributions),
        deps = ctx.attrs.deps,
    )

# How the files of a target are imported, and what chooses it.
IMPORT_ATTRIBUTES = {
    "distributions": attrs.list(
        attrs.string(),
        default = [],
        doc = "Names of the installed distributions that the sources import. A test in whose " +
              "interpreter one of them is missing says so instead of running.",
    ),
    "imports": attrs.list(
        attrs.string(),
        default = [],
        doc = "Folders, relative to the package, from which the sources are imported besides " +
              "the root of the project.",
    ),
    "labels": attrs.list(
        attrs.string(),
        default = [],
        doc = "Words that queries, and `--include` and `--exclude` of `buck2 test`, choose by.",
    ),
}

# What libraries and tests share.
COMMON_ATTRIBUTES = IMPORT_ATTRIBUTES | {
    "data": attrs.list(
        attrs.source(),
        default = [],
        doc = "Files that the sources read when they run.",
    ),
    "deps": attrs.list(
        attrs.dep(providers = [FastestInfo]),
        default = [],
        doc = "Targets with the sources that these sources import.",
    ),
    "srcs": attrs.list(
        attrs.source(),
        default = [],
        doc = "Python files; for a test those besides `src`, such as `conftest.py`.",
    ),
}
