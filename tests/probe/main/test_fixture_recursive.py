import pytest


@pytest.fixture
def one(two):
    return two


@pytest.fixture
def two(one):
    return one


#: fixtures that request each other
def test_recursive(one):
    pass
