"""`fastest_library`: Python sources that tests and other libraries depend on."""

load(":closure.bzl", "COMMON_ATTRIBUTES", "info_of")

def _library_impl(ctx):
    return [
        DefaultInfo(other_outputs = ctx.attrs.srcs + ctx.attrs.data),
        info_of(ctx, ctx.attrs.srcs),
    ]

fastest_library = rule(
    impl = _library_impl,
    attrs = COMMON_ATTRIBUTES,
    doc = "Python sources that are imported together: a cycle of imports is one library.",
)
