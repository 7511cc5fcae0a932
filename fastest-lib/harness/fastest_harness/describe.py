"""Items of pytest as the data that discovery gives of a test."""

import json
import linecache
import re

import pytest

_DEF = re.compile(r"\s*(async\s+)?def\s")
# What pytest puts behind a parameter that no fixture is asked for.
_DIRECT = "get_direct_param_fixture_func"
_WIDE = ("session", "package")


class Files:
    """The collected items by the files that they came from, each in the session's order."""

    def __init__(self):
        self._files = {}
        self._order = []

    def add(self, item):
        """Take the next item of the session."""
        chain = item.listchain()
        at = max((at for at, node in enumerate(chain) if isinstance(node, pytest.File)), default=0)
        path = str(chain[at].path if at else item.path)
        file = self._files.get(path)
        if file is None:
            nodeid = chain[at].nodeid if at else item.nodeid
            file = _File(path, nodeid.split("::")[0])
            self._files[path] = file
        place = len(file.tests)
        last = self._order[-1] if self._order else None
        if last and last[0] == path and last[1] + last[2] == place:
            last[2] += 1
        else:
            self._order.append([path, place, 1])
        file.add(item, [node.name for node in chain[at + 1 : -1]] if at else [])

    def result(self):
        """The files by path, and the order of the session: runs of a file's tests, each with its
        first one and their number."""
        return {path: file.result() for path, file in self._files.items()}, self._order


class _File:
    def __init__(self, path, node):
        self._path = path
        self._node = node
        self._groups = {}
        self._wide = False
        self.tests = []

    def add(self, item, classes):
        function, parameters = _split(item.name)
        group = {
            "classes": [_text(name) for name in classes],
            "function": _text(function),
            "line": _line(item),
            "parametrized": [
                _text(name) for name in getattr(getattr(item, "callspec", None), "params", ())
            ],
            "marks": [_mark(mark) for mark in item.iter_markers()],
            "fixtures": _fixtures(item),
            "keywords": _keywords(item),
        }
        # Tests of one function mostly share all of it.
        number = self._groups.setdefault(json.dumps(group), len(self._groups))
        # Most ids follow from the rest.
        usual = "::".join([self._node, *classes, item.name]) == item.nodeid
        nodeid = None if usual else _text(item.nodeid)
        self.tests.append([number, nodeid, None if parameters is None else _text(parameters)])
        self._wide = self._wide or _is_wide(item)

    def result(self):
        return {
            "node": self._node,
            "groups": [json.loads(group) for group in self._groups],
            "tests": self.tests,
            "wide": self._wide,
        }


def _text(value):
    """Text that UTF-8 can carry."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _split(name):
    """The name of a function and its parameters, which pytest's arguments tell apart like this."""
    function, bracket, parameters = name.partition("[")
    if bracket and parameters.endswith("]"):
        return function, parameters[:-1]
    return name, None


def _line(item):
    """The line of the ``def``, counted from 1."""
    try:
        path, line, _ = item.reportinfo()
    except Exception:
        return 1
    line = (line or 0) + 1
    if isinstance(item, pytest.Function):
        # Python says where the first decorator is.
        for below in range(200):
            text = linecache.getline(str(path), line + below)
            if _DEF.match(text):
                return line + below
            if not text:
                break
    return line


def _mark(mark):
    return [_text(mark.name), [[_text(name), _value(value)] for name, value in mark.kwargs.items()]]


def _value(value):
    """What a mark's keyword argument can be equal to: a list of one scalar, or nothing."""
    if value is None:
        return [None]
    if isinstance(value, str):
        return [_text(str.__str__(value))]
    if isinstance(value, int):
        return [int(value)] if abs(int(value)) < 1 << 63 else []
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return [int(value)]
    return []


def _fixtures(item):
    """What a function asks for by ``usefixtures`` and by its arguments, without parameters."""
    info = getattr(item, "_fixtureinfo", None)
    asked = {}
    for mark in item.iter_markers("usefixtures"):
        asked.update(dict.fromkeys(map(str, mark.args)))
    definitions = getattr(info, "name2fixturedefs", {})
    for name in getattr(info, "argnames", ()):
        found = definitions.get(name)
        if not found or getattr(found[-1].func, "__name__", "") != _DIRECT:
            asked[name] = None
    return [_text(name) for name in asked]


def _keywords(item):
    """The names that ``-k`` matches besides those in the node id and those of marks."""
    names = set(item.listextrakeywords())
    names.update(getattr(getattr(item, "function", None), "__dict__", ()))
    return sorted(_text(name) for name in names)


def _is_wide(item):
    """Whether a parameter of it may draw tests of other files to it, or it to those."""
    scopes = getattr(getattr(item, "callspec", None), "_arg2scope", {})
    return any(getattr(scope, "value", scope) in _WIDE for scope in scopes.values())
