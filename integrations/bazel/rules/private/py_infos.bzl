"""The providers of Python sources that `deps` may have besides our own.

Bazel has one built in up to its version 8. From version 9 on only rules_python has one: there this
file is to load it from `@rules_python//python:py_info.bzl`, or the list to be empty.
"""

PY_INFOS = [PyInfo]
