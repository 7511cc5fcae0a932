import unittest

import pytest

CALLS = []


def setUpModule():
    CALLS.append("setUpModule")


def tearDownModule():
    CALLS.append("tearDownModule")


class Plain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        CALLS.append("setUpClass")

    @classmethod
    def tearDownClass(cls):
        CALLS.append("tearDownClass")

    def setUp(self):
        CALLS.append("setUp")
        self.addCleanup(CALLS.append, "cleanup")

    def tearDown(self):
        CALLS.append("tearDown")

    #: unittest setUpModule, setUpClass and setUp
    def test_a(self):
        self.assertEqual(CALLS, ["setUpModule", "setUpClass", "setUp"])

    #: unittest tearDown and addCleanup
    def test_b(self):
        self.assertEqual(CALLS[3:], ["tearDown", "cleanup", "setUp"])


#: unittest tearDownClass
def test_class_ended():
    assert CALLS[-3:] == ["tearDown", "cleanup", "tearDownClass"]


class Outcomes(unittest.TestCase):
    #: unittest failure
    def test_fails(self):
        self.assertEqual(1, 2)

    #: unittest error
    def test_raises(self):
        raise ValueError

    #: unittest skip
    @unittest.skip("why")
    def test_skip(self):
        raise AssertionError

    #: unittest skipIf
    @unittest.skipIf(True, "why")
    def test_skip_if(self):
        raise AssertionError

    #: unittest skipTest
    def test_skip_call(self):
        self.skipTest("now")

    #: unittest SkipTest
    def test_skip_raise(self):
        raise unittest.SkipTest("now")

    #: unittest expectedFailure
    @unittest.expectedFailure
    def test_expected(self):
        self.fail("expected")

    #: unittest expectedFailure that passes
    @unittest.expectedFailure
    def test_unexpected(self):
        pass

    #: pytest's skip in unittest
    def test_pytest_skip(self):
        pytest.skip("now")

    #: pytest's xfail in unittest
    @pytest.mark.xfail(reason="known")
    def test_pytest_xfail(self):
        raise AssertionError

    #: pytest's skip mark in unittest
    @pytest.mark.skip(reason="mark")
    def test_pytest_mark(self):
        raise AssertionError

    #: usefixtures in unittest
    @pytest.mark.usefixtures("tmp_path")
    def test_usefixtures(self):
        pass


#: unittest skip of a class
@unittest.skip("whole class")
class Skipped(unittest.TestCase):
    def test_never(self):
        raise AssertionError


class SkipsInSetUpClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("class")

    #: unittest setUpClass that skips
    def test_never(self):
        raise AssertionError


class BrokenSetUp(unittest.TestCase):
    def setUp(self):
        raise ValueError

    #: unittest setUp that raises
    def test_never(self):
        raise AssertionError


class BrokenTearDown(unittest.TestCase):
    def tearDown(self):
        raise ValueError

    #: unittest tearDown that raises
    def test_passes(self):
        pass

    #: unittest tearDown that raises after a failure
    def test_fails(self):
        self.fail("call")


class BrokenCleanup(unittest.TestCase):
    #: unittest cleanup that raises
    def test_passes(self):
        def cleanup():
            raise ValueError("cleanup")

        self.addCleanup(cleanup)


class BrokenSetUpClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError

    #: unittest setUpClass that raises
    def test_one(self):
        raise AssertionError

    def test_two(self):
        raise AssertionError


class BrokenTearDownClass(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise ValueError

    #: unittest tearDownClass that raises
    def test_one(self):
        pass


class ClassCleanups(unittest.TestCase):
    done = []

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.done.append, "class cleanup")

    #: unittest addClassCleanup
    def test_one(self):
        self.assertEqual(self.done, [])


def test_class_cleanups_ended():
    assert ClassCleanups.done == ["class cleanup"]


class WithFixtures(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def prepare(self, tmp_path):
        self.folder = tmp_path

    #: autouse fixture in a unittest class
    def test_folder(self):
        self.assertTrue(self.folder.is_dir())


class Base(unittest.TestCase):
    value = 0

    def test_value(self):
        self.assertGreaterEqual(self.value, 0)


#: unittest tests inherited
class Derived(Base):
    value = 1


class Mixin:
    def test_mixed(self):
        self.assertTrue(True)


#: unittest mixin
class Mixed(Mixin, unittest.TestCase):
    pass


class Raising(unittest.TestCase):
    #: unittest assertRaises and assertLogs
    def test_contexts(self):
        import logging

        with self.assertRaises(ZeroDivisionError):
            1 / 0
        with self.assertLogs("x", "INFO"):
            logging.getLogger("x").info("said")

    #: unittest id and shortDescription
    def test_id(self):
        """Says what it is."""
        assert self.id().endswith("Raising.test_id")
        assert self.shortDescription() == "Says what it is."


class NoTests(unittest.TestCase):
    #: unittest runTest without other tests
    def runTest(self):
        pass


@pytest.mark.parametrize("n", [1, 2])
class Parametrized(unittest.TestCase):
    #: parametrize of unittest is refused
    def test_one(self):
        pass
