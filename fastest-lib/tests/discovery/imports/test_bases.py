import pkg
import pkg.base
from pkg import Base, CasesOfBase
from pkg.base import Abstract, WithInit, TestNotHere
from pkg.base import TestImported as TestRenamed
from pkg.base import test_imported, test_imported_too as test_other_name
from unittest import TestCase


class TestDerived(Base):
    def test_own(self): pass


class TestByModule(pkg.base.Right): pass


class TestByPackage(pkg.Base):
    test_right = None


class NotNamedTest(CasesOfBase):
    def test_of_unittest(self): pass


class TestAbstract(Abstract): pass


class TestConcrete(Abstract):
    def make(self): pass


class TestInit(WithInit): pass


class TestAgain(TestNotHere):
    __test__ = True


class TestStill(TestNotHere): pass


test_alias = test_imported
