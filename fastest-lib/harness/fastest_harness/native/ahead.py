"""Imports what native workers come to need, so that many of them are forked with it."""

import sys

import fastest_harness.native.asynchronous.dispatch  # noqa: F401
import fastest_harness.native.compare
import fastest_harness.native.request
import fastest_harness.native.unittest_cases
import fastest_harness.rewrite  # noqa: F401

if "pytest" in sys.modules:
    import difflib  # noqa: F401

    import _pytest.skipping
    import _pytest.tmpdir
    import _pytest.unittest  # noqa: F401

    import fastest_harness.native.assertions  # noqa: F401
