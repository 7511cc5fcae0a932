from shop.discounts import discounted


def test_summer():
    assert discounted(10, "summer") == 8


def test_nothing_is_free():
    assert discounted(1, "summer") > 0
