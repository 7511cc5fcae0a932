import pytest


@pytest.fixture
def overridden(overridden):
    return overridden + ", inner"


@pytest.fixture(params=["only"])
def root_param(request):
    return request.param
