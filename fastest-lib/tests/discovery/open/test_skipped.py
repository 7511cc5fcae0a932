import pytest

pytest.importorskip("does_not_exist")


def test_never(): pass
