import pytest


class Shared:
    value = None

    @pytest.fixture
    def doubled(self):
        return self.value * 2

    def test_doubled(self, doubled):
        assert doubled == 2 * self.value
