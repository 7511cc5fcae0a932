from core.a import name
from helpers import same


def test_name():
    same(name(), "ab")


def test_shared(shared):
    same(shared, "ab")
