from lib.hidden import SECRET


def test_secret():
    assert SECRET
