import pytest


@pytest.fixture(scope="module", params=["m1", "m2"])
def module_wide(request):
    return request.param


@pytest.fixture(scope="class", params=["c1", "c2"])
def class_wide(request):
    return request.param


@pytest.fixture(params=["f1", "f2"])
def narrow(request):
    return request.param


def test_plain_first(): pass
def test_module(module_wide): pass
def test_plain(): pass
def test_narrow(narrow): pass
def test_module_narrow(narrow, module_wide): pass
def test_session(session_wide): pass
def test_all(narrow, class_wide, module_wide, session_wide): pass


class TestC:
    def test_class(self, class_wide): pass
    def test_class_again(self, class_wide, narrow): pass
    def test_class_module(self, class_wide, module_wide): pass


@pytest.mark.parametrize("arg", [1, 2], scope="module")
def test_direct(arg): pass


@pytest.mark.parametrize("arg", [2, 1, 3], scope="module")
def test_direct_again(arg): pass


@pytest.mark.parametrize("arg", [[1], [2]], scope="class")
def test_unhashable(arg): pass


@pytest.mark.parametrize("module_wide", [1, "m1"], indirect=True)
def test_indirect(module_wide): pass
