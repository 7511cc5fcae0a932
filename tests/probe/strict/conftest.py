import pytest

USED = []


@pytest.fixture
def from_ini():
    USED.append(1)


@pytest.fixture
def used():
    return USED
