"""The cart and its receipt."""

from __future__ import annotations

from pathlib import Path

from shop.prices import parse_price


class EmptyCart(Exception):
    """An empty cart cannot be paid."""


class Cart:
    def __init__(self) -> None:
        self._lines: list[tuple[str, int]] = []

    def add(self, name: str, price: str) -> None:
        self._lines.append((name, parse_price(price)))

    @property
    def total(self) -> int:
        return sum(cents for _, cents in self._lines)

    def pay(self, receipt: Path) -> int:
        """Write the receipt, empty the cart and return what was paid."""
        if not self._lines:
            raise EmptyCart("nothing to pay")
        paid = self.total
        receipt.write_text("".join(f"{name}: {cents}\n" for name, cents in self._lines))
        self._lines.clear()
        return paid
