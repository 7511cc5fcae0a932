from . import circle_a
A = 1
