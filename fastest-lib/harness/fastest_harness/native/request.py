"""The `request` object."""

from __future__ import annotations

from .errors import Unsupported
from .nodes import CLASS, FUNCTION, MODULE, SCOPE_NAMES, FixtureInfo

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
            self.node = _node_at(item, level)

    def __getattr__(self, name):
        if name == "param" or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
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
        self._require("path", MODULE)
        return self._pyfuncitem.path

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

    def getfixturevalue(self, argname):
        """The value of a fixture, set up now if it was not yet."""
        if argname == "request":
            return self
        cached = self.active_fixturedef(argname).cached_result
        if cached is None:
            raise Unsupported(f"fixture {argname} used after its teardown")
        return cached[0]

    def active_fixturedef(self, argname):
        """The definition that serves `argname` here, with its value set up."""
        fixturedef = self._resolved.get(argname)
        if fixturedef is not None:
            self._check_scope(fixturedef)
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
        callspec = item.__dict__.get("callspec")
        if callspec is not None and argname in callspec.params:
            level = callspec._levels[argname]
            request = Request(item, self, fixturedef, level)
            request.param = callspec.params[argname]
            request.param_index = callspec.indices[argname]
        else:
            if fixturedef.params is not None:
                raise Unsupported(f"parametrized fixture {argname!r} requested without parameter")
            request = Request(item, self, fixturedef, fixturedef.level)
            request.param_index = 0
        self._check_scope(fixturedef)
        if not item.session.setup_state.is_active(self.node):
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

    def _check_scope(self, fixturedef):
        if self._parent is not None and self._level > fixturedef.level:
            # pytest's report of this error quotes its own objects at length.
            raise Unsupported(f"scope mismatch of fixture {fixturedef.argname!r}")


class _FixtureManager:
    """As much of pytest's as plugins ask about a single test."""

    def __init__(self, item):
        self._item = item

    def getfixtureinfo(self, node, func, cls=None):
        """What fixtures the test `node` uses."""
        if node is not self._item or func is not node.function:
            raise Unsupported("getfixtureinfo of another function")
        from .params import DirectParam

        found = FixtureInfo(node.info)
        # Arguments that are parametrized directly have no fixture.
        found.name2fixturedefs = {
            name: definitions
            for name, definitions in node.info.definitions.items()
            if type(definitions[-1]) is not DirectParam
        }
        return found

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"request._fixturemanager.{name}")


def _node_at(item, level):
    if level == FUNCTION:
        return item
    for node in item._parents():
        if node.level == level:
            return node
    # Class scope outside a class means the function itself.
    return item
