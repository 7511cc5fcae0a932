import pytest


def test_first(): pass
def test_session(session_wide): pass
def test_last(): pass


@pytest.mark.parametrize("a", [[1], [2]], scope="module")
def test_unhashable(a): pass


@pytest.mark.parametrize("a", [[1], [2]], scope="module")
@pytest.mark.parametrize("b", [1, 2])
def test_unhashable_again(a, b): pass
