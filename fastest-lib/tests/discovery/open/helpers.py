import unittest
import pytest


def test_imported(): pass


class TestImported:
    def test_it(self): pass


class CasesOfHelpers(unittest.TestCase):
    def test_inherited(self): pass


def make_decorator(function):
    return pytest.mark.parametrize("x", [1, 2])(lambda x: None)


@pytest.fixture(params=[1, 2])
def imported_fixture(request):
    return 1


@pytest.fixture(params=["auto1", "auto2"], autouse=True)
def hidden_autouse(request):
    return 1
