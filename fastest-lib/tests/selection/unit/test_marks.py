import pytest

pytestmark = pytest.mark.module_mark


@pytest.mark.slow
def test_slow(): pass


@pytest.mark.device(serial="abc", count=1)
@pytest.mark.device(serial="def")
def test_device(): pass


@pytest.mark.device(serial=None, count=True)
def test_other_device(): pass


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, id="Three")])
def test_numbers(n): pass


test_slow.owner_alice = True


class TestGroup:
    @pytest.mark.parametrize("n", ["a", "b"])
    def test_letters(self, n): pass

    def test_plain(self): pass

    class TestInner:
        @pytest.mark.skip
        def test_deep(self): pass
