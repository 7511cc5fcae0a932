from lib.money import pay


def test_passes():
    assert pay(1) == 2


def test_fails():
    print("said before")
    assert pay(1) == 3


def test_fails_too():
    raise ValueError("too")
