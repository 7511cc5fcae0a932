"""The fixtures that come with pytest, as far as the native engine has them.

Their functions are pytest's own wherever these ask only for what the engine's stand-ins answer;
a fixture not listed here is unknown, and the file that asks for it runs under pytest.
"""

from __future__ import annotations

import os

from ..junit import warn_of_property
from . import subtests
from .fixtures import FixtureDef
from .nodes import FUNCTION, SESSION

__tracebackhide__ = True


def _borrowed(module, name):
    from importlib import import_module

    module = import_module(module)
    holder = getattr(module, "LegacyTmpdirPlugin", module)
    definition = getattr(holder, name, None)
    if definition is None:
        return None
    if hasattr(definition, "_get_wrapped_function"):
        func = definition._get_wrapped_function()
        return getattr(func, "__func__", func)
    return definition.__pytest_wrapped__.obj


#: Fixture name -> the module that has its function.
_BORROWED = {
    "monkeypatch": "_pytest.monkeypatch",
    "recwarn": "_pytest.recwarn",
    "capsys": "_pytest.capture",
    "capsysbinary": "_pytest.capture",
    "capfd": "_pytest.capture",
    "capfdbinary": "_pytest.capture",
    "capteesys": "_pytest.capture",
    "caplog": "_pytest.logging",
    "doctest_namespace": "_pytest.doctest",
    "record_xml_attribute": "_pytest.junitxml",
    "record_testsuite_property": "_pytest.junitxml",
}
#: Those of them with a wider scope than a test.
_BORROWED_LEVELS = {"doctest_namespace": SESSION, "record_testsuite_property": SESSION}

#: Fixture name -> the plugin of pytest that brings it, if one may be ruled out natively.
_PLUGINS = {
    "cache": "cacheprovider",
    "record_property": "junitxml",
    "record_testsuite_property": "junitxml",
    "record_xml_attribute": "junitxml",
}


class BuiltinFixtures:
    """A holder whose definitions are made when first asked for."""

    def __init__(self, config, capture, logs):
        self.defs = self
        self.autouse = ()
        self._config = config
        self._capture = capture
        self._logs = logs
        self._settings = config.get("settings", {})
        self._ruled_out = {
            text[3:] for text in config.get("plugin_options", ()) if text.startswith("no:")
        }
        self._made = {}
        #: The factory of temporary folders, if there is one already.
        self.factory = None
        self._cache_object = None

    def get(self, name, default=()):
        """The definitions called `name`: one or none."""
        if name not in self._made:
            fixturedef = self._make(name)
            self._made[name] = [fixturedef] if fixturedef is not None else ()
        return self._made[name] or default

    def _make(self, name):
        if _PLUGINS.get(name) in self._ruled_out:
            return None
        if name == "subtests" and not subtests.available():
            return None
        if name in _BORROWED:
            try:
                func = _borrowed(_BORROWED[name], name)
            except ImportError:
                return None
            if func is None:
                return None
            if name == "caplog":
                func = self._caplog(func)
            return FixtureDef(name, func, _BORROWED_LEVELS.get(name, FUNCTION), native=True)
        if name not in _OWN:
            return None
        level, module = _OWN[name]
        fixturedef = FixtureDef(name, getattr(self, f"_{name}"), level, native=True)
        # Messages show pytest's own function.
        fixturedef.origin = _borrowed(module, name)
        return fixturedef

    def _caplog(self, func):
        logs = self._logs

        def caplog(request):
            logs.serve_caplog(request.node)
            yield from func(request)

        return caplog

    def _pytestconfig(self, request):
        return request.config

    def _record_property(self, request):
        warn_of_property(request.node, self._config.get("junit_family"))

        def append_property(name, value):
            request.node.user_properties.append((name, value))

        return append_property

    def _tmp_path_factory(self, request):
        return self.factory or make_factory(self._config["basetemp"])

    def _tmpdir(self, request, tmp_path):
        from _pytest.compat import legacy_path

        return legacy_path(tmp_path)

    def _tmpdir_factory(self, request, tmp_path_factory):
        from _pytest.legacypath import TempdirFactory

        return TempdirFactory(tmp_path_factory, _ispytest=True)

    def _tmp_path(self, request, tmp_path_factory):
        import re

        name = re.sub(r"[\W]", "_", request.node.name)[:30]
        path = tmp_path_factory.mktemp(name, numbered=True)
        yield path
        kept = self._settings.get("tmp_path_retention_policy") != "failed"
        if not (kept or request.node.call_failed):
            from shutil import rmtree

            rmtree(path, ignore_errors=True)

    def _cache(self, request):
        if self._cache_object is None:
            self._cache_object = self._open_cache(request.config)
        return self._cache_object

    def _open_cache(self, config):
        from _pytest.cacheprovider import Cache
        from _pytest.legacypath import Cache_makedir
        from _pytest.pathlib import resolve_from_str

        default = os.path.join(os.environ.get("TOX_ENV_DIR", ""), ".pytest_cache")
        directory = self._settings.get("cache_dir", default)
        Cache.makedir = Cache_makedir
        return Cache(resolve_from_str(directory, config.rootpath), config, _ispytest=True)

    def _subtests(self, request):
        request.node.extra_reports = []
        maxfail = self._config["maxfail"]
        return subtests.make(request, self._capture, self._logs, maxfail)


#: Fixture name -> its scope and the module that has pytest's own.
_OWN = {
    "cache": (FUNCTION, "_pytest.cacheprovider"),
    "doctest_namespace": (SESSION, "_pytest.doctest"),
    "pytestconfig": (SESSION, "_pytest.fixtures"),
    "record_property": (FUNCTION, "_pytest.junitxml"),
    "subtests": (FUNCTION, "_pytest.subtests"),
    "tmp_path_factory": (SESSION, "_pytest.tmpdir"),
    "tmp_path": (FUNCTION, "_pytest.tmpdir"),
    "tmpdir": (FUNCTION, "_pytest.legacypath"),
    "tmpdir_factory": (SESSION, "_pytest.legacypath"),
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
