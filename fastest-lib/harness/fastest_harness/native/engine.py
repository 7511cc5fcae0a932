"""The native engine: pulls files, runs their tests, hands the reports to a sink."""

from __future__ import annotations

import os
import sys

from ..longrepr import skip_reason
from ..parts import Part
from . import report, versions
from .builtin import BuiltinFixtures
from .capture import Capture
from .collect import Collector
from .errors import Shield, Unsupported, take_pending
from .fixtures import Holder
from .imports import ConftestLoader, import_file
from .logcapture import LogCapture
from .marks import Selector
from .nodes import Session
from .runner import Runner, SetupState
from .shims import Config
from .warn import StrayExceptions, WarningRecorder

__tracebackhide__ = True


class _File:
    """A collected file and the tests it still has to run."""

    def __init__(self, seq, items):
        self.seq = seq
        self.items = items


class NativeEngine:
    """Runs test files by itself, with pytest's outcomes, or says which it cannot run.

    `config` is the worker's configuration. `sink` gives the files and takes what happens:
    next_file, loading, collected, collect_report, deopt, starting, result, warning, done and
    should_stop. A file is over with `done` or with `deopt`, whichever comes.
    """

    def __init__(self, config, sink):
        self._config = config
        self._sink = sink
        self._pytest = versions.find_pytest()
        versions.activate(self._pytest)
        self._refusal = self._reason_against(config)
        self._next = None
        self._failed_imports = {}
        self._other_parts = {}  # path -> collected tests that another request is about

    def _reason_against(self, config):
        if not self._pytest.supported:
            return f"pytest {self._pytest.text} is not supported"
        if config["capture"] not in ("fd", "no"):
            return f"--capture={config['capture']}"
        for argument in config.get("pytest_args", ()):
            if argument.startswith("--doctest"):
                return argument
        return None

    def run(self):
        """Run until the sink has no more files; then end the session.

        `KeyboardInterrupt` passes through, after the descriptors were given back.
        """
        if self._refusal is not None:
            self._refuse_all()
            return
        self._start()
        try:
            while True:
                file = self._next or self._load_next()
                self._next = None
                if file is None:
                    break
                self._run_file(file)
        finally:
            # An interruption ends the session's fixtures too.
            with Shield():
                self._state.teardown(None)
            self._stop()

    def _refuse_all(self):
        while True:
            request = self._sink.next_file()
            if request is None:
                return
            self._sink.deopt(request["seq"], self._refusal, None)

    def _start(self):
        config = self._config
        self._capture = Capture(config["capture"])
        self._recorder = WarningRecorder(config, self._sink.warning)
        self._shim = Config(config, self._capture)
        self._logs = LogCapture(self._shim)
        self._stray = StrayExceptions(self._shim)
        self._state = SetupState()
        self._session = Session(self._shim, self._state)
        self._builtins = BuiltinFixtures(config, self._logs)
        self._collector = Collector(config, self._session, self._builtins)
        self._runner = Runner(self._state, self._capture, self._logs, self._recorder, self._stray)
        self._conftests = ConftestLoader(config["import_mode"], config["rootdir"])
        self._holders = {}
        self._selector = None
        self._install_finder()
        for path in reversed(config["pythonpath"]):
            sys.path.insert(0, path)
        if self._pytest.installed:
            os.environ["PYTEST_VERSION"] = self._pytest.text
        self._stray.start()
        self._capture.start()

    def _install_finder(self):
        from ..rewrite import RewritingFinder

        self._finder = RewritingFinder(self._config, self._pytest)
        hooks = {
            "pytest": self._on_pytest,
            "logging": self._logs.arm,
            "threading": self._stray.watch_threads,
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
        from _pytest.assertion import truncate, util
        from _pytest.mark.structures import MARK_GEN

        config = self._shim

        def compare(op, left, right):
            lines = assertion.pytest_assertrepr_compare(
                config=config, op=op, left=left, right=right
            )
            if not lines:
                return None
            if hasattr(truncate, "materialize_with_truncation"):
                lines = truncate.materialize_with_truncation(lines, config)
            else:
                lines = truncate.truncate_if_required(lines, self._session)
            if not lines:
                return None
            # Doubled because the rewriter formats the explanation once more.
            return "\n~".join(line.replace("\n", "\\n") for line in lines).replace("%", "%%")

        util._reprcompare = compare
        util._config = config
        MARK_GEN._config = config
        pytest.register_assert_rewrite = self._finder.mark_rewrite
        self._capture.use_pytest()
        self._logs.use_pytest()

    def _load_next(self):
        """The next file that has tests to run natively, or None."""
        while True:
            request = self._sink.next_file()
            with Shield():
                self._import_all()
            if request is None:
                return None
            with Shield():
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

        Failures are kept for the one worker that is given the file.
        """
        for request in self._sink.take_imports():
            if self._sink.should_stop():
                return
            path = request["abspath"]
            self._sink.loading(request["seq"])
            self._capture.arm()
            if self._recorder_is_new():
                self._recorder.prepare()
            self._recorder.start()
            try:
                for conftest in request["conftests"]:
                    self._holder_of(conftest)
                if path.endswith(".py"):
                    self._import(path)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._failed_imports[path] = error
            finally:
                self._recorder.stop(request["seq"], "collect", "")
                self._capture.drain()

    def _import(self, path):
        failed = self._failed_imports.pop(path, None)
        if failed is not None:
            raise failed
        self._finder.add_path(path)
        return import_file(path, self._config["import_mode"], self._config["rootdir"])

    def _stray_outside_tests(self):
        if self._stray.any:
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
            try:
                items = self._collect(request)
            finally:
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

    def _narrow(self, request, items):
        """The tests to run, and how many of the others count as deselected."""
        part = Part.of(request)
        if part is None:
            selected = self._select(items)
            return selected, len(items) - len(selected)
        if part.leaves_others:
            others = [item for item in items if not part.keeps(item.nodeid)]
            self._other_parts[request["abspath"]] = others
        items = [item for item in items if part.shows(item.nodeid)]
        kept = [item for item in self._select(items) if part.keeps(item.nodeid)]
        return kept, sum(1 for item in items if part.counts(item.nodeid)) - len(kept)

    def _recorder_is_new(self):
        return self._recorder._prepared is None

    def _collect(self, request):
        path = request["abspath"]
        others = self._other_parts.pop(path, None)
        if others is not None:
            return others
        holders = [self._holder_of(conftest) for conftest in request["conftests"]]
        module = self._import(path)
        self._check_packages(path)
        items = self._collector.collect(request["path"], path, module, holders)
        wanted = request.get("ids")
        if wanted is not None:
            items = _restrict(items, wanted)
        return self._collector.finish(items)

    def _check_packages(self, path):
        """Module-level setup in a package's `__init__` belongs to its directory node."""
        directory = os.path.dirname(path)
        while True:
            init = os.path.join(directory, "__init__.py")
            if not os.path.isfile(init) or directory == self._config["rootdir"]:
                return
            for module in (sys.modules.get(name) for name in _package_names(directory)):
                if module is None or getattr(module, "__file__", None) != init:
                    continue
                for name in ("setUpModule", "setup_module", "tearDownModule", "teardown_module"):
                    if name in module.__dict__:
                        raise Unsupported(f"package defines {name}")
            directory = os.path.dirname(directory)

    def _holder_of(self, path):
        holder = self._holders.get(path)
        if holder is None:
            self._finder.add_path(path)
            holder = Holder()
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
            self._selector = Selector(self._config)
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
        for index, item in enumerate(items):
            if sink.should_stop():
                with Shield():
                    self._state.teardown(None)
                os.environ.pop("PYTEST_CURRENT_TEST", None)
                return
            nextitem = items[index + 1] if index + 1 < count else None
            # Let a finished test's values go.
            items[index] = None
            sink.starting(seq, index)
            reports = self._runner.run(seq, item, nextitem, self._peek)
            if reports is None:
                with Shield():
                    self._state.leave_file()
                rest = [item.nodeid, *(other.nodeid for other in items[index + 1 :])]
                sink.deopt(seq, take_pending(), rest)
                return
            sink.result(seq, index, reports)
        sink.done(seq)

    def _peek(self):
        """Whether another test follows. Loads the file it is in."""
        if self._next is None:
            self._next = self._load_next()
        return self._next is not None


def _in_short(error):
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _package_names(directory):
    from .imports import module_location

    yield module_location(os.path.join(directory, "__init__.py"))[1]


def _restrict(items, wanted):
    kept = []
    found = set()
    for item in items:
        matching = [
            text
            for text in wanted
            if item.nodeid == text or item.nodeid.startswith((text + "::", text + "["))
        ]
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
