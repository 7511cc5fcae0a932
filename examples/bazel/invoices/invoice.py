from pathlib import Path

TEMPLATE = Path(__file__).parent / "templates" / "invoice.txt"


def invoice(cart, currency):
    text = TEMPLATE.read_text(encoding="utf-8")
    return text.format(due=f"{cart.total(currency):.2f}", currency=currency)
