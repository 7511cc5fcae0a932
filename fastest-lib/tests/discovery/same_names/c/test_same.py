import pytest

pytest.importorskip("sys")


def test_one(): pass
