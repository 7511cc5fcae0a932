from .circle_a import *
def test_b(): pass
B = [2]
