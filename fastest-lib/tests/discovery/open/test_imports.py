from helpers import test_imported, TestImported
from helpers import CasesOfHelpers
from helpers import make_decorator
from star import *


def test_own(): pass


class TestBased(CasesOfHelpers):
    def test_own(self): pass


class NotNamedTest(CasesOfHelpers):
    def test_of_unittest(self): pass


@make_decorator
def test_decorated(): pass
