import pytest


@pytest.fixture(params=["new1", "new2"])
def overridden(request): pass


@pytest.fixture(params=[1, 2], autouse=True)
def everywhere(request): pass


def pytest_report_header(): return "second"
