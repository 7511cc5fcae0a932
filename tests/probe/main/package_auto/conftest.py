import pytest

EVENTS = []


@pytest.fixture(scope="package", autouse=True)
def auto_package():
    EVENTS.append("up")
    yield
    EVENTS.append("down")


@pytest.fixture
def events():
    return EVENTS
