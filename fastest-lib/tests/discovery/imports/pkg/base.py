import unittest
from abc import ABC, abstractmethod

import pytest


class Root:
    def test_root(self): pass

    @pytest.mark.parametrize("n", [1, 2])
    def test_numbers(self, n): pass


class Left(Root):
    def test_left(self): pass

    def test_root(self): pass


class Right(Root):
    def test_right(self): pass


class Base(Left, Right):
    pytestmark = pytest.mark.slow

    def test_base(self): pass


class CasesOfBase(unittest.TestCase):
    def test_inherited(self): pass


class Abstract(ABC):
    @abstractmethod
    def make(self): ...

    def test_abstract(self): pass


class WithInit:
    def __init__(self): pass

    def test_never(self): pass


class TestImported:
    NUMBERS = [7, 8]

    @pytest.mark.parametrize("n", NUMBERS)
    def test_it(self, n): pass

    class TestInner:
        def test_inner(self): pass


class TestNotHere:
    __test__ = False

    def test_never(self): pass


def test_imported(): pass


@pytest.mark.parametrize("x", ["a", "b"])
def test_imported_too(x): pass
