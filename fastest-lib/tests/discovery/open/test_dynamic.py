import functools
import pytest

globals()["test_made"] = lambda: None
test_partial = functools.partial(int, 1)


def make():
    def inner(): pass
    return inner


test_alias = make()
pytestmark = [pytest.mark.parametrize("unknown", [1])] if make else []


class Some: pass


setattr(Some, "test_late", make())
