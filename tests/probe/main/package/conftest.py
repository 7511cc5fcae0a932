import pytest

STARTED = []


@pytest.fixture(scope="package")
def counted():
    STARTED.append(1)
    return len(STARTED)


@pytest.fixture(scope="package", autouse=True)
def auto_package():
    yield
