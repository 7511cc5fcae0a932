import pytest


def test_before():
    pass


#: filterwarnings mark that is wrong (file)
@pytest.mark.filterwarnings("nonsense:::::")
def test_wrong():
    pass
