import walk


def test_all():
    assert walk.all_modules() == ["one", "two"]
