from .circle_b import *
def test_a(): pass
A = [1]
