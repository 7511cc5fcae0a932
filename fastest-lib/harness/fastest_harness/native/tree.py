"""The nodes of directories: what lies between the root and a test file."""

from __future__ import annotations

import os

from .nodes import DIRECTORY, PACKAGE, Node, fixed
from .xunit import call_with_optional, first_function

__tracebackhide__ = True


class Dir(Node):
    """A directory that is no package."""

    level = DIRECTORY

    def __init__(self, parent, nodeid, abspath):
        above = parent.abspath
        # The root's own directory is below the root.
        name = os.path.basename(abspath) if above == abspath else os.path.relpath(abspath, above)
        super().__init__(name.replace(os.sep, "/"), parent, nodeid)
        self._abspath = abspath

    @property
    def abspath(self):
        return self._abspath


class Package(Dir):
    """A directory with an `__init__.py`, whose module-level setup concerns all tests below."""

    level = PACKAGE

    def __init__(self, parent, nodeid, abspath, load):
        super().__init__(parent, nodeid, abspath)
        self._load = load

    @fixed
    def setup(self):
        """Run what the package's `__init__` has for the first test below it."""
        module = self._load(os.path.join(self._abspath, "__init__.py"))
        setup = first_function(module, "setUpModule", "setup_module")
        if setup is not None:
            # Noted before it runs: it must not run again for the next file of the package.
            self.addfinalizer(_nothing)
            call_with_optional(setup, module)
        teardown = first_function(module, "tearDownModule", "teardown_module")
        if teardown is not None:
            self.addfinalizer(lambda: call_with_optional(teardown, module))


def _nothing():
    pass


class Tree:
    """Makes the directory nodes of one session; each directory has one node."""

    def __init__(self, session, config, load):
        self._session = session
        self._rootdir = config["rootdir"]
        self._confcutdir = config["confcutdir"]
        self._load = load
        self._nodes = {}

    def parent_of(self, path):
        """The node of the directory that the file `path` is in."""
        return self._node(os.path.dirname(path))

    def _node(self, directory):
        node = self._nodes.get(directory)
        if node is None:
            node = self._nodes[directory] = self._make(directory)
        return node

    def _make(self, directory):
        if _is_strictly_above(directory, self._confcutdir):
            return self._session
        above = os.path.dirname(directory)
        parent = self._session if above == directory else self._node(above)
        nodeid = os.path.relpath(directory, self._rootdir).replace(os.sep, "/")
        if os.path.isfile(os.path.join(directory, "__init__.py")):
            return Package(parent, nodeid, directory, self._load)
        return Dir(parent, nodeid, directory)


def _is_strictly_above(directory, other):
    if directory == other:
        return False
    return other.startswith(directory.rstrip(os.sep) + os.sep)


def package_of(item, fixturedef):
    """The node that a package-scoped `fixturedef` lives on: its conftest's package, or the root."""
    directory = fixturedef.directory
    if directory is not None and directory != item.config.rootdir_text:
        for node in item.iter_parents():
            if node.level == PACKAGE and node.abspath == directory:
                return node
    return item.session
