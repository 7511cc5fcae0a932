"""What plugins and conftests may do to pytest without a hook, and the engine would not see.

pytest's own functions replaced by others, fixtures registered by code, options and settings
changed after they were read: for each there is a look that tells of it, so that pytest runs what
it concerns.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType

from .errors import Unsupported

__tracebackhide__ = True

_CODE = (FunctionType, staticmethod, classmethod, property)

#: Modules that change pytest's functions to no harm: the engine's own, pytest's of old paths, and
#: hypothesis', which complains of `given` on a fixture.
_HARMLESS = ("fastest_harness", "_pytest.legacypath", "_hypothesis_pytestplugin")


class Pristine:
    """pytest's functions and classes as they are before plugins are loaded."""

    def __init__(self):
        from _pytest.config import default_plugins

        for name in default_plugins:
            import_module(f"_pytest.{name}")
        self._parts = []
        for name, module in sorted(sys.modules.items()):
            if name.startswith("_pytest.") and module is not None:
                self._take(name, module)

    def _take(self, name, module):
        code = {}
        for key, value in module.__dict__.items():
            if isinstance(value, type):
                if value.__module__ == name:
                    self._take_class(f"{name}.{key}", value)
            elif not isinstance(value, FunctionType) or not _module_of(value).startswith("_pytest"):
                continue
            code[key] = value
        self._add(name, module, code)

    def _take_class(self, name, cls):
        self._add(name, cls, {k: v for k, v in cls.__dict__.items() if isinstance(v, _CODE)})

    def _add(self, name, owner, code):
        self._parts.append([name, owner, tuple(code), tuple(code.values()), len(owner.__dict__)])

    def changed(self):
        """The name of a function of pytest's that is another one now, or None."""
        for part in self._parts:
            name, owner, keys, values, size = part
            members = owner.__dict__
            now = tuple(map(members.get, keys))
            if now != values:
                for key, new, old in zip(keys, now, values):
                    if new is not old and not _is_harmless(new):
                        return f"{name}.{key}"
                part[3] = now
            if len(members) != size and isinstance(owner, type):
                for key, value in members.items():
                    if key not in keys and _is_override(owner, key, value):
                        return f"{name}.{key}"
                part[4] = len(members)
        return None


def _is_harmless(value):
    return _module_of(value).startswith(_HARMLESS)


def _is_override(cls, name, value):
    """Whether `value`, which is new in `cls`, hides what that had from a class above."""
    if name.startswith("__") or _is_harmless(value):
        return False
    return any(isinstance(base.__dict__.get(name), _CODE) for base in cls.__mro__[1:])


def _module_of(value):
    value = getattr(value, "__func__", value)
    value = getattr(value, "fget", value)
    return getattr(value, "__globals__", {}).get("__name__") or ""


class RegisteredFixtures:
    """Fixtures that code registers with pytest's manager, which has no hook for that.

    Tests that ask for one need pytest; one that every test uses, or that is bound to a place in
    the tree, is `refusal`. `late` is called with the reason for one that comes after the start.
    """

    #: A holder of fixtures has names that all its tests use.
    autouse = ()

    def __init__(self, late):
        self.refusal = None
        self.started = False
        self._late = late
        self._names = set()
        self._is_own = False

    def attach(self, session):
        """Begin to watch the manager of `session`, which has those of all plugins by now."""
        from .hooks import replace

        manager = session._fixturemanager
        register = manager._register_fixture
        registered = manager.pytest_plugin_registered

        def watched(**fixture):
            register(**fixture)
            if not self._is_own:
                self._see(session, **fixture)

        def of_plugin(*arguments):
            before, self._is_own = self._is_own, True
            try:
                registered(*arguments)
            finally:
                self._is_own = before

        manager._register_fixture = watched
        replace(session.config.hook.pytest_plugin_registered, manager, of_plugin)

    def _see(self, session, name, nodeid=None, node=None, autouse=False, **_):
        reason = f"fixture {name!r} is registered by code"
        if self.started:
            self._late(reason)
        everywhere = not isinstance(nodeid, str) and (
            node is session or not hasattr(node, "parent")
        )
        if autouse or not everywhere:
            self.refusal = self.refusal or reason
        self._names.add(name)

    # As a holder of fixtures, none of which the engine has.

    @property
    def defs(self):
        """Itself: the definitions by name."""
        return self

    def get(self, name, default=()):
        """No definition; asking for one of the names is left to pytest."""
        if name in self._names:
            raise Unsupported(f"fixture {name!r} is registered by code")
        return default


#: Options and settings that the engine reads once, before hooks may change them.
_OPTIONS = (
    "collectonly",
    "doctestmodules",
    "failedfirst",
    "fulltrace",
    "importmode",
    "lf",
    "log_auto_indent",
    "log_cli_level",
    "log_date_format",
    "log_file",
    "log_file_level",
    "log_format",
    "log_level",
    "maxfail",
    "newfirst",
    "setuponly",
    "setupplan",
    "stepwise",
    "trace",
    "usepdb",
)
_SETTINGS = (
    "enable_assertion_pass_hook",
    "log_auto_indent",
    "log_cli_level",
    "log_date_format",
    "log_file",
    "log_file_level",
    "log_format",
    "log_level",
    "norecursedirs",
    "python_files",
    "testpaths",
)
#: Those that the engine takes from the configuration once that is made.
TAKEN_OPTIONS = ("deselect", "keyword", "markexpr")
TAKEN_SETTINGS = ("python_classes", "python_functions", "usefixtures")


class Settled:
    """Options and settings as they were when the engine read them."""

    def __init__(self, config, taken=False):
        """`taken` says that it has those too that it takes from the configuration."""
        self._config = config
        self._options = _OPTIONS + (TAKEN_OPTIONS if taken else ())
        self._settings = _SETTINGS + (TAKEN_SETTINGS if taken else ())
        self._known = self._read()

    def _read(self):
        options = self._config.option
        found = [_copy(getattr(options, name, None)) for name in self._options]
        for name in self._settings:
            try:
                found.append(_copy(self._config.getini(name)))
            except (KeyError, ValueError):
                # Its part of pytest was ruled out.
                found.append(None)
        return found

    def changed(self):
        """The first option or setting that is another one now, in words; or None."""
        now = self._read()
        if now == self._known:
            return None
        for name, before, value in zip(self._options + self._settings, self._known, now):
            if before != value:
                return f"a hook changes {name}"
        return None


def _copy(value):
    return list(value) if isinstance(value, list) else value
