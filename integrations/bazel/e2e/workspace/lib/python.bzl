"""Stands for the rules of another rule set, which hand on `PyInfo`."""

def _python_sources_impl(ctx):
    files = depset(ctx.files.srcs)
    root = ctx.workspace_name + "/" + ctx.label.package + "/"
    return [
        DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files)),
        PyInfo(
            imports = depset([root + path for path in ctx.attr.imports]),
            transitive_sources = files,
        ),
    ]

python_sources = rule(
    implementation = _python_sources_impl,
    attrs = {
        "imports": attr.string_list(),
        "srcs": attr.label_list(allow_files = [".py"]),
    },
)
