def test_empty(cart, currency):
    assert cart.total(currency) == 0


def test_total(cart):
    cart.add(4.0)
    assert cart.total("SEK") == 44.0
