"""A module.

>>> 1 + 1
2
"""


#: doctest of a function
def doubled(value):
    """Twice the value.

    >>> doubled(2)
    4
    >>> doubled("ab")
    'abab'
    """
    return value * 2


#: doctest that fails
def wrong():
    """Fails.

    >>> 1 + 1
    3
    """


#: doctest with ELLIPSIS of the ini file
def ellipsis():
    """Passes.

    >>> list(range(20))
    [0, 1, ..., 19]
    """


#: doctest of a class and its methods
class Thing:
    """A thing.

    >>> Thing().value
    3
    """

    value = 3

    def method(self):
        """
        >>> Thing().method()
        >>> Thing().value
        4
        """


#: doctest with SKIP
def skipped():
    """Skipped.

    >>> 1 / 0  # doctest: +SKIP
    3
    """


#: doctest with names of doctest_namespace
def names():
    """Passes.

    >>> answer
    42
    """


#: doctest of an exception
def raising():
    """Passes.

    >>> 1 / 0
    Traceback (most recent call last):
    ZeroDivisionError: division by zero
    """


#: doctest with NUMBER
def number():
    """Passes.

    >>> 3.14159  # doctest: +NUMBER
    3.14
    """


#: doctest with getfixture
def fixture():
    """Passes.

    >>> getfixture("tmp_path").is_dir()
    True
    """
