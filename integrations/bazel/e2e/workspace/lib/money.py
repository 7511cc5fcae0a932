from pathlib import Path

RATE = int(Path(__file__).with_name("rates.txt").read_text())


def pay(amount):
    if amount < 0:
        raise ValueError(amount)
    return amount * RATE
