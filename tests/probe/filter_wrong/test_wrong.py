import pytest


def test_before():
    pass


#: filterwarnings mark that is wrong
@pytest.mark.filterwarnings("nonsense:::::")
def test_wrong():
    pass
