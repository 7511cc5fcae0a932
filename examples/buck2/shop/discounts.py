from shop import cart


def discount(bought):
    """The share of the price that a cart of that size is spared."""
    return 0.5 if len(bought.prices) > 2 else 0.0


def sample():
    """A cart that is discounted."""
    sampled = cart.Cart()
    for _ in range(3):
        sampled.add(2.0)
    return sampled
