import pytest


#: parametrize with the wrong number of values (file)
@pytest.mark.parametrize("a, b", [(1, 2), (3,)])
def test_count(a, b):
    pass
