import pytest

STARTED = []


@pytest.fixture(scope="package")
def counted():
    STARTED.append(1)
    return len(STARTED)
