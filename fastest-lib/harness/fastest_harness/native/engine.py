"""The native engine: pulls files, runs their tests, hands the reports to a sink."""

from __future__ import annotations

import gc
import os
import sys

from .. import forking, limits, plugin
from ..junit import JUnitSink
from ..longrepr import skip_reason
from ..parts import Part
from ..recursion import unlimited_by_tests
from . import marks, report, versions
from .asynchronous import Asynchronous
from .builtin import BuiltinFixtures
from .capture import Capture
from .collect import Collector
from .compare import explained
from .errors import Shield, Unsupported, take_pending
from .fixtures import Holder
from .imports import ConftestLoader, import_file
from .logcapture import LogCapture, LogSettings
from .marks import Selector
from .nodes import Session
from .runner import Runner, SetupState
from .shims import Config
from .tree import Tree
from .warn import StrayExceptions, WarningRecorder

__tracebackhide__ = True


#: Distributions -> the mark that their plugin registers.
_MARKS = {
    "pytest-timeout": "timeout(timeout, method, func_only): limit the time",
    "pytest-xdist": "xdist_group(name): run in the process of the others of this name",
}


class _File:
    """A collected file and the tests it still has to run."""

    def __init__(self, seq, items):
        self.seq = seq
        self.items = items


class NativeEngine:
    """Runs test files by itself, with pytest's outcomes, or says which it cannot run.

    `config` is the worker's configuration. `sink` gives the files and takes what happens:
    next_file, loading, collected, collect_report, deopt, starting, result, warning, done and
    should_stop. A file is over with `done` or with `deopt`, whichever comes. `plugins` are
    instances of `fastest_harness.plugin.Plugin`, the outermost first.
    """

    def __init__(self, config, sink, plugins=()):
        # What these plugins register is honoured with and without them.
        registered = [_MARKS[name] for name in config.get("plugins", ()) if name in _MARKS]
        config["markers"] = [*config["markers"], *registered]
        self._config = config
        self._sink = sink
        self._plugins = list(plugins)
        self._pytest = versions.find_pytest()
        versions.activate(self._pytest)
        marks.activate(config.get("plugins", ()))
        self._refusal = self._reason_against(config)
        self._forks = config.get("fork_tests", False)
        self._is_prepared = False
        self._next = None
        self._failed_imports = {}
        self._other_parts = {}  # path -> collected tests that another request is about
        family = config.get("junit_family")
        self._junit = JUnitSink(family, sink) if family is not None else None

    def _reason_against(self, config):
        if not self._pytest.supported:
            return f"pytest {self._pytest.text} is not supported"
        try:
            self._log_settings = LogSettings(config.get("settings", {}))
        except ValueError as error:
            return str(error)
        return None

    def run(self):
        """Run until the sink has no more files; then end the session.

        `KeyboardInterrupt` passes through, after the descriptors were given back.
        """
        if self._refusal is None:
            self._refusal = self._start()
        if self._refusal is not None:
            self._refuse_all()
            return
        interrupted = None
        try:
            while True:
                file = self._next or self._load_next()
                self._next = None
                if file is None:
                    break
                self._run_file(file)
        except KeyboardInterrupt as error:
            interrupted = error
            raise
        finally:
            # An interruption ends the session's fixtures too.
            with Shield():
                self._state.teardown(None)
            for extension in reversed(self._plugins):
                extension.unconfigure(self._pytest_config)
            self._close(interrupted)
            self._stop()

    def _refuse_all(self):
        while True:
            request = self._sink.next_file()
            if request is None:
                return
            self._sink.deopt(request["seq"], self._refusal, None)

    def prepare(self):
        """Make all that the first file does not decide, and that leaves the process as it is.

        `run` does it where nobody has.
        """
        config = self._config
        self._capture = Capture(config["capture"])
        self._recorder = WarningRecorder(config, self._sink.warning)
        shim = Config(config, self._capture)
        self._pytest_config = shim
        self._asynchronous = Asynchronous(
            config.get("plugins", ()),
            config.get("settings", {}),
            config.get("async_options", {}),
            shim,
        )
        self._logs = shim.pluginmanager.logs = LogCapture(shim, self._log_settings)
        self._stray = StrayExceptions(shim)
        self._state = SetupState()
        self._session = Session(shim, self._state)
        self._session.asynchronous = self._asynchronous
        self._builtins = BuiltinFixtures(config, self._capture, self._logs)
        self._conftests = ConftestLoader(config["import_mode"], config["rootdir"])
        self._holders = {}
        self._selector = None
        self._is_prepared = True

    def _start(self):
        """Get ready for the first file. Gives the reason if none can be run natively."""
        if not self._is_prepared:
            self.prepare()
        self._install_finder()
        for path in reversed(self._config["pythonpath"]):
            sys.path.insert(0, path)
        if self._pytest.installed:
            os.environ["PYTEST_VERSION"] = self._pytest.text
        self._stray.start()
        self._capture.start()
        self._sink.captured_in(*self._capture.descriptors())
        reason = self._open()
        if reason is not None:
            self._stop()
            return reason
        tree = Tree(self._session, self._config, self._load_package)
        self._collector = Collector(self._config, self._session, tree, self._builtins)
        self._runner = self._make_runner(Runner)
        self._configure_plugins()
        return None

    def _open(self):
        """Whatever else a kind of engine needs; gives the reason if that cannot be had."""
        return None

    def _close(self, interrupted):
        """Undo `_open`. `interrupted` is the exception that ended the run, if one did."""

    def _make_runner(self, cls, *more):
        parts = (self._state, self._capture, self._logs, self._recorder, self._stray, *more)
        measurement = self._config.get("measurement")
        if measurement is None:
            return cls(*parts)
        from .measured import MeasuredRunner

        return type("MeasuredRunner", (MeasuredRunner, cls), {})(measurement, *parts)

    def _configure_plugins(self):
        self._plugin_holders = []
        for extension in self._plugins:
            extension.configure(self._pytest_config)
            owner = extension.fixtures()
            if owner is not None:
                holder = Holder(self._pytest_config)
                holder.add_all(owner)
                self._plugin_holders.append(holder)

    def _install_finder(self):
        from ..rewrite import RewritingFinder

        self._finder = RewritingFinder(self._config, self._pytest)
        hooks = {
            "pytest": self._on_pytest,
            "logging": self._logs.arm,
            "threading": self._stray.watch_threads,
            "pdb": _refuse_debugger,
        }
        for name, hook in hooks.items():
            if name in sys.modules:
                hook()
            else:
                self._finder.on_import[name] = hook
        self._finder.install()

    def _stop(self):
        self._capture.stop()
        self._finder.uninstall()

    def _on_pytest(self):
        """Give the freshly imported pytest the little state that its helpers need."""
        import pytest
        from _pytest import assertion
        from _pytest.assertion import util
        from _pytest.mark.structures import MARK_GEN

        config = self._pytest_config

        def compare(op, left, right):
            lines = assertion.pytest_assertrepr_compare(
                config=config, op=op, left=left, right=right
            )
            return explained(lines, config) if lines else None

        util._reprcompare = compare
        util._config = config
        MARK_GEN._config = config
        pytest.register_assert_rewrite = self._finder.mark_rewrite
        if self._junit is not None:
            self._junit.install(config)
        self._capture.use_pytest()
        self._logs.use_pytest()

    def _load_next(self):
        """The next file that has tests to run natively, or None."""
        while True:
            request = self._sink.next_file()
            with Shield(), unlimited_by_tests():
                self._import_all()
            if request is None:
                return None
            with Shield(), unlimited_by_tests():
                current = os.environ.pop("PYTEST_CURRENT_TEST", None)
                items = self._load(request)
                if current is not None:
                    os.environ["PYTEST_CURRENT_TEST"] = current
                self._stray_outside_tests()
            if items:
                return _File(request["seq"], items)
            if items is not None:
                self._sink.done(request["seq"])

    def _import_all(self):
        """Import what pytest would have imported before its first test.

        Failures are kept for the one worker that is given the file. What modules define stays for
        good, so the garbage collector neither looks at it meanwhile nor ever after.
        """
        requests = self._sink.take_imports()
        if not requests:
            return
        thresholds = gc.get_threshold()
        gc.set_threshold(0)
        try:
            self._import_each(requests)
        finally:
            gc.freeze()
            # Unless a module has set others.
            if gc.get_threshold()[0] == 0:
                gc.set_threshold(*thresholds)

    def _import_each(self, requests):
        for request in requests:
            if self._sink.should_stop():
                return
            if request.get("candidate"):
                continue
            path = request["abspath"]
            self._sink.loading(request["seq"])
            self._capture.arm()
            if self._recorder_is_new():
                self._recorder.prepare()
            self._recorder.start()
            self._logs.start_loading()
            try:
                for conftest in request["conftests"]:
                    self._holder_of(conftest)
                if path.endswith(".py"):
                    self._import(path, request.get("doctest", False))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._failed_imports[path] = error
            finally:
                self._logs.end_loading()
                self._recorder.stop(request["seq"], "collect", "")
                self._capture.drain()

    def _import(self, path, only_doctests=False):
        failed = self._failed_imports.pop(path, None)
        if failed is not None:
            raise failed
        if not only_doctests:
            self._finder.add_path(path)
        return import_file(path, self._config["import_mode"], self._config["rootdir"])

    def _stray_outside_tests(self):
        if self._stray.pending:
            self._recorder.start()
            try:
                self._stray.raise_or_warn()
            except Exception:
                # pytest reports such an error with the next test that happens to run.
                return
            finally:
                self._recorder.stop(None, "collect", "")

    def _load(self, request):
        """The tests to run of one file; None if that was answered otherwise."""
        seq, sink = request["seq"], self._sink
        sink.loading(seq)
        self._capture.arm()
        try:
            if self._recorder_is_new():
                self._recorder.prepare()
            self._recorder.start()
            self._logs.start_loading()
            try:
                items = self._items_of(request)
            finally:
                self._logs.end_loading()
                self._recorder.stop(seq, "collect", "")
            items, deselected = self._narrow(request, items)
        except Unsupported as error:
            sink.deopt(seq, error.reason, None)
            return None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._answer_failed_import(seq, error)
            return None
        finally:
            # Reports of a collection that went well have no output.
            self._capture.drain()
        sink.collected(seq, [item.nodeid for item in items], deselected)
        return items

    def _items_of(self, request):
        """The tests that a request is about, and all of its file that filters have to see."""
        others = self._other_parts.pop(request["abspath"], None)
        if others is None:
            return self._collect(request)
        wanted = request.get("ids")
        if wanted is None:
            return others
        return [item for item in others if any(_is_meant(item, text) for text in wanted)]

    def _narrow(self, request, items):
        """The tests to run, and how many of the others count as deselected."""
        part = Part.of(request)
        if part is None:
            total = len(items)
            items = self._extend(self._select(items), None)
            return items, total - len(items)
        if part.leaves_others:
            others = [item for item in items if not part.keeps(item.nodeid)]
            # Where there are none, this may be what another worker has left of the part.
            if others:
                self._other_parts[request["abspath"]] = others
        items = [item for item in items if part.shows(item.nodeid)]
        total = sum(1 for item in items if part.counts(item.nodeid))
        items = self._extend(self._select(items), part)
        return items, total - len(items)

    def _extend(self, items, part):
        """Those of `items` that are of the part, after plugins have edited all."""
        for extension in self._plugins:
            extension.collected(items)
        if part is not None:
            items = part.of_items(items)
        if self._plugins:
            for item in items:
                item.taken_by = plugin.takers(self._plugins, item)
                item.watched = bool(item.taken_by)
        return items

    def _recorder_is_new(self):
        return self._recorder._prepared is None

    def _collect(self, request):
        return self._collector.finish(self._collect_items(request))

    def _collect_items(self, request):
        """The tests of a file, in the order of their definition."""
        path = request["abspath"]
        holders = [*self._plugin_holders, *map(self._holder_of, request["conftests"])]
        if not request.get("doctest"):
            module = self._import(path)
            items = self._collector.collect(request["path"], path, module, holders)
        else:
            items = self._doctests(request["path"], path, holders)
        wanted = request.get("ids")
        if wanted is not None:
            items = _restrict(items, wanted)
        return items

    def _doctests(self, nodeid, path, holders):
        module = None
        if path.endswith(".py"):
            module = self._import(path, only_doctests=True)
        return self._collector.doctests(nodeid, path, module, holders)

    def _load_package(self, path):
        """The module of a package's `__init__`, for the setup that it defines."""
        try:
            module = import_file(path, self._config["import_mode"], self._config["rootdir"])
        except Exception as error:
            raise Unsupported(f"package fails to import: {_in_short(error)}") from None
        if "pytest_plugins" in module.__dict__:
            raise Unsupported("package sets pytest_plugins")
        return module

    def _holder_of(self, path):
        holder = self._holders.get(path)
        if holder is None:
            self._finder.add_path(path)
            holder = Holder(self._pytest_config, os.path.dirname(path))
            holder.add_all(self._conftests.load(path))
            self._holders[path] = holder
        return holder

    def _select(self, items):
        deselected = tuple(self._config.get("deselect", ()))
        if deselected:
            items = [item for item in items if not item.nodeid.startswith(deselected)]
        if not (self._config["keyword"] or self._config["markexpr"]):
            return items
        if self._selector is None:
            self._selector = Selector(self._config, self._pytest_config)
        return [item for item in items if self._selector.keep(item)]

    def _answer_failed_import(self, seq, error):
        skip = _module_skip(error)
        if skip is None:
            # pytest words its collection errors itself.
            self._sink.deopt(seq, f"import fails: {_in_short(error)}", None)
            return
        out, err = self._capture.drain()
        written = (("Captured stdout", out), ("Captured stderr", err))
        self._sink.collect_report(seq, "skipped", skip, [list(s) for s in written if s[1]])
        self._sink.done(seq)

    def _run_file(self, file):
        sink, seq, items = self._sink, file.seq, file.items
        count = len(items)
        with Shield():
            # What a file that was handed back may have left.
            self._state.teardown(items[0])
        for index, item in enumerate(items):
            if sink.should_stop():
                with Shield():
                    self._state.teardown(None)
                os.environ.pop("PYTEST_CURRENT_TEST", None)
                return
            nextitem = items[index + 1] if index + 1 < count else None
            # Let a finished test's values go.
            items[index] = None
            if self._forks:
                rest = [item, *items[index + 1 :]]
                if not self._run_forked(seq, index, rest):
                    return
                continue
            sink.starting(seq, index)
            if marks.limits_time:
                sink.limit(limits.seconds(item))
            try:
                reports = self._runner.run(seq, item, nextitem, self._peek)
            except KeyboardInterrupt:
                sink.cut_short(seq, index, self._runner.finished_phases())
                raise
            if reports is None:
                with Shield():
                    self._state.leave_file()
                rest = [item.nodeid, *(other.nodeid for other in items[index + 1 :])]
                if self._junit is not None:
                    self._junit.forget()
                sink.deopt(seq, take_pending(), rest)
                return
            self._tell(seq, index, item, reports)
        sink.done(seq)

    def _run_forked(self, seq, index, rest):
        """Run the first test of `rest` in a process of its own; whether to go on."""
        item = rest[0]
        self._sink.starting(seq, index)
        if marks.limits_time:
            self._sink.limit(limits.seconds(item))
        said = forking.in_child(
            self._sink, self._config, index, lambda: self._run_alone(seq, index, rest)
        )
        if said == forking.INTERRUPTED:
            raise KeyboardInterrupt
        return said == forking.RAN

    def _run_alone(self, seq, index, rest):
        item = rest[0]
        try:
            reports = self._runner.run(seq, item, None, lambda: None)
        except KeyboardInterrupt:
            self._sink.cut_short(seq, index, self._runner.finished_phases())
            return forking.INTERRUPTED
        if reports is None:
            if self._junit is not None:
                self._junit.forget()
            self._sink.deopt(seq, take_pending(), [other.nodeid for other in rest])
            return forking.HANDED
        self._tell(seq, index, item, reports)
        return forking.RAN

    def _tell(self, seq, index, item, reports):
        extras = self._junit.extras(item) if self._junit is not None else None
        if extras:
            reports = report.expanded(reports)
            reports[-1].update(extras)
        self._sink.result(seq, index, reports)

    def _peek(self):
        """The first test of the next file, which is loaded for that; None if there is none."""
        if self._next is None:
            self._next = self._load_next()
        return self._next.items[0] if self._next is not None else None


def _refuse_debugger():
    """pytest gives a debugger the terminal, or ends the run where there is none."""
    import pdb

    def set_trace(*args, **kwargs):
        raise Unsupported("pdb.set_trace")

    pdb.set_trace = set_trace


def _in_short(error):
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_meant(item, text):
    return item.nodeid == text or item.nodeid.startswith((text + "::", text + "["))


def _restrict(items, wanted):
    kept = []
    found = set()
    for item in items:
        matching = [text for text in wanted if _is_meant(item, text)]
        if matching:
            kept.append(item)
            found.update(matching)
    missing = [text for text in wanted if text not in found]
    if missing:
        raise Unsupported(f"not found: {missing[0]}")
    return kept


def _module_skip(error):
    """The skip longrepr of a module that skipped itself while it was imported, or None."""
    outcomes = sys.modules.get("_pytest.outcomes")
    unittest = sys.modules.get("unittest")
    if outcomes is not None and isinstance(error, outcomes.Skipped):
        if not error.allow_module_level:
            return None
    elif unittest is None or not isinstance(error, unittest.SkipTest) or outcomes is None:
        return None
    from _pytest._code import ExceptionInfo

    tb = report.own_frames_cut(error.__traceback__)
    crash = ExceptionInfo.from_exc_info((type(error), error, tb))._getreprcrash()
    if crash is None:
        return None
    return {"reason": skip_reason(crash.message), "path": str(crash.path), "line": crash.lineno}
