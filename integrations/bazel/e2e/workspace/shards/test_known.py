import pytest


@pytest.mark.parametrize("number", range(4))
def test_short(number):
    pass


class TestClass:
    def test_in_class(self):
        pass


def test_long():
    pass
