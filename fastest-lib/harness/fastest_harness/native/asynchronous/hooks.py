"""Calling the hooks of pytest plugins without pluggy, and gathering their options."""

from __future__ import annotations

from ..errors import Unsupported

__tracebackhide__ = True


def call_through(hook, function, **arguments):
    """Call `function` within the hook wrapper `hook`, of either style that pluggy has."""
    steps = hook(**arguments)
    next(steps)
    try:
        function()
    except BaseException as error:
        try:
            if hook.pytest_impl["wrapper"]:
                steps.throw(error)
            else:
                # Such a wrapper sees a result object, which those called here do not look at.
                steps.send(None)
        except StopIteration:
            pass
        raise
    try:
        steps.send(None)
    except StopIteration:
        return


class Options:
    """Stands in for pytest's parser: keeps the names and defaults that a plugin declares."""

    def __init__(self):
        self.options = {}
        self.ini = {}
        self._types = {}

    def getgroup(self, *_, **__):
        """Options of all groups are kept together."""
        return self

    def addoption(self, *names, dest=None, default=None, **_):
        """Declare a command line option."""
        self.options[dest or names[0].lstrip("-").replace("-", "_")] = default

    def addini(self, name, help=None, type=None, default=None, **_):  # noqa: A002
        """Declare a setting."""
        self.ini[name] = default
        self._types[name] = type

    def add_hookspecs(self, _):
        """Hooks that only conftests and plugins could implement."""

    def set_ini(self, name, value):
        """Give a setting the value that stands in the ini file."""
        kind = self._types.get(name)
        if kind == "bool":
            value = _truth(name, value)
        elif not isinstance(value, str):
            raise Unsupported(f"setting {name}: {value!r}")
        self.ini[name] = value

    def finish(self, config):
        """Hand everything to the engine's configuration."""
        for name, kind in self._types.items():
            if kind == "bool":
                self.ini[name] = _truth(name, self.ini[name])
        config.register_plugin(self.options, self.ini)


def _truth(name, value):
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in ("y", "yes", "t", "true", "on", "1"):
        return True
    if text in ("n", "no", "f", "false", "off", "0"):
        return False
    raise Unsupported(f"setting {name}: {value!r}")


def require(name, releases):
    """Raise `Unsupported` unless the installed distribution is of a known release.

    `releases` are the first known one and the first that is not known, as (major, minor).
    """
    from importlib.metadata import version

    text = version(name)
    numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    if not releases[0] <= numbers < releases[1]:
        raise Unsupported(f"{name} {text} is not known to the native engine")
    return numbers
