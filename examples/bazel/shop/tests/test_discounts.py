from shop.discounts import sample


def test_three_for_half():
    assert sample().total() == 3.0
