# needs: pytest>=9.0
#: subtests that pass
def test_passes(subtests):
    for n in range(3):
        with subtests.test(n=n):
            assert n < 3


#: subtests that fail
def test_fails(subtests):
    for n in range(3):
        with subtests.test("odd", n=n):
            assert n % 2 == 0


#: subtests that skip and expect
def test_skips(subtests):
    import pytest

    with subtests.test("skips"):
        pytest.skip("now")
    with subtests.test("expects"):
        pytest.xfail("now")


#: failure beside subtests
def test_fails_besides(subtests):
    with subtests.test():
        raise ValueError
    raise KeyError
