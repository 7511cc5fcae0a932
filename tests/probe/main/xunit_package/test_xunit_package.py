from . import CALLS


#: setup_module of a package
def test_package():
    assert CALLS == ["package"]
