#: module that does not parse (file)
def test_never(:
    pass
