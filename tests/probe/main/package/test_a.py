from .base import Shared


#: package fixture shared by files
def test_counted(counted):
    assert counted == 1


#: tests inherited from a helper module
class TestOne(Shared):
    value = 1
