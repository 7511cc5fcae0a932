import sys

import pytest
from shop import Cart, EmptyCart


@pytest.fixture
def receipt(tmp_path):
    yield tmp_path / "receipt.txt"


def test_total_adds_up(cart):
    assert cart.total == 845


class TestPaying:
    def test_writes_a_receipt(self, cart, receipt):
        assert cart.pay(receipt) == 845
        assert receipt.read_text().splitlines() == ["apple: 50", "coffee: 795"]

    def test_empties_the_cart(self, cart, receipt):
        cart.pay(receipt)
        assert cart.total == 0

    def test_needs_something_to_pay(self, receipt):
        with pytest.raises(EmptyCart, match="nothing to pay"):
            Cart().pay(receipt)
        assert not receipt.exists()


@pytest.mark.skipif(sys.platform != "win32", reason="receipts open in Notepad on Windows only")
def test_receipt_opens_in_notepad(cart, receipt):
    cart.pay(receipt)
    assert receipt.read_bytes().count(b"\r\n") == 2
