from core import a

SUFFIX = "b"


def whole():
    return a.name()
