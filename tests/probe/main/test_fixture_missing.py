#: fixture missing
def test_missing(no_such_fixture):
    pass
