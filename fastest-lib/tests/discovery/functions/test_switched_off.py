__test__ = False


def test_not_collected():
    pass
