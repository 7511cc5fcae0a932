"""Which async plugin takes a test or a fixture."""

from __future__ import annotations

import os
from importlib import import_module

from ..errors import Unsupported
from .hooks import call_through

__tracebackhide__ = True

_ASYNC = 0x80 | 0x200  # The code flags of coroutines and of asynchronous generators.

#: Distribution -> where its counterpart here is.
KNOWN = {"pytest-asyncio": (".asyncio", "PytestAsyncio"), "anyio": (".anyio", "Anyio")}


def make_plugin(distribution, config):
    """The counterpart of an async plugin."""
    module, name = KNOWN[distribution]
    return getattr(import_module(module, __package__), name)(config)


def is_async(code):
    """Whether a function of this code is `async def`."""
    return bool(code.co_flags & _ASYNC)


class Asynchronous:
    """The async plugins of one worker; `plugins` are the installed distributions' names.

    `settings` are the ini file's, `config` is the engine's stand-in for pytest's.
    """

    def __init__(self, plugins, settings, options, config):
        if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            plugins = ()
        self._plugins = []
        for distribution in KNOWN:
            if distribution in plugins:
                plugin = make_plugin(distribution, config)
                plugin.settings = {n: v for n, v in settings.items() if n in plugin.known_settings}
                plugin.options = {n: v for n, v in options.items() if n in plugin.known_options}
                config.addinivalue_line("markers", plugin.marker)
                config.pluginmanager.names.add(plugin.marker)
                self._plugins.append(plugin)
        self._refusal = _stray(self._plugins, settings, options)

    def holders(self):
        """The fixtures that the plugins bring, as every test sees them.

        Raises `Unsupported` if no file can run natively.
        """
        if self._refusal is not None:
            raise Unsupported(self._refusal)
        return [plugin.holder for plugin in self._plugins]

    def mark(self, value, marks):
        """See an async test function before its marks are read; `marks` are those around it."""
        for plugin in self._plugins:
            plugin.mark(value, marks)

    def adopt(self, items, func, asynchronous):
        """See the tests made of `func`, and say how they run."""
        for item in items:
            if not asynchronous and item.get_closest_marker("asyncio") is None:
                continue
            takers = [plugin for plugin in self._plugins if plugin.take(item, func)]
            item.runs = takers[0].runs(item, self) if takers else _ByHooks(self)

    def hooks_set_up(self, item):
        """Whether somebody else calls the plugins' hooks before the setup of `item`."""
        return False

    def set_up(self, fixturedef, request):
        """Set a fixture up as pytest's hook does, within the plugins' wrappers of that hook."""
        from _pytest.fixtures import pytest_fixture_setup

        wrappers = [p.fixture_wrapper for p in self._plugins if p.wraps(fixturedef, request)]
        if len(wrappers) > 1:
            # Which wraps which depends on the order of the folders that they are installed in.
            raise Unsupported(f"fixture {fixturedef.argname} concerns several async plugins")

        def core():
            return pytest_fixture_setup(fixturedef, request)

        if wrappers:
            call_through(wrappers[0], core, fixturedef=fixturedef, request=request)
        else:
            core()

    def pyfunc_call(self, pyfuncitem):
        """Call a test's function: the plugins' hooks first, then pytest's."""
        from _pytest.python import pytest_pyfunc_call

        def call():
            for plugin in self._plugins:
                if plugin.call(pyfuncitem):
                    return
            pytest_pyfunc_call(pyfuncitem)

        for plugin in self._plugins:
            wrapper = plugin.call_wrapper
            if wrapper is not None:
                call = _wrapped(wrapper, call, pyfuncitem)
        call()


def _wrapped(wrapper, call, pyfuncitem):
    return lambda: call_through(wrapper, call, pyfuncitem=pyfuncitem)


class _ByHooks:
    """How tests run that need no more than the hooks around their call."""

    def __init__(self, asynchronous):
        self._asynchronous = asynchronous

    def setup(self, item):
        """Fill the fixtures."""
        item._request._fillfixtures()

    def call(self, item):
        """Call the function."""
        self._asynchronous.pyfunc_call(item)


def _stray(plugins, settings, options):
    """A setting or an option that no installed plugin has: pytest warns of it or refuses it."""
    for name in settings:
        is_async = name.startswith(("asyncio_", "anyio_"))
        if is_async and not any(name in plugin.known_settings for plugin in plugins):
            return f"setting {name} is of a plugin that is not installed"
    for name in options:
        if not any(name in plugin.known_options for plugin in plugins):
            return f"option {name} is of a plugin that is not installed"
    return None
