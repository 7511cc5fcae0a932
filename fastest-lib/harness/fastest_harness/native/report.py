"""From the end of a phase to its report.

Everything but a plain pass goes through pytest's own report code, so that outcome, reason and
text are its own; without pytest installed a traceback must do.
"""

from __future__ import annotations

import sys
from types import TracebackType

from ..junit import properties
from ..longrepr import longrepr_of
from . import versions

__tracebackhide__ = True


def passed(item, when, duration):
    """The report of a phase that raised nothing: a float, or a dict if there is more to say."""
    if not item._report_sections and not item.user_properties:
        return duration
    return _with_extras(item, {"when": when, "outcome": "passed", "duration": duration})


def expand(when, report):
    """A report as a dict, also where it was only a duration."""
    if isinstance(report, float):
        return {"when": when, "outcome": "passed", "duration": report}
    return report


def expanded(reports):
    """The reports of a test as dicts, also where they were only durations."""
    phases = ("setup", "call", "teardown")
    if type(reports[0]) is float:
        return [expand(when, entry) for when, entry in zip(phases, reports)]
    return reports


def _with_extras(item, report):
    if item._report_sections:
        report["sections"] = [
            [f"Captured {key} {when}", content] for when, key, content in item._report_sections
        ]
    if item.user_properties and (report["when"] == "teardown" or report["outcome"] == "failed"):
        report["properties"] = properties(item.user_properties, item.config._junit_family)
    return report


def own_frames_cut(traceback):
    """`traceback` without the engine's frames at its start, unless it has no others."""
    rest = traceback
    while rest is not None and _is_own(rest.tb_frame):
        rest = rest.tb_next
    return rest if rest is not None else traceback


def _without_own_frames(traceback):
    """`traceback` without any of the engine's frames: hooks may have frames above and below them.

    Where pytest has frames of its own they pass no filter of tracebacks either.
    """
    kept = []
    own = False
    while traceback is not None:
        if _is_own(traceback.tb_frame):
            own = True
        else:
            kept.append(traceback)
        traceback = traceback.tb_next
    if not own or not kept:
        return kept[0] if kept else None
    result = None
    for part in reversed(kept):
        result = TracebackType(result, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return result


def is_raised_by_engine(error):
    """Whether the engine raised `error`, groups of other errors aside."""
    if hasattr(error, "exceptions"):
        return False
    rest = error.__traceback__
    while rest is not None and rest.tb_next is not None:
        rest = rest.tb_next
    return rest is not None and _is_own(rest.tb_frame) and not _is_refusal(rest.tb_frame)


def _is_own(frame):
    return frame.f_globals.get("__name__", "").startswith("fastest_harness.")


def _is_refusal(frame):
    """Whether the frame is one that refuses what a closed unit does not declare."""
    return frame.f_globals.get("__name__", "").startswith("fastest_harness.hermetic.")


def call_info(error, when, duration):
    """pytest's account of a phase that raised `error`, or nothing if that is None."""
    from _pytest._code import ExceptionInfo
    from _pytest.runner import CallInfo

    excinfo = None
    if error is not None:
        traceback = _without_own_frames(error.__traceback__) or error.__traceback__
        excinfo = ExceptionInfo.from_exc_info((type(error), error, traceback))
    return CallInfo(None, excinfo, 0.0, duration, duration, when, _ispytest=True)


def made_by_pytest(item, when, error, duration):
    """The report of a phase that raised `error`, or of one whose test carries an xfail mark."""
    if not versions.installed():
        return _without_pytest(item, when, error, duration)
    if error is not None:
        _spare_search(item)
    call = call_info(error, when, duration)
    return _with_extras(item, as_dict(of_call(item, call), when, duration))


def _spare_search(item):
    """Tell `inspect` which module the test's file is: it would walk through all that are loaded."""
    known = getattr(sys.modules.get("inspect"), "modulesbyfile", None)
    path = getattr(item.module, "__file__", None)
    if known is not None and path:
        known.setdefault(path, item.module.__name__)


def of_call(item, call):
    """pytest's report of a finished `call`, skips and expected failures taken into account."""
    from _pytest.reports import TestReport
    from _pytest.skipping import pytest_runtest_makereport
    from _pytest.unittest import pytest_runtest_makereport as convert_unittest_skip

    if item._excinfo:
        call.excinfo = item._excinfo.pop(0)
    convert_unittest_skip(item, call)
    steps = pytest_runtest_makereport(item, call)
    next(steps)
    deferred = None
    if call.excinfo and not (
        getattr(item, "taken_by", ()) or getattr(item.config, "explains_xfailed", True)
    ):
        # To represent a failure takes longer than most tests, and nobody looks at an expected one.
        deferred = _Deferred(item)
    made = TestReport.from_item_and_call(item, call)
    if deferred is not None:
        deferred.end()
    try:
        steps.send(made)
    except StopIteration as stop:
        made = stop.value
    if deferred is not None and made.longrepr is deferred:
        expected = made.outcome == "skipped" and hasattr(made, "wasxfail")
        made.longrepr = None if expected else deferred.represent()
    return made


class _Deferred:
    """Stands in for the representation of a failure until it is known to be of use."""

    def __init__(self, item):
        self._item = item
        self._call = None
        item.repr_failure = self._later
        item._repr_failure_py = self._later_in_phase

    def _later(self, excinfo):
        self._call = "repr_failure", (excinfo,), {}
        return self

    def _later_in_phase(self, excinfo, **options):
        self._call = "_repr_failure_py", (excinfo,), options
        return self

    def end(self):
        """Give the item its own methods back."""
        del self._item.repr_failure, self._item._repr_failure_py

    def represent(self):
        """What the item makes of the failure."""
        name, arguments, options = self._call
        return getattr(self._item, name)(*arguments, **options)


def as_dict(made, when, duration):
    """What the engine sends of pytest's report, but for its sections and properties."""
    report = {"when": when, "outcome": made.outcome, "duration": duration}
    if hasattr(made, "wasxfail"):
        report["wasxfail"] = made.wasxfail
    if made.longrepr is not None:
        report["longrepr"] = longrepr_of(made)
    return report


def _without_pytest(item, when, error, duration):
    import traceback

    unittest = sys.modules.get("unittest")
    if item._excinfo:
        item._excinfo.pop()
    tb = own_frames_cut(error.__traceback__)
    last = traceback.extract_tb(tb)[-1]
    report = {"when": when, "outcome": "failed", "duration": duration}
    if item.expected_failure:
        report.update(outcome="skipped", wasxfail="")
    if unittest is not None and isinstance(error, unittest.SkipTest):
        report["outcome"] = "skipped"
        reason = str(error)
        report["longrepr"] = {"reason": reason, "path": last.filename, "line": last.lineno}
        return _with_extras(item, report)
    text = "".join(traceback.format_exception(type(error), error, tb))
    message = traceback.format_exception_only(type(error), error)[-1].strip()
    report["longrepr"] = {
        "text": text.rstrip("\n"),
        "message": message.partition("\n")[0],
        "path": last.filename,
        "line": last.lineno,
    }
    return _with_extras(item, report)
