"""Fixture definitions: finding them, caching their values, finishing them in order."""

from __future__ import annotations

import sys
from functools import partial
from types import FunctionType

from . import versions
from .argnames import mandatory_names
from .errors import Unsupported, as_pytest
from .nodes import FUNCTION, LEVELS, SCOPE_NAMES

__tracebackhide__ = True

# Code flags, as `inspect` names them; the module itself is slow to import.
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


def exception_group(message, exceptions):
    """An exception group, also where the language has none and pytest brings a backport."""
    if sys.version_info >= (3, 11):
        group = BaseExceptionGroup  # noqa: F821
    else:
        from exceptiongroup import BaseExceptionGroup as group
    return group(message, exceptions)


def raise_all(message, exceptions):
    """Raise the one exception, or a group of them, last raised first."""
    if len(exceptions) == 1:
        raise exceptions[0]
    if exceptions:
        raise exception_group(message, exceptions[::-1])


class FixtureDef:
    """One fixture function, its cached value and what must happen when that value ends."""

    __slots__ = (
        "argname",
        "func",
        "level",
        "params",
        "ids",
        "argnames",
        "cached_result",
        "finalizers",
        "autouse",
        "generator",
        "native",
        "hooked",
        "directory",
        "origin",
    )

    def __init__(self, argname, func, level, params=None, ids=None, autouse=False, native=False):
        self.argname = argname
        self.func = func
        self.level = level
        self.params = params
        self.ids = ids
        self.autouse = autouse
        # Functions of the engine itself need no rebinding to the test's instance.
        self.native = native
        #: Where the conftest that defines it is; None for a fixture of anything else.
        self.directory = None
        #: The function to show in messages, where that is another one.
        self.origin = func
        self.argnames = mandatory_names(func, argname, None)
        self.cached_result = None
        self.finalizers = []
        kind = _kind(func)
        self.generator = kind == "generator"
        # Whether plugins may have a say in its setup.
        self.hooked = kind == "async" or not native and _is_of_plugin(argname, func)

    @property
    def scope(self):
        """The scope's name."""
        return SCOPE_NAMES[self.level]

    @property
    def _scope(self):
        from _pytest.scope import Scope

        return Scope(self.scope)

    def addfinalizer(self, finalizer):
        """Run `finalizer` before the cached value is dropped."""
        self.finalizers.append(finalizer)

    def finish(self, request):
        """Run the finalizers, last added first, and drop the cached value."""
        exceptions = []
        finalizers = self.finalizers
        while finalizers:
            try:
                finalizers.pop()()
            except BaseException as error:
                exceptions.append(error)
        self.cached_result = None
        if exceptions:
            if not _groups_errors():
                raise exceptions[0]
            raise_all(
                f'errors while tearing down fixture "{self.argname}" of {request.node}', exceptions
            )

    def execute(self, request):
        """Make sure that `cached_result` holds the value for `request`; raise its error."""
        # The fixtures this one depends on go first: a changed parameter of one of them ends
        # this one's cached value.
        depends = []
        for argname in self.argnames:
            if argname != "request":
                depends.append(request.active_fixturedef(argname))
        cached = self.cached_result
        if cached is not None:
            if _same_key(request.cache_key, cached[1]):
                if cached[2] is not None:
                    raise cached[2][0].with_traceback(cached[2][1])
                return
            self.finish(request)
        finish = partial(self.finish, request)
        for fixturedef in depends:
            fixturedef.finalizers.append(finish)
        try:
            self._set_up(request)
        finally:
            request.node.addfinalizer(finish)

    def cache_key(self, request):
        """`request.cache_key`; pytest asks the definition."""
        return request.cache_key

    @property
    def _autouse(self):
        return self.autouse

    def _set_up(self, request):
        if self.hooked:
            request.session.asynchronous.set_up(self, request)
            return
        kwargs = {}
        for argname in self.argnames:
            kwargs[argname] = request.getfixturevalue(argname)
        func = self.func if self.native else self._bound(request)
        key = request.cache_key
        try:
            if self.generator:
                iterator = func(**kwargs)
                try:
                    result = next(iterator)
                except StopIteration:
                    error = ValueError(f"{self.argname} did not yield a value")
                    raise as_pytest(error) from None
                self.finalizers.append(partial(_finish_generator, self.func, iterator))
            else:
                result = func(**kwargs)
        except (KeyboardInterrupt, SystemExit, GeneratorExit, Unsupported):
            raise
        except BaseException as error:
            if type(error).__name__ == "Skipped" and hasattr(error, "_use_item_location"):
                error._use_item_location = True
            self.cached_result = (None, key, (error, error.__traceback__))
            raise
        self.cached_result = (result, key, None)

    def _bound(self, request):
        if not hasattr(self.func, "__self__") and request.instance is None:
            return self.func
        from _pytest.fixtures import resolve_fixture_function

        return resolve_fixture_function(self, request)


def _groups_errors():
    return versions.at_least(8, 1)


def _same_key(key, cached):
    if key is cached:
        return True
    if not versions.at_least(8, 3):
        return False
    try:
        return bool(key == cached)
    except (ValueError, RuntimeError):
        return False


def _finish_generator(func, iterator):
    try:
        next(iterator)
    except StopIteration:
        return
    from _pytest.fixtures import _teardown_yield_fixture

    # Let pytest word the complaint about a second yield.
    _teardown_yield_fixture(func, iter([None]))


def _kind(func):
    plain = getattr(func, "__func__", func)
    if type(plain) is not FunctionType:
        import functools

        while isinstance(plain, functools.partial):
            plain = plain.func
        if type(plain) is not FunctionType:
            return "plain"
    flags = plain.__code__.co_flags
    if flags & (_COROUTINE | _ASYNC_GENERATOR):
        return "async"
    return "generator" if flags & _GENERATOR else "plain"


def _is_of_plugin(argname, func):
    plain = getattr(func, "__func__", func)
    return argname == "event_loop_policy" or hasattr(plain, "_force_asyncio_fixture")


class Holder:
    """The fixtures that one conftest, module or class defines."""

    __slots__ = ("defs", "autouse", "_config", "_directory")

    def __init__(self, config, directory=None):
        self.defs = {}
        self.autouse = []
        self._config = config
        self._directory = directory

    def add(self, fixturedef):
        """Register a definition; one of the same name added later wins."""
        fixturedef.directory = self._directory
        self.defs.setdefault(fixturedef.argname, []).append(fixturedef)
        if fixturedef.autouse:
            self.autouse.append(fixturedef.argname)

    def add_holder(self, other):
        """Register the definitions of `other` after those at hand."""
        for definitions in other.defs.values():
            for fixturedef in definitions:
                self.defs.setdefault(fixturedef.argname, []).append(fixturedef)
        self.autouse.extend(other.autouse)

    def add_all(self, holder):
        """Register every fixture found on `holder`, a module or an instance of a class."""
        fixtures = sys.modules.get("_pytest.fixtures")
        if fixtures is None:
            return
        for name, marker, func in _find(holder, fixtures):
            self.take(marker.name or name, marker, func)

    def take(self, argname, marker, func):
        """Register the fixture function `func`, decorated with `marker`."""
        level = self._level(argname, marker.scope)
        self.add(FixtureDef(argname, func, level, marker.params, marker.ids, marker.autouse))

    def _level(self, argname, scope):
        if callable(scope):
            from _pytest.fixtures import _eval_scope_callable

            try:
                scope = _eval_scope_callable(scope, argname, self._config)
            except BaseException as error:
                if isinstance(error, (KeyboardInterrupt, Unsupported)):
                    raise
                raise Unsupported(f"dynamic scope of fixture {argname} fails") from None
        level = LEVELS.get(scope)
        if level is None:
            raise Unsupported(f"{scope} scope of fixture {argname}")
        return level


def _find(holder, fixtures):
    definition = getattr(fixtures, "FixtureFunctionDefinition", None)
    module = isinstance(holder, type(sys))
    owner = holder if module else type(holder)
    plain = module and "__getattr__" not in holder.__dict__ and "__dir__" not in holder.__dict__
    names = sorted(holder.__dict__) if plain else _names(holder)
    # Releases that warn of fixtures behind decorators also leave class methods out.
    check = getattr(fixtures.FixtureManager, "_check_for_wrapped_fixture", None)
    for name in names:
        try:
            value = holder.__dict__[name] if plain else getattr(owner, name, None)
        except Exception:
            continue
        if definition is not None:
            kind = type(value)
            if check is not None and (not module or kind is not definition):
                raw = value if module else _raw(owner, name)
                if type(raw) in _WRAPPERS and hasattr(raw, "__wrapped__"):
                    check(_Checker(fixtures.FixtureManager), name, raw)
                if type(raw) is classmethod:
                    continue
            if kind is not definition:
                continue
            try:
                bound = getattr(holder, name)
            except AttributeError:
                bound = value
            yield name, value._fixture_function_marker, bound._get_wrapped_function()
        else:
            marker = getattr(value, "_pytestfixturefunction", None)
            if isinstance(marker, fixtures.FixtureFunctionMarker):
                from _pytest.compat import get_real_method

                yield name, marker, get_real_method(getattr(holder, name), holder)


def _names(holder):
    """`dir(holder)`, without what every object has where nothing else can be among it."""
    cls = type(holder)
    if type(cls) is not type or cls.__dir__ is not object.__dir__:
        return dir(holder)
    names = set(getattr(holder, "__dict__", ()))
    for base in cls.__mro__[:-1]:
        names.update(base.__dict__)
    return sorted(names)


#: What a decorator may have made of a fixture.
_WRAPPERS = frozenset({FunctionType, staticmethod, classmethod})


class _Checker:
    """As much of a `FixtureManager` as its look for hidden fixtures needs."""

    def __init__(self, manager):
        self._manager = manager

    def _find_wrapped_fixture_def(self, obj):
        return self._manager._find_wrapped_fixture_def(self, obj)


def _raw(owner, name):
    for base in owner.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def closure_of(initial, ignored, find):
    """(names in setup order, name -> definitions) needed by the fixtures called `initial`.

    `find(name)` gives the visible definitions, outermost first. The walk changed in pytest 9.1
    from level by level to depth first, which shows in the order of equal scopes.
    """
    definitions = {}

    def lookup(name):
        if name in ignored:
            return None
        known = definitions.get(name)
        if not known:
            known = find(name)
            if not known:
                return None
            definitions[name] = known
        return known

    depth_first = versions.at_least(9, 1)
    names = (_depth_first if depth_first else _level_by_level)(initial, lookup)

    def level(name):
        known = definitions.get(name)
        return known[-1].level if known else FUNCTION

    return sorted(names, key=level, reverse=True), definitions


def pruned(info):
    """The closure of `info` without what its parametrization made needless."""
    if versions.at_least(9, 1):
        needed = set(_depth_first(info.initial, info.definitions.get))
    else:
        needed = set()
        waiting = list(info.initial)
        while waiting:
            name = waiting.pop()
            if name not in needed and name in info.closure:
                needed.add(name)
                if name in info.definitions:
                    waiting.extend(info.definitions[name][-1].argnames)
    return tuple(name for name in info.closure if name in needed)


def _level_by_level(initial, lookup):
    names = list(initial)
    position = 0
    while position < len(names):
        known = lookup(names[position])
        position += 1
        if known:
            names.extend(dict.fromkeys(a for a in known[-1].argnames if a not in names))
    return names


def _depth_first(initial, lookup):
    names = []
    # How far up its chain of overrides each name stands on the current path.
    depth = {}

    def visit(name):
        index = depth.get(name)
        if index == -1:
            return
        if index is None:
            names.append(name)
            index = depth[name] = -1
        known = lookup(name)
        if not known or -index > len(known):
            return
        depth[name] = index - 1
        for dependency in known[index].argnames:
            visit(dependency)
        depth[name] = index

    for name in initial:
        visit(name)
    return names
