from pathlib import Path


def test_beside():
    assert list(Path(__file__).parent.iterdir())
