import pytest
from shop import parse_price, with_discount


@pytest.mark.parametrize(
    ("text", "cents"),
    [("3", 300), ("3.5", 350), ("3.05", 305), pytest.param("0.00", 0, id="free")],
)
def test_parse_price(text, cents):
    assert parse_price(text) == cents


@pytest.mark.parametrize("percent", [0, 10, 100])
@pytest.mark.parametrize("price", [100, 250])
def test_discount_lowers_the_price(price, percent):
    assert 0 <= with_discount(price, percent) <= price


@pytest.mark.parametrize("percent", [-1, 101])
def test_discount_is_a_percentage(percent):
    with pytest.raises(ValueError):
        with_discount(100, percent)


def test_every_price_of_the_catalogue_is_valid(catalogue):
    assert all(parse_price(price) > 0 for price in catalogue.values())


@pytest.mark.xfail(raises=ValueError, reason="thousands separators are not parsed yet")
def test_thousands_separator():
    assert parse_price("1,000.00") == 100_000
