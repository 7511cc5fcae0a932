import pytest
import unittest


def check_one(): pass
def test_no_more(): pass
def some_spec(): pass
def it_also(): pass
def it_cannot(): pass


class MySuite:
    def check_method(self): pass
    def test_no_more(self): pass


class CaseOne:
    def a_spec(self): pass


class TestNoMore:
    def check_never(self): pass


class Any(unittest.TestCase):
    def test_always(self): pass
    def check_never(self): pass


@pytest.mark.parametrize("a", ["é", "x" * 101])
def check_unescaped(a): pass
