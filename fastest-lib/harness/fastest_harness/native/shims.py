"""`request.config` as the native engine can answer for it.

The same object is handed to pytest's own helpers (assertion comparison, id making, failure
representation), which ask it a small known set of questions. Any other question is
`Unsupported`.
"""

from __future__ import annotations

from types import SimpleNamespace

from . import doctests
from .errors import Unsupported

__tracebackhide__ = True

#: Marks that pytest itself registers.
_BUILTIN_MARKERS = (
    "skip",
    "skipif",
    "xfail",
    "parametrize",
    "usefixtures",
    "filterwarnings",
    "tryfirst",
    "trylast",
)
_UNSET = object()

#: Options and ini values with the value that an unconfigured pytest has.
_OPTIONS = {"fulltrace": False, "runxfail": False, "usepdb": False, "color": "auto"}
_INI = {
    "strict": None,
    "strict_parametrization_ids": None,
    "disable_test_id_escaping_and_forfeit_all_rights_to_community_support": False,
    "parametrize_long_str_id_strategy": "short",
    "truncation_limit_lines": None,
    "truncation_limit_chars": None,
    "enable_assertion_pass_hook": False,
    "assertion_text_diff_style": "ndiff",
    "collect_imported_tests": True,
    "consider_namespace_packages": False,
    "verbosity_assertions": "auto",
}


def _coverage_markers(values):
    """The mark of pytest-cov, which the engine honours in its place."""
    return ("no_cover",) if "pytest-cov" in values.get("plugins", ()) else ()


class _Hooks:
    """The hooks that pytest's helpers call; no plugin implements them in a native file."""

    #: pytest-asyncio asks whether any conftest has this hook of its own.
    pytest_asyncio_loop_factories = SimpleNamespace(get_hookimpls=list)

    def pytest_make_parametrize_id(self, **_):
        return None

    def pytest_markeval_namespace(self, **_):
        return []


class _Option:
    """`config.option`."""

    def __init__(self, values):
        self.__dict__.update(values)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"config.option.{name}")


class _PluginManager:
    """`config.pluginmanager`: knows the capture manager, and that a reporter exists."""

    def __init__(self, capture):
        self._capture = capture
        #: The engine's `LogCapture`, once there is one.
        self.logs = None
        self._logging_plugin = None
        #: Names of plugins that are there besides pytest's own.
        self.names = set()

    def getplugin(self, name):
        if name == "capturemanager":
            return self._capture
        raise Unsupported(f"config.pluginmanager.getplugin({name!r})")

    get_plugin = getplugin

    def has_plugin(self, name):
        if name in ("terminalreporter", "capturemanager") or name in self.names:
            return True
        raise Unsupported(f"config.pluginmanager.has_plugin({name!r})")

    hasplugin = has_plugin

    def unregister(self, plugin=None, name=None):
        """Take a plugin out; tests of logging do so with that of pytest."""
        if name != "logging-plugin" or plugin is not None or self.logs is None:
            raise Unsupported("config.pluginmanager.unregister")
        if self._logging_plugin is not None:
            return None
        self._logging_plugin = self.logs.take_out()
        return self._logging_plugin

    def register(self, plugin, name=None):
        """Put it back."""
        if plugin is not self._logging_plugin or name != "logging-plugin":
            raise Unsupported("config.pluginmanager.register")
        self._logging_plugin = None
        self.logs.put_back()
        return name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"config.pluginmanager.{name}")


class _InvocationParams:
    def __init__(self, directory):
        self.dir = directory


class Config:
    """Stands in for `pytest.Config`."""

    VERBOSITY_ASSERTIONS = "assertions"
    VERBOSITY_TEST_CASES = "test_cases"

    def __init__(self, values, capture):
        self._values = values
        self._junit_family = values.get("junit_family")
        #: Whether expected failures are represented as others are.
        self.explains_xfailed = values.get("explain_xfailed", True)
        self.hook = _Hooks()
        self.pluginmanager = _PluginManager(capture)
        verbosity = values["verbosity"]
        self._options = {
            **_OPTIONS,
            "verbose": verbosity,
            "strict": values["strict_markers"],
            "strict_markers": values["strict_markers"],
            "tbstyle": values["tbstyle"],
            "showlocals": values["showlocals"],
            "capture": values["capture"],
            "keyword": values["keyword"],
            "markexpr": values["markexpr"],
            "maxfail": values["maxfail"],
            "importmode": values["import_mode"],
        }
        self.option = _Option(self._options)
        strict_markers = values["strict_markers"] or None
        self._ini = {
            **_INI,
            "python_files": values["python_files"],
            "python_classes": values["python_classes"],
            "python_functions": values["python_functions"],
            "usefixtures": values["usefixtures"],
            "filterwarnings": values["filterwarnings"],
            "empty_parameter_set_mark": values["empty_parameter_set_mark"] or "skip",
            "xfail_strict": values["xfail_strict"],
            "strict_xfail": values["xfail_strict"],
            "strict_markers": strict_markers,
            "markers": [*values["markers"], *_BUILTIN_MARKERS, *_coverage_markers(values)],
        }
        options, ini = doctests.options(values)
        self._options.update(options)
        self._ini.update(ini)
        self.rootdir_text = values["rootdir"]

    def __getattr__(self, name):
        if name == "rootpath":
            from pathlib import Path

            self.rootpath = Path(self.rootdir_text)
            return self.rootpath
        if name == "rootdir":
            from _pytest.compat import legacy_path

            self.rootdir = legacy_path(self.rootdir_text)
            return self.rootdir
        if name == "inipath":
            from pathlib import Path

            text = self._values["inipath"]
            self.inipath = Path(text) if text else None
            return self.inipath
        if name == "invocation_params":
            from pathlib import Path

            self.invocation_params = _InvocationParams(Path(self._values["invocation_dir"]))
            return self.invocation_params
        if name == "stash":
            from _pytest.stash import Stash

            self.stash = Stash()
            return self.stash
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"config.{name}")

    def getoption(self, name, default=_UNSET, skip=False):
        """The value of a command line option that the engine knows."""
        key = name.lstrip("-").replace("-", "_")
        key = {"strict_markers": "strict", "import_mode": "importmode"}.get(key, key)
        if key in self._options:
            value = self._options[key]
            return default if value is None and default is not _UNSET else value
        raise Unsupported(f"config.getoption({name!r})")

    def getvalue(self, name, path=None):
        """Old spelling of `getoption`; pytest's helpers still ask for the assertion mode so."""
        if name == "assertmode":
            return "rewrite"
        return self.getoption(name)

    def getini(self, name):
        """The value of an ini option that the engine knows."""
        try:
            return self._ini[name]
        except KeyError:
            raise Unsupported(f"config.getini({name!r})") from None

    def addinivalue_line(self, name, line):
        """Add a line to a setting that is a list."""
        self._ini[name].append(line)

    def register_plugin(self, options, ini):
        """Know a plugin's options and settings, with their values."""
        self._options.update(options)
        self.option.__dict__.update(options)
        self._ini.update(ini)

    def get_verbosity(self, verbosity_type=None):
        """The verbosity; per-type settings are not modelled."""
        return self._options["verbose"]

    def _iter_registered_markers(self):
        for line in self._ini["markers"]:
            name = line.split(":")[0].split("(")[0].strip()
            yield SimpleNamespace(name=name)

    def get_terminal_writer(self):
        """A writer without colours, for pytest's highlighting of comparisons."""
        import io

        from _pytest._io import TerminalWriter

        writer = TerminalWriter(io.StringIO())
        # The environment may ask for colours whatever the file is.
        writer.hasmarkup = False
        return writer
