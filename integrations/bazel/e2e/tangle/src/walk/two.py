from core import c

TWO = c
