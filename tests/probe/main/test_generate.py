import pytest


def pytest_generate_tests(metafunc):
    if "generated" in metafunc.fixturenames:
        metafunc.parametrize("generated", [1, 2], ids=["g1", "g2"])
    if "twice" in metafunc.fixturenames:
        metafunc.parametrize("twice", "ab", indirect=True)
    if metafunc.definition.get_closest_marker("level"):
        metafunc.parametrize("n", metafunc.definition.get_closest_marker("level").args)


@pytest.fixture
def twice(request):
    return request.param * 2


#: pytest_generate_tests in a module
def test_generated(generated):
    assert generated in (1, 2)


#: pytest_generate_tests with indirect
def test_twice(twice):
    assert twice in ("aa", "bb")


#: pytest_generate_tests that reads marks
@pytest.mark.level(3, 4)
def test_marked(n):
    assert n in (3, 4)


#: pytest_generate_tests beside parametrize
@pytest.mark.parametrize("m", [5])
def test_both(m, generated):
    assert m == 5


class TestInClass:
    def pytest_generate_tests(self, metafunc):
        for name, values in {"x": [1], "y": [2, 3]}.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)

    #: pytest_generate_tests in a class
    def test_class(self, x, y):
        assert x < y
