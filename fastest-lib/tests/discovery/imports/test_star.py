from pkg.base import *
from pkg.fixtures import *


def test_own(uses, renamed): pass
