"""Running one test: setup, call and teardown, with what surrounds each phase."""

from __future__ import annotations

import os
import sys
from time import perf_counter

from ..plugin import executed, surrounded
from . import report
from .errors import Unsupported, is_as_pytest, pending
from .fixtures import exception_group, raise_all
from .frame import run_phase
from .nodes import DIRECTORY, MODULE, PACKAGE

__tracebackhide__ = True

_CURRENT = "PYTEST_CURRENT_TEST"
_ENVIRON = type(os.environ)
_ENCODED = os.environ.encodekey(_CURRENT)
_ENCODING = sys.getfilesystemencoding()
_EVALUATED = ("skip", "skipif", "xfail")


class _Entry:
    """A node that is set up: its finalizers, and the error that its setup raised, if any."""

    __slots__ = ("node", "finalizers", "error")

    def __init__(self, node):
        self.node = node
        self.finalizers = []
        self.error = None


class SetupState:
    """The nodes that are set up, outermost first."""

    def __init__(self):
        self._stack = []
        #: Set when a test or fixture added a mark: it may be one that decides the outcome.
        self.marks_changed = False
        #: Set when a mark was added above the test files.
        self.directories_marked = False

    def setup(self, item):
        """Enter the nodes that lead to `item`. The item is entered, not yet filled.

        Raises what the setup of a node raises, again for each test below it.
        """
        stack = self._stack
        if stack and stack[-1].node is item.parent and stack[-1].error is None:
            stack.append(_Entry(item))
            return
        for entry in stack:
            if entry.error is not None:
                raise entry.error[0].with_traceback(entry.error[1])
        for node in item.listchain()[len(stack) :]:
            entry = _Entry(node)
            stack.append(entry)
            try:
                node.setup()
            except BaseException as error:
                if not is_outcome(error):
                    raise
                entry.error = (error, error.__traceback__)
                raise

    def is_at(self, node):
        """Whether `node` is the innermost that is set up."""
        return bool(self._stack) and self._stack[-1].node is node

    def is_active(self, node):
        """Whether `node` is set up and not yet torn down."""
        return any(entry.node is node for entry in reversed(self._stack))

    is_node_active = is_active

    def addfinalizer(self, finalizer, node):
        """Run `finalizer` when `node` is left."""
        for entry in reversed(self._stack):
            if entry.node is node:
                entry.finalizers.append(finalizer)
                return
        raise Unsupported(f"finalizer for {node!r}, which is not set up")

    def teardown(self, nextitem):
        """Leave all nodes that `nextitem` is not below; all of them if it is None.

        Returns what was raised, one exception per node.
        """
        return self._leave(nextitem.listchain() if nextitem is not None else ())

    def leave_clean(self, item, nextitem):
        """Leave `item` if nothing has to run for that; whether it was left."""
        if nextitem is None or nextitem.parent is not item.parent:
            return False
        entry = self._stack[-1]
        if entry.node is not item or entry.finalizers:
            return False
        self._stack.pop()
        return True

    def leave_file(self):
        """Leave the test file, and those directories above it where nothing waits for their end."""
        kept = 0
        for index, entry in enumerate(self._stack):
            if DIRECTORY < entry.node.level < PACKAGE:
                break
            if index == 0 or entry.finalizers or entry.error is not None:
                kept = index + 1
        return self._leave([entry.node for entry in self._stack[:kept]])

    @property
    def waits(self):
        """Whether something waits for the end of a directory or of the session."""
        return len(self._stack) > 1 or bool(self._stack and self._stack[0].finalizers)

    def _leave(self, needed):
        exceptions = []
        stack = self._stack
        while stack:
            size = len(stack)
            if size <= len(needed) and stack[-1].node is needed[size - 1]:
                break
            entry = stack.pop()
            finalizers = entry.finalizers
            raised = []
            while finalizers:
                try:
                    finalizers.pop()()
                except Unsupported:
                    continue
                except BaseException as error:
                    if not is_outcome(error):
                        raise
                    raised.append(error)
            if len(raised) == 1:
                exceptions.append(raised[0])
            elif raised:
                message = f"errors while tearing down {entry.node!r}"
                exceptions.append(exception_group(message, raised[::-1]))
        return exceptions


def is_outcome(error):
    """Whether `error` is an exception or one of pytest's outcomes: not an interruption."""
    if isinstance(error, Exception):
        return True
    outcomes = sys.modules.get("_pytest.outcomes")
    return outcomes is not None and isinstance(error, outcomes.OutcomeException)


def _tell_current(text):
    """Put `text` where tests and their children find what is running."""
    environ = os.environ
    if "\x00" in text:
        text = text.replace("\x00", "(null)")
    if type(environ) is not _ENVIRON:
        environ[_CURRENT] = text
        return
    # What assigning does, without encoding the name each time.
    value = text.encode(_ENCODING, "surrogateescape")
    os.putenv(_ENCODED, value)
    environ._data[_ENCODED] = value


class Runner:
    """Runs items. `capture`, `logs`, `recorder` and `stray` belong to the engine."""

    def __init__(self, setup_state, capture, logs, recorder, stray):
        self._state = setup_state
        self._capture = capture
        self.logs = logs
        self._recorder = recorder
        self._stray = stray
        self._finished = ()

    def finished_phases(self):
        """The reports of the phases that had ended when the last test was interrupted."""
        return [report.expand(*pair) for pair in zip(("setup", "call"), self._finished)]

    def run(self, seq, item, nextitem, peek):
        """The three reports of `item`, or None if it met something unsupported.

        `nextitem` is the test of the same file that follows, or None. Then `peek()`, called
        only if something waits for the end of a directory or of the session, gives the first
        test of the next file, or None.
        """
        self._state.marks_changed = False
        self._finished = ()
        self._recorder.start(item)
        try:
            marked = self._is_marked(item)
            own_setup = item.info.closure or item.filled is not None or item.watched
            if marked or own_setup or not self._state.is_at(item.parent):
                reports = [self._phase(item, "setup", self._setup, marked)]
            else:
                # No code of anyone runs in such a setup, so there is nothing to surround.
                start = perf_counter()
                self._state.setup(item)
                reports = [perf_counter() - start]
            self._finished = reports  # Of an interrupted test, too.
            if not pending and _is_passed(reports[0]):
                reports.append(self._phase(item, "call", self._call, marked))
                if type(reports[1]) is not float:
                    item.call_failed = reports[1]["outcome"] != "passed"

            reports.append(self._end(item, nextitem, peek, marked))
        finally:
            self._recorder.stop(seq, "runtest", item.nodeid)
            item.funcargs = {}
            item._request = None
            item._instance = None
        if pending:
            return None
        if len(reports) == 3 and not item.extra_reports:
            setup, call, teardown = reports
            if type(setup) is type(call) is type(teardown) is float:
                return reports
        phases = ("setup", "call", "teardown") if len(reports) == 3 else ("setup", "teardown")
        reports = [report.expand(when, entry) for when, entry in zip(phases, reports)]
        if item.extra_reports:
            from .subtests import settle

            settle(item, reports[1])
            reports[1:1] = item.extra_reports
        return reports

    def _is_marked(self, item):
        node = item
        while node is not None:
            for mark in node.own_markers:
                if mark.name in _EVALUATED:
                    return True
            if node.level == MODULE and not self._state.directories_marked:
                return False
            node = node.parent
        return False

    def _end(self, item, nextitem, peek, marked):
        quiet = not (marked or pending or self._stray.pending or item.watched)
        if quiet and self._state.leave_clean(item, nextitem):
            return report.passed(item, "teardown", 0.0)

        def teardown(item, marked):
            return self._teardown(item, nextitem, peek)

        return self._phase(item, "teardown", teardown, marked)

    def _phase(self, item, when, function, marked):
        capture, logs = self._capture, self.logs
        _tell_current(f"{item.nodeid} ({when})")
        capture.arm()
        logs.start_phase(item, when)
        error = None
        elsewhere = None
        start = perf_counter()
        try:
            if item.taken_by:
                function = _within_plugins(function, when)
            elsewhere = run_phase(function, item, marked)
            if self._stray.pending:
                self._stray.raise_or_warn()
        except Unsupported:
            pass
        except BaseException as raised:
            if isinstance(raised, KeyboardInterrupt):
                raise
            error = raised
        duration = perf_counter() - start - (elsewhere or 0.0)
        if when == "teardown":
            os.environ.pop(_CURRENT, None)
        capture.end_phase(item, when)
        logs.end_phase(item, when)
        if pending:
            return duration
        if item._excinfo:
            # What a test recorded goes before what was raised.
            error = item._excinfo[0].value
        if error is not None:
            _refuse(error)
            if pending:
                return duration
        made = self._report(item, when, error, duration, marked)
        if item.taken_by:
            made = report.expand(when, made)
            for plugin in item.taken_by:
                plugin.report(item, made)
        return made

    def _report(self, item, when, error, duration, marked):
        if error is not None or marked or self._state.marks_changed:
            return self._made_by_pytest(item, when, error, duration)
        return report.passed(item, when, duration)

    def _made_by_pytest(self, item, when, error, duration):
        try:
            return report.made_by_pytest(item, when, error, duration)
        except Exception as problem:
            Unsupported(f"report fails: {type(problem).__name__}: {problem}".partition("\n")[0])
            return duration

    def _setup(self, item, marked):
        if marked:
            from _pytest.skipping import pytest_runtest_setup

            pytest_runtest_setup(item)
        self._enter(item)

    def _enter(self, item):
        self._state.setup(item)
        if not item.info.closure and item.filled is None:
            return
        if item.drops_instance:
            # After all that fixtures add for the end of the test.
            self._state.addfinalizer(item.drop_instance, item)
        if item.runs is not None:
            item.runs.setup(item)
        else:
            item._request._fillfixtures()
        if item.filled is not None:
            item.filled(item._request)

    def _forget_last_error(self):
        if "last_type" in sys.__dict__:
            for name in ("last_type", "last_value", "last_traceback", "last_exc"):
                if hasattr(sys, name):
                    delattr(sys, name)

    def _call(self, item, marked):
        self._forget_last_error()
        if marked or self._state.marks_changed:
            self._call_with_xfail(item)
            return
        try:
            self._call_test(item)
        finally:
            if self._state.marks_changed:
                from _pytest.skipping import evaluate_xfail_marks, xfailed_key

                item.stash[xfailed_key] = evaluate_xfail_marks(item)

    def _call_with_xfail(self, item):
        from _pytest.skipping import pytest_runtest_call

        steps = pytest_runtest_call(item)
        next(steps)
        try:
            self._call_test(item)
        except BaseException as error:
            if isinstance(error, Unsupported):
                raise
            try:
                steps.throw(error)
            except StopIteration:
                return
            raise
        try:
            steps.send(None)
        except StopIteration:
            return

    def _call_test(self, item):
        try:
            result = self._execute(item)
        except Exception as error:
            sys.last_type = type(error)
            sys.last_value = error
            if sys.version_info >= (3, 12):
                sys.last_exc = error
            sys.last_traceback = report.own_frames_cut(error.__traceback__)
            raise
        if result is not None:
            complain_of_result(item, result)

    def _execute(self, item):
        """Call the test's function; what it returns."""
        if item.taken_by and executed(item.taken_by, item):
            return None
        if item.runs is not None:
            item.runs.call(item)
            return None
        if item.own_call is not None:
            return item.own_call()
        argnames = item.info.argnames
        if argnames:
            funcargs = item.funcargs
            return item.obj(**{name: funcargs[name] for name in argnames})
        return item.obj()

    def _teardown(self, item, nextitem, peek):
        if nextitem is not None:
            raise_all("errors during test teardown", self._state.teardown(nextitem))
            return 0.0
        exceptions = self._state.leave_file()
        elsewhere = 0.0
        if self._state.waits:
            start = perf_counter()
            self._capture.end_phase(item, "teardown")
            self.logs.end_phase(item, "teardown")
            following = peek()
            self._capture.arm()
            self.logs.start_phase(item, "teardown")
            elsewhere = perf_counter() - start
            exceptions.extend(self._state.teardown(following))
        raise_all("errors during test teardown", exceptions)
        return elsewhere


def _within_plugins(function, when):
    def run(item, marked):
        return surrounded(item.taken_by, item, when, lambda: function(item, marked))

    return run


def _is_passed(entry):
    return type(entry) is float or entry["outcome"] == "passed"


def _refuse(error):
    """Note what must be left to pytest: its exit, and errors that the engine itself raised.

    The latter are pytest's to word, or else a fault of the engine: neither is the test's.
    """
    outcomes = sys.modules.get("_pytest.outcomes")
    if outcomes is not None and isinstance(error, outcomes.Exit):
        Unsupported("pytest.exit")
    elif report.is_raised_by_engine(error) and not is_as_pytest(error):
        Unsupported(f"{type(error).__name__}: {error}".partition("\n")[0])


class _Returned:
    """A test that has run already and returned `result`, for pytest to complain about."""

    class _fixtureinfo:
        argnames = ()

    def __init__(self, item, result):
        self.nodeid = item.nodeid
        self.obj = lambda: result
        self.funcargs = {}


def complain_of_result(item, result):
    """Have pytest complain of a test that returned something."""
    from . import versions

    if versions.installed():
        from _pytest.python import pytest_pyfunc_call

        pytest_pyfunc_call(_Returned(item, result))
