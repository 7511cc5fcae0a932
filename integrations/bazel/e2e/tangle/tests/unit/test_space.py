from space.deep.module import DEEP


def test_deep():
    assert DEEP == 1
