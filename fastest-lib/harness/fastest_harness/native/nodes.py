"""The collection tree as tests and pytest's own helpers see it through `request.node`.

Only what pytest documents and the native engine models is here; asking a node for anything else
raises `Unsupported`, so that no test sees a wrong answer. The nodes of directories are in `tree`.
"""

from __future__ import annotations

import os
import sys
from types import MethodType

from . import versions
from .errors import Unsupported

__tracebackhide__ = True

FUNCTION, CLASS, MODULE, PACKAGE, SESSION = range(5)
#: The level of a directory that is no package: no scope's fixtures live there.
DIRECTORY = -1
LEVELS = {
    "function": FUNCTION,
    "class": CLASS,
    "module": MODULE,
    "package": PACKAGE,
    "session": SESSION,
}
SCOPE_NAMES = ("function", "class", "module", "package", "session")


class fixed:  # noqa: N801
    """A method of nodes that nobody may replace on one: the engine has its own ways to call it."""

    def __init__(self, function):
        self._function = function

    def __get__(self, node, cls=None):
        return self if node is None else MethodType(self._function, node)

    def __set__(self, node, value):
        raise Unsupported(f"{self._function.__name__} of {node!r} is replaced")


class Node:
    """What all nodes share. `level` is the scope whose fixtures live on such a node."""

    level = SESSION
    # Read by pytest's own location helpers, which ask with a default.
    location = None

    def __init__(self, name, parent, nodeid):
        self.name = name
        self.parent = parent
        self.nodeid = nodeid
        self.own_markers = []
        if parent is not None:
            self.config = parent.config
            self.session = parent.session

    @property
    def __class__(self):
        """pytest's class of such a node, which is what `isinstance` is asked about."""
        if "pytest" not in sys.modules:
            return type(self)
        return type(self)._counterpart()

    def __getattr__(self, name):
        if name == "keywords":
            from _pytest.mark.structures import NodeKeywords

            self.keywords = self._fill_keywords(NodeKeywords(self))
            return self.keywords
        if name == "stash":
            from _pytest.stash import Stash

            self.stash = Stash()
            return self.stash
        if name == "extra_keyword_matches":
            self.extra_keyword_matches = set()
            return self.extra_keyword_matches
        if name == "path":
            from pathlib import Path

            self.path = Path(self.abspath)
            return self.path
        if name == "fspath":
            from _pytest.compat import legacy_path

            self.fspath = legacy_path(self.abspath)
            return self.fspath
        if name.startswith("__") or name in self._absent or self._is_nowhere(name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise Unsupported(f"request.node.{name}")

    #: Attributes that only some of pytest's nodes have, and not these.
    _absent = frozenset({"callspec", "_obj"})

    #: Attributes that instances of pytest's nodes have and their classes do not show.
    _private = frozenset({"_instance", "_keywords", "_nodeid", "_obj", "_store", "_hash"})

    def _is_nowhere(self, name):
        """Whether pytest's node would have no such attribute either."""
        if name in self._private or self.level == SESSION or not versions.installed():
            return False
        return not hasattr(self._counterpart(), name)

    def _fill_keywords(self, keywords):
        for mark in self.own_markers:
            keywords[mark.name] = mark
        return keywords

    @property
    def id(self):
        """The node id; pytest 9.2 asks for it by this name."""
        return self.nodeid

    @property
    def abspath(self):
        """Path of the file the node came from."""
        return self.parent.abspath

    @property
    def ihook(self):
        """The hooks that pytest's own helpers call on a node."""
        return self.session.gethookproxy(self.abspath)

    @fixed
    def setup(self):
        """Called when the node is entered, before the first test below it."""

    @fixed
    def teardown(self):
        """Called when the node is left."""

    def __reduce_ex__(self, protocol):
        raise Unsupported("a node is copied")

    def iter_parents(self):
        """This node, then its parents, outermost last."""
        node = self
        while node is not None:
            yield node
            node = node.parent

    def listchain(self):
        """The parents of this node and itself, outermost first."""
        chain = list(self.iter_parents())
        chain.reverse()
        return chain

    def listnames(self):
        """Names of the parents and of this node, outermost first."""
        return [node.name for node in self.listchain()]

    def listextrakeywords(self):
        """What `extra_keyword_matches` of this node and its parents hold."""
        found = set()
        for node in self.iter_parents():
            found.update(node.extra_keyword_matches)
        return found

    def iter_markers(self, name=None):
        """Marks from the nearest node outwards, only those called `name` if given."""
        for _, mark in self.iter_markers_with_node(name):
            yield mark

    def iter_markers_with_node(self, name=None):
        """Like `iter_markers`, with the node each mark belongs to."""
        node = self
        while node is not None:
            for mark in node.own_markers:
                if name is None or mark.name == name:
                    yield node, mark
            node = node.parent

    def get_closest_marker(self, name, default=None):
        """The first mark called `name`, or `default`."""
        if default is not None and versions.at_least(9, 2):
            # A mark decorator stands for its mark.
            default = getattr(default, "mark", default)
        return next(self.iter_markers(name), default)

    def add_marker(self, marker, append=True):
        """Add a mark, given as a decorator or by name."""
        from _pytest.mark.structures import MARK_GEN, MarkDecorator

        if isinstance(marker, str):
            marker = getattr(MARK_GEN, marker)
        elif not isinstance(marker, MarkDecorator):
            raise ValueError("is not a string or pytest.mark.* Marker")
        mark = marker.mark
        self.keywords[mark.name] = mark
        self.own_markers = [*self.own_markers, mark] if append else [mark, *self.own_markers]
        state = self.session.setup_state
        state.marks_changed = True
        state.directories_marked |= self.level not in (FUNCTION, CLASS, MODULE)

    def addfinalizer(self, finalizer):
        """Run `finalizer` when this node is torn down."""
        self.session.setup_state.addfinalizer(finalizer, self)

    def getparent(self, cls):
        """The nearest node of class `cls`, which may be one of pytest's own classes."""
        for node in self.iter_parents():
            if isinstance(node, cls) or issubclass(node._counterpart(), cls):
                return node
        return None

    @classmethod
    def _counterpart(cls):
        """pytest's class of such a node."""
        import pytest

        names = (base.__name__ for base in cls.__mro__)
        return next(filter(None, (getattr(pytest, name, None) for name in names)), cls)

    def warn(self, warning):
        """Issue `warning` at the location of this node."""
        from _pytest.nodes import Node as PytestNode

        PytestNode.warn(self, warning)

    def __repr__(self):
        return f"<{type(self).__name__} {self.name}>"


class Session(Node):
    """The root; one per process."""

    def __init__(self, config, setup_state):
        super().__init__("", None, "")
        self.config = config
        self.session = self
        self.setup_state = setup_state

    @property
    def shouldstop(self):
        """Why the run is to stop: nobody may say so here."""
        return False

    @shouldstop.setter
    def shouldstop(self, reason):
        raise Unsupported("a test ends the run")

    shouldfail = shouldstop

    @property
    def abspath(self):
        return self.config.rootdir_text

    def gethookproxy(self, path):
        """The hooks that hold for the file at `path`."""
        return self.config.hook

    @property
    def _setupstate(self):
        return self.setup_state


def _set_once(node, name, value):
    if name == "obj" and "obj" in node.__dict__:
        raise Unsupported(f"obj of {node!r} is replaced")
    object.__setattr__(node, name, value)


class Module(Node):
    """A test file."""

    level = MODULE

    __setattr__ = _set_once

    def __init__(self, parent, nodeid, abspath, obj):
        super().__init__(nodeid.rpartition("/")[2], parent, nodeid)
        self._abspath = abspath
        self.obj = obj

    @property
    def abspath(self):
        return self._abspath

    @property
    def module(self):
        """The module object."""
        return self.obj

    cls = instance = None


class Class(Node):
    """A test class."""

    level = CLASS

    __setattr__ = _set_once

    def __init__(self, name, parent, obj):
        super().__init__(name, parent, f"{parent.nodeid}::{name}")
        self.obj = obj
        self.module = parent.module

    @property
    def cls(self):
        """The class object."""
        return self.obj

    instance = None

    def newinstance(self):
        """A new instance of the class."""
        return self.obj()


class CallSpec:
    """One planned call of a parametrized function: `request.node.callspec`."""

    __slots__ = ("params", "indices", "_arg2scope", "_levels", "_idlist", "marks")

    def __init__(self, params, indices, levels, idlist, marks):
        self.params = params
        self.indices = indices
        self._levels = levels
        self._idlist = idlist
        self.marks = marks

    @property
    def id(self):
        """The text in the brackets of the test's name."""
        return "-".join(self._idlist)

    def getparam(self, name):
        """The value given for `name`; `ValueError` if there is none."""
        try:
            return self.params[name]
        except KeyError as error:
            raise ValueError(name) from error


class FixtureInfo:
    """What plugins ask of the fixtures of a test."""

    def __init__(self, info, definitions=None):
        self.__dict__.update(
            argnames=tuple(info.argnames),
            names_closure=info.closure,
            name2fixturedefs=info.definitions if definitions is None else definitions,
        )

    def __setattr__(self, name, value):
        raise Unsupported(f"item._fixtureinfo.{name} is set")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"item._fixtureinfo.{name}")


class Function(Node):
    """A test. `info` holds what all parametrized calls of one function share."""

    level = FUNCTION
    #: The plugins that the test concerns, and whether they or hooks have a say in its phases.
    taken_by = ()
    watched = False
    #: What runs it instead of a call of its function.
    own_call = None
    #: What is called with the request when the fixtures are set up.
    filled = None
    #: Whether the end of the test ends its instance, before the teardown of what is around it.
    drops_instance = False
    #: Errors that the test recorded instead of raising them, as pytest's `ExceptionInfo`.
    _excinfo = None
    #: Whether the test failed as it was to, where pytest is not there to say so.
    expected_failure = False
    #: Reports of parts of the test, which come before that of its call.
    extra_reports = ()
    #: How many of them failed.
    failed_subtests = 0
    #: Whether the call did anything but pass.
    call_failed = False

    def __init__(self, name, parent, nodeid, info, callspec, own_markers):
        self.name = name
        self.parent = parent
        self.nodeid = nodeid
        self.config = parent.config
        self.session = parent.session
        self.own_markers = own_markers
        self.info = info
        self.originalname = info.name
        self.funcargs = {}
        self.user_properties = []
        self._report_sections = []
        self._instance = None
        self._called = None
        #: How the test is set up and called if not as any function is; see `asynchronous`.
        self.runs = None
        if callspec is not None:
            self.callspec = callspec

    def __getattr__(self, name):
        if name == "_request":
            from .request import Request

            self._request = Request(self)
            return self._request
        return super().__getattr__(name)

    def _fill_keywords(self, keywords):
        super()._fill_keywords(keywords)
        keywords.update(self.function.__dict__)
        if "callspec" in self.__dict__:
            keywords[self.callspec.id] = True
        return keywords

    @property
    def module(self):
        """The module object of the test."""
        return self.parent.module

    @property
    def cls(self):
        """The class object of a method, else None."""
        return self.parent.cls

    @property
    def instance(self):
        """The instance that a method is bound to, made on first use; else None."""
        if self._instance is None and self.parent.level == CLASS:
            self._instance = self.parent.obj()
        return self._instance

    @property
    def obj(self):
        """The callable that the test runs; plugins put another in its place while they run it."""
        if self._called is not None:
            return self._called
        owner = self.instance
        return getattr(self.parent.obj if owner is None else owner, self.originalname)

    @obj.setter
    def obj(self, value):
        self._called = value

    #: pytest's traceback filter asks for this name before it looks at `obj`.
    _obj = obj

    @property
    def _nodeid(self):
        raise Unsupported("item._nodeid")

    @_nodeid.setter
    def _nodeid(self, value):
        raise Unsupported("item._nodeid is set")

    @property
    def function(self):
        """The plain function behind `obj`."""
        obj = self.obj
        return getattr(obj, "__func__", obj)

    @property
    def runtest(self):
        """pytest's way to call the test, which the engine does not take."""
        raise Unsupported("item.runtest")

    @runtest.setter
    def runtest(self, value):
        raise Unsupported("item.runtest is replaced")

    @property
    def _fixtureinfo(self):
        """What plugins ask of the fixtures."""
        known = self.__dict__.get("_known_fixtures")
        if known is None:
            known = self._known_fixtures = FixtureInfo(self.info)
        return known

    @_fixtureinfo.setter
    def _fixtureinfo(self, value):
        raise Unsupported("item._fixtureinfo is replaced")

    @property
    def fixturenames(self):
        """The closure of fixture names, in the order of their setup."""
        return self.info.closure

    @fixturenames.setter
    def fixturenames(self, names):
        raise Unsupported("item.fixturenames is replaced")

    @property
    def _pyfuncitem(self):
        return self

    @property
    def location(self):
        """(path relative to the root, line or None, dotted name)."""
        path, line, domain = self.reportinfo()
        rootdir = self.config.rootdir_text
        relative = os.path.relpath(os.fspath(path), rootdir)
        return relative, line, domain

    def reportinfo(self):
        """(absolute path, 0-based line, dotted name) of the test's function."""
        from _pytest._code import getfslineno

        path, line = getfslineno(self.obj)
        names = [node.name for node in self.iter_parents() if 0 <= node.level < MODULE]
        return path, line, ".".join(reversed(names))

    def add_report_section(self, when, key, content):
        """Keep captured output for the report, if there is any."""
        if not content:
            return
        sections = self._report_sections
        for index, known in enumerate(sections):
            # The last teardown of a file is captured in two parts.
            if known[:2] == (when, key):
                sections[index] = (when, key, known[2] + content)
                return
        sections.append((when, key, content))

    def _traceback_filter(self, excinfo):
        from _pytest.python import Function as PytestFunction

        return PytestFunction._traceback_filter(self, excinfo)

    def _repr_failure_py(self, excinfo, style=None):
        from _pytest.nodes import Node as PytestNode

        return PytestNode._repr_failure_py(self, excinfo, style)

    def repr_failure(self, excinfo):
        """The representation of a failed call, made by pytest itself."""
        from _pytest.python import Function as PytestFunction

        return PytestFunction.repr_failure(self, excinfo)
