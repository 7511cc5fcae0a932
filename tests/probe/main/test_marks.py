import os
import sys

import pytest

FLAG = True


#: skip
@pytest.mark.skip
def test_skip():
    raise AssertionError


#: skip with a reason
@pytest.mark.skip(reason="why")
def test_skip_reason():
    raise AssertionError


#: skip with a positional reason
@pytest.mark.skip("why")
def test_skip_positional():
    raise AssertionError


#: skipif with a bool
@pytest.mark.skipif(sys.version_info > (3,), reason="new")
def test_skipif():
    raise AssertionError


#: skipif with a bool that is false
@pytest.mark.skipif(False, reason="no")
def test_skipif_false():
    pass


#: skipif with a string
@pytest.mark.skipif("sys.version_info > (3,)")
def test_skipif_string():
    raise AssertionError


#: skipif with a string over the module's globals
@pytest.mark.skipif("not FLAG or os.sep == ':'")
def test_skipif_globals():
    assert os


#: skipif with a string that raises
@pytest.mark.skipif("undefined_name")
def test_skipif_broken():
    pass


#: skipif with a string that does not parse
@pytest.mark.skipif("1 +")
def test_skipif_syntax():
    pass


#: skipif with a bool and without a reason
@pytest.mark.skipif(True)
def test_skipif_no_reason():
    pass


#: several skipifs
@pytest.mark.skipif(False, reason="no")
@pytest.mark.skipif(True, reason="yes")
def test_skipif_several():
    raise AssertionError


#: skipif with several conditions
@pytest.mark.skipif("False", "True", reason="one of them")
def test_skipif_conditions():
    raise AssertionError


#: skip called in a test
def test_skip_call():
    pytest.skip("now")


#: importorskip in a test
def test_importorskip():
    pytest.importorskip("no_such_module_at_all")


#: xfail that fails
@pytest.mark.xfail
def test_xfail():
    raise AssertionError


#: xfail that passes
@pytest.mark.xfail(reason="known")
def test_xpass():
    pass


#: strict xfail that passes
@pytest.mark.xfail(strict=True, reason="strict")
def test_xpass_strict():
    pass


#: xfail with a condition
@pytest.mark.xfail(sys.version_info > (3,), reason="new")
def test_xfail_condition():
    raise AssertionError


#: xfail with a condition that is false
@pytest.mark.xfail(False, reason="no")
def test_xfail_condition_false():
    raise AssertionError


#: xfail with a string
@pytest.mark.xfail("FLAG")
def test_xfail_string():
    raise AssertionError


#: xfail with a bool and without a reason
@pytest.mark.xfail(True)
def test_xfail_no_reason():
    raise AssertionError


#: xfail with raises that matches
@pytest.mark.xfail(raises=ZeroDivisionError)
def test_xfail_raises():
    1 / 0


#: xfail with raises that does not match
@pytest.mark.xfail(raises=ZeroDivisionError)
def test_xfail_raises_other():
    raise ValueError


#: xfail with raises of several classes
@pytest.mark.xfail(raises=(KeyError, ValueError))
def test_xfail_raises_tuple():
    raise ValueError


#: xfail that does not run
@pytest.mark.xfail(run=False, reason="hangs")
def test_xfail_norun():
    os._exit(3)


#: xfail called in a test
def test_xfail_call():
    pytest.xfail("now")


#: xfail called under an xfail mark with raises
@pytest.mark.xfail(raises=ValueError)
def test_xfail_call_raises():
    pytest.xfail("now")


@pytest.fixture
def broken():
    raise ValueError


@pytest.fixture
def breaks_later():
    yield
    raise ValueError


#: xfail with a broken setup
@pytest.mark.xfail
def test_xfail_setup(broken):
    pass


#: xfail with a broken teardown
@pytest.mark.xfail
def test_xfail_teardown(breaks_later):
    raise AssertionError


#: skip under xfail
@pytest.mark.xfail
def test_xfail_skip():
    pytest.skip("now")


#: fail called in a test
def test_fail():
    pytest.fail("now")


#: fail without a traceback
def test_fail_no_trace():
    pytest.fail("now", pytrace=False)


#: marks of a class
@pytest.mark.skip(reason="class")
class TestSkipped:
    def test_never(self):
        raise AssertionError


#: xfail of a class
@pytest.mark.xfail(reason="class")
class TestExpected:
    def test_fails(self):
        raise AssertionError

    def test_passes(self):
        pass


class TestPytestmark:
    pytestmark = [pytest.mark.xfail(reason="attribute")]

    #: pytestmark of a class
    def test_fails(self):
        raise AssertionError


class Marked:
    pytestmark = pytest.mark.level(1)


@pytest.mark.level(2)
class TestInheritedMarks(Marked):
    #: marks inherited from a base class
    @pytest.mark.level(3)
    def test_levels(self, request):
        assert sorted(m.args[0] for m in request.node.iter_markers("level")) == [1, 2, 3]
        assert request.node.get_closest_marker("level").args == (3,)


used = []


@pytest.fixture
def is_used():
    used.append(1)


#: usefixtures
@pytest.mark.usefixtures("is_used")
def test_usefixtures():
    assert used == [1]


#: usefixtures of a class
@pytest.mark.usefixtures("is_used")
class TestUsefixtures:
    def test_used(self):
        assert len(used) == 2


#: custom mark
@pytest.mark.fast
def test_custom():
    pass


#: unknown mark
@pytest.mark.unregistered_mark
def test_unknown_mark():
    pass


#: mark with keyword arguments
@pytest.mark.level(n=4)
def test_mark_kwargs(request):
    assert request.node.get_closest_marker("level").kwargs == {"n": 4}


marked = pytest.mark.skipif(True, reason="stored")


#: mark kept in a variable
@marked
def test_stored_mark():
    raise AssertionError
