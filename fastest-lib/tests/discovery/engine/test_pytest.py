import unittest


def setup_module(): pass


def load_tests(loader, tests, pattern): pass


class Old(unittest.TestCase):
    def test_it(self): pass


class TestX:
    def setup_method(self): pass

    def test_it(self, caplog): pass


async def test_async(): pass


def test_package(of_package): pass
def test_loop(of_loop): pass
def test_dynamic(dynamic): pass
def test_through(through): pass
def test_plugin(mocker): pass
def test_property(record_property): pass
