"""What async plugins have in common: they are imported when first needed."""

from __future__ import annotations

import warnings
from functools import cached_property
from importlib import import_module

from ..errors import Unsupported
from ..fixtures import Holder
from .hooks import Options, require

__tracebackhide__ = True


class AsyncPlugin:
    """A plugin of pytest whose hooks the engine calls itself."""

    #: Name of the distribution, of its plugin module, and of the marker that it registers.
    distribution = module = marker = ""
    #: The first release whose hooks are known, and the first of which they are not.
    releases = ((0, 0), (0, 0))
    known_settings = known_options = frozenset()
    #: The names of its fixtures that tests may ask for; all of the module if it is None.
    fixture_names = None
    #: Its hook wrapper around the call of a test's function, if it has one.
    call_wrapper = None

    def __init__(self, config):
        self._config = config
        self.settings = {}
        self.options = {}
        self._adopted = None

    @cached_property
    def hooks(self):
        """The plugin's module, configured."""
        self.release = require(self.distribution, self.releases)
        if self._adopted is not None:
            return self._adopted
        hooks = import_module(self.module)
        self._configure(hooks)
        return hooks

    def adopt(self, hooks):
        """Use the plugin's module as pytest has configured it."""
        self._adopted = hooks

    def _configure(self, hooks):
        from pytest import UsageError

        declared = Options()
        addoption = hooks.pytest_addoption
        given = (declared, declared)[: addoption.__code__.co_argcount]
        addoption(*given)
        for name, value in self.settings.items():
            if name not in declared.ini:
                raise Unsupported(f"setting {name} is not one of this {self.distribution}")
            declared.set_ini(name, value)
        for name, value in self.options.items():
            if name not in declared.options:
                raise Unsupported(f"option {name} is not one of this {self.distribution}")
            declared.options[name] = value
        declared.finish(self._config)
        with warnings.catch_warnings():
            # pytest itself prints them at its start, and records none.
            warnings.simplefilter("ignore")
            try:
                hooks.pytest_configure(self._config)
            except UsageError as error:
                raise Unsupported(f"{self.distribution}: {error}") from None

    @property
    def holder(self):
        """The plugin's fixtures."""
        return self._holder if self.fixture_names is None else _LateHolder(self)

    @cached_property
    def _holder(self):
        holder = Holder(self._config)
        holder.add_all(self.hooks)
        return holder

    def mark(self, value, marks):
        """See an async test function before its marks are read."""

    def take(self, item, func):
        """Whether the plugin runs the test."""
        return False

    def wraps(self, fixturedef, request):
        """Whether the plugin's wrapper of fixture setups concerns this one."""
        return False

    @property
    def fixture_wrapper(self):
        """The plugin's wrapper of fixture setups."""
        return self.hooks.pytest_fixture_setup

    def call(self, pyfuncitem):
        """Call the test's function; whether that was done."""
        return False


class _LateHolder:
    """The fixtures of a plugin that is imported when one of them is asked for."""

    autouse = ()

    def __init__(self, plugin):
        self.defs = self
        self._plugin = plugin

    def get(self, name, default=()):
        """The definitions called `name`."""
        if name not in self._plugin.fixture_names:
            return default
        return self._plugin._holder.defs.get(name, default)
