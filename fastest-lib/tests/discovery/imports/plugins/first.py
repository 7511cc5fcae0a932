import pytest


@pytest.fixture(params=["f1", "f2"])
def first_fixture(request): pass


@pytest.fixture(params=["old"])
def overridden(request): pass
