from money.convert import convert


def test_euros_stay(currency):
    assert convert(3, currency) == 3


def test_kronor():
    assert convert(2, "SEK") == 23
