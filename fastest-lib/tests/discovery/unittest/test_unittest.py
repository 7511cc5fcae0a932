import unittest
from unittest import IsolatedAsyncioTestCase, TestCase


class Sorted(unittest.TestCase):
    def setUp(self):
        pass

    def test_b(self):
        pass

    def test_a(self):
        pass

    def testC(self):
        pass

    def helper(self):
        pass

    test_data = [1]


class Derived(Sorted):
    def test_aa(self):
        pass

    def test_b(self):
        pass


class RunsItself(TestCase):
    def runTest(self):
        pass


class SwitchedOff(TestCase):
    __test__ = False

    def test_no(self):
        pass


class Async(IsolatedAsyncioTestCase):
    async def test_async(self):
        pass

    @unittest.skip("why")
    def test_skipped(self):
        pass


class TestPlain:
    def test_z(self): pass
    def test_y(self): pass


def test_function(): pass
