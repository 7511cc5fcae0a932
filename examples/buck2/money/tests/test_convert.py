import pytest
from money.convert import convert


def test_euros_stay(currency):
    assert convert(5.0, currency, "EUR") == 5.0


@pytest.mark.parametrize("euros, kronor", [(1.0, 11.0), (2.0, 22.0)])
def test_kronor(euros, kronor):
    assert convert(euros, "EUR", "SEK") == kronor
