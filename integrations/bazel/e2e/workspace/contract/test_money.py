import pytest
from lib.money import pay


def test_pay():
    assert pay(2) == 4


@pytest.mark.parametrize("amount", [1, 3])
def test_pay_each(amount):
    assert pay(amount) == 2 * amount
