def test_auto(events):
    assert events == ["up"]
