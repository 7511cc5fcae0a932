import pytest

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("m", [1, 2])]


@pytest.mark.parametrize("f", ["x"])
def test_function(m, f): pass


class TestC:
    pytestmark = pytest.mark.parametrize("c", [True])

    @pytest.mark.parametrize("f", ["y"])
    def test_method(self, m, c, f): pass
