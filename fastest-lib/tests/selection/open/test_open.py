import pytest


@pytest.mark.parametrize("n", sorted([1, 2], key=int))
def test_computed(n): pass


def test_plain(): pass
