import pytest


@pytest.fixture
def from_plugin():
    return "plugin"


@pytest.fixture(scope="session", params=["s1", "s2"])
def session_param(request):
    return request.param
