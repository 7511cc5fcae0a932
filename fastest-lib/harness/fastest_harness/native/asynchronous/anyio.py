"""anyio's pytest plugin."""

from __future__ import annotations

import inspect

from ..errors import Unsupported
from .plugin import AsyncPlugin

__tracebackhide__ = True

_BACKEND = "anyio_backend"


class Anyio(AsyncPlugin):
    """Runs coroutine tests that use the fixture `anyio_backend`, once for each backend."""

    distribution = "anyio"
    module = "anyio.pytest_plugin"
    marker = "anyio"
    releases = ((4, 0), (4, 17))
    fixture_names = frozenset(
        {
            _BACKEND,
            "anyio_backend_name",
            "anyio_backend_options",
            "free_tcp_port",
            "free_tcp_port_factory",
            "free_udp_port",
            "free_udp_port_factory",
        }
    )
    known_settings = known_options = frozenset({"anyio_mode"})

    def mark(self, value, marks):
        """Have a coroutine with the mark use the fixture, as the plugin's collection hook does."""
        if not inspect.iscoroutinefunction(value):
            return
        own = getattr(value, "pytestmark", ())
        if self._is_auto() or any(mark.name == "anyio" for mark in (*marks, *own)):
            import pytest

            pytest.mark.usefixtures(_BACKEND)(value)

    def _is_auto(self):
        if self._adopted is not None:
            ask = getattr(self.hooks, "_is_auto_mode", None)
            return ask is not None and ask(self._config, "anyio_mode")
        if "anyio_mode" not in self.settings and "anyio_mode" not in self.options:
            return False
        return self.hooks._is_auto_mode(self._config, "anyio_mode")

    def take(self, item, func):
        """The plugin's hooks decide when the test is called."""
        if (
            inspect.iscoroutinefunction(func)
            and item.get_closest_marker("anyio") is not None
            and _BACKEND not in item.fixturenames
        ):
            raise Unsupported(f"test {item.name} has the mark anyio without its fixture")
        return False

    def wraps(self, fixturedef, request):
        """Async fixtures of tests that use a backend."""
        func = fixturedef.func
        if not (inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func)):
            return False
        return _BACKEND in request.fixturenames

    def call(self, pyfuncitem):
        """Run a coroutine on the backend, if the test has one."""
        if _BACKEND not in pyfuncitem.funcargs:
            return False
        return self.hooks.pytest_pyfunc_call(pyfuncitem=pyfuncitem)
