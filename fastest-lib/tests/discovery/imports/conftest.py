import pytest

from pkg.fixtures import uses

pytest_plugins = ["plugins.first", "plugins.second"]


@pytest.fixture
def own(first_fixture): pass


@pytest.fixture
def parametrized(): pass
