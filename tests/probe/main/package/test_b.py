from .base import Shared


def test_counted(counted):
    assert counted == 1


class TestTwo(Shared):
    value = 2


#: test imported from another module
from .test_a import test_counted as test_imported  # noqa: E402,F401
