from .circle_b import A
A = 1
