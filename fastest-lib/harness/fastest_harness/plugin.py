"""Plugins: what extends both engines.

A plugin is a subclass of `Plugin`. The worker makes one instance of each that is configured or
installed; the native engine calls it directly, the pytest engine through pytest's hooks.
"""

from __future__ import annotations

__tracebackhide__ = True


class Plugin:
    """Extends a run. Every method does nothing by default.

    One instance is made in each worker. Most of its methods concern single tests; they are called
    only for those that `takes` claims, so that all others cost nothing.
    """

    #: What the plugin is called in messages; the name of the class if it is empty.
    name = ""

    def configure(self, config):
        """Called once a worker, before its first file.

        `config` is pytest's, or answers like it as far as the native engine knows.
        """

    def unconfigure(self, config):
        """Called at the end of the worker."""

    def fixtures(self):
        """A module or object whose fixtures every test sees, or None."""
        return None

    def collected(self, items):
        """Sees the tests of one file in their order, and may edit the list in place.

        A test that is taken out counts as deselected.
        """

    def takes(self, item):
        """Whether `around`, `execute` and `report` concern `item`; asked once, at collection."""
        return False

    def around(self, item, when):
        """A generator that wraps the phase `when` of `item`: "setup", "call" or "teardown".

        What the phase raises is thrown into it at its one `yield`. What it raises itself becomes
        the outcome of the phase.
        """
        yield

    def execute(self, item):
        """Run the function of `item`; true if that was done, so that nobody else does."""
        return False

    def report(self, item, report):
        """Sees, and may change, the report of a phase: a dict with `when`, `outcome`, `duration`.

        There may be `longrepr`, `sections`, `wasxfail` and `properties` besides.
        """


_ENDED = object()


def _miscounted(plugin):
    return RuntimeError(f"around() of plugin {title(plugin)} does not yield exactly once")


def title(plugin):
    """What `plugin` is called in messages."""
    return plugin.name or type(plugin).__name__


def load(names):
    """One instance of each class that `names` ("package.module:Class") lead to.

    Raises what importing raises, and `TypeError` for what is no plugin.
    """
    from importlib import import_module

    plugins = []
    for name in names:
        module, _, attribute = name.partition(":")
        cls = getattr(import_module(module), attribute)
        if not (isinstance(cls, type) and issubclass(cls, Plugin)):
            raise TypeError(f"{name} is no subclass of fastest_harness.plugin.Plugin")
        plugins.append(cls())
    return plugins


def takers(plugins, item):
    """Those of `plugins` that concern `item`, the outermost first."""
    return tuple([plugin for plugin in plugins if plugin.takes(item)])


def wrapped(plugins, item, when):
    """A generator around a phase: what `around` of all `plugins` makes, the first outermost."""
    if not plugins:
        return (yield)
    steps = plugins[0].around(item, when)
    if next(steps, _ENDED) is _ENDED:
        raise _miscounted(plugins[0])
    try:
        result = yield from wrapped(plugins[1:], item, when)
    except BaseException as error:
        traceback = error.__traceback__
        try:
            steps.throw(error)
        except StopIteration:
            return None
        except BaseException as raised:
            if raised is error:
                # The frames of the generator are of no interest.
                raised.__traceback__ = traceback
            raise
        raise _miscounted(plugins[0]) from None
    if next(steps, _ENDED) is not _ENDED:
        raise _miscounted(plugins[0])
    return result


def surrounded(plugins, item, when, run):
    """Run a phase by `run()` and return what that returns, with `plugins` around it."""
    steps = wrapped(plugins, item, when)
    next(steps)
    try:
        result = run()
    except BaseException as error:
        try:
            steps.throw(error)
        except StopIteration as stop:
            return stop.value
    try:
        steps.send(result)
    except StopIteration as stop:
        return stop.value


def executed(plugins, item):
    """Whether one of `plugins` has run the function of `item`."""
    return any(plugin.execute(item) for plugin in plugins)
