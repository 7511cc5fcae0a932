import pytest


@pytest.fixture
def narrow():
    return 1


@pytest.fixture(scope="module")
def wide(narrow):
    return narrow


#: scope mismatch is an error at setup
def test_scope_mismatch(wide):
    pass
