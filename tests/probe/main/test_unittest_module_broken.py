import unittest


def setUpModule():
    raise unittest.SkipTest("module")


class Never(unittest.TestCase):
    #: setUpModule that skips
    def test_never(self):
        raise AssertionError
