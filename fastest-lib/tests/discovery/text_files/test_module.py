def test_one():
    """
    >>> 1
    1
    """
