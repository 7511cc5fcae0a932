"""Running tests that hooks of plugins or conftests have a say in."""

from __future__ import annotations

import os
from contextlib import contextmanager

from ..junit import properties
from ..longrepr import longrepr_of
from . import report
from .compare import explained
from .errors import Unsupported, is_pending
from .hooks import foreign
from .runner import Runner, complain_of_result
from .warn import WarningRecorder

__tracebackhide__ = True


class Relay:
    """The hooks that hold for the files of one folder, and which of them anybody implements."""

    def __init__(self, hook, silent=()):
        """`silent` are plugins whose hooks of the setup the engine calls if others have none."""
        self.hook = hook
        self._silent = silent
        self.look()

    def look(self):
        """Look again, after a plugin was registered."""

        def has(*names):
            return any(foreign(getattr(self.hook, name)) for name in names)

        setups = foreign(self.hook.pytest_runtest_setup)
        self.setup = any(impl.plugin not in self._silent for impl in setups)
        self.call = has("pytest_runtest_call")
        self.teardown = has("pytest_runtest_teardown")
        self.function = has("pytest_pyfunc_call")
        self.reports = has(
            "pytest_runtest_makereport", "pytest_runtest_logreport", "pytest_exception_interact"
        ) or has("pytest_terminal_summary")
        self.protocol = has("pytest_runtest_logstart", "pytest_runtest_logfinish")
        self.compare = has("pytest_assertrepr_compare")
        self.phases = self.setup or self.call or self.teardown
        self.any = self.phases or self.function or self.reports or self.protocol or self.compare


class Relays:
    """The relays of a session. Registered as a plugin, to hear of others that come."""

    def __init__(self, host):
        self._host = host
        self._known = {}
        #: Runs the tests, once there is one.
        self.runner = None

    def at(self, path):
        """The relay for the file at `path`."""
        directory = os.path.dirname(path)
        relay = self._known.get(directory)
        if relay is None:
            relay = self._known[directory] = Relay(
                self._host.session.gethookproxy(path), self._host.asynchronous()
            )
        return relay

    def pytest_plugin_registered(self, plugin):
        self._host.look_at(plugin)
        for relay in self._known.values():
            relay.look()
        if self.runner is not None:
            self.runner.look_again()


class HostedRecorder(WarningRecorder):
    """Tells hooks of the warnings."""

    def __init__(self, config, host):
        super().__init__(config, None)
        self._hook = host.config.hook
        #: pytest's own list, which grows where hooks add filters.
        self._live = host.config.getini("filterwarnings")
        self._ini = list(self._live)

    def start(self, item=None):
        """As `WarningRecorder.start`."""
        if len(self._live) != len(self._ini):
            self._ini = list(self._live)
            self.prepare()
        super().start(item)

    def say(self, seq, warning, when, nodeid):
        self._hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": warning,
                "nodeid": nodeid,
                "when": when,
                "location": None,
            }
        )


class HostedRunner(Runner):
    """A runner that calls hooks around those tests for which there are any."""

    def __init__(self, setup_state, capture, logs, recorder, stray, host):
        super().__init__(setup_state, capture, logs, recorder, stray)
        self._host = host
        self._session = host.session
        self._config = host.config
        self._nextitem = self._peek = None
        # The test that runs, and the report that hooks are told of.
        self._item = self._told = None

    def look_again(self):
        """A plugin was registered, maybe by a test."""
        item = self._item
        if item is not None and item.relay.any:
            if item.relay.compare:
                raise Unsupported("hook pytest_assertrepr_compare comes while a test runs")
            item.watched = True

    def run(self, seq, item, nextitem, peek):
        """As `Runner.run`."""
        relay = item.relay
        self._nextitem, self._peek, self._item = nextitem, peek, item
        try:
            if not relay.any:
                item.watched = bool(item.taken_by or item.user_properties)
                reports = super().run(seq, item, nextitem, peek)
            else:
                item.watched = True
                with self._explaining(relay):
                    if relay.protocol:
                        self._tell(relay.hook.pytest_runtest_logstart, item)
                    reports = super().run(seq, item, nextitem, peek)
        finally:
            self._item = None
        if relay.any:
            if relay.protocol:
                self._tell(relay.hook.pytest_runtest_logfinish, item)
            # What hooks write between the phases belongs to none of them.
            self._capture.drain()
        if self._session.shouldstop or self._session.shouldfail:
            Unsupported("a hook ends the run")
        return None if is_pending() else reports

    @contextmanager
    def _explaining(self, relay):
        """Ask hooks to explain comparisons, where there are others than pytest's."""
        if not relay.compare:
            yield
            return
        from _pytest.assertion import util

        def explain(op, left, right):
            answers = relay.hook.pytest_assertrepr_compare(
                config=self._config, op=op, left=left, right=right
            )
            for lines in answers:
                text = explained(lines, self._config) if lines else None
                if text:
                    return text
            return None

        before, util._reprcompare = util._reprcompare, explain
        try:
            yield
        finally:
            util._reprcompare = before

    def _tell(self, hook, item):
        _guarded(hook, nodeid=item.nodeid, location=item.location)

    # The phases: from here to the hooks ...

    def _setup(self, item, marked):
        if item.relay.setup:
            with self._uncaptured():
                item.relay.hook.pytest_runtest_setup(item=item)
        else:
            super()._setup(item, marked)

    def _call(self, item, marked):
        if item.relay.call:
            with self._uncaptured():
                item.relay.hook.pytest_runtest_call(item=item)
        else:
            super()._call(item, marked)

    def _execute(self, item):
        if item.relay.function:
            if item.runs is not None:
                raise Unsupported("async tests with hook pytest_pyfunc_call")
            item.relay.hook.pytest_pyfunc_call(pyfuncitem=item)
            return None
        return super()._execute(item)

    def _end(self, item, nextitem, peek, marked):
        if item.relay.teardown and nextitem is None:
            # The hooks are told of the test that follows.
            peek()
            self._capture.drain()
        return super()._end(item, nextitem, peek, marked)

    def _teardown(self, item, nextitem, peek):
        if not item.relay.teardown:
            return super()._teardown(item, nextitem, peek)
        self._elsewhere = None
        following = nextitem if nextitem is not None else peek()
        try:
            with self._uncaptured():
                item.relay.hook.pytest_runtest_teardown(item=item, nextitem=following)
        finally:
            if self._elsewhere is None:
                Unsupported("a hook keeps a test from its teardown")
        return self._elsewhere

    @contextmanager
    def _uncaptured(self):
        """What wrappers around pytest's capturing write is no part of a report."""
        self._capture.leave_fixture()
        try:
            yield
        finally:
            self._capture.drain()

    # ... and from pytest's place in them back to the engine.

    def captured(self, item, when):
        """A wrapper that puts what is written meanwhile into the report."""
        self._capture.drain()
        self._capture.arm()
        try:
            return (yield)
        finally:
            self._capture.end_phase(item, when)

    def pytest_runtest_setup(self, item):
        self._enter(item)

    def pytest_runtest_call(self, item):
        self._forget_last_error()
        self._call_test(item)

    def pytest_pyfunc_call(self, pyfuncitem):
        result = super()._execute(pyfuncitem)
        if result is not None:
            complain_of_result(pyfuncitem, result)
        return True

    def pytest_runtest_teardown(self, item, nextitem):
        self._elsewhere = 0.0
        self._elsewhere = super()._teardown(item, self._nextitem, self._peek)

    # Reports.

    def counted(self, report):
        """In the place of pytest's count of failures, which tests and hooks may ask for."""
        if report is not self._told:
            Unsupported("a hook reports by itself")
        if report.failed and not hasattr(report, "wasxfail"):
            self._session.testsfailed += 1

    def _report(self, item, when, error, duration, marked):
        relay = item.relay
        if not relay.reports:
            # Hooks may have added marks without the engine's knowledge.
            marked = marked or relay.any and self._is_marked(item)
            made = super()._report(item, when, error, duration, marked)
            if type(made) is not float and made["outcome"] == "failed":
                self._session.testsfailed += 1
            return made
        from _pytest.runner import check_interactive_exception

        call = report.call_info(error, when, duration)
        hook = relay.hook
        made = _guarded(hook.pytest_runtest_makereport, item=item, call=call)
        if made is None:
            return duration
        if made.nodeid != item.nodeid or made.when != when:
            Unsupported("a hook reports another test or phase")
            return duration
        self._told = made
        _guarded(hook.pytest_runtest_logreport, report=made)
        if check_interactive_exception(call, made):
            _guarded(hook.pytest_exception_interact, node=item, call=call, report=made)
        self._capture.drain()
        return _entry(made, duration, self._config._junit_family)


def _entry(made, duration, family):
    """A report of pytest's as the engine's."""
    entry = {"when": made.when, "outcome": made.outcome, "duration": duration}
    if hasattr(made, "wasxfail"):
        entry["wasxfail"] = str(made.wasxfail)
    if made.longrepr is not None:
        entry["longrepr"] = longrepr_of(made)
    if made.sections:
        entry["sections"] = [[title, text] for title, text in made.sections]
    if made.user_properties and (made.when == "teardown" or made.outcome == "failed"):
        entry["properties"] = properties(made.user_properties, family)
    if len(entry) == 3 and made.outcome == "passed":
        return duration
    return entry


def _guarded(hook, **arguments):
    """Call a hook whose failure is an internal error of pytest's, for pytest to report."""
    try:
        return hook(**arguments)
    except KeyboardInterrupt:
        raise
    except Unsupported:
        return None
    except BaseException as error:
        Unsupported(f"hook {hook.name} raises {type(error).__name__}")
        return None
