import pytest


@pytest.fixture(params=[1, 2])
def configured(request):
    return request.param
