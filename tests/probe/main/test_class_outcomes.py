import pytest


class TestOrder:
    #: order of tests in a class
    def test_b(self):
        pass

    def test_a(self):
        pass

    @pytest.fixture(scope="class", autouse=True)
    def once(self, request):
        request.cls.count = 0
        yield
        assert request.cls.count == 2

    #: class fixture whose teardown fails
    def test_c(self):
        type(self).count += 1


class TestOverridden:
    #: test replaced by a later definition
    def test_one(self):
        raise AssertionError

    def test_one(self):  # noqa: F811
        pass


class TestDunder:
    #: attributes that are no tests
    test_value = 3

    def test_one(self):
        assert self.test_value == 3


class Test:
    #: class named Test alone
    def test(self):
        pass


class TestProperty:
    @property
    def test_property(self):
        raise AssertionError("evaluated")

    #: property named like a test
    def test_one(self):
        pass
