import pytest


@pytest.mark.parametrize("n", sorted([1, 2]))
def test_computed(n): pass


def test_plain(): pass
