from core import b


def name():
    return "a" + b.SUFFIX
