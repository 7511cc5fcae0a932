import pytest


@pytest.fixture
def from_root():
    return "root"
