"""The `request` object."""

from __future__ import annotations

from . import versions
from .errors import Unsupported, as_pytest
from .nodes import CLASS, FUNCTION, MODULE, PACKAGE, SCOPE_NAMES, FixtureInfo
from .params import DirectParam
from .tree import package_of

__tracebackhide__ = True


class Request:
    """What a test or a fixture function gets for the name `request`.

    The one made for the test itself has no parent and no definition. `param` exists only where
    the fixture is parametrized, as with pytest.
    """

    def __init__(self, item, parent=None, fixturedef=None, level=FUNCTION):
        self._pyfuncitem = item
        self._parent = parent
        self._fixturedef = fixturedef
        self._level = level
        if parent is None:
            self._resolved = {}
            self.fixturename = None
            self.node = item
        else:
            self._resolved = parent._resolved
            self.fixturename = fixturedef.argname
            self.node = _node_at(item, level, fixturedef)

    def __getattr__(self, name):
        known = getattr(type(self), name, None)
        if isinstance(known, property):
            # It raised `AttributeError`, which the language takes for an absent attribute.
            return known.fget(self)
        if name[0] != "_" or name.startswith("__"):
            kind = "TopRequest" if self._parent is None else "SubRequest"
            raise as_pytest(AttributeError(f"{kind!r} object has no attribute {name!r}"))
        raise Unsupported(f"request.{name}")

    def __repr__(self):
        if self._parent is None:
            return f"<FixtureRequest for {self.node!r}>"
        return f"<SubRequest {self.fixturename!r} for {self._pyfuncitem!r}>"

    @property
    def cache_key(self):
        """What a cached fixture value belongs to: the parameter, if any."""
        return self.__dict__.get("param")

    @property
    def scope(self):
        """The scope's name."""
        return SCOPE_NAMES[self._level]

    @property
    def _scope(self):
        from _pytest.scope import Scope

        return Scope(self.scope)

    @property
    def fixturenames(self):
        """Names of all fixtures active for the test."""
        names = list(self._pyfuncitem.fixturenames)
        names.extend(set(self._resolved).difference(names))
        return names

    @property
    def config(self):
        """The stand-in for `pytest.Config`."""
        return self._pyfuncitem.config

    @property
    def session(self):
        """The root node."""
        return self._pyfuncitem.session

    @property
    def function(self):
        """The test function; only at function scope."""
        self._require("function", FUNCTION)
        return self._pyfuncitem.obj

    @property
    def cls(self):
        """The test class or None; only up to class scope."""
        self._require("cls", CLASS)
        return self._pyfuncitem.cls

    @property
    def instance(self):
        """The test's instance; None above function scope."""
        return self._pyfuncitem.instance if self._level == FUNCTION else None

    @property
    def module(self):
        """The test module; only up to module scope."""
        self._require("module", MODULE)
        return self._pyfuncitem.module

    @property
    def path(self):
        """Path of the test file; not at session scope."""
        self._require("path", PACKAGE)
        return self._pyfuncitem.path

    @property
    def fspath(self):
        """Old form of `path`."""
        from _pytest.compat import legacy_path

        return legacy_path(self.path)

    def _require(self, name, level):
        if self._level > level:
            raise AttributeError(f"{name} not available in {self.scope}-scoped context")

    @property
    def keywords(self):
        """Keywords of the node."""
        return self.node.keywords

    def addfinalizer(self, finalizer):
        """Run `finalizer` when the fixture, or the test, is torn down."""
        if self._fixturedef is None:
            self.node.addfinalizer(finalizer)
        else:
            self._fixturedef.addfinalizer(finalizer)

    def applymarker(self, marker):
        """Add a mark to the node."""
        self.node.add_marker(marker)

    def raiseerror(self, msg):
        """Fail the fixture or test with `msg`, shown at the code that asked for it."""
        from _pytest.fixtures import FixtureLookupError

        error = FixtureLookupError(None, self, msg)
        if self._parent is None:
            try:
                error.formatrepr()
            except UnboundLocalError:
                # Earlier releases break down over it.
                raise Unsupported("request.raiseerror in a test") from None
        raise as_pytest(error)

    def getfixturevalue(self, argname):
        """The value of a fixture, set up now if it was not yet."""
        if argname == "request":
            return self
        cached = self.active_fixturedef(argname, dynamic=True).cached_result
        if cached is None:
            raise Unsupported(f"fixture {argname} used after its teardown")
        return cached[0]

    def _fillfixtures(self):
        item = self._pyfuncitem
        funcargs = item.funcargs
        definitions = item.info.definitions
        params = item.callspec.params if "callspec" in item.__dict__ else None
        for argname in item.fixturenames:
            if params is not None and argname in params:
                fixturedef = definitions[argname][-1]
                if type(fixturedef) is DirectParam and fixturedef.level == FUNCTION:
                    funcargs[argname] = params[argname]
                    continue
            funcargs[argname] = self.getfixturevalue(argname)

    def active_fixturedef(self, argname, dynamic=False):
        """The definition that serves `argname` here, with its value set up.

        `dynamic` says that it is `getfixturevalue` that asks.
        """
        fixturedef = self._resolved.get(argname)
        if fixturedef is not None:
            self._check_scope(fixturedef, fixturedef.level)
            return fixturedef
        item = self._pyfuncitem
        info = item.info
        definitions = info.definitions.get(argname) or info.find(argname)
        if not definitions:
            raise Unsupported(f"fixture {argname!r} is not known")
        index = self._override_index(argname)
        if -index > len(definitions):
            raise Unsupported(f"recursive dependency of fixture {argname!r}")
        fixturedef = definitions[index]
        level = fixturedef.level
        callspec = item.__dict__.get("callspec")
        if callspec is not None and argname in callspec.params:
            level = callspec._levels[argname]
            request = Request(item, self, fixturedef, level)
            request.param = callspec.params[argname]
            request.param_index = callspec.indices[argname]
        else:
            if fixturedef.params is not None:
                if not dynamic:
                    # The message names a line of pytest's own code.
                    raise Unsupported(f"fixture {argname!r} requested without parameter")
                from _pytest.fixtures import FixtureRequest

                # It looks for the caller by its distance, so it has to be called from here.
                FixtureRequest._check_fixturedef_without_param(self, fixturedef)
            request = Request(item, self, fixturedef, level)
            request.param_index = 0
        self._check_scope(fixturedef, fixturedef.level if versions.at_least(8, 4) else level)
        state = item.session.setup_state
        if not state.is_active(self.node):
            if versions.at_least(9, 1):
                from warnings import warn

                from _pytest.deprecated import FIXTURE_GETFIXTUREVALUE_DURING_TEARDOWN as text

                warn(text.format(argname=argname), stacklevel=3)
                if not state.is_active(request.node):
                    from _pytest.fixtures import FixtureRequest

                    FixtureRequest._raise_teardown_lookup_error(self, argname)
            elif not state.is_active(request.node):
                raise Unsupported(f"fixture {argname!r} requested during teardown")
        fixturedef.execute(request)
        self._resolved[argname] = fixturedef
        return fixturedef

    # Plugins know these names of pytest's request.

    def _get_active_fixturedef(self, argname):
        return self.active_fixturedef(argname)

    @property
    def _fixturemanager(self):
        return _FixtureManager(self._pyfuncitem)

    def _override_index(self, argname):
        index = -1
        request = self
        while request._parent is not None:
            if request.fixturename == argname:
                index -= 1
            request = request._parent
        return index

    def _check_scope(self, fixturedef, level):
        if self._parent is not None and self._level > level:
            from _pytest.fixtures import SubRequest
            from _pytest.scope import Scope

            SubRequest._check_scope(self, _Shown(fixturedef), Scope(SCOPE_NAMES[level]))

    # What pytest's messages ask for.

    def _get_fixturestack(self):
        stack = []
        request = self
        while request._parent is not None:
            stack.append(_Shown(request._fixturedef))
            request = request._parent
        stack.reverse()
        return stack

    def _format_fixturedef_line(self, fixturedef):
        from _pytest.fixtures import SubRequest

        return SubRequest._format_fixturedef_line(self, fixturedef)


class _FixtureManager:
    """As much of pytest's as plugins ask about a single test."""

    def __init__(self, item):
        self._item = item

    def getfixtureinfo(self, node, func, cls=None):
        """What fixtures the test `node` uses."""
        if node is not self._item or func is not node.function:
            raise Unsupported("getfixtureinfo of another function")
        # Arguments that are parametrized directly have no fixture.
        definitions = {
            name: definitions
            for name, definitions in node.info.definitions.items()
            if type(definitions[-1]) is not DirectParam
        }
        return FixtureInfo(node.info, definitions)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"request._fixturemanager.{name}")


class _Shown:
    """A fixture definition as a message shows it."""

    def __init__(self, fixturedef):
        self.func = fixturedef.origin
        self.argname = fixturedef.argname


def _node_at(item, level, fixturedef):
    if level == FUNCTION:
        return item
    if level == PACKAGE:
        return package_of(item, fixturedef)
    for node in item.iter_parents():
        if node.level == level:
            return node
    # Class scope outside a class means the function itself.
    return item
