"""A shopping cart."""

from shop.cart import Cart, EmptyCart
from shop.prices import parse_price, with_discount

__all__ = ["Cart", "EmptyCart", "parse_price", "with_discount"]
