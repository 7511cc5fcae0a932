#: autouse fixture of package scope
def test_auto(events):
    assert events == ["up"]
