#: cache
def test_cache(pytestconfig):
    cache = getattr(pytestconfig, "cache", None)
    assert cache is None or cache.get("probe/none", 7) == 7
