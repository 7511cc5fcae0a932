import pytest


@pytest.mark.parametrize("nothing", [1])
def test_no_such_argument(): pass
