import functools

import pytest

slow = pytest.mark.slow
needs_net = pytest.mark.skipif(False, reason="no net")


def keep(function):
    function.note = "kept"
    return function


def plain(function):
    return function


def wrapping(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def options(times):
    def outer(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for _ in range(times):
                function(*args, **kwargs)

        return wrapper

    return outer


def skip_if_no(name):
    return pytest.mark.skipif(not name, reason="no " + name)


def marked(function):
    return pytest.mark.slow(function)


def twice(function):
    return wrapping(function)


def replaced(function):
    def other(): pass

    return other


def rebound(function):
    function = pytest.mark.parametrize("x", [1])(lambda x: None)
    return function


def chosen(function):
    if function.__name__ == "x":
        return function
    return wrapping(function)


def parametrized(function):
    return pytest.mark.parametrize("x", [1, 2])(function)
