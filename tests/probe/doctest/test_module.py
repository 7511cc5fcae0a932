#: tests of a module beside its doctests
def test_plain():
    """
    >>> 2 * 3
    6
    """
