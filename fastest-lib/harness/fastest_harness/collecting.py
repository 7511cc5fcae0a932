"""The pytest session of `fastest_harness.collect`, which imports pytest."""

import os

import pytest
from _pytest import config as pytest_config

from fastest_harness.collect import FOLDER_HOOKS, INERT, SESSION_HOOKS, TREE_HOOKS
from fastest_harness.coverage_plugins import CoverageOff
from fastest_harness.describe import Files
from fastest_harness.longrepr import import_failure, longrepr_of
from fastest_harness.pytest_engine import CACHE_PLUGINS, NOT_OURS


def run(request, recorder, send):
    """Collect as ``request`` says."""
    plugin = Collecting(request, recorder, send)
    args = ["--collect-only", "-q", *request["args"]]
    config = None
    try:
        config = pytest_config._prepareconfig(args, [CoverageOff(), plugin])
        for name, value in NOT_OURS.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        # A file that cannot be collected does not keep the others from being listed.
        config.option.maxfail = 0
        config.hook.pytest_cmdline_main(config=config)
        if not plugin.is_told:
            send(["usage", "pytest ended before it had collected: {}".format(" ".join(args))])
    except pytest_config.ConftestImportFailure as failure:
        # Its constructor is not the same in all releases, what it is raised from is.
        shown = import_failure(failure.__cause__ or failure)
        send(["usage", f"ImportError while loading conftest '{failure.path}'.\n{shown}"])
    except pytest.UsageError as error:
        send(["usage", "\n".join(str(arg) for arg in error.args)])
    except SystemExit:
        send(["usage", "pytest did not accept its options: {}".format(" ".join(args))])
    finally:
        if config is not None:
            config._ensure_unconfigure()


class Collecting:
    """The plugin that watches the session and says what it collected."""

    def __init__(self, request, recorder, send):
        self._known = set(request["known"])
        self._deadly = request["deadly"]
        self._recorder = recorder
        self._channel = send
        self._files = {}  # path -> what is said about it
        self._latest = None
        self._errors = []
        self._loaded = set()
        self._entangled = set()
        self._wide = None
        self.is_told = False

    def _send(self, message):
        self.is_told = self.is_told or message[0] != "loading"
        self._channel(message)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session):
        config = session.config
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        for name in CACHE_PLUGINS:
            plugin = config.pluginmanager.getplugin(name)
            if plugin is not None:
                config.pluginmanager.unregister(plugin)
        self._keep_deselected(config)
        self._wide = wide_reason(config.pluginmanager)
        if self._wide:
            # Nothing is collected yet: this session can do it all.
            self._known = set()
        elif self._known:
            config.args = [self._without_names(config, arg) for arg in config.args]

    @staticmethod
    def _keep_deselected(config):
        """Leave what ``-k``, ``-m`` and ``--deselect`` select to whoever asks for the tests."""
        from _pytest import mark

        for name in ("deselect_by_keyword", "deselect_by_mark"):
            if hasattr(mark, name):
                setattr(mark, name, lambda items, config: None)
        config.option.deselect = []

    def _without_names(self, config, arg):
        """An argument that names tests of a file that is passed over, as the file."""
        path, colons, _ = arg.partition("::")
        absolute = os.path.normpath(os.path.join(config.invocation_params.dir, path))
        return path if colons and absolute in self._known else arg

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector):
        if not isinstance(collector, pytest.File):
            return None
        path = str(collector.path)
        before, self._latest = self._latest, path
        if path in self._known:
            return pytest.CollectReport(collector.nodeid, "passed", longrepr=None, result=[])
        if path in self._deadly:
            self._files[path] = {"node": collector.nodeid.split("::")[0], "after": before}
            return pytest.CollectReport(
                collector.nodeid, "failed", longrepr=self._deadly[path], result=[]
            )
        self._loaded.update(self._recorder.new_modules())
        if path in self._loaded and path not in self._files:
            # Another file has imported it, which its tests may be the result of.
            self._entangled.add(path)
        about = {"node": collector.nodeid.split("::")[0], "after": before}
        self._files.setdefault(path, about)
        self._send(["loading", path])
        return None

    def pytest_collectreport(self, report):
        if report.failed:
            longrepr = longrepr_of(report)
            self._errors.append([report.nodeid, _headline(longrepr)])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        # By now every hook has had its say about `session.items`.
        files = Files()
        for item in session.items:
            files.add(item)
        found, order = files.result()
        manager = session.config.pluginmanager
        reason = self._wide or wide_reason(manager) or wide_fixture(session)
        if reason is None and any(file["wide"] for file in found.values()):
            reason = "a parameter of session or package scope"
        if reason and self._known:
            self._send(["wide", reason])
            return True
        for path, about in self._files.items():
            file = found.pop(path, None) or {"groups": [], "tests": []}
            self._send(["file", path, dict(file, **about)])
        for path, file in found.items():
            self._send(["file", path, file])
        answer = {
            "order": order,
            "errors": self._errors,
            "wide": reason,
            "entangled": sorted(self._entangled),
            "inputs": self._recorder.result(shapes_tree(manager)),
        }
        self._send(["session", answer])
        return True

    def pytest_internalerror(self, excrepr):
        self._send(["error", str(excrepr)])

    def pytest_keyboard_interrupt(self, excinfo):
        if isinstance(excinfo.value, pytest.exit.Exception):
            self._send(["interrupted", excinfo.exconly(), excinfo.value.returncode])
        else:
            self._send(["interrupted", "KeyboardInterrupt", None])


def _headline(longrepr):
    """What pytest says of a collector that failed, on one line."""
    first = longrepr["text"].strip().partition("\n")[0].rstrip(".")
    message = longrepr["message"]
    if not first.startswith("ImportError while importing test module"):
        return message or first
    return f"it cannot be imported: {message}"


def _implementations(manager, names):
    """The implementations of hooks that are not known to leave tests alone."""
    for name in names:
        caller = getattr(manager.hook, name, None)
        for implementation in caller.get_hookimpls() if caller is not None else ():
            module = getattr(implementation.function, "__module__", None) or ""
            if module.partition(".")[0] not in INERT:
                yield name, implementation


def wide_reason(manager):
    """Why the tests of one file may depend on the other files; ``None`` when they do not."""
    conftests = getattr(manager, "_conftest_plugins", ())
    for name, implementation in _implementations(manager, SESSION_HOOKS):
        return f"`{name}` of {implementation.plugin_name}"
    for name, implementation in _implementations(manager, TREE_HOOKS + FOLDER_HOOKS):
        if not any(implementation.plugin is conftest for conftest in conftests):
            return f"`{name}` of {implementation.plugin_name}"
    return None


def wide_fixture(session):
    """A fixture of a plugin that multiplies tests which do not ask for it."""
    manager = getattr(session, "_fixturemanager", None)
    for name in getattr(manager, "_nodeid_autousenames", {}).get("", ()):
        for definition in manager._arg2fixturedefs.get(name, ()):
            module = getattr(definition.func, "__module__", "")
            if definition.baseid or not definition.params or module.partition(".")[0] in INERT:
                continue
            file = getattr(definition.func, "__globals__", {}).get("__file__") or ""
            if os.path.basename(file) != "conftest.py":
                return f"the fixture `{name}` of {module}"
    return None


def shapes_tree(manager):
    """Whether hooks decide which files are collected."""
    return any(True for _ in _implementations(manager, TREE_HOOKS))
