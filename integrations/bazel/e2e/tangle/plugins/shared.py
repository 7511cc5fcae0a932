import pytest
from core import a


@pytest.fixture
def shared():
    return a.name()
