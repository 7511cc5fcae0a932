import abc
from typing import Generic, TypeVar

import pytest

T = TypeVar("T")


class Base:
    def test_base_first(self):
        pass

    def test_overridden(self):
        pass

    def test_base_last(self):
        pass

    test_hidden_later = lambda self: None  # noqa: E731

    def helper(self):
        pass


Base.__test__ = False


class TestPlain:
    def test_one(self):
        pass

    @staticmethod
    def test_static(tmp_path):
        pass

    @classmethod
    def test_class_method(cls):
        pass

    @property
    def test_property(self):
        raise AttributeError

    class TestNested:
        def test_deep(self):
            pass

        class TestDeeper:
            def test_deepest(self):
                pass

    test_number = 1

    def test_two(self):
        pass


class Mixin:
    def test_mixin(self):
        pass


class Other:
    def test_other(self):
        pass

    def test_mixin(self):
        pass


class TestDerived(Mixin, Other):
    def test_own(self):
        pass

    def test_other(self):
        pass


class TestFurther(TestDerived):
    test_own = None

    def test_further(self):
        pass


class TestWithInit:
    def __init__(self):
        pass

    def test_not_collected(self):
        pass


class TestInheritsInit(TestWithInit):
    def test_not_collected_either(self):
        pass


class TestWithNew:
    def __new__(cls):
        return object.__new__(cls)

    def test_not_collected(self):
        pass


class TestSwitchedOff:
    __test__ = False

    def test_not_collected(self):
        pass


class TestInheritsSwitch(TestSwitchedOff):
    def test_not_collected_either(self):
        pass


class TestSwitchedOn(TestSwitchedOff):
    __test__ = True

    def test_again(self):
        pass


class Chosen:
    __test__ = True

    def test_by_flag(self):
        pass


class TestAbstract(abc.ABC):
    @abc.abstractmethod
    def make(self):
        ...

    def test_made(self):
        pass


class TestConcrete(TestAbstract):
    def make(self):
        return 1

    def test_extra(self):
        pass


class TestGeneric(Generic[T]):
    def test_generic(self):
        pass


class Root:
    def test_root(self): pass


class Left(Root):
    def test_left(self): pass


class Right(Root):
    def test_right(self): pass


class TestDiamond(Left, Right):
    def test_bottom(self): pass


class TestTwice:
    def test_old(self): pass


class TestTwice:  # noqa: F811
    def test_new(self): pass


@pytest.mark.parametrize("n", [1, 2])
class TestParametrized:
    @pytest.mark.parametrize("m", "a b".split() if False else ["a", "b"])
    def test_open(self, n, m): pass

    @pytest.mark.parametrize("m", ["a", "b"])
    def test_both(self, n, m): pass

    class TestInside:
        def test_inherits_marks(self, n): pass
