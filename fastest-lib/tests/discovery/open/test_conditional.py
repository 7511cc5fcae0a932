import sys
import pytest

if sys.version_info > (3,):
    def test_new(): pass
else:
    def test_old(): pass

try:
    import does_not_exist
except ImportError:
    def test_fallback(): pass

for name in ["a", "b"]:
    def test_in_loop(): pass

if sys.version_info > (3,):
    class TestIf:
        def test_in(self): pass


def test_always(): pass


@pytest.mark.parametrize("x", sorted({3: 1}, key=str))
def test_computed(x): pass
