import pytest

#: importorskip of a module (file)
missing = pytest.importorskip("no_such_module_at_all")


def test_never():
    raise AssertionError
