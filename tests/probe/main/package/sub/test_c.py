#: package fixture in a package below
def test_counted(counted):
    assert counted == 1
