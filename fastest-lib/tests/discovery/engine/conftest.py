import pytest


@pytest.fixture(scope="package")
def of_package():
    return 1


@pytest.fixture
async def of_loop():
    return 1


@pytest.fixture(scope=lambda fixture_name, config: "module")
def dynamic():
    return 1


@pytest.fixture
def through(caplog):
    return caplog
