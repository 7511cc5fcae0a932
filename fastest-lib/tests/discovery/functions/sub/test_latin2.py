# coding: latin-1
import pytest
@pytest.mark.parametrize("x", ["é"])
def test_l(x): pass
