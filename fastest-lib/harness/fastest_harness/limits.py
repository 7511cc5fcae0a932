"""The mark ``timeout``, with the arguments that pytest-timeout gives it.

Its value goes to the dispatcher, which kills the worker when time is up.  ``method`` and
``disable_debugger_detection`` have no effect there.
"""

_ARGUMENTS = ("timeout", "method", "func_only", "disable_debugger_detection")


def arguments(mark):
    """The arguments by name, with the seconds as a number; `ValueError` for any that are wrong."""
    if len(mark.args) > len(_ARGUMENTS):
        raise ValueError("the mark timeout has too many arguments")
    given = dict(zip(_ARGUMENTS, mark.args))
    for name, value in mark.kwargs.items():
        if name not in _ARGUMENTS or name in given:
            raise ValueError(f"the mark timeout does not take {name}")
        given[name] = value
    if not given:
        raise ValueError("the mark timeout has no argument")
    seconds = given.get("timeout")
    if seconds is not None:
        try:
            given["timeout"] = float(seconds)
        except (TypeError, ValueError):
            raise ValueError(f"the mark timeout does not take {seconds!r}") from None
    return given


def seconds(item):
    """How long ``item`` may take by its marks: 0 for any time, None without a word of it."""
    for mark in item.iter_markers("timeout"):
        value = arguments(mark).get("timeout")
        if value is not None:
            return value
    return None
