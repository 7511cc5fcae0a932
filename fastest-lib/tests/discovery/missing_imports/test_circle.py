import pkg.circle_a
from pkg import circle_b


def test_one(): pass
