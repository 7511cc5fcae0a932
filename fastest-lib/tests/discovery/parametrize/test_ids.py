import re
import math
import pytest
from pytest import mark, param

VALUES = [1, 2]
MORE = VALUES + [3]
PAIRS = [("a", 1), ("b", 2)]
ONE = "one"
GROWN = [1]
GROWN.append(2)
SKIPPED = pytest.mark.skip(reason="no")
CASE = pytest.param(9, id="nine")


def function():
    pass


class Thing:
    pass


@pytest.mark.parametrize("v", [
    0, -1, 10_000, 0x1F, 0o17, 0b11, 1.0, 1.5, -0.0, 1e3, 1e16, 1e15, 123456789012345678.0, 1e-4, 1e-5, 1.1e-7, 2.5e300,
    True, False, None, "text", "", "with space", "a-b", "tab\there", "new\nline", "cr\r", "nul\0", "\x7f", "back\\slash",
    'quote"', "é", "ü\u1234", "\U0001f600", r"raw\n", "im" "plicit", u"u", b"bytes", b"\x00\xff\\", rb"\x", b"\ttab",
    (1, 2), [1], {"a": 1}, {1}, {}, [x for x in range(2)], ..., int, ValueError, function, Thing, Thing(), object(), ValueError("x"),
    lambda: 0, len, re.compile("a.c"), float("inf"), float("nan"), float("-inf"), math.inf, NotImplemented, 2 ** 10, 3 * "ab",
    "\101\x41", '''triple''', "a\
b", +1, ~1, 60 * 60, "a" + "b",
])
def test_values(v):
    pass


@mark.parametrize("a", [1, 1, 1])
def test_duplicates(a): pass
@mark.parametrize("a", ["x", "x", "x0"])
def test_duplicates_taken(a): pass
@mark.parametrize("a", ["", ""])
def test_duplicates_empty(a): pass
@mark.parametrize("a", ["é", "é"])
def test_duplicates_escaped(a): pass
@mark.parametrize("a, b", PAIRS)
def test_pairs(a, b): pass
@mark.parametrize(["a", "b"], [(1, [2]), [3, (4,)], param(5, 6, id="named"), param(7, 8, marks=mark.xfail)])
def test_lists(a, b): pass
@mark.parametrize(("a",), [(1,), (2,)])
def test_tuple_of_one(a): pass
@mark.parametrize("a,", [(1,), (2,)])
def test_trailing_comma(a): pass
@mark.parametrize("a", [(1, 2), (3, 4)])
def test_tuples_as_values(a): pass
@mark.parametrize("a", [])
def test_empty(a): pass
@mark.parametrize("a, b", [])
@mark.parametrize("c", [1, 2])
def test_empty_pair(a, b, c): pass
@mark.parametrize("a", [1, 2], ids=["one", None])
def test_ids(a): pass
@mark.parametrize("a", [1, 2, 3], ids=[10, 2.5, True])
def test_odd_ids(a): pass
@mark.parametrize("a", [1, 2], ids=("same", "same"))
def test_same_ids(a): pass
@mark.parametrize("a, b", [(1, 2), param(3, 4, id="p")], ids=["x", "y"])
def test_param_id_wins(a, b): pass
@mark.parametrize("a", range(3))
def test_range(a): pass
@mark.parametrize("a", range(1, 10, 4))
def test_range_steps(a): pass
@mark.parametrize("a", list(range(2)) + [7])
def test_sum(a): pass
@mark.parametrize("a", [*VALUES, 5])
def test_starred(a): pass
@mark.parametrize("a", MORE)
def test_constant(a): pass
@mark.parametrize("a", [ONE, CASE])
def test_names(a): pass
@mark.parametrize("a", GROWN)
def test_grown(a): pass
@mark.parametrize("x", [1, 2])
@mark.parametrize("y", ["a", "b"])
@mark.parametrize("z", [None])
def test_stacked(x, y, z): pass
@mark.parametrize(argnames="a", argvalues=[1])
def test_by_keyword(a): pass
@mark.parametrize("a", [1, param(2, id=pytest.HIDDEN_PARAM)])
def test_hidden(a): pass
@mark.parametrize("a", [param(1, marks=[SKIPPED, mark.slow]), 2])
@SKIPPED
def test_marks(a): pass
@mark.parametrize("a", [1, 2], ids=str)
def test_callable_ids(a): pass
@mark.parametrize("a", [function()])
def test_computed(a): pass
@mark.parametrize("a, b", [(function(), 1)], ids=["fine"])
def test_computed_with_ids(a, b): pass
@mark.parametrize("a", ["x" * 101])
def test_long(a): pass
@mark.parametrize("a", ["x" * 100])
def test_not_so_long(a): pass
@mark.parametrize("a", [1], ids=["[x]::y"])
def test_brackets(a): pass
