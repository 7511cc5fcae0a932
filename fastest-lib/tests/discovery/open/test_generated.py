def pytest_generate_tests(metafunc):
    if "g" in metafunc.fixturenames:
        metafunc.parametrize("g", [1, 2])


def test_g(g): pass
def test_other(): pass
