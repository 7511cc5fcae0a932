"""From a live module to its tests, in pytest's order and with pytest's ids."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType

from . import versions
from .argnames import mandatory_names
from .asynchronous import is_async
from .doctests import collect_doctests, has_doctests
from .errors import Unsupported
from .fixtures import Holder, closure_of, pruned
from .imports import is_fixture
from .marks import check_attributes, unpacked_marks
from .nodes import Class, Function, Module
from .order import reorder
from .params import Metafunc, direct_names
from .unittest_cases import collect_case, is_case
from .xunit import add_class_fixtures, add_module_fixtures

__tracebackhide__ = True


class _Empty:
    pass


_IGNORED = frozenset(
    {*dir(ModuleType("empty")), "__builtins__", "__file__", "__cached__", *dir(_Empty())}
)
_ABSTRACT = 1 << 20
_GENERATOR = 0x20


class FunctionInfo:
    """What all calls of one test function share."""

    __slots__ = ("name", "func", "argnames", "initial", "closure", "definitions", "find")

    def __init__(self, name, func, argnames, initial, closure, definitions, find):
        self.name = name
        self.func = func
        self.argnames = argnames
        #: What the closure begins with: autouse fixtures, used fixtures and arguments.
        self.initial = initial
        self.closure = closure
        self.definitions = definitions
        self.find = find

    @property
    def name2fixturedefs(self):
        """`definitions`, as pytest and its plugins call them."""
        return self.definitions


class NameFilter:
    """`python_classes` or `python_functions`: prefixes and globs."""

    def __init__(self, options):
        self._prefixes = tuple(options)
        self._globs = [o for o in options if any(char in o for char in "*?[")]

    def __call__(self, name):
        if name.startswith(self._prefixes):
            return True
        if self._globs:
            import fnmatch

            return any(fnmatch.fnmatch(name, glob) for glob in self._globs)
        return False


class Collector:
    """Collects files; one per engine."""

    def __init__(self, config, session, tree, builtins):
        self._tree = tree
        self._config = session.config
        self._is_class_name = NameFilter(config["python_classes"])
        self._is_function_name = NameFilter(config["python_functions"])
        self.usefixtures = tuple(config["usefixtures"])
        self._builtins = builtins
        self._asynchronous = session.asynchronous
        #: pytest's hook that generates tests, where conftests or plugins have a say in it.
        self.generate = None

    def collect(self, nodeid, path, module, conftests):
        """The tests of `module`, before any selection. `conftests` are their holders."""
        self._refuse(module)
        node = Module(self._tree.parent_of(path), nodeid, path, module)
        node.own_markers = unpacked_marks(module)
        own = Holder(self._config)
        own.add_all(module)
        items = []
        doctests = has_doctests(self._config, path)
        if doctests:
            items = self.doctests(nodeid, path, module, conftests, own)
            if versions.at_least(9, 1):
                # Each of the two collectors of the file has fixtures of its own.
                own = Holder(self._config)
                own.add_all(module)
        holder = Holder(self._config)
        if doctests and not versions.at_least(9, 1):
            holder.add_holder(own)
            add_module_fixtures(holder, module)
        else:
            add_module_fixtures(holder, module)
            holder.add_holder(own)
        plugins = self._asynchronous.holders()
        generates = hasattr(module, "pytest_generate_tests") or self.generate is not None
        scope = _Scope([self._builtins, *plugins, *conftests, holder], node.own_markers, generates)
        if getattr(module, "__test__", True):
            self._walk(node, [module.__dict__], scope, items)
        return items

    def doctests(self, nodeid, path, module, conftests, own=None):
        """The doctests of a module, or of a text file if `module` is None.

        `own` holds the module's fixtures, if they are found already.
        """
        if module is not None and own is None:
            own = Holder(self._config)
            own.add_all(module)
        node = Module(self._tree.parent_of(path), nodeid, path, module)
        node.own_markers = unpacked_marks(module) if module is not None else []
        plugins = self._asynchronous.holders()
        holders = [self._builtins, *plugins, *conftests, *([own] if own is not None else ())]
        return collect_doctests(self, node, _Scope(holders, node.own_markers))

    def parent_of(self, path):
        """The node of the folder of the file at `path`."""
        return self._tree.parent_of(path)

    def finish(self, items):
        """The order in which selected `items` run."""
        return reorder(items)

    def _refuse(self, module):
        names = module.__dict__
        for name in ("pytest_plugins", "__pytest_wrapped__"):
            if name in names:
                raise Unsupported(f"module defines {name}")
        if "__getattr__" in names and getattr(module, "pytest_plugins", None):
            raise Unsupported("module defines pytest_plugins")

    def _walk(self, node, dicts, scope, items):
        seen = set(_IGNORED)
        groups = []
        for names in dicts:
            group = []
            for name, value in list(names.items()):
                if name in seen:
                    continue
                seen.add(name)
                if isinstance(value, type):
                    if is_case(value):
                        collect_case(self, name, node, value, scope, group)
                    elif self._is_test_class(name, value):
                        self._class(name, node, value, scope, group)
                elif self._is_test_function(name, value):
                    self._function(name, node, value, scope, group)
            groups.append(group)
        for group in reversed(groups):
            items.extend(group)

    def _is_test_class(self, name, value):
        if not (self._is_class_name(name) or _flag(value) is True):
            return False
        return not value.__flags__ & _ABSTRACT

    def _is_test_function(self, name, value):
        if not self._is_function_name(name) and _flag(value) is not True:
            return False
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        return callable(value) and not is_fixture(value)

    def _class(self, name, parent, cls, scope, items):
        if not getattr(cls, "__test__", True):
            return
        node = Class(name, parent, cls)
        if cls.__init__ is not object.__init__ or cls.__new__ is not object.__new__:
            if sys.modules.get("_pytest.python") is None:
                raise Unsupported(f"class {name} has a constructor")
            from _pytest.python import Class as PytestClass

            # Issues the warning in pytest's words; collects nothing.
            node.own_markers = unpacked_marks(cls)
            PytestClass.collect(node)
            return
        node.own_markers = unpacked_marks(cls) if "_pytest.mark" in sys.modules else []
        holder = Holder(self._config)
        add_class_fixtures(holder, cls)
        if "_pytest.fixtures" in sys.modules:
            holder.add_all(cls())
        generates = hasattr(cls, "pytest_generate_tests")
        inner = scope.inside(holder, node.own_markers, generates)
        self._walk(node, [cls.__dict__, *(base.__dict__ for base in cls.__mro__)], inner, items)

    def _function(self, name, parent, value, scope, items):
        func = getattr(value, "__func__", value)
        code = _code_of(func)
        if code is None:
            _warn_of_no_function(name, func)
            return
        if not getattr(func, "__test__", True):
            return
        if code.co_flags & _GENERATOR:
            raise Unsupported(f"generator test {name}")
        asynchronous = is_async(code)
        if asynchronous:
            self._asynchronous.mark(value, scope.marks)
        attributes = func.__dict__
        if attributes:
            check_attributes(name, attributes)
        marks = unpacked_marks(func) if attributes else []
        argnames = mandatory_names(func, name, parent.cls)
        inherited = scope.marks
        every = [*marks, *inherited] if inherited else marks
        parametrize = uses = used = ()
        if every:
            parametrize = [mark for mark in every if mark.name == "parametrize"]
            uses = [mark for mark in every if mark.name == "usefixtures"]
            used = [fixture for mark in uses for fixture in mark.args]
        info = self._info(name, func, argnames, used, parametrize, scope)
        nodeid = f"{parent.nodeid}::{name}"
        if uses and not all(mark.args for mark in uses):
            _warn_of_empty_use(Function(name, parent, nodeid, info, None, marks))
        calls = ()
        if parametrize or scope.generates or any(map(_may_have_params, info.definitions.values())):
            definition = Function(name, parent, nodeid, info, None, marks)
            metafunc = Metafunc(info, definition, self._config)
            generators = _generators_for(parent) if scope.generates else ()
            calls = metafunc.run(parametrize, generators, self.generate)
            if scope.generates:
                info.closure = tuple(metafunc.fixturenames)
                if calls:
                    info.closure = pruned(info)
        self._require_known(info)
        first = len(items)
        if not calls:
            items.append(Function(name, parent, nodeid, info, None, marks))
        for call in calls:
            suffix = f"[{call.id}]" if call._idlist else ""
            own = [*marks, *call.marks]
            items.append(Function(name + suffix, parent, nodeid + suffix, info, call, own))
        if asynchronous or every or calls:
            self._asynchronous.adopt(items[first:], func, asynchronous)

    def plain_info(self, name, func, marks, scope):
        """What there is to know of a test that takes no arguments, whatever its signature."""
        every = [*marks, *scope.marks]
        parametrize = [mark for mark in every if mark.name == "parametrize"]
        uses = [mark for mark in every if mark.name == "usefixtures"]
        if not all(mark.args for mark in uses):
            raise Unsupported("usefixtures without names")
        used = [fixture for mark in uses for fixture in mark.args]
        info = self._info(name, func, (), used, parametrize, scope)
        for definitions in info.definitions.values():
            if definitions and definitions[-1].params is not None:
                raise Unsupported(f"parametrized fixture for {name}, which takes no arguments")
        self._require_known(info)
        return info

    def _info(self, name, func, argnames, used, parametrize, scope):
        initial = (*self.usefixtures, *scope.autouse, *used, *argnames)
        if not initial:
            return FunctionInfo(name, func, (), (), (), {}, scope.find)
        initial = tuple(dict.fromkeys(initial))
        if parametrize:
            ignored = direct_names(parametrize)
            closure, definitions = closure_of(initial, ignored, scope.find)
        else:
            closure, definitions = scope.closure(initial)
            definitions = dict(definitions)
        return FunctionInfo(name, func, argnames, initial, closure, definitions, scope.find)

    def _require_known(self, info):
        for name in info.closure:
            # A hook may have added a name without its definitions.
            if name not in info.definitions and name != "request" and not info.find(name):
                raise Unsupported(f"fixture {name!r} is not known")


class _Scope:
    """The fixtures visible at one place of the tree."""

    def __init__(self, holders, marks, generates=False):
        #: Whether a hook generates tests here.
        self.generates = generates
        #: Marks of the module and the classes around, nearest first.
        self.marks = marks
        self._holders = holders
        self._found = {}
        self._closures = {}
        self.autouse = [name for holder in holders for name in holder.autouse]

    def inside(self, holder, marks, generates=False):
        """The scope of a class below this one, which may generate tests itself."""
        generates = generates or self.generates
        return _Scope([*self._holders, holder], [*marks, *self.marks], generates)

    def find(self, name):
        """The definitions called `name`, outermost first."""
        found = self._found.get(name)
        if found is None:
            found = [d for holder in self._holders for d in holder.defs.get(name, ())]
            self._found[name] = found
        return found

    def closure(self, initial):
        """The closure of `initial` without parametrization; remembered."""
        known = self._closures.get(initial)
        if known is None:
            known = self._closures[initial] = closure_of(initial, (), self.find)
        return known


def _warn_of_no_function(name, value):
    """Do as pytest with a test that can be called but is no function."""
    if not versions.installed():
        raise Unsupported(f"{name} is not a function")
    from warnings import warn_explicit

    from _pytest._code import getfslineno
    from _pytest.compat import get_real_func
    from _pytest.warning_types import PytestCollectionWarning

    if isinstance(get_real_func(value), FunctionType):
        raise Unsupported(f"{name} is not a plain function")
    path, line = getfslineno(value)
    warning = PytestCollectionWarning(f"cannot collect {name!r} because it is not a function.")
    warn_explicit(warning, None, str(path), line + 1)


def _warn_of_empty_use(definition):
    """Do as pytest with a `usefixtures` that names nothing."""
    if not versions.at_least(8, 4):
        return
    from _pytest.warning_types import PytestWarning

    text = f"usefixtures() in {definition.nodeid} without arguments has no effect"
    for node, mark in definition.iter_markers_with_node("usefixtures"):
        if not mark.args:
            node.warn(PytestWarning(text))


def _generators_for(parent):
    """What generates tests of functions of `parent`, in the order in which pytest knows them."""
    own = []
    if hasattr(parent.module, "pytest_generate_tests"):
        own.append(parent.module.pytest_generate_tests)
    if parent.cls is not None and hasattr(parent.cls, "pytest_generate_tests"):
        own.append(parent.cls().pytest_generate_tests)
    return own


def _may_have_params(definitions):
    return len(definitions) > 1 or definitions[-1].params is not None


def _flag(value):
    try:
        return getattr(value, "__test__", False)
    except Exception:
        return False


def _code_of(func):
    if type(func) is FunctionType:
        return func.__code__
    import functools
    import inspect

    try:
        real = inspect.unwrap(func)
    except Exception:
        return None
    if isinstance(real, functools.partial):
        real = real.func
    return real.__code__ if isinstance(real, FunctionType) else None
