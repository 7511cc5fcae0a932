"""The native engine with pytest's plugins: their hooks, fixtures, options and configuration."""

from __future__ import annotations

import os
import sys

from ..session_items import SessionItems
from .asynchronous.hosted import HostedAsynchronous
from .builtin import make_factory
from .engine import NativeEngine
from .errors import Unsupported, take_pending
from .fixtures import Holder
from .guard import TAKEN_OPTIONS, TAKEN_SETTINGS
from .hooks import foreign
from .host import Host, Listener, Refused
from .hosted import HostedRecorder, HostedRunner, Relays
from .marks import act_upon, check_marks
from .nodes import FUNCTION

__tracebackhide__ = True


class _RefusedFixture:
    """A fixture of a plugin that the engine does not have; whoever asks for it needs pytest."""

    level = FUNCTION
    params = None

    def __init__(self, argname, reason):
        self.argname = argname
        self.autouse = False
        self._reason = reason

    @property
    def argnames(self):
        raise Unsupported(self._reason)


class _PluginHolder(Holder):
    """The fixtures of a plugin."""

    def take(self, argname, marker, func):
        try:
            super().take(argname, marker, func)
        except Unsupported as error:
            take_pending()
            if marker.autouse:
                raise Refused(error.reason) from None
            self.add(_RefusedFixture(argname, error.reason))


def _not_here():
    raise Unsupported("the items of the whole session")


class HostedEngine(NativeEngine):
    """Runs files as `NativeEngine` does, in a session of pytest."""

    def _open(self):
        config = self._config
        self._validated = False
        self._host = host = Host(config, self._capture, Listener(self._sink.warning))
        meta_path = list(sys.meta_path)
        try:
            host.open()
            self._pytest_holders = self._read_plugins()
        except Refused as refused:
            sys.meta_path[:] = meta_path
            return str(refused)
        self._pytest_config = host.config
        self._session = host.session
        taken = self._taken()
        if isinstance(taken, str):
            return taken
        self._config = config = {**config, **taken}
        self._session.asynchronous = HostedAsynchronous(host.config)
        self._finder.step_forward(host.config.pluginmanager.rewrite_hook)
        self._builtins.factory = make_factory(config["basetemp"])
        host.adopt(self._state, self._builtins.factory)
        # pytest's plugins have put their own in the place of ours.
        self._stray.start()
        self._on_pytest()
        act_upon(host.acted_upon)
        self._relays = Relays(host)
        host.config.pluginmanager.register(self._relays, "fastest-relays")
        self._recorder = HostedRecorder(config, host)
        return None

    def _taken(self):
        """What hooks may have made of options and settings; or the reason against all files."""
        config, host = self._config, self._host.config
        taken = {name: list(host.getini(name)) for name in TAKEN_SETTINGS}
        for name in TAKEN_OPTIONS:
            value = getattr(host.option, name) or type(config.get(name, []))()
            if config.get(name) and config[name] != value:
                # The files were chosen by it.
                return f"a hook changes {name}"
            taken[name] = value
        return taken

    def _make_runner(self, cls, *more):
        runner = super()._make_runner(HostedRunner, self._host)
        self._relays.runner = runner
        self._host.take_over(self, runner)
        return runner

    def _close(self, interrupted):
        self._host.close(interrupted)

    def _read_plugins(self):
        """The holders of the fixtures that plugins define."""
        holders = []
        for plugin in self._host.plugins():
            holder = _PluginHolder(self._host.config)
            holder.add_all(plugin)
            if holder.defs:
                holders.append(holder)
        return holders

    def _configure_plugins(self):
        super()._configure_plugins()
        self._plugin_holders[:0] = [*self._pytest_holders, self._host.registered]

    def _holder_of(self, path):
        holder = self._holders.get(path)
        if holder is None:
            module = self._host.conftest(path)
            holder = Holder(self._host.config, os.path.dirname(path))
            holder.add_all(module)
            self._holders[path] = holder
        return holder

    def _collect(self, request):
        path = request["abspath"]
        for conftest in request["conftests"]:
            self._holder_of(conftest)
        self._host.enter(path)
        if not self._validated:
            # Not before the conftests of all files are loaded, which may have added settings.
            self._validated = True
            self._host.config._validate_config_options()
        if self._host.ignores(path):
            return []
        relay = self._relays.at(path)
        self._offer(path, relay.hook.pytest_collect_file)
        generating = relay.hook.pytest_generate_tests
        self._collector.generate = generating if foreign(generating) else None
        items = self._collect_items(request)
        told = foreign(relay.hook.pytest_itemcollected)
        infos = {}
        for item in items:
            item.relay = relay
            if relay.function and item.runs is not None:
                raise Unsupported("async tests with hook pytest_pyfunc_call")
            infos[id(item.info)] = item.info
        for info in infos.values():
            # Hooks may add names, to those of one test function alone.
            info.closure = list(info.closure)
        for item in items:
            if told:
                relay.hook.pytest_itemcollected(item=item)
        self._host.look_again()
        return items

    def _offer(self, path, caller):
        """Offer a file to the hooks that collect files; one that takes it needs pytest's own."""
        implementations = foreign(caller)
        if not implementations:
            return
        from pathlib import Path

        from _pytest.compat import legacy_path

        offered = {
            "file_path": Path(path),
            "path": legacy_path(path),
            "parent": self._collector.parent_of(path),
        }
        for impl in implementations:
            if impl.hookwrapper or impl.wrapper:
                raise Unsupported("a hook around pytest_collect_file")
            try:
                taken = impl.function(*[offered[name] for name in impl.argnames])
            except Exception as error:
                raise Unsupported(f"pytest_collect_file: {type(error).__name__}") from None
            if taken is not None:
                raise Unsupported("pytest_collect_file collects it")

    def _extend(self, items, part):
        host = self._host
        session, hook = host.session, host.config.hook
        session.items = items
        known = set(items)
        try:
            hook.pytest_collection_modifyitems(session=session, config=host.config, items=items)
            shown = items if part is None else part.of_items(items)
            if session.items is not items:
                raise Unsupported("a hook replaces the list of tests")
            expected = list(shown)
            session.items = shown = list(shown)
            session.testscollected += len(shown)
            hook.pytest_collection_finish(session=session)
        except (KeyboardInterrupt, Unsupported):
            raise
        except BaseException as error:
            first = str(error).partition("\n")[0]
            reason = f"a hook raises {type(error).__name__} at collection: {first}"
            raise Unsupported(reason) from None
        host.look_again()
        if session.items is not shown or shown != expected:
            raise Unsupported("a hook changes the tests after their collection")
        if not known.issuperset(items):
            raise Unsupported("a hook adds tests at collection")
        if len(set(items)) < len(items):
            raise Unsupported("a hook repeats tests")
        # A session has the items of all files, and here only those of one are known.
        session.items = SessionItems(_not_here)
        for item in items:
            # Hooks may have added marks that a plugin acts upon.
            check_marks(item.own_markers)
        return super()._extend(items, part)

    # What pytest does itself among the implementations of `pytest_collection_modifyitems`.

    def select(self, items):
        """Take out what `-k`, `-m` and `--deselect` do not select."""
        kept = super()._select(items)
        if len(kept) < len(items):
            chosen = set(kept)
            dropped = [item for item in items if item not in chosen]
            self._host.config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    def reorder(self, items):
        """Put tests with a parameter of a wide scope together."""
        items[:] = self._collector.finish(items)

    def _select(self, items):
        return items
