"""Targets of the prelude's `python_library` as dependencies of tests.

Buck2 cannot load a file only where it is there: who loads this one has a prelude.
"""

load("@prelude//python:python.bzl", "PythonLibraryInfo")
load("//private:closure.bzl", "IMPORT_ATTRIBUTES", "fastest_info")

def _prelude_library_impl(ctx):
    manifests = [dep[PythonLibraryInfo].manifests for dep in ctx.attrs.deps]
    return [
        DefaultInfo(),
        fastest_info(
            ctx,
            sources = [each.project_as_args("source_artifacts") for each in manifests],
            data = [each.project_as_args("resource_artifacts") for each in manifests],
            imports = ctx.attrs.imports,
            distributions = ctx.attrs.distributions,
        ),
    ]

fastest_prelude_library = rule(
    impl = _prelude_library_impl,
    attrs = IMPORT_ATTRIBUTES | {
        "deps": attrs.list(
            attrs.dep(providers = [PythonLibraryInfo]),
            default = [],
            doc = "Targets with `PythonLibraryInfo`; what they depend on counts too.",
        ),
    },
    doc = "Sources and resources of the prelude's libraries, which `deps` of our rules accept. They " +
          "are imported from where they lie: a `base_module` that says otherwise has no effect.",
)
