"""Doctests of modules and text files.

pytest's own collectors find the examples and its own runner runs them; here they only get nodes
and fixtures of the native engine.
"""

from __future__ import annotations

from types import SimpleNamespace

from . import versions
from .errors import Unsupported
from .nodes import Function

__tracebackhide__ = True


def options(config):
    """(options, ini values) of a worker's configuration that pytest's doctest code asks for."""
    given = config.get("doctest") or {}
    return (
        {
            "doctestmodules": given.get("modules", False),
            "doctest_ignore_import_errors": given.get("ignore_import_errors", False),
            "doctest_continue_on_failure": given.get("continue_on_failure", False),
            "doctestreport": given.get("report", "udiff"),
        },
        {
            "doctest_optionflags": given.get("optionflags", ["ELLIPSIS"]),
            "doctest_encoding": given.get("encoding", "utf-8"),
        },
    )


def has_doctests(config, path):
    """Whether the module at `path` is looked through for doctests."""
    if not config.getoption("doctestmodules"):
        return False
    if not versions.installed():
        raise Unsupported("doctests without pytest")
    from pathlib import Path

    from _pytest.doctest import _is_main_py, _is_setup_py

    return not (_is_setup_py(Path(path)) or _is_main_py(Path(path)))


def collect_doctests(collector, node, scope):
    """The doctests of `node`, a module or, without a module object, a text file."""
    if not versions.installed():
        raise Unsupported("doctests without pytest")
    if node.name == "conftest.py":
        raise Unsupported("doctests of a conftest")
    items = []
    for name, runner, dtest in _find(node):
        info = collector.plain_info(name, _NoFunction(), (), scope)
        items.append(DoctestItem(node, info, runner, dtest))
    return items


def _find(node):
    from _pytest import doctest as plugin

    found = []

    class Item:
        @classmethod
        def from_parent(cls, parent, *, name, runner, dtest):
            found.append((name, runner, dtest))

    manager = SimpleNamespace(parsefactories=lambda *_, **__: None)
    collector = SimpleNamespace(
        obj=node.obj,
        path=node.path,
        name=node.name,
        config=node.config,
        session=SimpleNamespace(_fixturemanager=manager),
    )
    kind = plugin.DoctestModule if node.obj is not None else plugin.DoctestTextfile
    original = plugin.DoctestItem
    plugin.DoctestItem = Item
    try:
        for _ in kind.collect(collector):
            pass
    finally:
        plugin.DoctestItem = original
    return found


class _NoFunction:
    """In the place of the function that a doctest has not."""


class DoctestItem(Function):
    """The examples of one docstring or text file."""

    obj = _obj = instance = None

    def __init__(self, parent, info, runner, dtest):
        name = info.name
        super().__init__(name, parent, f"{parent.nodeid}::{name}", info, None, [])
        self.runner = runner
        self.dtest = dtest

    @property
    def function(self):
        raise AttributeError("function")

    def _fill_keywords(self, keywords):
        return keywords

    def filled(self, request):
        """Give the examples their names, now that the fixtures are set up."""
        names = {"getfixture": request.getfixturevalue}
        for name, value in request.getfixturevalue("doctest_namespace").items():
            names[name] = value
        self.dtest.globs.update(names)

    def own_call(self):
        """Run the examples."""
        self._pytest().runtest(self)

    def _disable_output_capturing_for_darwin(self):
        import sys

        if sys.platform == "darwin":
            raise Unsupported("doctests on macOS")

    @staticmethod
    def _pytest():
        from _pytest.doctest import DoctestItem

        return DoctestItem

    def reportinfo(self):
        """(path, 0-based line of the docstring or None, title)."""
        return self.path, self.dtest.lineno, f"[doctest] {self.name}"

    def _traceback_filter(self, excinfo):
        return excinfo.traceback

    def repr_failure(self, excinfo):
        """The representation of a failed example, made by pytest itself."""
        import doctest

        from _pytest.doctest import MultipleDoctestFailures

        own = (doctest.DocTestFailure, doctest.UnexpectedException, MultipleDoctestFailures)
        if isinstance(excinfo.value, own):
            return self._pytest().repr_failure(self, excinfo)
        return self._repr_failure_py(excinfo)
