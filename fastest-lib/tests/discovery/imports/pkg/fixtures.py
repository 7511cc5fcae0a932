import pytest


@pytest.fixture(params=["p1", "p2"])
def parametrized(request):
    return request.param


@pytest.fixture
def uses(parametrized):
    return parametrized


@pytest.fixture(params=[1, 2], name="renamed")
def original_name(request):
    return request.param


@pytest.fixture(params=["auto1", "auto2"], autouse=True)
def autouse_fixture(request):
    return 1


def no_fixture(): pass
