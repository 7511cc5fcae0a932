import pytest
from apps.shop import settings


@pytest.fixture
def urls():
    return settings.URLS
