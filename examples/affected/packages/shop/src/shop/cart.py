from money.convert import convert


def total(prices, currency):
    return convert(sum(prices), currency)
