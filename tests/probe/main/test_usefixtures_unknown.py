import pytest


#: usefixtures of an unknown fixture
@pytest.mark.usefixtures("unknown")
def test_usefixtures_unknown():
    pass
