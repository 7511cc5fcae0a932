from lib.money import pay


def total(*amounts):
    return sum(pay(amount) for amount in amounts)
