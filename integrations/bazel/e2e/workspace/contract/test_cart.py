import pytest
from lib.cart import total


class TestCart:
    def test_empty(self):
        assert total() == 0

    @pytest.mark.of_config
    def test_fixtures(self, from_package):
        assert from_package == "root/package"


def test_total():
    assert total(1, 2) == 6
