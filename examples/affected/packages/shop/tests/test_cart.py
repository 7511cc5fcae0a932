from shop.cart import total


def test_total(prices, currency):
    assert total(prices, currency) == 3
