import pytest


@pytest.fixture
def from_plugin(from_plugin):
    return from_plugin + ", other"
