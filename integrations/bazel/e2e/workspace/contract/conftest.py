import pytest


@pytest.fixture
def from_package(from_root):
    return from_root + "/package"
