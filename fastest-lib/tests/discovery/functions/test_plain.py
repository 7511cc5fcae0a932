import sys
from typing import TYPE_CHECKING

import pytest
from unittest import TestCase, mock

if TYPE_CHECKING:
    from elsewhere import TestOnlyForTypes, test_only_for_types

if __name__ == "__main__":
    def test_when_run_as_a_script():
        pass

test_constant = 3
test_names = ["a", "b"]
TestTable = {"a": 1}


def helper():
    pass


def test_first():
    def test_nested():
        pass


def test_redefined():
    pass


def test_second():
    pass


def test_redefined():  # noqa: F811
    assert True


def test_deleted():
    pass


del test_deleted


def test_moved():
    pass


def test_between():
    pass


del test_moved


def test_moved():
    pass


def not_a_test():
    pass


not_a_test.__test__ = True


def test_switched_off():
    pass


test_switched_off.__test__ = False


@mock.patch("sys.stdout")
@mock.patch.object(sys, "stderr", new=None)
def test_patched(stdout, tmp_path):
    pass


@pytest.mark.skipif(sys.platform == "win32", reason="unix")
@pytest.mark.slow
def test_marked(): pass


with open(__file__):
    def test_in_with():
        pass


@pytest.fixture
def test_fixture():
    return 1


def test_uses(test_fixture): ...


testing = test_names
def testé_ünïcode(): pass
def test(): pass
