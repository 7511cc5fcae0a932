import pytest

ORDER = []


@pytest.fixture(scope="module", params=["m1", "m2"])
def module_param(request):
    ORDER.append(request.param)
    yield request.param
    ORDER.append(f"-{request.param}")


@pytest.fixture(scope="class", params=["c1", "c2"])
def class_param(request):
    return request.param


@pytest.fixture(params=["f1", "f2"])
def function_param(request):
    return request.param


#: tests grouped by a module fixture's parameter
def test_one(module_param):
    pass


def test_two(module_param):
    pass


#: groups of modules hold functions with own parameters
def test_three(function_param, module_param):
    pass


#: tests without the fixture keep their place
def test_plain():
    pass


#: tests grouped by a class fixture's parameter
class TestGroup:
    def test_a(self, class_param):
        pass

    def test_b(self, class_param):
        pass

    #: two levels of grouping
    def test_c(self, class_param, module_param):
        pass


#: each parameter of a module fixture is set up once
def test_order():
    assert ORDER.count("m1") == 1
