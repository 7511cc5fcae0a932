def idle(amount):
    return amount
