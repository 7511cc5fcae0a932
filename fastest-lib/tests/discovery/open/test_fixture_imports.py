from helpers import imported_fixture


def test_with(imported_fixture): pass
def test_without(): pass
