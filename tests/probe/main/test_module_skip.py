import pytest

#: skip of a module (file)
pytest.skip("whole module", allow_module_level=True)


def test_never():
    raise AssertionError
