from money.rates import rates


def convert(amount, source, target):
    known = rates()
    return amount / known[source] * known[target]
