"""A real configuration and session of pytest, for files that plugins or conftests have a say in.

The native engine collects and runs such files itself, but what they and their hooks ask is answered
by pytest's own objects, and hooks are called by pytest's plugin manager. Where pytest itself
implements a hook that the engine does the work of, the engine takes its place in the hook's order.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from ..coverage_plugins import coverage_options
from ..pytest_engine import CACHE_PLUGINS, NOT_OURS
from .asynchronous.hosted import NAMES as ASYNC
from .errors import Unsupported
from .fixtures import Holder
from .guard import Pristine, RegisteredFixtures, Settled
from .hooks import AROUND_TESTS, SESSION_WIDE, is_builtin, refusal, replace, without
from .nodes import SESSION
from .warn import described

__tracebackhide__ = True

#: Plugins that act only on request, by the name under which they are registered: the hooks that
#: do nothing without one, and the marks that are a request.
ON_REQUEST = {
    "anyio": (
        {"pytest_fixture_setup", "pytest_pycollect_makeitem", "pytest_pyfunc_call"},
        set(),
    ),
    "asyncio": (
        {
            "pytest_fixture_setup",
            "pytest_generate_tests",
            "pytest_pycollect_makeitem",
            "pytest_pycollect_makeitem_convert_async_functions_to_subclass",
            "pytest_pycollect_makeitem_preprocess_async_fixtures",
            "pytest_pyfunc_call",
        },
        set(),
    ),
    "timeout": (
        {"pytest_runtest_protocol", "pytest_runtest_call", "pytest_exception_interact"},
        # The dispatcher keeps to the mark and the settings.
        set(),
    ),
    "rerunfailures": (
        {"pytest_runtest_protocol", "pytest_runtest_teardown", "pytest_runtest_makereport"},
        {"flaky"},
    ),
}

#: Options by which such a plugin is asked to act on every test.
_REQUESTS = {"rerunfailures": ("reruns",)}

#: Plugins that only pytest can serve, and why.
_ONLY_PYTEST = {"randomly": "it shuffles the tests of the whole run"}


class Refused(Exception):
    """No file of this run can be run natively; the text says why."""


class Listener:
    """A plugin that hands warnings on, those of the configuration included."""

    def __init__(self, warning):
        self._warning = warning

    def pytest_warning_recorded(self, warning_message, when, nodeid):
        self._warning(None, described(warning_message, when, nodeid))


class Host:
    """Owns the configuration and the session. `capture` stands in for pytest's capture manager."""

    def __init__(self, values, capture, listener):
        self._values = values
        self._capture = capture
        self._listener = listener
        #: Marks that a plugin acts upon which the engine does not do.
        self.acted_upon = frozenset()
        self.config = self.session = None
        #: Whether the engine has taken over.
        self.started = False
        #: The setting of this name when the session starts.
        self._usefixtures = ()
        #: Fixtures that code registers, as a holder.
        self.registered = RegisteredFixtures(self.spoil)
        self._pristine = self._settled = None
        self._spoiled = None

    def open(self):
        """Configure and start the session. Raises `Refused`, after having undone all of it."""
        from _pytest import config as pytest_config

        try:
            self._pristine = Pristine()
            self._prepare()
            self._judge()
            self._ask_command_line()
            self._start()
            self._judge()
            self._judge_start()
        except pytest_config.ConftestImportFailure as failure:
            cause = failure.__cause__ or failure
            self._undo(f"conftest fails to import: {type(cause).__name__}")
        except Refused as error:
            self._undo(str(error))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            first = str(error).partition("\n")[0]
            self._undo(f"pytest cannot be configured: {type(error).__name__}: {first}")

    def _undo(self, reason):
        if self.config is not None:
            self.config._ensure_unconfigure()
        raise Refused(reason) from None

    def _prepare(self):
        from _pytest import config as pytest_config

        values = self._values
        # Output is captured by the engine already; the option is put right below.
        args = ["--basetemp", values["basetemp"], "--capture=no"]
        args += [*values.get("more_args", ()), *values["pytest_args"]]
        os.makedirs(os.path.dirname(values["basetemp"]), exist_ok=True)
        plugins = [*coverage_options(values), self._listener]
        self.config = config = pytest_config._prepareconfig(args, plugins)
        option = config.option
        option.capture = values["capture"]
        for name, value in NOT_OURS.items():
            if hasattr(option, name):
                setattr(option, name, value)
        # The place of pytest's own in the order of hooks is kept for the engine's.
        self._place_of_capture = config.pluginmanager.get_plugin("capturemanager")
        config.pluginmanager._name2plugin["capturemanager"] = self._capture
        self._quieten_those_on_request()
        self._settled = Settled(config)

    def _quieten_those_on_request(self):
        manager = self.config.pluginmanager
        marks = set()
        for name, (hooks, requests) in ON_REQUEST.items():
            plugin = manager.get_plugin(name)
            if plugin is None:
                continue
            for option in _REQUESTS.get(name, ()):
                if self._is_asked_for(option):
                    raise Refused(f"plugin {name} is asked for by {option}")
            marks |= requests
            for hook in hooks:
                caller = getattr(manager.hook, hook, None)
                if caller is None:
                    continue
                while any(impl.plugin is plugin for impl in caller.get_hookimpls()):
                    caller._remove_plugin(plugin)
        self.acted_upon = frozenset(marks)

    def _is_asked_for(self, option):
        if getattr(self.config.option, option, None):
            return True
        try:
            return bool(self.config.getini(option))
        except (KeyError, ValueError):
            return False

    def _judge(self):
        """Raise `Refused` for a plugin that only pytest can serve."""
        manager = self.config.pluginmanager
        for name, plugin in manager.list_name_plugin():
            if plugin is None or is_builtin(plugin):
                continue
            if name in _ONLY_PYTEST:
                raise Refused(f"plugin {name}: {_ONLY_PYTEST[name]}")
            found = refusal(manager, plugin)
            if found is None:
                continue
            if plugin not in manager._conftest_plugins:
                raise Refused(_in_words(f"plugin {name}", *found))
            if found[0] in SESSION_WIDE:
                raise Refused(_in_words("conftest", *found))

    def _judge_start(self):
        """Raise `Refused` for what hooks did at the start that the engine would not see."""
        if self.registered.refusal is not None:
            raise Refused(self.registered.refusal)
        reason = self._changes()
        if reason is not None:
            raise Refused(reason)
        if self.config.getini("enable_assertion_pass_hook"):
            raise Refused("setting enable_assertion_pass_hook")
        if self.config.getini("usefixtures") != self._usefixtures:
            raise Refused("a hook changes usefixtures")
        self._settled = Settled(self.config, taken=True)
        self.registered.started = True

    def _changes(self):
        changed = self._pristine.changed()
        if changed is not None:
            return f"{changed} is replaced"
        session = self.session
        if session.shouldstop or session.shouldfail:
            return "a hook ends the run"
        return self._settled.changed()

    def look_again(self):
        """Raise `Unsupported` if hooks did what the engine does not see, for this file and all."""
        reason = self._spoiled or self._changes()
        if reason is not None:
            self.spoil(reason)

    def spoil(self, reason):
        """From now on no file can run natively; raises `Unsupported`."""
        self._spoiled = self._spoiled or reason
        raise Unsupported(reason)

    def _ask_command_line(self):
        """Let plugins that answer the command line by themselves do so, but for pytest's own."""
        caller = self.config.hook.pytest_cmdline_main
        without(caller)
        if caller(config=self.config) is not None:
            raise Refused("a plugin answers the command line")

    def _start(self):
        from _pytest import fixtures
        from _pytest.config import ExitCode
        from _pytest.main import Session

        def make_fixture_manager(session):
            # Here it is read; earlier releases go on to add other names to this very list.
            setting = session.config.getini("usefixtures")
            self._usefixtures = list(setting)
            fixtures.pytest_sessionstart(session)
            by_node = getattr(session._fixturemanager, "_nodeid_autousenames", {})
            if by_node.get("") is setting:
                by_node[""] = list(setting)
                setting[:] = self._usefixtures
            self.registered.attach(session)

        config, manager = self.config, self.config.pluginmanager
        self.session = session = Session.from_config(config)
        session.exitstatus = ExitCode.OK
        config._do_configure()
        reporter = manager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        for name in CACHE_PLUGINS:
            plugin = manager.get_plugin(name)
            if plugin is not None:
                manager.unregister(plugin)
        directory = self._values["invocation_dir"]
        args = [str(arg).split("::")[0] for arg in config.args]
        initial = [Path(os.path.abspath(os.path.join(directory, arg))) for arg in args]
        session._initialpaths = frozenset(initial)
        session._initialpaths_with_parents = frozenset(
            {*initial, *(parent for path in initial for parent in path.parents)}
        )
        replace(config.hook.pytest_sessionstart, fixtures, make_fixture_manager)
        config.hook.pytest_sessionstart(session=session)

    def adopt(self, state, factory):
        """Make the session the root of the engine's tree, with the engine's state of setups."""
        session = self.session
        session.level = SESSION
        session.setup_state = session._setupstate = state
        session._counterpart = lambda: type(session)
        session.abspath = str(self.config.rootpath)
        self.config._tmp_path_factory = factory
        # What the engine asks of its own stand-in.
        self.config.rootdir_text = self._values["rootdir"]
        self.config._junit_family = self._values.get("junit_family")

    def take_over(self, engine, runner):
        """Put the engine's functions where pytest has its own in the hooks around tests.

        `runner` has them under the names of the hooks.
        """
        from _pytest import main, mark, python, skipping, unittest
        from _pytest import runner as running

        self.started = True
        hook = self.config.hook
        manager = self.config.pluginmanager
        self._watch_leaving(manager, runner.logs)
        capture = self._place_of_capture
        keep = {
            "pytest_runtest_setup": (skipping, running, capture),
            "pytest_runtest_call": (skipping, running, capture),
            "pytest_runtest_teardown": (running, capture),
            "pytest_runtest_makereport": (skipping, unittest, running),
            "pytest_pyfunc_call": (python,),
            "pytest_runtest_logreport": (manager.get_plugin("terminalreporter"), self.session),
        }
        for name in AROUND_TESTS:
            if name != "pytest_assertrepr_compare":
                without(getattr(hook, name), keep.get(name, ()))
        for name, plugin in (
            ("pytest_runtest_setup", running),
            ("pytest_runtest_call", running),
            ("pytest_runtest_teardown", running),
            ("pytest_pyfunc_call", python),
        ):
            replace(getattr(hook, name), plugin, getattr(runner, name))
        for when in ("setup", "call", "teardown"):
            caller = getattr(hook, f"pytest_runtest_{when}")
            replace(caller, capture, partial(runner.captured, when=when))
        replace(hook.pytest_runtest_logreport, self.session, runner.counted)
        hook.pytest_sessionfinish._remove_plugin(running)
        generating = hook.pytest_generate_tests
        fixtures = self.session._fixturemanager
        replace(generating, fixtures, lambda metafunc: metafunc.add_fixtures())
        replace(generating, python, lambda metafunc: metafunc.add_marks())
        collecting = hook.pytest_collection_modifyitems
        without(collecting, (mark, main, fixtures))
        replace(collecting, mark, lambda items, config: engine.select(items))
        replace(collecting, main, lambda items, config: None)
        replace(collecting, fixtures, lambda items: engine.reorder(items))

    def enter(self, path):
        """Load the conftests of the folders that lead to the file at `path`, outermost first.

        pytest asks which conftests hold in a folder only after it has entered it.
        """
        root = self.config.rootpath
        folders = list(Path(path).parents)
        if root in folders:
            folders = folders[: folders.index(root) + 1]
        for folder in reversed(folders):
            self._load_conftests(folder)

    def _load_conftests(self, folder):
        from _pytest.config import ConftestImportFailure

        config = self.config
        extra = {"consider_namespace_packages": config.getini("consider_namespace_packages")}
        try:
            config.pluginmanager._loadconftestmodules(
                folder, config.getoption("importmode"), config.rootpath, **extra
            )
        except ConftestImportFailure as failure:
            cause = failure.__cause__ or failure
            raise Unsupported(f"conftest fails to import: {type(cause).__name__}") from None
        except (KeyboardInterrupt, Unsupported):
            raise
        except BaseException as error:
            raise Unsupported(f"conftest fails to load: {type(error).__name__}") from None

    def conftest(self, path):
        """The module of the conftest at `path`, which is loaded now if it was not yet."""
        self._load_conftests(Path(path).parent)
        manager = self.config.pluginmanager
        module = manager.get_plugin(path)
        if module is None:
            raise Unsupported("pytest does not load the conftest")
        found = refusal(manager, module)
        if found is not None:
            raise Unsupported(_in_words("conftest", *found))
        return module

    def _watch_leaving(self, manager, logs):
        """Hear when a test takes out a plugin of pytest itself, whose part the engine has."""
        unregister = manager.unregister

        def watched(plugin=None, name=None):
            taken = unregister(plugin, name)
            if taken is None or not self.started:
                return taken
            if taken is self._logging:
                logs.take_out()
            elif is_builtin(taken):
                raise Unsupported("one of pytest's own plugins is unregistered")
            return taken

        self._logs, self._logging = logs, manager.get_plugin("logging-plugin")
        manager.unregister = watched

    def look_at(self, plugin):
        """A plugin was registered while tests are collected or run."""
        manager = self.config.pluginmanager
        if self.started and plugin is self._logging:
            self._logs.put_back()
        if not self.started or is_builtin(plugin) or plugin in manager._conftest_plugins:
            return
        found = refusal(manager, plugin)
        if found is not None:
            self.spoil(_in_words("plugin", *found))
        holder = Holder(self.config)
        holder.add_all(plugin)
        if holder.defs:
            self.spoil(f"fixture {next(iter(holder.defs))!r} comes with a plugin at run time")

    def asynchronous(self):
        """The registered plugins for async tests."""
        found = map(self.config.pluginmanager.get_plugin, ASYNC)
        return [plugin for plugin in found if plugin is not None]

    def plugins(self):
        """The registered plugins that are neither pytest's nor conftests, first loaded first."""
        manager = self.config.pluginmanager
        for name, plugin in manager.list_name_plugin():
            known = plugin is None or name in ASYNC or is_builtin(plugin)
            if not known and plugin not in manager._conftest_plugins:
                yield plugin

    def ignores(self, path):
        """Whether collection passes over the file at `path`, by itself or with a folder above."""
        path = Path(path)
        root = self.config.rootpath
        hidden = [path, *path.parents]
        if root in hidden:
            hidden = hidden[: hidden.index(root)]
        for place in reversed(hidden):
            if self.session.isinitpath(place, with_parents=True):
                continue
            hook = self.session.gethookproxy(place.parent)
            if hook.pytest_ignore_collect(collection_path=place, config=self.config):
                return True
        return False

    def close(self, interrupted=None):
        """End the session. `interrupted` is the exception that ended the run, if one did."""
        from _pytest._code import ExceptionInfo
        from _pytest.config import ExitCode

        self.started = False
        session, hook = self.session, self.config.hook
        if interrupted is not None:
            hook.pytest_keyboard_interrupt(excinfo=ExceptionInfo.from_exception(interrupted))
            session.exitstatus = ExitCode.INTERRUPTED
        elif session.testsfailed:
            session.exitstatus = ExitCode.TESTS_FAILED
        elif not session.testscollected:
            session.exitstatus = ExitCode.NO_TESTS_COLLECTED
        os.chdir(session.startpath)
        try:
            hook.pytest_sessionfinish(session=session, exitstatus=session.exitstatus)
        finally:
            self.config._ensure_unconfigure()


def _in_words(what, hook, place):
    where = f" ({place})" if place else ""
    return f"{what} has hook {hook}{where}"
