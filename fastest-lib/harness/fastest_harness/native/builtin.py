"""The fixtures that come with pytest, as far as the native engine has them.

Their functions are pytest's own wherever these ask only for what the engine's stand-ins answer;
a fixture not listed here is unknown, and the file that asks for it runs under pytest.
"""

from __future__ import annotations

import os

from .fixtures import FixtureDef
from .nodes import FUNCTION, SESSION

__tracebackhide__ = True


def _borrowed(module, name):
    from importlib import import_module

    definition = getattr(import_module(module), name, None)
    if definition is None:
        return None
    if hasattr(definition, "_get_wrapped_function"):
        return definition._get_wrapped_function()
    return definition.__pytest_wrapped__.obj


#: Fixture name -> (module, what its function must be given beforehand).
_BORROWED = {
    "monkeypatch": "_pytest.monkeypatch",
    "recwarn": "_pytest.recwarn",
    "capsys": "_pytest.capture",
    "capsysbinary": "_pytest.capture",
    "capfd": "_pytest.capture",
    "capfdbinary": "_pytest.capture",
    "capteesys": "_pytest.capture",
    "caplog": "_pytest.logging",
}


class BuiltinFixtures:
    """A holder whose definitions are made when first asked for."""

    def __init__(self, config, logs):
        self.defs = self
        self.autouse = ()
        self._config = config
        self._logs = logs
        self._made = {}
        #: The factory of temporary folders, if there is one already.
        self.factory = None

    def get(self, name, default=()):
        """The definitions called `name`: one or none."""
        if name not in self._made:
            fixturedef = self._make(name)
            self._made[name] = [fixturedef] if fixturedef is not None else ()
        return self._made[name] or default

    def _make(self, name):
        if name in _BORROWED:
            try:
                func = _borrowed(_BORROWED[name], name)
            except ImportError:
                return None
            if func is None:
                return None
            if name == "caplog":
                func = self._caplog(func)
            return FixtureDef(name, func, FUNCTION, native=True)
        own = getattr(self, f"_{name}", None) if name in _OWN else None
        if own is None:
            return None
        return FixtureDef(name, own, _OWN[name], native=True)

    def _caplog(self, func):
        logs = self._logs

        def caplog(request):
            logs.serve_caplog(request.node)
            yield from func(request)

        return caplog

    def _pytestconfig(self, request):
        return request.config

    def _record_property(self, request):
        def append_property(name, value):
            request.node.user_properties.append((name, value))

        return append_property

    def _tmp_path_factory(self, request):
        return self.factory or make_factory(self._config["basetemp"])

    def _tmpdir(self, request, tmp_path):
        from _pytest.compat import legacy_path

        return legacy_path(tmp_path)

    def _tmp_path(self, request, tmp_path_factory):
        import re

        name = re.sub(r"[\W]", "_", request.node.name)[:30]
        return tmp_path_factory.mktemp(name, numbered=True)


_OWN = {
    "pytestconfig": SESSION,
    "record_property": FUNCTION,
    "tmp_path_factory": SESSION,
    "tmp_path": FUNCTION,
    "tmpdir": FUNCTION,
}


def make_factory(basetemp):
    """The factory of temporary folders below `basetemp`."""
    from pathlib import Path

    from _pytest.tmpdir import TempPathFactory

    # The directory is the run's own, so nothing of an earlier run needs removing.
    base = Path(os.path.abspath(basetemp))
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    factory = TempPathFactory(
        given_basetemp=base,
        retention_count=3,
        retention_policy="all",
        trace=lambda *_: None,
        _ispytest=True,
    )
    factory._basetemp = base.resolve()
    return factory
