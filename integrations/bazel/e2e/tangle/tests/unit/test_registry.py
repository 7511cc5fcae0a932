from core.registry import load


def test_load(urls):
    assert load(urls).PATHS
