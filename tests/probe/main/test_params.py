import enum

import pytest


class Color(enum.Enum):
    RED = 1


def function():
    pass


class Thing:
    pass


#: parametrize with one name
@pytest.mark.parametrize("n", [1, 2])
def test_one(n):
    assert n


#: parametrize with names in one string
@pytest.mark.parametrize("a, b", [(1, 2), (3, 4)])
def test_string(a, b):
    assert a < b


#: parametrize with a tuple of names
@pytest.mark.parametrize(("a", "b"), [(1, 2)])
def test_tuple(a, b):
    assert a < b


#: stacked parametrize
@pytest.mark.parametrize("a", [1, 2])
@pytest.mark.parametrize("b", "xy")
def test_stacked(a, b):
    assert a and b


#: parametrize of a class
@pytest.mark.parametrize("n", [1, 2])
class TestClass:
    def test_one(self, n):
        assert n

    #: parametrize of a class and of its method
    @pytest.mark.parametrize("m", [3])
    def test_two(self, n, m):
        assert n < m


#: ids of plain values
@pytest.mark.parametrize(
    "value", [1, 1.5, True, None, "text", b"bytes", 1j, -0.0, float("inf"), "", "a b", "ä", "\n", "a::b"]
)
def test_values(value):
    pass


#: ids of objects
@pytest.mark.parametrize("value", [Color.RED, function, Thing, Thing(), [1], {}, (), pytest, ...])
def test_objects(value):
    pass


#: ids of equal values
@pytest.mark.parametrize("value", [1, 1, "1", "a", "a", "a0"])
def test_duplicates(value):
    pass


#: ids given as a list
@pytest.mark.parametrize("value", [1, 2, 3], ids=["one", "two", None])
def test_ids_list(value):
    pass


#: ids given as numbers
@pytest.mark.parametrize("value", [1, 2, 3], ids=[10, 2.5, True])
def test_ids_numbers(value):
    pass


#: ids given as a function
@pytest.mark.parametrize("value", [1, 2], ids=lambda value: f"v{value}")
def test_ids_function(value):
    pass


#: ids function that returns None
@pytest.mark.parametrize("a, b", [(1, "x"), (2, "y")], ids=lambda v: "n" if v == 1 else None)
def test_ids_function_none(a, b):
    pass


#: ids given as a generator
@pytest.mark.parametrize("value", [1, 2], ids=(f"g{n}" for n in range(2)))
def test_ids_generator(value):
    pass


#: id of pytest.param
@pytest.mark.parametrize("value", [pytest.param(1, id="first"), pytest.param(2)])
def test_param_id(value):
    pass


#: marks of pytest.param
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1, marks=pytest.mark.skip(reason="param")),
        pytest.param(2, marks=pytest.mark.xfail(reason="param")),
        pytest.param(3, marks=[pytest.mark.fast, pytest.mark.xfail(strict=True)]),
        4,
    ],
)
def test_param_marks(value):
    assert value != 2


#: parametrize without values
@pytest.mark.parametrize("value", [])
def test_empty(value):
    raise AssertionError


#: parametrize from a generator
@pytest.mark.parametrize("value", (n for n in range(3)))
def test_generator(value):
    assert value < 3


@pytest.fixture
def doubled(request):
    return request.param * 2


#: indirect parametrize
@pytest.mark.parametrize("doubled", [1, 2], indirect=True)
def test_indirect(doubled):
    assert doubled in (2, 4)


#: indirect for some names
@pytest.mark.parametrize("doubled, n", [(1, 2), (3, 6)], indirect=["doubled"])
def test_indirect_list(doubled, n):
    assert doubled == n


#: scope given to parametrize
@pytest.mark.parametrize("value", [1, 2], scope="module")
def test_scope_one(value):
    pass


@pytest.mark.parametrize("value", [1, 2], scope="module")
def test_scope_two(value):
    pass


@pytest.fixture(params=[1, 2])
def parametrized(request):
    return request.param


#: fixture with params
def test_fixture_params(parametrized):
    assert parametrized in (1, 2)


@pytest.fixture(params=["a", "b"], ids=["first", "second"])
def with_ids(request):
    return request.param


#: fixture with params and ids
def test_fixture_ids(with_ids):
    pass


@pytest.fixture(params=[1, 2], ids=lambda value: f"id{value}")
def with_ids_function(request):
    return request.param


#: fixture with params and a function for ids
def test_fixture_ids_function(with_ids_function):
    pass


@pytest.fixture(params=[1, pytest.param(2, marks=pytest.mark.skip(reason="param"))])
def with_marks(request):
    return request.param


#: fixture with marked params
def test_fixture_marks(with_marks):
    assert with_marks == 1


#: product of two fixtures with params
def test_product(parametrized, with_ids):
    pass


@pytest.fixture
def above(parametrized):
    return parametrized + 1


#: params of a fixture behind another
def test_behind(above):
    assert above in (2, 3)


#: fixture with params of a conftest
def test_conftest_params(root_param):
    assert root_param in "pq"


#: fixture with params overridden by direct parametrize
@pytest.mark.parametrize("parametrized", [7])
def test_overridden(parametrized):
    assert parametrized == 7


#: indirect to a fixture with params
@pytest.mark.parametrize("parametrized", [8, 9], indirect=True)
def test_indirect_params(parametrized):
    assert parametrized in (8, 9)


@pytest.fixture(params=[])
def without_params(request):
    raise AssertionError


#: fixture with empty params
def test_without_params(without_params):
    raise AssertionError


@pytest.fixture
def needs_param(request):
    return request.param


#: request.param without a parameter
def test_needs_param(needs_param):
    pass


#: parametrize of a fixture used by mark only
@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("doubled", [1], indirect=True)
def test_usefixtures_indirect():
    pass


#: mutable parameter shared between tests
@pytest.mark.parametrize("items", [[]])
@pytest.mark.parametrize("n", [1, 2])
def test_mutable(items, n):
    items.append(n)
    assert len(items) == n
