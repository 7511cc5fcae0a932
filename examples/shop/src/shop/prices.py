"""Prices are whole cents: floats lose money."""


def parse_price(text: str) -> int:
    """The cents that a price such as ``"12.50"`` stands for."""
    units, _, cents = text.partition(".")
    return int(units) * 100 + int(cents.ljust(2, "0") or 0)


def with_discount(price: int, percent: int) -> int:
    """The price less a discount, rounded in the shop's favour."""
    if not 0 <= percent <= 100:
        raise ValueError(f"a discount is between 0 and 100 percent, not {percent}")
    return price - price * percent // 100
