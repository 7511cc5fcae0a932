"""Async tests in a session of pytest, which has configured their plugins already."""

from __future__ import annotations

from ..errors import Unsupported
from .dispatch import KNOWN, Asynchronous, make_plugin

__tracebackhide__ = True

#: The plugins by the names under which pytest knows them.
NAMES = {"asyncio": "pytest-asyncio", "anyio": "anyio"}


class HostedAsynchronous(Asynchronous):
    """The async plugins that are registered in the session of `config`, pytest's own."""

    def __init__(self, config):
        self._plugins = []
        self._refusal = None
        self._config = config
        manager = config.pluginmanager
        for name, distribution in NAMES.items():
            hooks = manager.get_plugin(name)
            if hooks is not None and distribution in KNOWN:
                plugin = make_plugin(distribution, config)
                plugin.adopt(hooks)
                self._plugins.append(plugin)

    def adopt(self, items, func, asynchronous):
        """As `Asynchronous.adopt`."""
        super().adopt(items, func, asynchronous)
        factories = getattr(self._config.hook, "pytest_asyncio_loop_factories", None)
        taken = any(item.runs is not None for item in items)
        if taken and factories is not None and factories.get_hookimpls():
            raise Unsupported("async tests with hook pytest_asyncio_loop_factories")

    def hooks_set_up(self, item):
        """pytest's manager calls the hooks of the setup if others than the plugin have some."""
        return item.relay.setup
