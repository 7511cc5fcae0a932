"""`fastest_library`: Python sources that tests and other libraries depend on."""

load(":private/providers.bzl", "COMMON_ATTRIBUTES", "FastestInfo", "collect", "collect_runfiles")

def _library_impl(ctx):
    info = collect(ctx, ctx.files.srcs)
    return [
        DefaultInfo(
            files = depset(ctx.files.srcs),
            runfiles = collect_runfiles(ctx, info, []),
        ),
        info,
        coverage_common.instrumented_files_info(
            ctx,
            dependency_attributes = ["deps", "data"],
            extensions = ["py"],
            source_attributes = ["srcs"],
        ),
    ]

fastest_library = rule(
    implementation = _library_impl,
    attrs = COMMON_ATTRIBUTES,
    doc = "Python sources that are imported together: a cycle of imports is one library.",
    provides = [FastestInfo],
)
