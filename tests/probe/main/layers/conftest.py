import pytest


@pytest.fixture
def overridden(overridden):
    return overridden + ", layer"


@pytest.fixture(autouse=True)
def layer_auto(request):
    request.node.layer = "layer"


@pytest.fixture(scope="package")
def of_package():
    return []
