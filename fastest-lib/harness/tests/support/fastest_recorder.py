"""A pytest plugin that writes every report to the file named by FASTEST_RECORD."""

from __future__ import annotations

import io
import json
import os

from _pytest._io import TerminalWriter

_RECORD = {"ids": [], "reports": [], "collect": [], "warnings": []}


def pytest_sessionstart(session):
    # The letter of a subtest would be captured as output of the test.
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    reporter._tw._file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def pytest_collection_finish(session):
    _RECORD["ids"] = [item.nodeid for item in session.items]


def _longrepr(report):
    if report.longrepr is None:
        return None
    if isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        return {"reason": reason.removeprefix("Skipped: "), "path": str(path), "line": line}
    if isinstance(report.longrepr, str):
        return {"text": report.longrepr}
    stream = io.StringIO()
    report.longrepr.toterminal(TerminalWriter(stream))
    return {"text": stream.getvalue().strip("\n")}


def pytest_runtest_logreport(report):
    _RECORD["reports"].append(
        {
            "nodeid": report.nodeid,
            "when": report.when,
            "outcome": report.outcome,
            "wasxfail": getattr(report, "wasxfail", None),
            "longrepr": _longrepr(report),
            "sections": [list(section) for section in report.sections],
            # Only once a test: with its last report, and with what failed.
            "properties": [
                list(p)
                for p in report.user_properties
                if report.when == "teardown" or report.failed
            ],
        }
    )


def pytest_collectreport(report):
    if report.outcome != "passed":
        _RECORD["collect"].append(
            {
                "nodeid": report.nodeid,
                "outcome": report.outcome,
                "longrepr": _longrepr(report),
            }
        )


def pytest_warning_recorded(warning_message, when, nodeid):
    _RECORD["warnings"].append(
        [warning_message.category.__name__, str(warning_message.message), when, nodeid]
    )


def pytest_sessionfinish(exitstatus):
    _RECORD["exit"] = int(exitstatus)
    with open(os.environ["FASTEST_RECORD"], "w") as file:
        json.dump(_RECORD, file)
