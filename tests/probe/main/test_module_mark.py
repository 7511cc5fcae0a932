import pytest

pytestmark = [pytest.mark.fast, pytest.mark.xfail(reason="module")]


#: pytestmark of a module
def test_fails(request):
    assert request.node.get_closest_marker("fast")
    raise AssertionError


#: pytestmark of a module and a test that passes
def test_passes():
    pass
