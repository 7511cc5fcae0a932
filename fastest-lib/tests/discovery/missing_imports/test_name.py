from pkg import no_such_name
def test_one(): pass
