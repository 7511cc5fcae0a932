import itertools

import pytest

import pkg.constants as c
from ns.deep import tests_of_ns
from ns.deep.tests_of_ns import VALUES, test_in_namespace
from pkg import CASES, PAIRS, TABLE
from pkg.constants import _PRIVATE, HIDDEN
from pkg.values import CASE_LIST, Auto, Case, Color, Failure, Fruit, Numbered, Odd, Plain, Row, Text, function


@pytest.mark.parametrize("x", CASES)
def test_cases(x): pass


@pytest.mark.parametrize("x, y", PAIRS)
def test_pairs(x, y): pass


@pytest.mark.parametrize("x", TABLE)
def test_keys(x): pass


@pytest.mark.parametrize("k, v", TABLE.items())
def test_items(k, v): pass


@pytest.mark.parametrize("v", TABLE.values(), ids=list(TABLE))
def test_values(v): pass


@pytest.mark.parametrize("x", c.HIDDEN + list(_PRIVATE))
def test_sum(x): pass


@pytest.mark.parametrize("x", tests_of_ns.VALUES)
@pytest.mark.parametrize("y", [*VALUES, *HIDDEN])
def test_namespace(x, y): pass


@pytest.mark.parametrize("x", [Fruit.APPLE, Fruit.POMME, Fruit.PEAR])
def test_members(x): pass


@pytest.mark.parametrize("x", Fruit)
def test_enum(x): pass


@pytest.mark.parametrize("x", list(Auto) + [Fruit.APPLE.value, Fruit.POMME.name])
def test_auto(x): pass


@pytest.mark.parametrize("x", Text)
def test_text(x): pass


@pytest.mark.parametrize("x", [Case("a"), Plain(), Row(1), Failure(), Failure, function, Case])
def test_objects(x): pass


@pytest.mark.parametrize("x", CASE_LIST)
def test_case_list(x): pass


@pytest.mark.parametrize("x, y", itertools.product([1, 2], "ab"))
def test_product(x, y): pass


@pytest.mark.parametrize("x, y", zip([1, 2, 3], ["a", "b"]))
def test_zip(x, y): pass


@pytest.mark.parametrize("i, x", enumerate(CASES, 1))
def test_enumerate(i, x): pass


@pytest.mark.parametrize("x", sorted(["b", "a"]) + list(reversed([1, 2])) + [0] * 2)
def test_sorted(x): pass


@pytest.mark.parametrize("x", [pytest.param(*p, id=i) for p, i in []])
def test_computed(x): pass


@pytest.mark.parametrize("x", [Numbered.ONE])
def test_numbered(x): pass


@pytest.mark.parametrize("x", [Odd.A, Color.RED])
def test_odd(x): pass


CASES_HERE = [1]
CASES_HERE.append(2)


@pytest.mark.parametrize("x", CASES_HERE)
def test_changed(x): pass


@pytest.mark.parametrize("x", {"a": 1, "b": 2, **TABLE, "a": 3})
def test_merged(x): pass


@pytest.mark.parametrize(("x", "y"), [pytest.param(*PAIRS[0]), (1, 2)])
def test_subscript(x, y): pass


@pytest.mark.parametrize("x", [1 << 4, 7 // 2, 7 % 4, -7 // 2, 6 | 1, b"a" + b"b", len(CASES), str(5)])
def test_arithmetic(x): pass


class TestConstants:
    VALUES = [1, 2]

    @pytest.mark.parametrize("x", VALUES)
    def test_in_class(self, x): pass


@pytest.mark.parametrize("x", TestConstants.VALUES)
def test_of_class(x): pass
