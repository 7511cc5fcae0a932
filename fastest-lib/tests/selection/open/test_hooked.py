globals().update({})


def test_own(): pass
