import pytest


#: parametrize of an unknown name (file)
@pytest.mark.parametrize("unknown", [1])
def test_unknown():
    pass
