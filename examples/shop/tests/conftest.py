import pytest
from shop import Cart


@pytest.fixture(scope="session")
def catalogue():
    return {"apple": "0.50", "bread": "2.40", "coffee": "7.95"}


@pytest.fixture
def cart(catalogue):
    cart = Cart()
    cart.add("apple", catalogue["apple"])
    cart.add("coffee", catalogue["coffee"])
    return cart
