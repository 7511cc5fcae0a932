def test_name():
    assert __name__ == "two.test_same"
