import pytest

NAMES = ["module"]


class TestC:
    NAMES = ["class"]
    CASES = [("a", 1)]

    @pytest.mark.parametrize("n", NAMES)
    def test_own(self, n): pass

    @pytest.mark.parametrize("n, m", CASES)
    def test_cases(self, n, m): pass


@pytest.mark.parametrize("n", NAMES)
def test_module(n): pass
