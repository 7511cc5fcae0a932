import pytest

LOG = []


@pytest.fixture
def log():
    del LOG[:]
    return LOG


@pytest.fixture(scope="session")
def session_list():
    return []


@pytest.fixture
def overridden():
    return "root"


@pytest.fixture(params=["p", "q"])
def root_param(request):
    return request.param
