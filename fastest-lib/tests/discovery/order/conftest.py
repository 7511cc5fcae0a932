import pytest


@pytest.fixture(scope="session", params=["s1", "s2"])
def session_wide(request):
    return request.param


@pytest.fixture(scope="package", params=["p1", "p2"])
def package_wide(request):
    return request.param
