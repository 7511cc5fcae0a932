"""Plugins of Fastest below the pytest engine: pytest's hooks call what the native engine calls."""

import pytest

from fastest_harness import plugin


class Bridge:
    """A pytest plugin that serves `plugins`."""

    def __init__(self, plugins):
        self._plugins = plugins

    def pytest_configure(self, config):
        for extension in self._plugins:
            extension.configure(config)
            owner = extension.fixtures()
            if owner is not None:
                config.pluginmanager.register(owner)

    def pytest_unconfigure(self, config):
        for extension in reversed(self._plugins):
            extension.unconfigure(config)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        before = list(items)
        for extension in self._plugins:
            extension.collected(items)
        for item in items:
            item.taken_by = plugin.takers(self._plugins, item)
        kept = set(items)
        dropped = [item for item in before if item not in kept]
        if dropped:
            config.hook.pytest_deselected(items=dropped)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        return (yield from plugin.wrapped(item.taken_by, item, "setup"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        return (yield from plugin.wrapped(item.taken_by, item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        return (yield from plugin.wrapped(item.taken_by, item, "teardown"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        return plugin.executed(pyfuncitem.taken_by, pyfuncitem) or None
