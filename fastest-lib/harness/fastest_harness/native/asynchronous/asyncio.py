"""pytest-asyncio."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

from ..errors import Unsupported
from ..nodes import Function
from .plugin import AsyncPlugin

__tracebackhide__ = True

#: What an item of the plugin's own classes is asked for, and the native item answers.
_ANSWERED = (
    "callspec",
    "config",
    "fixturenames",
    "funcargs",
    "get_closest_marker",
    "iter_markers",
    "keywords",
    "module",
    "name",
    "nodeid",
    "obj",
    "own_markers",
    "parent",
    "session",
    "warn",
    "_fixtureinfo",
    "_request",
)


class PytestAsyncio(AsyncPlugin):
    """Runs coroutine tests and fixtures on event loops of several scopes."""

    distribution = "pytest-asyncio"
    module = "pytest_asyncio.plugin"
    marker = "asyncio"
    releases = ((1, 1), (1, 6))
    known_settings = frozenset(
        {
            "asyncio_mode",
            "asyncio_debug",
            "asyncio_default_fixture_loop_scope",
            "asyncio_default_test_loop_scope",
        }
    )
    known_options = frozenset({"asyncio_mode", "asyncio_debug"})

    def __init__(self, config):
        super().__init__(config)
        self._views = {}

    def _is_auto(self):
        return self.hooks._get_asyncio_mode(self._config) == "auto"

    def take(self, item, func):
        """Coroutines with the mark; without it in auto mode, which then gives it to them."""
        if self._class_for(func) is None:
            return False
        marker = item.get_closest_marker("asyncio")
        if marker is None:
            if not self._is_auto():
                return False
            import pytest

            marker = pytest.mark.asyncio.mark
            item.own_markers = [*item.own_markers, marker]
        if inspect.isasyncgenfunction(func):
            raise Unsupported(f"async generator test {item.name}")
        self._check(marker, item.nodeid)
        return True

    def _class_for(self, func):
        return self.hooks.PytestAsyncioFunction.item_subclass_for(SimpleNamespace(obj=func))

    def _check(self, marker, nodeid):
        """Look at the mark's arguments where the plugin does that while it collects."""
        parse = getattr(self.hooks, "_parse_asyncio_marker", None)
        if parse is None:
            return
        from _pytest.outcomes import OutcomeException

        try:
            _, factories = parse(*(marker, nodeid)[: parse.__code__.co_argcount])
        except (Exception, OutcomeException) as error:
            raise Unsupported(f"mark asyncio: {error}") from None
        if factories is not None:
            raise Unsupported("mark asyncio: loop_factories")

    def runs(self, item, asynchronous):
        """How a test that was taken runs: as an item of the plugin's class for it."""
        kind = self._class_for(item.info.func)
        item.info.closure = list(item.info.closure)
        made = self._views.get(kind)
        if made is None:
            made = self._views[kind] = _view_of(kind, asynchronous), _class_like(kind)
        view, cls = made
        # Nodes answer with pytest's class when they are asked for theirs.
        object.__dict__["__class__"].__set__(item, cls)
        return _ByItem(view, getattr(self.hooks, "pytest_runtest_setup", None), asynchronous)

    def wraps(self, fixturedef, request):
        """Its own fixtures, those made by its decorator, and async ones in auto mode."""
        func = fixturedef.func
        if fixturedef.argname == "event_loop_policy":
            return True
        if self.hooks._is_asyncio_fixture_function(func):
            return True
        return self._is_auto() and self.hooks._is_coroutine_or_asyncgen(func)

    @property
    def call_wrapper(self):
        """The plugin warns of what is marked without need, and of fixtures that nobody awaits."""
        return self.hooks.pytest_pyfunc_call


class _ByItem:
    """How a test runs as an item of one of the plugin's classes."""

    def __init__(self, make_view, setup_hook, asynchronous):
        self._make_view = make_view
        self._asynchronous = asynchronous
        self._setup_hook = setup_hook
        self._view = None

    def setup(self, item):
        """Fill the fixtures, the test's event loop among them."""
        if self._setup_hook is not None and not self._asynchronous.hooks_set_up(item):
            self._setup_hook(item)
        # One for both phases: it keeps what it finds out about the test.
        self._view = self._make_view(item)
        self._view.setup()

    def call(self, item):
        """Run the coroutine."""
        view, self._view = self._view, None
        try:
            view.runtest()
        finally:
            item.obj = None


def _class_like(kind):
    """A class of native items that are taken for items of the plugin's class `kind`.

    Conftests ask the plugin which items are its own, and it asks for their class.
    """
    return type(kind.__name__, (Function,), {"_counterpart": staticmethod(lambda: kind)})


def _view_of(kind, asynchronous):
    """A subclass of the plugin's class `kind` whose instances speak for native items."""

    def make(item):
        view = object.__new__(cls)
        view._native = item
        return view

    def refuse(_, name):
        raise Unsupported(f"pytest-asyncio asks an item for {name}")

    def answer(name):
        return property(
            lambda view: getattr(view._native, name),
            lambda view, value: setattr(view._native, name, value),
        )

    members = {name: answer(name) for name in _ANSWERED}
    members["__getattr__"] = refuse
    members["ihook"] = SimpleNamespace(
        pytest_pyfunc_call=lambda pyfuncitem: asynchronous.pyfunc_call(pyfuncitem)
    )
    cls = type(kind)(kind.__name__, (kind,), members)
    return make
