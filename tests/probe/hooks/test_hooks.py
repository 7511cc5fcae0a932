import pytest


#: pytest_collection_modifyitems that sorts
def test_last():
    pass


#: pytest_collection_modifyitems that marks
@pytest.mark.slow
def test_slow():
    raise AssertionError


#: pytest_addoption in a conftest
def test_option(option):
    assert option is False


#: pytest_configure in a conftest
@pytest.mark.added
def test_configure(request):
    assert request.config.probe == "configured"
    assert request.config.getini("probe_setting") == "unset"


#: pytest_runtest_setup in a conftest
def test_setup_hook():
    raise AssertionError


#: pytest_runtest_makereport in a conftest
def test_report_hook():
    raise AssertionError


#: pytest_itemcollected in a conftest
def test_renamed(request):
    assert "renamed" in request.keywords


#: pytest_make_parametrize_id in a conftest
@pytest.mark.parametrize("n", [1, "x"])
def test_id_hook(n):
    pass


#: pytest_pycollect_makeitem in a conftest
def check_made():
    pass


#: pytest_assertrepr_compare in a conftest
def test_compare_hook():
    assert 1j == 2j
