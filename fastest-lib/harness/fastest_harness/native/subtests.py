"""The `subtests` fixture: pytest's own context manager over the engine's reports."""

from __future__ import annotations

from collections import defaultdict

from .errors import Unsupported

__tracebackhide__ = True


def available():
    """Whether the installed pytest has the fixture."""
    try:
        import _pytest.subtests  # noqa: F401
    except ImportError:
        return False
    return True


def make(request, capture, logs, maxfail):
    """The fixture's value for the test of `request`. `maxfail` is the run's limit of failures."""
    from _pytest.subtests import Subtests

    stand_in = _Request(request.node, capture, logs, maxfail)
    suspended = capture.global_and_fixture_disabled
    return Subtests(stand_in.hooks, suspended, stand_in, _ispytest=True)


def settle(item, report):
    """Fail the `report` of a call that passed although subtests of it failed."""
    count = item.failed_subtests
    if count and report["outcome"] == "passed":
        text = f"contains {count} failed subtest{'s' if count > 1 else ''}"
        report["outcome"] = "failed"
        report["longrepr"] = {"text": text, "message": text}


def as_entry(report):
    """What the engine sends of pytest's report of a subtest."""
    from .report import as_dict

    entry = as_dict(report, report.when, report.duration)
    entry["subtest"] = report._sub_test_description()
    if report.sections:
        entry["sections"] = [list(section) for section in report.sections]
    return entry


class _Request:
    """The request and, at once, the configuration that pytest's context manager asks."""

    def __init__(self, item, capture, logs, maxfail):
        from _pytest.subtests import failed_subtests_key

        self.node = item
        self.config = self.session = self.pluginmanager = self
        self.hooks = _Hooks(item)
        self.stash = {failed_subtests_key: defaultdict(int)}
        self._capture = capture
        self._logs = logs
        self._maxfail = maxfail

    def getoption(self, name, default=None):
        return self._capture.method if name == "capture" else default

    def getplugin(self, name):
        return self._capture if name == "capturemanager" else self._logs.plugin()

    @property
    def shouldfail(self):
        if self._maxfail > 1 and self.node.failed_subtests:
            # How many tests failed before is not known here.
            raise Unsupported("a subtest fails under --maxfail")
        return self._maxfail == 1 and self.node.failed_subtests > 0


class _Hooks:
    """The hooks that pytest's context manager calls."""

    def __init__(self, item):
        self._item = item

    def pytest_runtest_makereport(self, item, call):
        from .report import of_call

        return of_call(item, call)

    def pytest_runtest_logreport(self, report):
        self._item.extra_reports.append(as_entry(report))
        if report.failed:
            self._item.failed_subtests += 1

    def pytest_exception_interact(self, **_):
        pass
