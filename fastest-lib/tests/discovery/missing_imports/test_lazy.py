from pkg.lazy import anything, other
from pkg import lazy
import pkg.lazy
def test_one(): pass
