from pathlib import Path

from invoices.invoice import invoice
from shop.cart import Cart


def test_two_euros_in_kronor():
    cart = Cart()
    cart.add(2.0)
    expected = Path(__file__).parent / "data" / "two.txt"
    assert invoice(cart, "SEK") == expected.read_text(encoding="utf-8")
