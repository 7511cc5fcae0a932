from money.rates import rates


def convert(amount, currency):
    return round(amount * rates()[currency], 2)
