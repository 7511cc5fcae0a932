from pkg.middle import VALUE
def test_one(): pass
