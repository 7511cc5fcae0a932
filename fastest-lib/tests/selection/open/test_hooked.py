from helpers import *


def test_own(): pass
