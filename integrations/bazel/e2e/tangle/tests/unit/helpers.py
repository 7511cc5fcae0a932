def same(one, other):
    assert one == other
