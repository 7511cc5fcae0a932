"""What a target with Python sources hands to the targets that depend on it."""

load(":private/py_infos.bzl", "PY_INFOS")

FastestInfo = provider(
    doc = "Python sources and how they are imported.",
    fields = {
        "distributions": "depset of strings: the installed distributions that the sources import",
        "foreign_imports": "depset of strings: likewise, of targets of other rules",
        "imports": "depset of strings: folders on `sys.path`, relative to the runfiles' root",
        "sources": "depset of files: the sources, those of dependencies included",
    },
)

def import_roots(ctx):
    """Gives the folders that the attribute `imports` names.

    Args:
      ctx: the context of a rule with that attribute.

    Returns:
      Paths relative to the runfiles' root, in the order of the attribute.
    """
    repository = ctx.label.workspace_name or ctx.workspace_name
    return [
        _import_root(ctx.label, repository, path)
        for path in ctx.attr.imports
    ]

def _import_root(label, repository, path):
    if path.startswith("/"):
        fail("imports: `%s` is absolute; give a folder relative to the package" % path)
    parts = [repository]
    for part in label.package.split("/") + path.split("/"):
        if part == "..":
            if len(parts) == 1:
                fail("imports: `%s` leads out of the repository" % path)
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)

def _label_of(target):
    return str(target.label)

def _path_of(file):
    return file.short_path

def collect(ctx, sources):
    """Joins what a target declares with what its dependencies hand on.

    A depset is walked in the order in which it was made. Lists whose order has no meaning are sorted
    before that, so that who merely reorders them has no test run again: a test's manifest follows it.

    Args:
      ctx: the context of a rule with the attributes `deps`, `imports` and `distributions`.
      sources: the files of the target itself.

    Returns:
      A `FastestInfo`.
    """
    all_sources = []
    imports = []
    foreign_imports = []
    distributions = []
    for dep in sorted(ctx.attr.deps, key = _label_of):
        if FastestInfo in dep:
            info = dep[FastestInfo]
            all_sources.append(info.sources)
            imports.append(info.imports)
            foreign_imports.append(info.foreign_imports)
            distributions.append(info.distributions)
        for py_info in PY_INFOS:
            if py_info in dep:
                all_sources.append(dep[py_info].transitive_sources)
                foreign_imports.append(dep[py_info].imports)
    return FastestInfo(
        distributions = depset(sorted(ctx.attr.distributions), transitive = distributions),
        # Apart, because those of Bazel's own rules are in postorder, which does not go together with ours.
        foreign_imports = depset(transitive = foreign_imports),
        # The order on `sys.path`: a target's own before those of its dependencies.
        imports = depset(import_roots(ctx), transitive = imports, order = "preorder"),
        sources = depset(sorted(sources, key = _path_of), transitive = all_sources),
    )

def collect_runfiles(ctx, info, files):
    """Gives what has to be there when a target is used at run time.

    Args:
      ctx: the context of a rule with the attributes `data` and `deps`.
      info: the `FastestInfo` of the target.
      files: more files of the target.

    Returns:
      The runfiles.
    """
    own = sorted(files + ctx.files.data, key = _path_of)
    runfiles = ctx.runfiles(files = own, transitive_files = info.sources)
    for target in sorted(ctx.attr.deps + ctx.attr.data, key = _label_of):
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return runfiles

# What libraries and tests share.
COMMON_ATTRIBUTES = {
    "data": attr.label_list(
        allow_files = True,
        doc = "Files that the sources read when they run.",
    ),
    "deps": attr.label_list(
        doc = "Targets with the sources that these sources import.",
        providers = [[FastestInfo]] + [[py_info] for py_info in PY_INFOS],
    ),
    "distributions": attr.string_list(
        doc = "Names of the installed distributions that the sources import. A test in whose " +
              "interpreter one of them is missing says so instead of running.",
    ),
    "imports": attr.string_list(
        doc = "Folders, relative to the package, from which the sources are imported besides " +
              "the root of the repository.",
    ),
    "srcs": attr.label_list(
        allow_files = [".py", ".pyi"],
        doc = "Python files; for a test those besides `src`, such as `conftest.py`.",
    ),
}
