"""Work of an engine between tests, whatever recursion limit a test has left behind.

pytest collects everything before its first test, so no test can keep it from collecting.
"""

import contextlib
import sys

_AT_START = sys.getrecursionlimit()


@contextlib.contextmanager
def unlimited_by_tests():
    """At least the interpreter's own limit holds inside; afterwards that of the tests again."""
    limit = sys.getrecursionlimit()
    if limit >= _AT_START:
        yield
        return
    sys.setrecursionlimit(_AT_START)
    try:
        yield
    finally:
        # It is refused where the stack is deeper than that already.
        with contextlib.suppress(RecursionError):
            sys.setrecursionlimit(limit)
